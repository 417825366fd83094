"""What supervisor, zygotes and job processes say to one another.

Every message is a frame: eight bytes of length, then a marshalled tuple of plain values. Marshal is the fastest there
is, loads no code and is understood by both ends because they are the same interpreter. File descriptors travel beside
the frame that announces them.
"""

import array
import marshal
import os
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from rq.model.outcome import AskedRetry, Died, Outcome, Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.base import Attempt

HEADER = struct.Struct("!Q")
_CHUNK_BYTES = 256 * 1024
# At most one descriptor comes with a message, and several messages can be read at once.
_FD_BYTES = array.array("i").itemsize
ANCILLARY_BYTES = socket.CMSG_SPACE(64 * _FD_BYTES) if hasattr(socket, "CMSG_SPACE") else 0
# Descriptors must not leak into programs that jobs start; without the flag (macOS) this is done one step later.
CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

# The state of a source file: path, mtime and ctime in nanoseconds, size, inode.
Source = tuple[str, int, int, int, int]


# --- supervisor -> zygote ---------------------------------------------------------------------------------------------


class Fork(NamedTuple):
    """Fork `processes` job processes; each is answered by Forked or CannotFork."""

    processes: int


class Branch(NamedTuple):
    """Fork a zygote that imports `modules`; answered by Branched or CannotBranch, and by the new zygote itself."""

    modules: tuple[str, ...]


# --- zygote -> supervisor ---------------------------------------------------------------------------------------------


class Ready(NamedTuple):
    """This zygote takes orders. It has imported `modules`, which read `sources`."""

    modules: tuple[str, ...]
    sources: tuple[Source, ...]


class Forked(NamedTuple):
    """A job process waits for its attempt at the socket that comes with this."""

    pid: int


class CannotFork(NamedTuple):
    """The system refused a job process."""

    reason: str


class Branched(NamedTuple):
    """A new zygote is on its way; its channel comes with this."""

    pid: int


class CannotBranch(NamedTuple):
    """The system refused a zygote."""

    reason: str


class Gone(NamedTuple):
    """A job process ended: its wait status and what it used."""

    pid: int
    status: int
    peak_memory_kib: int
    cpu_seconds: float


class Importing(NamedTuple):
    """A new zygote begins to import `module`: the one to blame if nothing else is heard."""

    module: str


class Unfit(NamedTuple):
    """A new zygote gives up, because nobody should be forked after an import of `module`."""

    module: str
    reason: str


Message = Fork | Branch | Ready | Forked | CannotFork | Branched | CannotBranch | Gone | Importing | Unfit

_MESSAGES: tuple[type[Message], ...] = (*(Fork, Branch, Ready, Forked, CannotFork, Branched, CannotBranch, Gone, Importing, Unfit),)
_MESSAGE_NUMBERS = {kind: number for number, kind in enumerate(_MESSAGES)}
_WITH_FD = (Forked, Branched)


def encode_message(message: Message) -> bytes:
    """Return the frame of a message."""
    return frame((_MESSAGE_NUMBERS[type(message)], tuple(message)))


# --- supervisor <-> job process ---------------------------------------------------------------------------------------

_OUTCOMES: tuple[type[Outcome], ...] = (Returned, AskedRetry, Raised, TimedOut, Died, Stopped, Released)
_OUTCOME_NUMBERS = {kind: number for number, kind in enumerate(_OUTCOMES)}
# Stand where the number of an outcome would.
_CALLBACK_BEGAN = -1
_CHILD_READY = -2
_DECLINED = -3
_OUTPUT_BEGAN = -4


class JobReport(NamedTuple):
    """What a job process hands in: the outcome, what it used, its function's module if that had to be imported, and whether it takes no more attempts."""

    outcome: Outcome
    peak_memory_kib: int
    cpu_seconds: float
    imported_module: str | None
    is_last: bool = False


class CallbackBegan(NamedTuple):
    """The job's function is over and a callback begins, which may take so many seconds; None: without limit."""

    limit_seconds: float | None


class OutputBegan(NamedTuple):
    """The job prints something; the descriptor that comes with this leads to the ring where that is kept (see `output`)."""


class ChildReady(NamedTuple):
    """A fresh interpreter waits for its first attempt."""


class Declined(NamedTuple):
    """A long-lived process does not run the attempt that it was given: files that it has read have changed since, or it cannot."""


FromJob = JobReport | CallbackBegan | ChildReady | Declined | OutputBegan

_WORDLESS: dict[int, FromJob] = {_CHILD_READY: ChildReady(), _DECLINED: Declined(), _OUTPUT_BEGAN: OutputBegan()}


def encode_attempt(attempt: Attempt) -> bytes:
    """Return the frame of an attempt."""
    fields = {name: bytes(value) for name, value in attempt.fields.items()}
    limit = attempt.timeout_seconds
    return frame((attempt.job_id, attempt.execution_id, attempt.queue, attempt.number, limit, fields, attempt.is_stopped))


def decode_attempt(body: bytes) -> Attempt:
    """Return the attempt in a frame."""
    return Attempt(*marshal.loads(body))  # noqa: S302 - from the supervisor


def encode_report(report: JobReport) -> bytes:
    """Return the frame of a job's report."""
    outcome = report.outcome
    values = tuple(getattr(outcome, name) for name in outcome.__match_args__)
    return frame((_OUTCOME_NUMBERS[type(outcome)], values, *report[1:]))


def encode_callback_began(message: CallbackBegan) -> bytes:
    """Return the frame that tells of a callback."""
    return frame((_CALLBACK_BEGAN, message.limit_seconds))


def encode_output_began() -> bytes:
    """Return the frame that a descriptor comes with."""
    return frame((_OUTPUT_BEGAN, None))


def decode_from_job(body: bytes) -> FromJob:
    """Return what a job process said: its report, or something before that.

    Raises:
        ValueError: It is none: somebody else wrote to the socket.
    """
    try:
        number, values, *rest = marshal.loads(body)  # noqa: S302 - from our own job process
        if number == _CALLBACK_BEGAN:
            return CallbackBegan(None if values is None else float(values))
        if number in _WORDLESS:
            return _WORDLESS[number]
        return JobReport(_OUTCOMES[number](*values), *rest)
    except (EOFError, IndexError, TypeError, ValueError) as error:
        raise ValueError("a job process handed in something that is no report") from error


# --- frames -----------------------------------------------------------------------------------------------------------


def frame(values: tuple[Any, ...]) -> bytes:
    """Return plain values as the bytes of one frame."""
    body = marshal.dumps(values)
    return HEADER.pack(len(body)) + body


CHILD_READY = frame((_CHILD_READY, None))
DECLINED = frame((_DECLINED, None))


class FrameReader:
    """Cuts a stream of bytes, fed in any pieces, into the bodies of frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream."""
        self._buffer += data

    def take(self) -> bytes | None:
        """Return the next whole body; None if it has not arrived yet."""
        if len(self._buffer) < HEADER.size:
            return None
        (size,) = HEADER.unpack_from(self._buffer)
        end = HEADER.size + size
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as view:
            body = bytes(view[HEADER.size : end])
        del self._buffer[:end]
        return body


class Channel:
    """One end of the socket between a supervisor and a zygote."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._reader = FrameReader()
        self._fds: deque[int] = deque()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def send(self, message: Message, fd: int | None = None) -> None:
        """Send a message, with a descriptor if it is one that brings one.

        Raises:
            OSError: The other side is gone.
        """
        data = encode_message(message)
        if fd is None:
            self._socket.sendall(data)
        else:
            # Short messages: the kernel takes them whole or blocks.
            socket.send_fds(self._socket, [data], [fd])

    def send_raw(self, data: bytes) -> None:
        """Send the bytes of a frame that is no message; an OSError is left to whoever reads the channel next."""
        with suppress(OSError):
            self._socket.sendall(data)

    def receive(self) -> list[tuple[Message, int]] | None:
        """Return the messages that are there, each with the descriptor that came with it (-1: none); blocks if none is.

        None means that the other side is gone.
        """
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_CHUNK_BYTES, ANCILLARY_BYTES, CLOEXEC)
        except ConnectionResetError:
            data, ancillary = b"", []
        self._fds.extend(descriptors_in(ancillary))
        if not data:
            return None
        self._reader.feed(data)
        messages: list[tuple[Message, int]] = []
        while (body := self._reader.take()) is not None:
            number, values = marshal.loads(body)  # noqa: S302 - from our own zygote
            kind = _MESSAGES[number]
            messages.append((kind(*values), self._take_descriptor() if kind in _WITH_FD else -1))
        return messages

    def end_sending(self) -> None:
        """Tell the other side that nothing more will come."""
        with suppress(OSError):  # the other side is gone already
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close this end, and descriptors that came and were not taken."""
        self._socket.close()
        while self._fds:
            os.close(self._fds.popleft())

    def _take_descriptor(self) -> int:
        """Return the next descriptor that came; -1 if this process had none left and the kernel dropped it."""
        return self._fds.popleft() if self._fds else -1


def descriptors_in(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """Return the descriptors that came beside some data."""
    found: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds = array.array("i")
            fds.frombytes(data[: len(data) - len(data) % _FD_BYTES])
            for fd in fds:
                os.set_inheritable(fd, False)
            found += fds
    return found
