"""Workers: the processes that run jobs."""

from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import StopRequested
from rq.model.presence import WorkerStatus
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.queue_order import DequeueStrategy
from rq.runtime.signal_names import signal_name, signal_names
from rq.runtime.work_horse import SHUTDOWN_SIGNAL
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker, logger
from rq.runtime.worker_classes import HerokuWorker, RandomWorker, RoundRobinWorker, SpawnWorker
from rq.worker import base, worker_classes

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
    "base",
    "logger",
    "signal_name",
    "worker_classes",
]
