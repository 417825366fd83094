"""What programs import from here that have commands of their own beside RQ's, with RQ's names."""

from rq.cli.arguments import parse_arguments as parse_function_args
from rq.cli.cli_config import CliConfig, get_redis_from_config, pass_cli_config, read_config_file, setup_loghandlers_from_args, shared_options
from rq.cli.parsing import ParsingMode, parse_function_arg, parse_schedule
from rq.cli.rendering import green, red, yellow
from rq.cli.views import get_scale, pad, refresh, show_both, show_queues, show_workers, state_symbol
from rq.client.classes import import_job_class, import_worker_class
from rq.core.clock import utc_now as now
from rq.core.defaults import (
    DEFAULT_CONNECTION_CLASS,
    DEFAULT_DEATH_PENALTY_CLASS,
    DEFAULT_JOB_CLASS,
    DEFAULT_QUEUE_CLASS,
    DEFAULT_SERIALIZER_CLASS,
    DEFAULT_WORKER_CLASS,
)
from rq.core.legacy import parse_timeout
from rq.core.references import import_attribute
from rq.model.presence import WorkerStatus
from rq.runtime.logging_setup import setup_loghandlers

__all__ = [
    "DEFAULT_CONNECTION_CLASS",
    "DEFAULT_DEATH_PENALTY_CLASS",
    "DEFAULT_JOB_CLASS",
    "DEFAULT_QUEUE_CLASS",
    "DEFAULT_SERIALIZER_CLASS",
    "DEFAULT_WORKER_CLASS",
    "CliConfig",
    "ParsingMode",
    "WorkerStatus",
    "get_redis_from_config",
    "get_scale",
    "green",
    "import_attribute",
    "import_job_class",
    "import_worker_class",
    "now",
    "pad",
    "parse_function_arg",
    "parse_function_args",
    "parse_schedule",
    "parse_timeout",
    "pass_cli_config",
    "read_config_file",
    "red",
    "refresh",
    "setup_loghandlers",
    "setup_loghandlers_from_args",
    "shared_options",
    "show_both",
    "show_queues",
    "show_workers",
    "state_symbol",
    "yellow",
]
