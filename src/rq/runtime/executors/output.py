"""What jobs print is kept with them: the end of what an attempt writes to `sys.stdout` and `sys.stderr`.

The `write` of these two streams is replaced by one that passes everything on, as before, and lays a copy into the attempt's ring, which forgets the oldest.
Handlers of `logging` hold the same streams, so what they write is kept as well. What C code, subprocesses and `sys.stdout.buffer` write is not: it does not
come by here.

A job that prints nothing pays nothing. In a job process the zygote has replaced `write` before it forks, and the ring is made by the first thing that is
written. It lies in memory that the supervisor was given a descriptor of, so it outlives the process, whatever kills that.
"""

import io
import mmap
import os
import sys
from _thread import allocate_lock
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rq.core import context
from rq.core.defaults import MAX_OUTPUT_BYTES

_COUNT_BYTES = 8
# What io.TextIOBase derives from: asking the abstract class itself runs Python code before each job.
_TEXT_STREAM: type[io.TextIOBase] = io.TextIOWrapper.__mro__[1]


class Ring:
    """The last bytes of all that was written, in a block of memory: eight bytes that count them all, then room for the last ones.

    Args:
        memory: where; zeros at first.
    """

    def __init__(self, memory: Any) -> None:
        self._memory = memory
        self._room = len(memory) - _COUNT_BYTES

    def write(self, data: bytes) -> None:
        """Add bytes, in place of the oldest if there is no more room."""
        memory, room = self._memory, self._room
        count = int.from_bytes(memory[:_COUNT_BYTES], "little") + len(data)
        rest = data[-room:]
        at = (count - len(rest)) % room + _COUNT_BYTES
        before_end = len(memory) - at
        memory[at : at + len(rest)] = rest[:before_end]
        if len(rest) > before_end:
            memory[_COUNT_BYTES : _COUNT_BYTES + len(rest) - before_end] = rest[before_end:]
        memory[:_COUNT_BYTES] = count.to_bytes(_COUNT_BYTES, "little")


def read_ring(memory: bytes) -> bytes:
    """Return what a ring holds, oldest first, from a whole character on; if that is not all that was written, a first line says so."""
    count, kept = int.from_bytes(memory[:_COUNT_BYTES], "little"), memory[_COUNT_BYTES:]
    if count <= len(kept) or not kept:
        return kept[:count]
    at = count % len(kept)
    rest = (kept[at:] + kept[:at]).decode("utf-8", "ignore").encode()
    return f"... {count - len(kept)} bytes left out ...\n".encode() + rest


class Keeper:
    """Keeps the end of what one attempt after the other writes; nothing before the first has begun.

    Args:
        size_bytes: How much of it.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size = size_bytes + _COUNT_BYTES
        # While there is something to make memory with, nothing has been written.
        self._make_memory: Callable[[int], Any] | None = None
        self._ring: Ring | None = None
        self._memory: Any = None

    def begin(self, make_memory: Callable[[int], Any]) -> None:
        """Keep what is written from now on.

        Args:
            make_memory: Makes room for a ring of so many bytes when something is written first. If it raises, nothing is kept.
        """
        self._make_memory = make_memory
        self._ring = None

    def share(self) -> None:
        """Keep what is written from now on, by processes that are forked of this one as well. Where there is no memory for it, nothing is kept."""
        with suppress(OSError):
            self._memory = mmap.mmap(-1, self._size)
            self._ring = Ring(self._memory)

    def keep(self, text: str) -> None:
        """Keep a text, if that is possible: the job's own business goes first. What signal handlers raise meanwhile, time limits above all, gets through."""
        try:
            if self._make_memory is not None:
                make_memory, self._make_memory = self._make_memory, None
                self._memory = make_memory(self._size)
                self._ring = Ring(self._memory)
            if self._ring is not None:
                self._ring.write(text.encode("utf-8", "backslashreplace"))
        except TimeoutError:
            raise  # an OSError, but not of ours
        except (AttributeError, MemoryError, OSError, TypeError, ValueError):  # out of memory, or of descriptors; or the job spoiled the standard library
            self._ring = None

    def read(self) -> bytes:
        """Return what was kept of the attempt."""
        return b"" if self._ring is None else read_ring(bytes(self._memory))


def keeper_in_process(size_bytes: int) -> Keeper | None:
    """Return what keeps the output of one attempt of several in this process; None if nothing is to be kept."""
    if not size_bytes:
        return None
    keeper = Keeper(size_bytes)
    keeper.begin(bytearray)
    return keeper


def shared_keeper(size_bytes: int) -> Keeper | None:
    """Return what keeps the output of one attempt, whichever process that is forked of this one runs it; None if nothing is to be kept."""
    if not size_bytes:
        return None
    keeper = Keeper(size_bytes)
    keeper.share()
    return keeper


class _Tee:
    """A stream's `write` that keeps what goes through it, too.

    Args:
        stream: the stream.
        keeper: of this process, if all that it writes is one attempt's; None: the attempt's that runs in the writing thread or task.
    """

    def __init__(self, stream: Any, keeper: Keeper | None) -> None:
        self._write = stream.write
        self.keeper = keeper

    def __call__(self, text: str) -> Any:
        """Write a text, then keep it."""
        written = self._write(text)
        keeper = self.keeper or _keeper_here()
        if keeper is not None:
            keeper.keep(text)
        return written


def _keeper_here() -> Keeper | None:
    """Return the keeper of the attempt that runs here; None if none does, or if its output is not kept."""
    for current in reversed(context.running()):
        keeper: Keeper | None = getattr(current, "keeper", None)
        if keeper is not None:
            return keeper
    return None


class Tees:
    """The replaced methods of this process's streams.

    Streams are found anew each time: programs and tests put others in their place.
    """

    def __init__(self) -> None:
        self._lock = allocate_lock()  # of the module threading a zygote needs nothing
        self._users = 0
        self._holders = 0
        self._streams: tuple[Any, ...] = ()
        self._replaced: list[tuple[Any, _Tee]] = []

    def install(self, keeper: Keeper | None = None) -> None:
        """Have what is written kept, by `keeper` or that of the attempt which writes, until `restore` was called as often, and nobody holds it (see `hold`)."""
        streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
        with self._lock:
            self._users += 1
            if keeper is None and streams == self._streams and all(type(stream.write) is _Tee for stream, _ in self._replaced):
                return
            if self._users == 1:
                self._put_back()  # what another one left in place
            self._streams = streams
            for stream in streams:  # most often two
                # Others, such as a wrapper that colours text, pass on what is written to one of these.
                if not isinstance(stream, _TEXT_STREAM):
                    continue
                if type(stream.write) is _Tee:
                    stream.write.keeper = keeper or stream.write.keeper  # this process may be a copy of one that runs jobs itself
                    continue
                tee = _Tee(stream, keeper)
                stream.write = tee  # type: ignore[method-assign]
                self._replaced.append((stream, tee))

    def restore(self) -> None:
        """Put the streams' own methods back, if nobody needs the others any more; what somebody else has replaced since is left alone."""
        with self._lock:
            self._users -= 1
            if not (self._users or self._holders):
                self._put_back()

    def hold(self) -> None:
        """Leave in place what is installed, for the next to find it there, until `let_go` was called as often."""
        with self._lock:
            self._holders += 1

    def let_go(self) -> None:
        """Put the streams' own methods back, if nobody needs the others any more."""
        with self._lock:
            self._holders -= 1
            if not (self._users or self._holders):
                self._put_back()

    def _put_back(self) -> None:
        for stream, tee in self._replaced:
            if vars(stream).get("write") is tee:
                del stream.write
        self._replaced.clear()
        self._streams = ()


# The streams are the process's, and so is what is known about them.
tees = Tees()


# --- memory that outlives a process -----------------------------------------------------------------------------------


def make_shared_memory(size: int) -> tuple[mmap.mmap, int]:
    """Return memory that another process can read, and the descriptor by which it can, to be closed.

    Raises:
        OSError: The system refuses.
    """
    fd = os.memfd_create("rq-output") if hasattr(os, "memfd_create") else _unnamed_file()
    try:
        os.ftruncate(fd, size)
        return mmap.mmap(fd, size), fd
    except BaseException:
        os.close(fd)
        raise


def _unnamed_file() -> int:
    path = f"{os.environ.get('TMPDIR', '/tmp')}/rq-output-{os.urandom(16).hex()}"  # noqa: S108 - nobody guesses it, and it must not exist
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)  # noqa: PTH108 - pathlib would be loaded into every job process
    return fd


def read_shared_memory(fd: int) -> bytes:
    """Return what a ring in shared memory holds; nothing if it cannot be read. The job may have done anything to it."""
    try:
        return read_ring(os.pread(fd, min(os.fstat(fd).st_size, MAX_OUTPUT_BYTES + _COUNT_BYTES), 0))
    except OSError:
        return b""
