"""Waking the thread that drives an executor, from the threads in which attempts end."""

import os
import threading
from contextlib import suppress


class Bell:
    """Wakes the thread that waits for `fileno()` to become readable."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        # Who rings too late must not write into what has the descriptor's number by then.
        self._lock = threading.Lock()
        self._is_closed = False

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._reader

    def ring(self) -> None:
        """Make `fileno()` readable; in any thread, and without effect after the end."""
        with self._lock, suppress(BlockingIOError):  # a full pipe is readable already
            if not self._is_closed:
                os.write(self._writer, b"!")

    def silence(self) -> None:
        """Forget that anybody rang."""
        with self._lock, suppress(BlockingIOError):
            while not self._is_closed and os.read(self._reader, 4096):
                pass

    def close(self) -> None:
        """Let it ring no more."""
        with self._lock:
            self._is_closed = True
            os.close(self._reader)
            os.close(self._writer)
