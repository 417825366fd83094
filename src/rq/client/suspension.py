"""Suspension by hand (door: `rq.suspension`): no worker begins another job. Or, which RQ's workers do not heed: none of one queue, or one worker none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rq.client.session import session_of
from rq.core.keys import current_keyspace
from rq.store import reads
from rq.store.suspension import find_pauses, pause_for, resume_workers, suspend_workers
from rq.store.suspension import resume as resume_some

if TYPE_CHECKING:
    import redis

WORKERS_SUSPENDED = current_keyspace().suspended


class Named(Protocol):
    """A queue or a worker, as far as its name goes."""

    @property
    def name(self) -> str:
        """Its name."""


def is_suspended(connection: redis.Redis, worker: Named | str | None = None, *, queue: Named | str | None = None) -> int:
    """Return 1 if all workers are suspended, or this worker, or this queue is paused, else 0. One round trip. Reads only.

    Args:
        connection: any synchronous redis-py client.
        worker: a worker or its name. RQ sends the worker's sign of life along; ours give theirs by themselves.
        queue: a queue or its name.
    """
    session = session_of(connection)
    if worker is None and queue is None:
        return int(session.run(reads.is_suspended(session.scripts)))
    pauses = session.run(find_pauses(session.scripts, "".join(_names(worker)), _names(queue)))
    return int(pauses.everything or bool(pauses.queues))


def suspend(connection: redis.Redis, ttl: int | None = None, *, queue: Named | str | None = None, worker: Named | str | None = None) -> None:
    """Let no worker begin another job; jobs that run are finished, and jobs can be enqueued. From the moment at which this returns, no job begins. One command.

    Args:
        connection: any synchronous redis-py client.
        ttl: after how many seconds it ends by itself; None for never, 0 or less for at once.
        queue: a queue or its name: then only the jobs of this one do not begin.
        worker: a worker or its name, whether it lives yet or not: then only this one begins no job.
    """
    session = session_of(connection)
    if queue is not None or worker is not None:
        session.run(pause_for(session.scripts, ttl, _names(queue), _names(worker)))
        return
    is_over = ttl is not None and ttl <= 0
    session.run(resume_workers(session.scripts) if is_over else suspend_workers(session.scripts, ttl))


def resume(connection: redis.Redis, *, queue: Named | str | None = None, worker: Named | str | None = None) -> int:
    """Let workers begin jobs again, and return how many of what is meant were suspended: 1 or 0, up to 2 if both a queue and a worker are named.

    Without `queue` and `worker` it ends the suspension of all; a queue or worker that is paused by itself stays so. Workers that wait notice within a second.

    Args:
        connection: any synchronous redis-py client.
        queue: a queue or its name.
        worker: a worker or its name.
    """
    session = session_of(connection)
    if queue is not None or worker is not None:
        return session.run(resume_some(session.scripts, _names(queue), _names(worker)))
    return int(session.run(resume_workers(session.scripts)))


def _names(thing: Named | str | None) -> list[str]:
    if thing is None:
        return []
    return [thing if isinstance(thing, str) else thing.name]
