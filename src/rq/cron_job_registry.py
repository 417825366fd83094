"""The names of all cron jobs that were ever enqueued."""

from rq.client.cron import add_cron_name as add
from rq.client.cron import cron_names as get_names
from rq.client.cron import forget_cron_names as remove_stale_entries
from rq.client.cron import names_key as get_registry_key
from rq.core.defaults import DEFAULT_CRON_JOB_HISTORY_TTL

__all__ = ["DEFAULT_CRON_JOB_HISTORY_TTL", "add", "get_names", "get_registry_key", "remove_stale_entries"]
