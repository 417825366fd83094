"""One zygote, and one job process, as the supervisor sees them. Nothing here blocks."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from rq.core.defaults import TIMEOUT_GRACE_SECONDS
from rq.model.outcome import Died, Outcome
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.channel import (
    ANCILLARY_BYTES,
    CLOEXEC,
    CallbackBegan,
    Channel,
    FrameReader,
    Gone,
    JobReport,
    Message,
    Source,
    decode_from_job,
    descriptors_in,
    encode_attempt,
)
from rq.runtime.executors.kill_counter import KillCounter
from rq.runtime.executors.output import read_shared_memory
from rq.runtime.executors.process_control import kill_group

# A zygote that is not ready after this is given up: its interpreter does not start, or a module takes too long to
# import.
START_SECONDS = 30.0

_CHUNK_BYTES = 256 * 1024
# Read at most this many chunks of a report at once, so that one huge result does not hold up everything else.
_CHUNKS_AT_ONCE = 64


class JobProcess:
    """A process that waits for an attempt, runs one, or has handed in its report and has not ended yet.

    Attributes:
        pid: Its process id, and that of its group.
        zygote: Who forked it and reports its end.
        attempt: What it runs; None for a spare.
        deadline: When to kill it (`time.monotonic()`); None: never, or it was done.
        verdict: What to report if it has no report to hand in, because it was killed for that reason.
        events: What the selector should watch its socket for; 0 means nothing any more.
    """

    def __init__(self, pid: int, fd: int, zygote: "ZygoteHandle") -> None:
        self.pid = pid
        self.zygote = zygote
        self.attempt: Attempt | None = None
        self.deadline: float | None = None
        self.verdict: Outcome | None = None
        self.events = selectors.EVENT_READ
        self.left_attempt_unread = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)
        self._socket.setblocking(False)
        self._unsent = memoryview(b"")
        self._reader = FrameReader()
        self._output_fd = -1

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._socket.fileno()

    def hand(self, attempt: Attempt) -> bool:
        """Give it an attempt to run; False if it is dead. What the socket does not take goes out with `send_rest`."""
        self._unsent = memoryview(encode_attempt(attempt))
        if not self.send_rest():
            return False
        self.attempt = attempt
        self.deadline = _deadline_after(attempt.timeout_seconds)
        return True

    def send_rest(self) -> bool:
        """Send as much of the attempt as the socket takes; False if nobody will read it."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass  # the selector says when to go on
        except OSError:
            self._unsent = memoryview(b"")
            self.left_attempt_unread = True
            self.events = selectors.EVENT_READ
            return False
        self.events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        return True

    def receive(self, chunks: int = _CHUNKS_AT_ONCE) -> JobReport | None:
        """Read what is there and return the report if that completes it. At the end of the stream `events` becomes 0.

        What is no report, because user code wrote to the socket, counts as the end of the stream.
        """
        for _ in range(chunks):
            try:
                data, ancillary, _, _ = self._socket.recvmsg(_CHUNK_BYTES, ANCILLARY_BYTES, CLOEXEC)
            except BlockingIOError:
                return None
            except ConnectionResetError:
                # How Linux says that the other end was closed with something left to read in it.
                self.left_attempt_unread = True
                continue
            except OSError:
                data, ancillary = b"", []
            for fd in descriptors_in(ancillary) if ancillary else ():
                self._keep_output_of(fd)
            if not data:
                self.events = 0
                return None
            self._reader.feed(data)
            try:
                report = self._read_frames()
            except ValueError:
                self.events = 0
                return None
            if report is not None:
                return report
        return None

    def _read_frames(self) -> JobReport | None:
        """Return the report if it has arrived; a callback that begins before it has a time limit of its own.

        Raises:
            ValueError: Somebody else wrote to the socket.
        """
        while (body := self._reader.take()) is not None:
            message = decode_from_job(body)
            if isinstance(message, JobReport):
                return message
            if isinstance(message, CallbackBegan) and self.verdict is None:  # else it was killed already
                self.deadline = _deadline_after(message.limit_seconds)
        return None

    def _keep_output_of(self, fd: int) -> None:
        self._let_go_of_output()
        self._output_fd = fd

    def take_output(self) -> bytes:
        """Return the end of what its job has printed."""
        output = read_shared_memory(self._output_fd) if self._output_fd >= 0 else b""
        self._let_go_of_output()
        return output

    def _let_go_of_output(self) -> None:
        if self._output_fd >= 0:
            os.close(self._output_fd)
            self._output_fd = -1

    def receive_rest(self) -> JobReport | None:
        """Return the report if the process, which is dead, completed one before it died."""
        return self.receive(chunks=sys.maxsize) if self.events else None

    def kill(self) -> None:
        """Kill it, and every process of its group."""
        self.deadline = None
        kill_group(self.pid)

    def close(self) -> None:
        """Close the socket, by which a spare ends, and let go of the output."""
        self._socket.close()
        self._let_go_of_output()


class ZygoteHandle:
    """A zygote: where to send orders to, and what is known about it.

    Args:
        wait: Waits for its end and reaps it; None if it is not a child of this process.

    Attributes:
        pid: Its process id.
        deadline: When to give up waiting for it to become ready (`time.monotonic()`).
        is_ready: Whether it takes orders.
        forks_due: Job processes ordered and not delivered.
        processes: Its job processes that have not been reported as gone, by pid.
        modules: What it has preloaded.
        sources: The files that these modules read.
        importing: What it imports, while it is not ready.
    """

    def __init__(self, pid: int, end: socket.socket, deadline: float, wait: Callable[[], object] | None = None) -> None:
        self.pid = pid
        self.deadline = deadline
        self._wait = wait
        self.is_ready = False
        self.forks_due = 0
        self.processes: dict[int, JobProcess] = {}
        self.modules: tuple[str, ...] = ()
        self.sources: tuple[Source, ...] = ()
        self.importing: str | None = None
        self._channel = Channel(end)

    def fileno(self) -> int:
        """Return the descriptor of the channel."""
        return self._channel.fileno()

    def introduce(self, data: bytes) -> None:
        """Send what a fresh interpreter waits for first."""
        self._channel.send_raw(data)

    def order(self, message: Message) -> None:
        """Send an order. One to a dead zygote is lost; the end of its channel tells."""
        with suppress(OSError):
            self._channel.send(message)

    def receive(self) -> list[tuple[Message, int]] | None:
        """Return the messages that arrived, each with its descriptor (-1: none); None when the zygote has ended."""
        return self._channel.receive()

    def dismiss(self) -> None:
        """Have it end, with all of its job processes."""
        self._channel.end_sending()

    def kill(self) -> None:
        """Kill it, however stuck it is, with whatever its imports started."""
        kill_group(self.pid)

    def close(self) -> None:
        """Close the channel: if it lives, it ends by that with all of its job processes."""
        self._channel.close()

    def bury(self) -> None:
        """Close the channel of one that ended, or shall end, and reap it if that is for this process to do."""
        self.close()
        if self._wait is not None:
            self.kill()
            self._wait()
            self._wait = None


def _deadline_after(limit_seconds: float | None) -> float | None:
    """Return when to kill what began now and has so many seconds (`time.monotonic()`); None: never."""
    return None if limit_seconds is None else time.monotonic() + limit_seconds + TIMEOUT_GRACE_SECONDS


def death_of(gone: Gone, kills: KillCounter | None = None) -> Died:
    """Return the outcome of an attempt whose process ended without a report; `kills` may make a suspicion of it."""
    if os.WIFSIGNALED(gone.status):
        number = os.WTERMSIG(gone.status)
        suspicion = ", probably by the system, for want of memory" if number == signal.SIGKILL and kills is not None and kills.has_grown() else ""
        return Died(f"The job's process was killed by {_signal_name(number)}{suspicion}", signal=number)
    status = os.WEXITSTATUS(gone.status)
    return Died(f"The job's process ended with exit status {status} and without an outcome", exit_status=status)


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
