"""`rq worker` and `rq worker-pool` as Click commands, under the path that RQ has them at."""

from rq.cli.cli_config import pass_cli_config, read_config_file, setup_loghandlers_from_args
from rq.cli.commands.worker import worker
from rq.cli.commands.worker_pool import worker_pool
from rq.cli.main import main
from rq.client.suspension import is_suspended
from rq.core.defaults import (
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_MAINTENANCE_TASK_INTERVAL,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
)
from rq.core.references import import_attribute
from rq.core.serializers import resolve_serializer
from rq.runtime.worker_pool import WorkerPool

__all__ = [
    "DEFAULT_JOB_MONITORING_INTERVAL",
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "DEFAULT_MAINTENANCE_TASK_INTERVAL",
    "DEFAULT_RESULT_TTL",
    "DEFAULT_WORKER_TTL",
    "WorkerPool",
    "import_attribute",
    "is_suspended",
    "main",
    "pass_cli_config",
    "read_config_file",
    "resolve_serializer",
    "setup_loghandlers_from_args",
    "worker",
    "worker_pool",
]
