"""The class that all workers share."""

from rq.client.classes import import_job_class, import_queue_class
from rq.client.commands import PUBSUB_CHANNEL_TEMPLATE, handle_command, parse_payload
from rq.client.execution import cleanup_execution, prepare_execution
from rq.client.queue_lists import get_connection_from_queues
from rq.client.registry import StartedJobRegistry, clean_registries
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
from rq.core.errors import DequeueTimeout, DeserializationError, JobTimeoutException, StopRequested
from rq.executions import Execution
from rq.group import Group
from rq.job import Job, JobStatus, Retry
from rq.model.presence import WorkerStatus
from rq.observe.colors import blue, green, yellow
from rq.queue import Queue
from rq.results import Result
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.process_title import setprocname
from rq.runtime.queue_order import DequeueStrategy
from rq.runtime.scheduler import RQScheduler
from rq.runtime.signal_names import signal_name
from rq.runtime.work_horse import SHUTDOWN_SIGNAL
from rq.runtime.worker import BaseWorker, logger
from rq.serializers import Serializer, resolve_serializer
from rq.store.server_version import get_version
from rq.timeouts import get_default_death_penalty_class
from rq.utils import as_text, compact, decode_redis_hash, ensure_job_list, utcformat, utcparse
from rq.version import VERSION

__all__ = [
    "DEFAULT_JOB_MONITORING_INTERVAL",
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "DEFAULT_MAINTENANCE_TASK_INTERVAL",
    "DEFAULT_RESULT_TTL",
    "DEFAULT_WORKER_TTL",
    "PUBSUB_CHANNEL_TEMPLATE",
    "SHUTDOWN_SIGNAL",
    "VERSION",
    "BaseWorker",
    "DequeueStrategy",
    "DequeueTimeout",
    "DeserializationError",
    "Execution",
    "Group",
    "Job",
    "JobStatus",
    "JobTimeoutException",
    "Queue",
    "RQScheduler",
    "Result",
    "Retry",
    "Serializer",
    "StartedJobRegistry",
    "StopRequested",
    "WorkerStatus",
    "as_text",
    "blue",
    "clean_registries",
    "cleanup_execution",
    "compact",
    "decode_redis_hash",
    "ensure_job_list",
    "get_connection_from_queues",
    "get_default_death_penalty_class",
    "get_version",
    "green",
    "handle_command",
    "import_job_class",
    "import_queue_class",
    "is_suspended",
    "logger",
    "now",
    "parse_payload",
    "prepare_execution",
    "resolve_serializer",
    "setprocname",
    "setup_loghandlers",
    "signal_name",
    "utcformat",
    "utcparse",
    "yellow",
]
