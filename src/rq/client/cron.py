"""What the server says of cron (doors: `rq.cron`, `rq.cron_job_registry`, `rq.cron_scheduler_registry`): names, histories, processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rq.client.session import session_of
from rq.core.clock import utc_now
from rq.core.defaults import DEFAULT_CRON_JOB_HISTORY_TTL, DEFAULT_CRON_SCHEDULER_TTL
from rq.core.errors import DuplicateSchedulerError, SchedulerNotFound
from rq.core.keys import current_keyspace
from rq.store.cron_lists import (
    add_name,
    enlist_process,
    forget_names,
    forget_processes,
    list_jobs_of_name,
    list_names,
    list_processes,
    unlist_process,
)

if TYPE_CHECKING:
    import redis
    from redis.client import Pipeline


class CronProcess(Protocol):
    """The part of a cron scheduler that the list of them knows."""

    connection: redis.Redis
    name: str


# --- histories ------------------------------------------------------------------------------------------------------------------------


def cron_history_key(name: str) -> str:
    """Return the key of the history of a cron job."""
    return current_keyspace().cron_history(name)


def list_history(name: str, connection: redis.Redis, start: int = 0, end: int = -1) -> list[str]:
    """Return ids of the jobs that a cron job became, the latest first.

    Args:
        name: of the cron job.
        connection: any synchronous redis-py client.
        start: position of the first id, from 0.
        end: position of the last one; -1 for the oldest.
    """
    session = session_of(connection)
    return session.run(list_jobs_of_name(session.scripts, name, start, end))


# --- the names of all cron jobs ---------------------------------------------------------------------------------------------------------


def names_key() -> str:
    """Return the key of the names of all cron jobs, scored by when each was enqueued last."""
    return current_keyspace().cron_jobs


def add_cron_name(name: str, connection: redis.Redis | Pipeline, enqueue_timestamp: float | None = None) -> None:
    """Note that a cron job was enqueued. Schedulers do this by themselves.

    Args:
        name: of the cron job.
        connection: any synchronous redis-py client, or a pipeline, which collects the call.
        enqueue_timestamp: when, in seconds since 1970; None for now.
    """
    session = session_of(connection)
    moment = utc_now().timestamp() if enqueue_timestamp is None else enqueue_timestamp
    call = add_name(session.scripts, name, moment)
    if hasattr(connection, "command_stack"):
        session.collect(connection, call)
    else:
        session.run(call)


def cron_names(connection: redis.Redis, cleanup: bool = True) -> list[str]:
    """Return the names of all cron jobs, the one that was enqueued the longest ago first. Nothing is written.

    Args:
        connection: any synchronous redis-py client.
        cleanup: whether names are left out that were not enqueued for a year.
    """
    session = session_of(connection)
    return session.run(list_names(session.scripts, _ago(DEFAULT_CRON_JOB_HISTORY_TTL) if cleanup else None))


def forget_cron_names(connection: redis.Redis, threshold: int = DEFAULT_CRON_JOB_HISTORY_TTL) -> int:
    """Forget the names of cron jobs that were not enqueued for `threshold` seconds. Returns how many."""
    session = session_of(connection)
    return session.run(forget_names(session.scripts, _ago(threshold)))


# --- the processes ----------------------------------------------------------------------------------------------------------------------


def processes_key() -> str:
    """Return the key of the names of all cron schedulers, scored by their last sign of life."""
    return current_keyspace().cron_schedulers


def register_process(cron_scheduler: CronProcess, pipeline: Pipeline | None = None) -> None:
    """Put a scheduler on the list of them; schedulers do this by themselves. `pipeline` collects the call instead.

    Raises:
        DuplicateSchedulerError: if one of this name is there; not with a pipeline, whose answer comes later.
    """
    session = session_of(cron_scheduler.connection)
    added = session.run_or_collect(enlist_process(session.scripts, cron_scheduler.name, utc_now().timestamp()), pipeline)
    if added is False:
        raise DuplicateSchedulerError(f"A cron scheduler named {cron_scheduler.name!r} is registered already; choose another name")


def unregister_process(cron_scheduler: CronProcess, pipeline: Pipeline | None = None) -> None:
    """Take a scheduler off the list of them. `pipeline` collects the call instead.

    Raises:
        SchedulerNotFound: if it is not there; not with a pipeline, whose answer comes later.
    """
    session = session_of(cron_scheduler.connection)
    removed = session.run_or_collect(unlist_process(session.scripts, cron_scheduler.name), pipeline)
    if removed is False:
        raise SchedulerNotFound(f"No cron scheduler named {cron_scheduler.name!r} is registered")


def process_names(connection: redis.Redis) -> list[str]:
    """Return the names of all registered schedulers, those whose last sign of life is the oldest first; stale ones included."""
    session = session_of(connection)
    return [name for name, _ in session.run(list_processes(session.scripts))]


def forget_dead_processes(connection: redis.Redis, threshold: int = DEFAULT_CRON_SCHEDULER_TTL) -> int:
    """Take the schedulers off the list that gave no sign of life for `threshold` seconds. Returns how many."""
    session = session_of(connection)
    return session.run(forget_processes(session.scripts, _ago(threshold)))


def living_processes(connection: redis.Redis, *, stale: bool = False) -> list[str]:
    """Return the names of the schedulers that gave a sign of life in the last two minutes, or with `stale` of all that are registered."""
    session = session_of(connection)
    least = 0.0 if stale else _ago(DEFAULT_CRON_SCHEDULER_TTL)
    return [name for name, moment in session.run(list_processes(session.scripts)) if moment >= least]


def _ago(seconds: int) -> Any:
    return utc_now().timestamp() - seconds
