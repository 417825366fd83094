"""Workers: the processes that run jobs."""

from importlib import import_module

from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import StopRequested
from rq.model.presence import WorkerStatus
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.queue_order import DequeueStrategy
from rq.runtime.signal_names import signal_name, signal_names
from rq.runtime.work_horse import SHUTDOWN_SIGNAL
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker, logger
from rq.runtime.worker_classes import HerokuWorker, RandomWorker, RoundRobinWorker, SpawnWorker

_signames = signal_names

__all__ = [
    "DEFAULT_RESULT_TTL",
    "SHUTDOWN_SIGNAL",
    "BaseWorker",
    "ChildLimits",
    "DequeueStrategy",
    "HerokuWorker",
    "RandomWorker",
    "RoundRobinWorker",
    "SimpleWorker",
    "SpawnWorker",
    "StopRequested",
    "Worker",
    "WorkerStatus",
    "_signames",
    "logger",
    "signal_name",
]

# The doors that can be reached as attributes after a plain `import rq.worker`. Jobs are forked of a program that has what they load, and pay for it.
_DOORS = ("base", "worker_classes")


def __getattr__(name: str) -> object:
    """Import the door behind `name` on first use.

    Raises:
        AttributeError: RQ does not have this name.
    """
    if name in _DOORS:
        return import_module(f"rq.worker.{name}")
    raise AttributeError(f"module 'rq.worker' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what is here and what would be loaded on first use."""
    return sorted({*globals(), *_DOORS})
