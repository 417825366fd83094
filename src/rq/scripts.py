"""Steps that are one script on the server: locks with an owner."""

from rq.client.locks import ACQUIRE_OR_REFRESH_LOCK_SCRIPT, RELEASE_LOCK_SCRIPT, acquire_or_refresh_lock, logger, release_lock
from rq.core.errors import DuplicateJobError
from rq.observe.colors import blue, green

__all__ = [
    "ACQUIRE_OR_REFRESH_LOCK_SCRIPT",
    "RELEASE_LOCK_SCRIPT",
    "DuplicateJobError",
    "acquire_or_refresh_lock",
    "blue",
    "green",
    "logger",
    "release_lock",
]
