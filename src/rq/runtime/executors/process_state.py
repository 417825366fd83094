"""What a job may change about its process, and the next job in that process should not find."""

import _signal  # type: ignore[import-not-found]
import os
import sys
from contextlib import suppress
from typing import Any

# Set anew for every job.
_ANEW = ("RQ_JOB_ID", "RQ_EXECUTION_ID")
# Not through the module signal: it turns numbers into enums, which takes longer than a short job.
_SIGNALS = tuple(range(1, _signal.NSIG))


class ProcessState:
    """The working directory, the environment, the umask, the handling of signals, the import path and the arguments of this process, as they are now."""

    def __init__(self) -> None:
        self._directory = os.getcwd()  # noqa: PTH109 - for a str; the processes of jobs do without pathlib
        self._environment = dict(os.environ)
        self._umask = _umask()
        self._handlers = _handlers()
        self._path, self._arguments = list(sys.path), list(sys.argv)

    def restore(self) -> None:
        """Put all of it back as it was. What cannot be put back, because the directory was deleted, stays as it is."""
        with suppress(OSError):
            os.chdir(self._directory)
        self._restore_environment()
        os.umask(self._umask)
        self._restore_signals()
        sys.path[:], sys.argv[:] = self._path, self._arguments

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
