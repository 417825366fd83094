"""The lists of workers: all of them, and those of each queue."""

from rq.client.worker_registration import (
    REDIS_WORKER_KEYS,
    WORKERS_BY_QUEUE_KEY,
    clean_worker_registry,
    get_keys,
    register,
    unregister,
)
from rq.core.legacy import as_text, split_list
from rq.store.worker_lists import MAX_KEYS

__all__ = [
    "MAX_KEYS",
    "REDIS_WORKER_KEYS",
    "WORKERS_BY_QUEUE_KEY",
    "as_text",
    "clean_worker_registry",
    "get_keys",
    "register",
    "split_list",
    "unregister",
]
