"""What `rq doctor` reads of a server, as values. `store.inspection` gathers them, `model.diagnosis` judges them."""

from __future__ import annotations

from dataclasses import dataclass

from rq.model.presence import WorkerRecord


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself; None where it does not.

    Args:
        product: `Redis` or `Valkey`.
        version: its own.
        clock_ahead_seconds: how far its clock is ahead of that of this machine.
        runs_scripts: whether this user may run scripts on it.
        eviction: what it does when its memory is full (`maxmemory-policy`).
        evicted_keys: how many keys it threw away since it started.
        used_bytes: the memory that it uses.
        most_bytes: the memory that it may use; 0 for no limit.
        appends: whether it writes every change to an append-only file.
        snapshots: whether it writes snapshots by itself.
        write_failed: what it could not write to disk, if it could not.
        is_replica: whether it only follows another server.
        clients: how many connections it has.
        most_clients: how many it may have.
    """

    product: str = "Redis"
    version: tuple[int, ...] | None = None
    clock_ahead_seconds: float = 0.0
    runs_scripts: bool | None = None
    eviction: str | None = None
    evicted_keys: int | None = None
    used_bytes: int | None = None
    most_bytes: int | None = None
    appends: bool | None = None
    snapshots: bool | None = None
    write_failed: str | None = None
    is_replica: bool | None = None
    clients: int | None = None
    most_clients: int | None = None


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What there is of a queue.

    Args:
        name: the queue.
        waiting: how many jobs wait in it.
        counts: how many entries each registry has, by the name of its key.
        kept_for_ever: how many finished jobs are never to be forgotten.
        overdue_leases: how many started jobs nobody keeps any more, for a minute at least.
        overdue_jobs: how many scheduled jobs are due for a minute at least.
        set_aside: how many ids were set aside.
        example_set_aside: the newest of them, with the reason.
        between: how many ids workers of RQ have taken and not started.
        blocked: how many of the deferred jobs that were looked at wait for one that ended badly.
        example_blocked: one of them.
        missing: ids of jobs that do not exist, among those that are next.
        unreadable: ids of jobs that cannot be read, among those that are next.
        broken: why the queue could not be read, if it could not.
    """

    name: str
    waiting: int = 0
    counts: tuple[tuple[str, int], ...] = ()
    kept_for_ever: int = 0
    overdue_leases: int = 0
    overdue_jobs: int = 0
    set_aside: int = 0
    example_set_aside: str = ""
    between: int = 0
    blocked: int = 0
    example_blocked: str = ""
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    broken: str | None = None

    def count(self, kind: str) -> int:
        """Return how many entries a registry has."""
        return dict(self.counts).get(kind, 0)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a server holds, as far as a bounded search shows.

    Args:
        server: the server itself.
        queues: the queues that ever held a job.
        workers: the living workers.
        stale_workers: the names of workers that are registered and do not live.
        suspended: whether all workers are suspended.
        paused: what is paused by its name: `queue` or `worker`, and the name.
        lost_jobs: ids of jobs that are to run and stand nowhere.
        strays: keys that belong to jobs that do not exist, and will not expire.
        jobs_searched: how many jobs were looked at for these two.
        late_deliveries: how many webhooks are due for minutes.
    """

    server: ServerFacts
    queues: tuple[QueueFacts, ...] = ()
    workers: tuple[WorkerRecord, ...] = ()
    stale_workers: tuple[str, ...] = ()
    suspended: bool = False
    paused: tuple[tuple[str, str], ...] = ()
    lost_jobs: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    jobs_searched: int = 0
    late_deliveries: int = 0
