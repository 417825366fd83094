"""Pools: programs that keep several workers running."""

from rq.client.connections import parse_connection
from rq.client.queue_lists import parse_names
from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.job import Job
from rq.queue import Queue
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.pool_worker import run_worker
from rq.runtime.worker_pool import WorkerData, WorkerPool
from rq.serializers import DefaultSerializer
from rq.worker import BaseWorker, Worker

__all__ = [
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "BaseWorker",
    "DefaultSerializer",
    "Job",
    "Queue",
    "Worker",
    "WorkerData",
    "WorkerPool",
    "parse_connection",
    "parse_names",
    "run_worker",
    "setup_loghandlers",
]
