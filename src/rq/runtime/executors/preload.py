"""Importing a job's module in a zygote, ahead of the jobs, and finding out whether that left something behind.

Processes forked after the import share what it made. Memory is copied, but a thread is missing in the copy, a
connection is shared, a child belongs to somebody else, and a changed working directory or a patched standard library
would reach jobs of other modules. A module that leaves such things is not for zygotes; jobs import it themselves.
"""

import _thread
import importlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from rq.core.tracebacks import format_exception
from rq.runtime.executors.sources import SourceRecorder

_TASKS = "/proc/self/task"
_FDS = "/dev/fd"
# Where there is no /dev/fd.
_FDS_SCANNED = 1024


def import_module(name: str, recorder: SourceRecorder) -> str | None:
    """Import a module, and return why nobody should be forked after that; None if nothing is wrong.

    Raises nothing, though it may never return: the import is user code. `recorder` gets the files it read.
    """
    known = list(sys.modules)
    before = _traces()
    importlib.invalidate_caches()
    sys.meta_path.insert(0, recorder)
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        return f"importing it raised an exception\n{format_exception(error)}"
    finally:
        if recorder in sys.meta_path:
            sys.meta_path.remove(recorder)
        recorder.record_rest(known)
    after = _traces()
    changed = [what for what, value in after.items() if value != before[what]]
    return f"importing it {', '.join(changed)}" if changed else None


def _traces() -> dict[str, object]:
    """Return what an import should leave alone, under the words for having touched it."""
    return {what: look() for what, look in _LOOKS.items()}


def _threads() -> int:
    """Return the number of threads; those of C libraries too, where the system says."""
    try:
        return sum(1 for _ in os.scandir(_TASKS))
    except OSError:
        return _thread._count()  # noqa: SLF001 - what threading.active_count stands on


def _descriptors() -> frozenset[tuple[int, int, int]]:
    """Return the open descriptors and what they lead to."""
    try:
        numbers = [int(entry.name) for entry in os.scandir(_FDS)]
    except OSError:
        numbers = list(range(_FDS_SCANNED))
    found = set()
    for number in numbers:
        try:
            status = os.fstat(number)
        except OSError:
            continue  # the listing's own descriptor, closed by now
        found.add((number, status.st_dev, status.st_ino))
    return frozenset(found)


def _children() -> bool:
    """Tell whether this process has children, without taking their exit status from anybody."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in sorted(signal.valid_signals())]


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _limits() -> list[tuple[int, int]]:
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return [resource.getrlimit(getattr(resource, name)) for name in names]


def _directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is one more thing that zygotes need not load
    except OSError:
        return None  # it was removed


def _standard_library() -> tuple[object, ...]:
    """Return functions that libraries like gevent put others in the place of."""
    return time.sleep, os.fork, socket.socket, _thread.start_new_thread


_LOOKS: dict[str, Callable[[], object]] = {
    "started a thread": _threads,
    "opened or closed a file or a socket": _descriptors,
    "started a process": _children,
    "forked": os.getpid,
    "set a timer": lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    "changed the handling of signals": _handlers,
    "changed the working directory": _directory,
    "changed the umask": _umask,
    "changed resource limits": _limits,
    "patched the standard library": _standard_library,
}
