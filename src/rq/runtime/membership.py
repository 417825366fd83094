"""The child's side of the socket that ties it to its supervisor (see `rq.runtime.children`)."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from rq.observe.events import WorkerEvent, WorkerStarted
from rq.runtime.children import READY, SUPERVISOR_VARIABLE


class Membership:
    """The tie of this process to the one that supervises it.

    Args:
        end: this process' end of the socket.
    """

    def __init__(self, end: socket.socket) -> None:
        end.set_inheritable(False)
        self._end = end

    def tell_ready(self) -> None:
        """Tell the supervisor that this process has come up."""
        with suppress(OSError):  # who is gone need not be told
            self._end.send(READY)

    def watch(self, on_loss: Callable[[], None]) -> None:
        """Call `on_loss`, in a thread of its own, when the supervisor is gone."""

        def wait() -> None:
            with suppress(OSError):
                while self._end.recv(64):
                    pass
            on_loss()

        threading.Thread(target=wait, name="rq-membership", daemon=True).start()

    def __call__(self, event: WorkerEvent) -> None:
        """Hear of an event of a worker: once it is registered it is ready, and leaves when the supervisor is gone. No thread before that: it may fork first."""
        if isinstance(event, WorkerStarted):
            self.tell_ready()
            self.watch(leave)


def leave() -> None:
    """Ask this very process to stop, as a supervisor would."""
    os.kill(os.getpid(), signal.SIGTERM)


def membership() -> Membership | None:
    """Return the tie of this process to its supervisor; None if it was not started by one. What this process starts is not tied to that one."""
    descriptor, _, inode = os.environ.pop(SUPERVISOR_VARIABLE, "").partition(":")
    try:
        if str(os.fstat(int(descriptor)).st_ino) != inode:
            return None
        return Membership(socket.socket(fileno=int(descriptor)))
    except (ValueError, OSError):
        return None
