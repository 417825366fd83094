"""What a job may change about its process, and the next job in that process should not find."""

import _signal  # type: ignore[import-not-found]
import gc
import os
import sys
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # where it is missing there are no limits
    import resource

# Set anew for every job.
_ANEW = ("RQ_JOB_ID", "RQ_EXECUTION_ID")
# Not through the module signal: it turns numbers into enums, which takes longer than a short job.
_SIGNALS = tuple(range(1, _signal.NSIG))
_LIMITS = tuple(number for name, number in vars(resource).items() if name.startswith("RLIMIT_")) if "resource" in globals() else ()
_STREAMS = ("stdin", "stdout", "stderr")
# A job needs some descriptors, if only to import its module. Where so few are left, those before it left theirs open.
_DESCRIPTORS_NEEDED = 16


class ProcessState:
    """What is put back after each job, as it is now.

    The working directory, the environment, the umask, the limits of the system and that of recursion, the handling of signals, the import path, the arguments,
    the standard streams, and whether garbage is collected.
    """

    def __init__(self) -> None:
        self._directory = os.getcwd()  # noqa: PTH109 - for a str; the processes of jobs do without pathlib
        self._environment = dict(os.environ)
        self._umask = _umask()
        self._handlers = _handlers()
        self._path, self._arguments = list(sys.path), list(sys.argv)
        self._limits = _limits()
        self._streams = [getattr(sys, name) for name in _STREAMS]
        self._identity = _identity()
        self._recursion_limit, self._collects = sys.getrecursionlimit(), gc.isenabled()

    def restore(self) -> bool:
        """Put all of it back as it was. A working directory that was deleted stays.

        Returns:
            Whether the process is fit for another job: nothing was taken from it for good.
        """
        with suppress(OSError):
            os.chdir(self._directory)
        self._restore_environment()
        os.umask(self._umask)
        self._restore_signals()
        sys.path[:], sys.argv[:] = self._path, self._arguments
        for name, stream in zip(_STREAMS, self._streams, strict=True):
            setattr(sys, name, stream)
        (gc.enable if self._collects else gc.disable)()
        with suppress(RecursionError):  # what runs now is deeper than that
            sys.setrecursionlimit(self._recursion_limit)
        is_whole = self._restore_limits() and _identity() == self._identity
        return is_whole and not any(stream is not None and stream.closed for stream in self._streams) and _has_descriptors()

    def _restore_limits(self) -> bool:
        """Put back the limits of the system. Says whether that was allowed: a hard limit that was lowered stays."""
        now = _limits()
        try:
            for number, limits, former in zip(_LIMITS, now, self._limits, strict=True):
                if limits != former:
                    resource.setrlimit(number, former)
        except (OSError, ValueError):
            return False
        return True

    def _restore_environment(self) -> None:
        now = dict(os.environ)
        for name in _ANEW:
            now.pop(name, None)
        if now == self._environment:
            return
        for name in now.keys() - self._environment.keys():
            del os.environ[name]
        os.environ.update(self._environment)

    def _restore_signals(self) -> None:
        if hasattr(_signal, "setitimer"):
            _signal.setitimer(_signal.ITIMER_REAL, 0)
        if hasattr(_signal, "pthread_sigmask"):
            _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        handlers = _handlers()
        if handlers == self._handlers:
            return
        for number, now, before in zip(_SIGNALS, handlers, self._handlers, strict=True):
            if now is not before and before is not None:  # None: it was installed from C
                with suppress(OSError, ValueError):  # the system's own
                    _signal.signal(number, before)


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(number) for number in _LIMITS]


def _identity() -> tuple[int, ...]:
    """Return as whom this process acts; nothing where there are no users."""
    return (os.geteuid(), os.getegid()) if hasattr(os, "geteuid") else ()


def _has_descriptors() -> bool:
    """Say whether this process can open a few files more."""
    if not _LIMITS:
        return True
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        ends = os.pipe()  # the lowest numbers that are free
    except OSError:
        return False
    for end in ends:
        os.close(end)
    return most == resource.RLIM_INFINITY or max(ends) < most - _DESCRIPTORS_NEEDED


def _handlers() -> list[Any]:
    return [_handler(number) for number in _SIGNALS]


def _handler(number: int) -> Any:
    try:
        return _signal.getsignal(number)
    except ValueError:
        return None  # there is no such signal


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
