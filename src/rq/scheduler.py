"""RQ's scheduler, for programs that start one by hand; workers queue scheduled jobs by themselves."""

from rq.client.connections import parse_connection
from rq.client.job import Job
from rq.client.locks import ACQUIRE_OR_REFRESH_LOCK_SCRIPT, acquire_or_refresh_lock, release_lock
from rq.client.queue import Queue
from rq.client.queue_lists import parse_names
from rq.client.registry import ScheduledJobRegistry
from rq.core.clock import current_timestamp
from rq.core.clock import utc_now as now
from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT, DEFAULT_SCHEDULER_FALLBACK_PERIOD
from rq.core.errors import SchedulerNotFound
from rq.core.legacy import decode_redis_hash, utcformat, utcparse
from rq.core.serializers import resolve_serializer
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.scheduler import SCHEDULER_KEY_TEMPLATE, SCHEDULER_LOCKING_KEY_TEMPLATE, RQScheduler, SchedulerStatus, logger, run

__all__ = [
    "ACQUIRE_OR_REFRESH_LOCK_SCRIPT",
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "DEFAULT_SCHEDULER_FALLBACK_PERIOD",
    "SCHEDULER_KEY_TEMPLATE",
    "SCHEDULER_LOCKING_KEY_TEMPLATE",
    "Job",
    "Queue",
    "RQScheduler",
    "ScheduledJobRegistry",
    "SchedulerNotFound",
    "SchedulerStatus",
    "acquire_or_refresh_lock",
    "current_timestamp",
    "decode_redis_hash",
    "logger",
    "now",
    "parse_connection",
    "parse_names",
    "release_lock",
    "resolve_serializer",
    "run",
    "setup_loghandlers",
    "utcformat",
    "utcparse",
]
