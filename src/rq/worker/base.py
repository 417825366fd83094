"""The class that all workers share."""

from rq.client.classes import import_job_class, import_queue_class
from rq.client.queue_lists import get_connection_from_queues
from rq.client.suspension import is_suspended
from rq.core.clock import utc_now as now
from rq.core.defaults import (
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_MAINTENANCE_TASK_INTERVAL,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
)
from rq.core.errors import StopRequested
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.model.presence import WorkerStatus
from rq.observe.colors import blue, green, yellow
from rq.queue import Queue
from rq.results import Result
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.scheduler import RQScheduler
from rq.runtime.worker import BaseWorker, logger
from rq.store.server_version import get_version
from rq.version import VERSION

__all__ = [
    "DEFAULT_JOB_MONITORING_INTERVAL",
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "DEFAULT_MAINTENANCE_TASK_INTERVAL",
    "DEFAULT_RESULT_TTL",
    "DEFAULT_WORKER_TTL",
    "VERSION",
    "BaseWorker",
    "Execution",
    "Job",
    "JobStatus",
    "Queue",
    "RQScheduler",
    "Result",
    "StopRequested",
    "WorkerStatus",
    "blue",
    "get_connection_from_queues",
    "get_version",
    "green",
    "import_job_class",
    "import_queue_class",
    "is_suspended",
    "logger",
    "now",
    "setup_loghandlers",
    "yellow",
]
