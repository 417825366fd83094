"""System calls about other processes that the stdlib lacks, or that need a word of care."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

with suppress(ImportError):  # a platform without these cannot fork, and nobody asks for what is made of them
    import fcntl
    import resource

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

if sys.platform.startswith("linux"):
    _prctl = ctypes.CDLL(None).prctl
    _prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
else:
    _prctl = None

# Jobs that close descriptors stop at 1024, the usual limit. One number is needed beyond it, and the zygote may be using
# some.
_HIGH_FD = 1024
_HIGH_FD_LIMIT = _HIGH_FD + 16

# User code may have patched the function when it is needed.
_fstat = os.fstat

Identity = tuple[int, int]

# ru_maxrss counts bytes on macOS and kibibytes elsewhere.
MAXRSS_DIVISOR = 1024 if sys.platform == "darwin" else 1


def die_with_parent(parent_pid: int) -> bool:
    """Have this process killed when the thread that forked it ends (Linux); False if the parent is gone already."""
    if _prctl is not None and hasattr(signal, "SIGKILL"):
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent_pid


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs (Linux), so that somebody reaps them."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_group() -> None:
    """Become the leader of a process group of its own, where there are groups."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()


def kill_group(pid: int) -> None:
    """Send SIGKILL to the process group that `pid` leads, or to `pid` alone if it does not lead one yet."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left in a group
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def reap_child(farewell: Callable[[int], None]) -> tuple[int, int, resource.struct_rusage] | None:
    """Reap a child that ended and return its id, wait status and resource usage; None if none has ended.

    `farewell` is called with the id just before. The child is a zombie then (on Linux), so nobody else can have its id.
    """
    try:
        if hasattr(os, "waitid"):
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return None
            farewell(ended.si_pid)
            return os.wait4(ended.si_pid, 0)
        pid, status, used = os.wait4(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    farewell(pid)
    return pid, status, used


def resources_used() -> tuple[int, float]:
    """Return the peak memory of this process in KiB (0 where the system does not say), and the seconds of CPU time that it used."""
    if "resource" not in globals():
        return 0, time.process_time()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return _own_peak_kib() or used.ru_maxrss // MAXRSS_DIVISOR, used.ru_utime + used.ru_stime


def _own_peak_kib() -> int:
    """Return the peak memory of this program in KiB; 0 where the system does not say.

    What getrusage() says counts, on Linux, the memory of the process that started this one as well: it is not forgotten when another program is loaded.
    """
    with suppress(OSError, ValueError, IndexError), open("/proc/self/status", "rb") as status:  # noqa: PTH123 - pathlib would be loaded into every process of jobs
        return int(status.read().partition(b"VmHWM:")[2].split(None, 1)[0])
    return 0


# --- descriptors ------------------------------------------------------------------------------------------------------


def raise_fd_limit() -> tuple[int, int]:
    """Allow this process descriptors that `move_high` uses, as far as the hard limit does; return the limits before."""
    limits = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _HIGH_FD_LIMIT:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (_HIGH_FD_LIMIT, hard))
    return limits


def move_high(fd: int) -> int:
    """Return a new number for `fd`, where jobs that close all descriptors they can think of do not reach.

    `fd` itself is returned if the limits allow no such number.
    """
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    except OSError:
        return fd
    os.close(fd)
    return high


def put_aside(fd: int) -> int:
    """Return a new number for `fd` as `move_high` does, where that is possible, and leave the limits as they are."""
    if "fcntl" not in globals():
        return fd
    limits = raise_fd_limit()
    high = move_high(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    return high


def identity_of(fd: int) -> Identity:
    """Return what tells an open file or socket from any other."""
    status = _fstat(fd)
    return status.st_dev, status.st_ino
