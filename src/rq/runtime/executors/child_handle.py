"""A fresh interpreter that runs attempts, as its supervisor sees it."""

import os
import signal
import socket
import subprocess
import time

from rq.runtime.executors.channel import CallbackBegan, ChildReady, Declined, OutputBegan
from rq.runtime.executors.handles import START_SECONDS, JobProcess
from rq.runtime.executors.process_control import kill_group


class Child(JobProcess):
    """A child as its supervisor sees it.

    Args:
        popen: The process.
        end: This end of the socket to it.

    Attributes:
        is_ready: Whether it takes attempts.
        is_leaving: Whether it is to take no more attempts.
        jobs: How many attempts it was handed.
        born: When it was started (`time.monotonic()`).
        has_declined: Whether it gave back the attempt that it was handed.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]", end: socket.socket) -> None:
        super().__init__(popen.pid, end)
        self._popen = popen
        self.born = time.monotonic()
        self.deadline: float | None = self.born + START_SECONDS
        self.is_ready = self.is_leaving = self.has_declined = False
        self.jobs = 0

    @property
    def is_free(self) -> bool:
        """Whether it waits for an attempt."""
        return self.is_ready and not self.is_leaving and self.attempt is None

    def note(self, message: CallbackBegan | ChildReady | Declined | OutputBegan) -> None:
        """Take note of what it said before its report."""
        if isinstance(message, ChildReady):
            self.is_ready, self.deadline = True, None
        elif isinstance(message, Declined):
            self.has_declined = True
        else:
            super().note(message)

    def kill(self) -> None:
        """Kill it, and every process of its group where there are groups."""
        self.deadline = None
        if self._popen.returncode is None:
            _kill(self._popen)

    def look(self) -> int | None:
        """Return its exit status, negative for a signal; None while it lives. What it left in its group is killed."""
        if self._popen.returncode is None and _has_ended(self.pid):
            _kill(self._popen)
        return self._popen.poll()


def _has_ended(pid: int) -> bool:
    """Say whether a child has ended, and leave it to be reaped, so that nobody else can have its id; False where nobody can say."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _kill(popen: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg") and hasattr(signal, "SIGKILL"):
        kill_group(popen.pid)
    else:
        popen.terminate()
