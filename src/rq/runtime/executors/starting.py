"""Two ways to start a first zygote."""

import os
import socket
import time
from collections.abc import Iterable
from contextlib import suppress

from rq.runtime.executors.fresh_interpreter import start_interpreter
from rq.runtime.executors.handles import START_SECONDS, ZygoteHandle
from rq.runtime.executors.introduction import introduction
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.link import flush_output
from rq.runtime.executors.zygote import PROGRAM, TITLE, be_zygote


def start_fresh(settings: JobSettings) -> ZygoteHandle:
    """Start a zygote in a fresh interpreter: small, and of this program it has sys.path, sys.argv and the environment.

    Raises:
        OSError: The system refuses.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        popen = start_interpreter(PROGRAM, TITLE, theirs.fileno())
    zygote = ZygoteHandle(popen.pid, ours, time.monotonic() + START_SECONDS, popen.wait)
    zygote.introduce(introduction(settings))
    return zygote


def start_forked(settings: JobSettings, fds: Iterable[int]) -> ZygoteHandle:
    """Fork a zygote off this process: jobs will see everything that this program set up.

    Args:
        settings: For the job processes.
        fds: Descriptors that must not stay open in the zygote.

    Raises:
        OSError: The system refuses.
    """
    ours, theirs = socket.socketpair()
    supervisor_pid = os.getpid()
    flush_output()  # or every job process would write what is buffered now
    try:
        pid = os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        be_zygote(theirs, settings, supervisor_pid, [*fds, ours.detach()])
    theirs.close()
    return ZygoteHandle(pid, ours, time.monotonic() + START_SECONDS, lambda: _reap(pid))


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # a handler of SIGCHLD in this program was faster
        os.waitpid(pid, 0)
