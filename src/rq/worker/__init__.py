"""Workers: the processes that run jobs."""

from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import StopRequested
from rq.model.presence import WorkerStatus
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker, logger

__all__ = ["DEFAULT_RESULT_TTL", "BaseWorker", "ChildLimits", "SimpleWorker", "StopRequested", "Worker", "WorkerStatus", "logger"]
