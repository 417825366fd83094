"""Steps that are one script on the server: locks with an owner, and jobs of which there may be only one."""

from rq.client.locks import ACQUIRE_OR_REFRESH_LOCK_SCRIPT, RELEASE_LOCK_SCRIPT, acquire_or_refresh_lock, logger, release_lock
from rq.client.unique import save_unique_job, schedule_unique_job
from rq.client.unique_scripts import UNIQUE_ENQUEUE_SCRIPT, UNIQUE_SCHEDULE_SCRIPT, get_unique_enqueue_script, get_unique_schedule_script
from rq.core.errors import DuplicateJobError
from rq.observe.colors import blue, green

__all__ = [
    "ACQUIRE_OR_REFRESH_LOCK_SCRIPT",
    "RELEASE_LOCK_SCRIPT",
    "UNIQUE_ENQUEUE_SCRIPT",
    "UNIQUE_SCHEDULE_SCRIPT",
    "DuplicateJobError",
    "acquire_or_refresh_lock",
    "blue",
    "get_unique_enqueue_script",
    "get_unique_schedule_script",
    "green",
    "logger",
    "release_lock",
    "save_unique_job",
    "schedule_unique_job",
]
