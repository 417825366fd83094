"""The names of the cron schedulers that live."""

from rq.client.cron import forget_dead_processes as cleanup
from rq.client.cron import process_names as get_keys
from rq.client.cron import processes_key as get_registry_key
from rq.client.cron import register_process as register
from rq.client.cron import unregister_process as unregister
from rq.core.defaults import DEFAULT_CRON_SCHEDULER_TTL
from rq.core.errors import DuplicateSchedulerError, SchedulerNotFound

__all__ = [
    "DEFAULT_CRON_SCHEDULER_TTL",
    "DuplicateSchedulerError",
    "SchedulerNotFound",
    "cleanup",
    "get_keys",
    "get_registry_key",
    "register",
    "unregister",
]
