"""Suspension by hand (door: `rq.suspension`): no worker begins another job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.session import session_of
from rq.core.keys import current_keyspace
from rq.store import reads
from rq.store.suspension import resume_workers, suspend_workers

if TYPE_CHECKING:
    import redis

WORKERS_SUSPENDED = current_keyspace().suspended


def is_suspended(connection: redis.Redis, worker: object = None) -> int:
    """Return 1 while workers begin no jobs, else 0. Reads only.

    Args:
        connection: any synchronous redis-py client.
        worker: accepted and not used: RQ sends a worker's sign of life along; ours give theirs by themselves.
    """
    del worker
    session = session_of(connection)
    return int(session.run(reads.is_suspended(session.scripts)))


def suspend(connection: redis.Redis, ttl: int | None = None) -> None:
    """Let no worker begin another job; jobs that run are finished, and jobs can be enqueued. One command.

    Args:
        connection: any synchronous redis-py client.
        ttl: after how many seconds it ends by itself; None for never, 0 or less for at once.
    """
    session = session_of(connection)
    is_over = ttl is not None and ttl <= 0
    session.run(resume_workers(session.scripts) if is_over else suspend_workers(session.scripts, ttl))


def resume(connection: redis.Redis) -> int:
    """Let workers begin jobs again, and return 1 if they were suspended, else 0."""
    session = session_of(connection)
    return int(session.run(resume_workers(session.scripts)))
