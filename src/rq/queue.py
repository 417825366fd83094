"""Queues: where jobs are enqueued."""

from rq.client.dependency import Dependency
from rq.client.enqueueing import EnqueueArgs
from rq.client.intermediate import IntermediateQueue
from rq.client.job import Job
from rq.client.old_names import FailedQueue, get_failed_queue
from rq.client.prepared import EnqueueData
from rq.client.queue import Queue, logger
from rq.client.unique import save_unique_job, schedule_unique_job
from rq.client.webhooks import Webhook
from rq.core.clock import utc_now as now
from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import DequeueTimeout, NoSuchJobError
from rq.core.legacy import as_text, backend_class, compact, parse_timeout
from rq.core.references import import_attribute
from rq.core.serializers import Serializer, resolve_serializer
from rq.model.callback import Callback
from rq.model.repeat import Repeat
from rq.model.states import JobStatus
from rq.observe.colors import blue, green
from rq.store.server_version import get_version
from rq.timeouts import BaseDeathPenalty, UnixSignalDeathPenalty
from rq.types import FunctionReferenceType, JobDependencyType

__all__ = [
    "DEFAULT_RESULT_TTL",
    "BaseDeathPenalty",
    "Callback",
    "Dependency",
    "DequeueTimeout",
    "EnqueueArgs",
    "EnqueueData",
    "FailedQueue",
    "FunctionReferenceType",
    "IntermediateQueue",
    "Job",
    "JobDependencyType",
    "JobStatus",
    "NoSuchJobError",
    "Queue",
    "Repeat",
    "Serializer",
    "UnixSignalDeathPenalty",
    "Webhook",
    "as_text",
    "backend_class",
    "blue",
    "compact",
    "get_failed_queue",
    "get_version",
    "green",
    "import_attribute",
    "logger",
    "now",
    "parse_timeout",
    "resolve_serializer",
    "save_unique_job",
    "schedule_unique_job",
]
