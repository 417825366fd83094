"""The commands under RQ's path of them, and what else RQ has there."""

from rq.cli.arguments import parse_arguments as parse_function_args
from rq.cli.cli_config import pass_cli_config
from rq.cli.commands.empty import empty
from rq.cli.commands.enqueue import enqueue
from rq.cli.commands.info import info
from rq.cli.commands.requeue import requeue
from rq.cli.commands.suspension import resume, suspend
from rq.cli.main import main
from rq.cli.parsing import parse_schedule
from rq.cli.views import refresh, show_both, show_queues, show_workers
from rq.client.registry import FailedJobRegistry, clean_registries
from rq.client.suspension import resume as connection_resume
from rq.client.suspension import suspend as connection_suspend
from rq.client.worker_registration import clean_worker_registry
from rq.core.errors import InvalidJobOperationError
from rq.core.legacy import get_call_string
from rq.model.retry import Retry
from rq.model.states import JobStatus
from rq.observe.colors import blue
from rq.version import VERSION as version  # noqa: N811 - RQ's name

__all__ = [
    "FailedJobRegistry",
    "InvalidJobOperationError",
    "JobStatus",
    "Retry",
    "blue",
    "clean_registries",
    "clean_worker_registry",
    "connection_resume",
    "connection_suspend",
    "empty",
    "enqueue",
    "get_call_string",
    "info",
    "main",
    "parse_function_args",
    "parse_schedule",
    "pass_cli_config",
    "refresh",
    "requeue",
    "resume",
    "show_both",
    "show_queues",
    "show_workers",
    "suspend",
    "version",
]
