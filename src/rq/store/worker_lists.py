"""The lists of workers that RQ's programs look at. Our workers write them when they come and go (BIRTH and DEATH); these are for whoever keeps them by hand."""

from __future__ import annotations

from collections.abc import Sequence

from rq.store.calls import Call, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary

# How many keys one call may bring; it blocks the server for less than a millisecond.
MAX_KEYS = 1000


def list_worker(scripts: ScriptLibrary, worker_key: str, queues: Sequence[str]) -> Call[str]:
    """Put a worker on the list of all workers and on those of its queues."""
    return Call(read_code, (wire(worker_key),), scripts.script("list_worker"), _lists(scripts, queues))


def unlist_worker(scripts: ScriptLibrary, worker_key: str, queues: Sequence[str]) -> Call[str]:
    """Take a worker off the list of all workers and off those of its queues."""
    return Call(read_code, (wire(worker_key),), scripts.script("unlist_worker"), _lists(scripts, queues))


def forget_workers(scripts: ScriptLibrary, queue: str, worker_keys: Sequence[str]) -> Call[int]:
    """Take those workers (at most `MAX_KEYS`) that have no hash off the list of all workers and off that of a queue. Returns how many they were."""
    keys = scripts.keyspace
    arguments = [wire(key) for key in worker_keys]
    return Call(lambda reply: int(reply[1]), arguments, scripts.script("forget_workers"), (keys.queue_workers(queue), keys.workers))


def _lists(scripts: ScriptLibrary, queues: Sequence[str]) -> tuple[str, ...]:
    return (scripts.keyspace.workers, *map(scripts.keyspace.queue_workers, queues))
