"""Workers: the processes that run jobs."""

from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import StopRequested
from rq.model.presence import WorkerStatus
from rq.runtime.queue_order import DequeueStrategy
from rq.runtime.work_horse import SHUTDOWN_SIGNAL
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker, logger

__all__ = ["DEFAULT_RESULT_TTL", "SHUTDOWN_SIGNAL", "BaseWorker", "DequeueStrategy", "SimpleWorker", "StopRequested", "Worker", "WorkerStatus", "logger"]
