"""Two ways to start a first zygote."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

from rq.runtime.executors.handles import START_SECONDS, ZygoteHandle
from rq.runtime.executors.job_process import JobSettings, flush_output
from rq.runtime.executors.zygote import PROGRAM, TITLE, be_zygote, introduction


def start_fresh(settings: JobSettings) -> ZygoteHandle:
    """Start a zygote in a fresh interpreter: small, and of this program it has sys.path, sys.argv and the environment.

    Raises:
        OSError: The system refuses.
    """
    ours, theirs = socket.socketpair()
    fd = theirs.fileno()
    path = [entry for entry in sys.path if isinstance(entry, str)]
    with theirs:
        popen = subprocess.Popen([sys.executable, *interpreter_options(), "-c", PROGRAM, TITLE, str(fd), *path], pass_fds=[fd])  # noqa: S603 - this interpreter
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


def interpreter_options() -> list[str]:
    """Return the options that this interpreter was started with and that change what user code does."""
    flags = sys.flags
    switches = {"-E": flags.ignore_environment, "-s": flags.no_user_site, "-B": flags.dont_write_bytecode}
    options = [option for option, is_set in switches.items() if is_set]
    options += ["-O"] * flags.optimize
    options += [f"-W{option}" for option in sys.warnoptions]
    for name, value in sys._xoptions.items():  # noqa: SLF001 - documented in spite of its name
        options.append(f"-X{name}" if value is True else f"-X{name}={value}")
    return options


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # a handler of SIGCHLD in this program was faster
        os.waitpid(pid, 0)
