"""Cron: functions that are enqueued again and again, at an interval or at the times that a cron string names."""

from rq.client.cron import cron_history_key as get_cron_job_history_key
from rq.client.cron import list_history as get_cron_job_ids
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.clock import utc_now as now
from rq.core.defaults import (
    DEFAULT_CRON_JOB_HISTORY_LIMIT,
    DEFAULT_CRON_JOB_HISTORY_TTL,
    DEFAULT_CRON_SCHEDULER_TTL,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_RESULT_TTL,
)
from rq.core.errors import CronConfigError, SchedulerNotFound, StopRequested
from rq.core.legacy import (
    NOT_JSON_SERIALIZABLE,
    as_text,
    decode_redis_hash,
    normalize_config_path,
    safe_json_dumps,
    str_to_date,
    utcformat,
    utcparse,
    validate_absolute_path,
)
from rq.core.serializers import resolve_serializer
from rq.model.webhook import Webhook
from rq.runtime.cron.config import (
    _job_data_registry,  # noqa: F401 - RQ's name, which tests of programs empty
    register,
)
from rq.runtime.cron.job import CronJob
from rq.runtime.cron.scheduler import CronScheduler, create_cron, logger
from rq.runtime.logging_setup import setup_loghandlers

__all__ = [
    "DEFAULT_CRON_JOB_HISTORY_LIMIT",
    "DEFAULT_CRON_JOB_HISTORY_TTL",
    "DEFAULT_CRON_SCHEDULER_TTL",
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "DEFAULT_RESULT_TTL",
    "NOT_JSON_SERIALIZABLE",
    "CronConfigError",
    "CronJob",
    "CronScheduler",
    "Job",
    "Queue",
    "SchedulerNotFound",
    "StopRequested",
    "Webhook",
    "as_text",
    "create_cron",
    "decode_redis_hash",
    "get_cron_job_history_key",
    "get_cron_job_ids",
    "logger",
    "normalize_config_path",
    "now",
    "register",
    "resolve_serializer",
    "safe_json_dumps",
    "setup_loghandlers",
    "str_to_date",
    "utcformat",
    "utcparse",
    "validate_absolute_path",
]
