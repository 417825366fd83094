"""What a job may change about its process, and the next job in that process should not find."""

import os
import signal
import sys
from contextlib import suppress
from typing import Any


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
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        os.umask(self._umask)
        self._restore_signals()
        sys.path[:], sys.argv[:] = self._path, self._arguments

    def _restore_signals(self) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number, handler in _handlers().items():
            before = self._handlers[number]
            if handler is not before and before is not None:
                with suppress(OSError, ValueError):  # the system's own
                    signal.signal(number, before)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
