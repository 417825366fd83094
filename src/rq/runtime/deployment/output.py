"""What many processes print, as one stream: each line behind the name of its pool."""

from __future__ import annotations

import logging
import os
import selectors
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from rq.observe.colors import Colorizer

# A line that is longer is shown in pieces.
_LONGEST_LINE = 64 * 1024
# What is left behind by jobs may go on printing when all else has ended; it is not listened to for ever.
_LAST_ROUNDS = 1000
_COLORS = ("teal", "darkyellow", "darkgreen", "purple", "blue", "fuchsia", "darkteal", "green")
_SEPARATOR = " | "


class Output:
    """Writes lines of several sources to one stream, whole, each behind the name of its source.

    Args:
        stream: where to. Once nobody reads it any more, what is printed is dropped: no job shall fail because of that.
        names: of the sources, for the width of the column.
        is_colored: whether names have colours.
    """

    def __init__(self, stream: TextIO, names: Sequence[str], *, is_colored: bool) -> None:
        self._stream = stream
        self._width = max(map(len, names), default=0)
        self._colorizer = Colorizer(notty=not is_colored)
        self._colors: dict[str, str] = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._reader, self._writer = os.pipe()
        self._selector.register(self._reader, selectors.EVENT_READ)
        self._new: list[_Source] = []
        self._ending = False

    def open(self, name: str, heard: Callable[[str], None] = lambda _line: None) -> int:
        """Return a descriptor, the caller's own: what is written to it appears as lines of that source.

        Args:
            name: of the source.
            heard: told of each line as well, in another thread.
        """
        reader, writer = _pipe()
        os.set_blocking(reader, False)

        def show(line: str) -> None:
            heard(line)
            self.write(name, line)

        self._new.append(_Source(reader, show))
        self._wake()
        return writer

    def write(self, name: str, line: str) -> None:
        """Write one line of a source; what the stream's encoding has no signs for as escapes."""
        with self._lock, suppress(OSError, ValueError):
            color = self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])
            text = f"{self._colorizer.colorize(color, name.ljust(self._width) + _SEPARATOR)}{line}\n"
            encoding = self._stream.encoding or "utf-8"
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Pass on what sources write, in a thread. At the end, all that was written so far is passed on."""
        thread = threading.Thread(target=self._loop, name="rq-output", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending = True
            self._wake()
            thread.join()
            self._close()

    def _loop(self) -> None:
        while not self._ending:
            self._pass_on(None)
        for _ in range(_LAST_ROUNDS):
            if not self._pass_on(0.0):
                break

    def _pass_on(self, timeout_seconds: float | None) -> bool:
        """Wait for output and pass it on. Says whether there was any."""
        while self._new:
            source = self._new.pop()
            self._selector.register(source.descriptor, selectors.EVENT_READ, source)
        found = [key.data for key, _ in self._selector.select(timeout_seconds)]
        for source in found:
            if source is None:
                os.read(self._reader, 4096)
            elif not source.read():
                self._selector.unregister(source.descriptor)
                os.close(source.descriptor)
        return bool(found) or bool(self._new)

    def _wake(self) -> None:
        os.write(self._writer, b"!")

    def _close(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.data.finish()
                os.close(key.data.descriptor)
        self._selector.close()
        os.close(self._reader)
        os.close(self._writer)


def _pipe() -> tuple[int, int]:
    """Return the two ends of a pipe that its writers do not find broken when its reader dies: what a job prints shall not fail it."""
    reader, writer = os.pipe()
    if not sys.platform.startswith("linux"):
        return reader, writer
    # On Linux a pipe can be opened for both at once; so every writer is a reader that never reads.
    both = os.open(f"/proc/self/fd/{writer}", os.O_RDWR)
    os.close(writer)
    return reader, both


class _Source:
    """One pipe, cut into lines."""

    def __init__(self, descriptor: int, write: Callable[[str], None]) -> None:
        self.descriptor = descriptor
        self._write = write
        self._rest = b""

    def read(self) -> bool:
        """Pass on what is there. Says whether there may be more, ever."""
        data = os.read(self.descriptor, _LONGEST_LINE)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._show(line)
        if not data or len(self._rest) >= _LONGEST_LINE:
            self.finish()
        return bool(data)

    def finish(self) -> None:
        """Pass on a line that has no end yet."""
        rest, self._rest = self._rest, b""
        if rest:
            self._show(rest)

    def _show(self, line: bytes) -> None:
        self._write(line.decode("utf-8", "replace").rstrip("\r"))


class OutputHandler(logging.Handler):
    """Shows log lines of this program as lines of a source.

    Args:
        output: where.
        name: of the source.
    """

    def __init__(self, output: Output, name: str) -> None:
        super().__init__()
        self._output = output
        self._source = name

    def emit(self, record: logging.LogRecord) -> None:
        """Show the lines of a record."""
        for line in self.format(record).splitlines():
            self._output.write(self._source, line)
