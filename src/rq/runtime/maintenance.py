"""The janitor: gives back what dead workers held, and tidies registries. Every worker has one; none of them is the leader.

Two observations are needed before anything is taken: the janitor remembers each lease it saw and since when (by its own clock that never jumps), and the
script takes back only what ran out and was seen unchanged for at least half a lease. Leases are watched before they run out, so this costs no time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rq.observe import events
from rq.runtime.running import WorkerContext
from rq.store.connection import Caller
from rq.store.groups import BEGINNING, sweep_groups
from rq.store.reap import Reclaimed, Suspect, WorkerLease, list_worker_leases, reclaim_jobs, reclaim_worker, sweep_queue


@dataclass(slots=True)
class Watchlist:
    """Remembers for how long each thing has been seen with the same score."""

    _seen: dict[str, tuple[float, float]] = field(default_factory=dict)

    def observe(self, scores: Iterable[tuple[str, float]], now: float) -> None:
        """Note what is there now; what is not there any more is forgotten, what changed is new."""
        former = self._seen
        self._seen = {}
        for name, score in scores:
            known = former.get(name)
            self._seen[name] = known if known is not None and known[0] == score else (score, now)

    def suspects(self, now: float) -> list[Suspect]:
        """Return all that is watched, with the seconds it has been seen unchanged."""
        return [Suspect(name, score, now - since) for name, (score, since) in self._seen.items()]


class Janitor:
    """One round: all queues of the worker, and all workers of the keyspace.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker; its own leases are its heartbeat's business.
    """

    def __init__(self, caller: Caller, context: WorkerContext) -> None:
        self._caller = caller
        self._context = context
        self._jobs = {queue: Watchlist() for queue in context.config.queues}
        self._workers = Watchlist()
        self._groups = BEGINNING
        self._overdue: int | None = None
        self._lock = threading.Lock()

    def count_overdue(self) -> int:
        """Return how many leases of this worker's queues had run out when the janitor last looked; it looks now if it never did."""
        if self._overdue is None:
            self.run_once()
        return self._overdue or 0

    def run_once(self) -> None:
        """Look once. One round trip, one more if a worker died."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        context, config = self._context, self._context.config
        now = time.monotonic()
        own = {f"{attempt.key.job_id}:{attempt.key.execution_id}" for attempt in context.running.snapshot()}
        calls: list[Any] = []
        for queue, watchlist in self._jobs.items():
            suspects = [suspect for suspect in watchlist.suspects(now) if suspect.member not in own]
            calls.append(reclaim_jobs(context.scripts, queue, suspects, config.lease_seconds, config.most_crashes))
        calls += [sweep_queue(context.scripts, queue, context.name) for queue in self._jobs]
        calls += [sweep_groups(context.scripts, self._groups), list_worker_leases(context.scripts)]
        answers = self._caller.run_many(calls)
        _, self._groups = answers[-2]
        for watchlist, reclaimed in zip(self._jobs.values(), answers, strict=False):
            self._note(watchlist, reclaimed, now)
        self._reclaim_workers(answers[-1], now)
        self._overdue = sum(reclaimed.overdue for reclaimed in answers[: len(self._jobs)])

    def _note(self, watchlist: Watchlist, reclaimed: Reclaimed, now: float) -> None:
        watchlist.observe(reclaimed.suspects, now)
        for job_id, status in reclaimed.jobs:
            self._report(job_id, status)

    def _reclaim_workers(self, leases: Sequence[WorkerLease], now: float) -> None:
        context, config = self._context, self._context.config
        self._workers.observe(((lease.worker, lease.ends_at) for lease in leases), now)
        seen_seconds = {suspect.member: suspect.seen_seconds for suspect in self._workers.suspects(now)}
        calls = [
            reclaim_worker(context.scripts, lease.worker, lease.incarnation, "its worker gave no sign of life", config.most_crashes)
            for lease in leases
            if lease.expired and lease.worker != context.name and seen_seconds[lease.worker] >= (lease.lease_seconds or config.lease_seconds) / 2
        ]
        for _, jobs, _ in self._caller.run_many(calls) if calls else []:
            for _, job_id, status in jobs:
                self._report(job_id, status)

    def _report(self, job_id: str, status: str) -> None:
        self._context.bus.emit(events.JobReclaimed(self._context.name, job_id, status))
