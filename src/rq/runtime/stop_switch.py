"""How a worker is told to stop, and woken while it waits.

A signal handler may run between any two steps, so it only sets a flag and writes one byte to a pipe on which the worker waits. It never raises into the
middle of a step: that is how jobs get lost. The one exception is a job that runs in the worker's own thread when the worker is to leave at once: it is
interrupted, and goes back to its queue (`InlineExecutor.interrupt`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from rq.store.waiting import wait_readable

# A terminal's Ctrl+C reaches a pool and its workers, and the pool passes it on: two signals at the same instant are one request.
DUPLICATE_SECONDS = 0.1


class StopSwitch:
    """Off; pressed once (warm: finish what runs); pressed twice (cold: put back what runs)."""

    def __init__(self) -> None:
        self.warm = False
        self.cold = False
        self.signal_name = ""
        self.on_press: Callable[[], None] = lambda: None
        self._pressed_at = 0.0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def press(self, signal_name: str) -> None:
        """Ask for a stop; asked again, for one that does not wait for running jobs. Safe in a signal handler."""
        now = time.monotonic()
        if self.warm and (self.cold or now - self._pressed_at < DUPLICATE_SECONDS):
            return
        self.cold = self.warm
        self.warm, self.signal_name, self._pressed_at = True, signal_name, now
        self.wake()
        self.on_press()

    def wake(self) -> None:
        """Make `fileno()` readable. Safe in a signal handler and in any thread."""
        with suppress(OSError):  # a full pipe is readable already; a closed one has nobody to wake
            os.write(self._writer, b"!")

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._reader

    def reset(self) -> None:
        """Forget that anybody was woken."""
        try:
            while os.read(self._reader, 4096):
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Close the pipe."""
        reader, writer, self._reader, self._writer = self._reader, self._writer, -1, -1  # whoever wakes it later must not write into somebody else's file
        os.close(reader)
        os.close(writer)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody wakes whoever waits."""
        wait_readable([self._reader], seconds)
        self.reset()

    @contextmanager
    def installed(self, install: Callable[[], object] | None = None) -> Iterator[None]:
        """Let SIGINT and SIGTERM press the switch, and restore their handlers afterwards. Outside the main thread there is nothing to install.

        Args:
            install: installs other handlers of the two instead.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            (install or self._install)()
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: it was installed from C

    def _install(self) -> None:
        def handle(number: int, _frame: FrameType | None) -> None:
            self.press(signal.Signals(number).name)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handle)
