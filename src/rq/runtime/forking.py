"""Children that are forks of this program: they see what it set up, and run a function of it."""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from rq.runtime.children import SUPERVISOR_VARIABLE, Launch
from rq.runtime.executors.link import flush_output

# What a supervisor handles, and a child that has not come up yet must not leave to the copies of those handlers. Some systems lack some of them.
_HANDLED = tuple(number for number in signal.Signals if number.name in {"SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGTTIN", "SIGTTOU"})


class ForkedProcess:
    """A forked child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exitcode: int | None = None

    def poll(self) -> int | None:
        """Return its exit status if it has ended (negative: the signal that killed it), else None; reaps it."""
        if self._exitcode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else in this program was faster
                self._exitcode = 1
            else:
                self._exitcode = os.waitstatus_to_exitcode(status) if pid else None
        return self._exitcode


def fork_launch(target: Callable[[], object], close_channels: Callable[[], object]) -> Launch:
    """Return what starts a child that calls a function and ends.

    Args:
        target: the function; it finds its supervisor as any child does (`rq.runtime.membership`).
        close_channels: closes, in the child, the supervisor's ends of all sockets, its own and those of other children.
    """

    def launch(end: socket.socket) -> ForkedProcess:
        flush_output()  # or the child would write what is buffered now a second time
        former = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        try:
            pid = os.fork()
            if pid == 0:
                _live(partial(_begin, end, close_channels, former), target)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return ForkedProcess(pid)

    return launch


def _begin(end: socket.socket, close_channels: Callable[[], object], mask: set[int | signal.Signals]) -> None:
    """Leave behind what is the supervisor's."""
    close_channels()
    os.setpgid(0, 0)
    for number in _HANDLED:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.environ[SUPERVISOR_VARIABLE] = f"{end.fileno()}:{os.fstat(end.fileno()).st_ino}"
    end.detach()


def _live(*steps: Callable[[], object]) -> NoReturn:
    """Take the steps, and end this process without going back into the program that it is a copy of."""
    status = 1
    try:
        for step in steps:
            step()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - the boundary of this process: nothing stands above it
        traceback.print_exc()
    finally:
        flush_output()
        os._exit(status)
