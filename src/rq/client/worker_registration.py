"""The lists of workers (door: `rq.worker_registration`). Workers keep them by themselves; these are for programs that look, tidy, or play a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rq.client.session import session_of
from rq.core.errors import InvalidOptionError
from rq.core.keys import current_keyspace
from rq.core.legacy import split_list
from rq.store.presence import list_worker_keys
from rq.store.worker_lists import MAX_KEYS, forget_workers, list_worker, unlist_worker

if TYPE_CHECKING:
    import redis
    from redis.client import Pipeline

    from rq.client.queue import Queue
    from rq.client.session import Session
    from rq.store.calls import Call

REDIS_WORKER_KEYS = current_keyspace().workers
WORKERS_BY_QUEUE_KEY = current_keyspace().queue_workers("%s")


class Listener(Protocol):
    """The part of a worker that the lists know."""

    connection: redis.Redis

    @property
    def key(self) -> str:
        """The key of the worker's hash."""

    def queue_names(self) -> list[str]:
        """Return the names of the queues that it listens on."""


def register(worker: Listener, pipeline: Pipeline | None = None) -> None:
    """Put a worker on the list of all workers and on those of its queues: one round trip, atomic. `pipeline` collects the call instead."""
    session = session_of(worker.connection)
    _send(session, pipeline, list_worker(session.scripts, worker.key, worker.queue_names()))


def unregister(worker: Listener, pipeline: Pipeline | None = None) -> None:
    """Take a worker off the list of all workers and off those of its queues: one round trip, atomic. `pipeline` collects the call instead."""
    session = session_of(worker.connection)
    _send(session, pipeline, unlist_worker(session.scripts, worker.key, worker.queue_names()))


def _send(session: Session, pipeline: Pipeline | None, call: Call[str]) -> None:
    if pipeline is None:
        session.run(call)
    else:
        session.collect(pipeline, call)


def get_keys(queue: Queue | None = None, connection: redis.Redis | None = None) -> set[str]:
    """Return the keys of the workers that listen on a queue, or of all workers; stale ones included.

    Args:
        queue: the queue; None for all workers.
        connection: any synchronous redis-py client; not needed with `queue`.

    Raises:
        InvalidOptionError: if both are missing (a ValueError).
    """
    if queue is None and connection is None:
        message = "Pass queue=... or connection=..., so that it is known which server to ask"
        raise InvalidOptionError(message)
    session = session_of(queue.connection if queue is not None else connection)
    listed = session.run(list_worker_keys(session.scripts, None if queue is None else queue.name))
    return set(listed)


def clean_worker_registry(queue: Queue) -> None:
    """Take the workers of a queue that have no hash any more off its list and off that of all workers: a round trip and one per thousand, each atomic."""
    session = session_of(queue.connection)
    for keys in split_list(sorted(get_keys(queue)), MAX_KEYS):
        session.run(forget_workers(session.scripts, queue.name, keys))
