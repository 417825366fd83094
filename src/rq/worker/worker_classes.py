"""The concrete workers."""

from rq.model.presence import WorkerStatus
from rq.runtime.worker import BaseWorker, SimpleWorker, Worker

__all__ = ["BaseWorker", "SimpleWorker", "Worker", "WorkerStatus"]
