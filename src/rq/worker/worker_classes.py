"""The concrete workers."""

from rq.client.connections import get_connection_kwargs
from rq.core.clock import utc_now as now
from rq.core.defaults import DEFAULT_WORKER_TTL
from rq.core.errors import HorseMonitorTimeoutException, InvalidJobOperation, ShutDownImminentException
from rq.job import Job, JobStatus
from rq.model.presence import WorkerStatus
from rq.runtime.signal_names import signal_name
from rq.runtime.work_horse import SHUTDOWN_SIGNAL
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker
from rq.runtime.worker_classes import HerokuWorker, RandomWorker, RoundRobinWorker, SpawnWorker

__all__ = [
    "DEFAULT_WORKER_TTL",
    "SHUTDOWN_SIGNAL",
    "BaseWorker",
    "HerokuWorker",
    "HorseMonitorTimeoutException",
    "InvalidJobOperation",
    "Job",
    "JobStatus",
    "RandomWorker",
    "RoundRobinWorker",
    "ShutDownImminentException",
    "SimpleWorker",
    "SpawnWorker",
    "Worker",
    "WorkerStatus",
    "get_connection_kwargs",
    "now",
    "signal_name",
]
