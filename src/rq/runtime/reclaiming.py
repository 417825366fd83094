"""What a dead worker held goes back to its queues at once: the parent saw it die, so nobody need wait for its lease."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from rq.core.defaults import MAX_CRASHES
from rq.core.errors import RQError
from rq.observe import pool_events as events
from rq.observe.pool_logs import log_pool_event
from rq.runtime.children import Child
from rq.store.connection import Caller, private_client
from rq.store.reap import reclaim_worker
from rq.store.scripts import ScriptLibrary

if TYPE_CHECKING:
    import redis

# The kernel kills the processes of a dead worker's jobs, one generation after the other: that takes a moment, and a job shall not run beside itself.
GRACE_SECONDS = 0.05
RETRY_SECONDS = 1.0
# By then the lease has done it.
LONGEST_TRIED_SECONDS = 60.0
# The pool looks after its processes in the same thread, so it does not wait long for a server.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Death:
    child: Child
    due_at: float


class Reclaimer:
    """A duty of a pool: takes back the jobs of workers that died. The name of a child is that of its worker.

    Args:
        pool: the name of the pool.
        client: a client of the server; a connection of its own is made from its settings.
        scripts: the scripts of the keyspace.
        most_crashes: a job whose attempts ended without an outcome more often than this is set aside as failed.
        report: told what happens.
    """

    def __init__(
        self, pool: str, client: redis.Redis, scripts: ScriptLibrary, most_crashes: int = MAX_CRASHES, report: events.PoolReport = log_pool_event
    ) -> None:
        self._pool = pool
        self._caller = Caller(_impatient_client(client))
        self._scripts = scripts
        self._most_crashes = most_crashes
        self._report = report
        self._deaths: list[_Death] = []
        self._retry_at = 0.0

    def note_end(self, child: Child) -> None:
        """Note that a child ended. One that left in good order has given up its name itself, unless the server was away; asking costs nothing."""
        self._deaths.append(_Death(child, time.monotonic() + (GRACE_SECONDS if child.exitcode else 0.0)))

    def attend(self, now: float) -> None:
        """Take back what the dead had, but for those who died this very moment, and unless the server was asked in vain a moment ago."""
        if now < self._retry_at:
            return
        for death in [death for death in self._deaths if death.due_at <= now]:
            try:
                self._take_back(death.child)
            except (RedisError, RQError, OSError) as error:
                self._postpone(death, error)
                return
            self._deaths.remove(death)
        self._retry_at = 0.0

    def next_deadline(self) -> float | None:
        """Return when there is something to do, a `time.monotonic()`; None: no need."""
        return max(min(death.due_at for death in self._deaths), self._retry_at) if self._deaths else None

    def finish(self) -> None:
        """Take back what all the dead had, now or never, when the supervisor has ended; waits a moment for those who died this very one."""
        if self._deaths:
            latest = max(death.due_at for death in self._deaths)
            time.sleep(max(latest - time.monotonic(), 0.0))
            self._retry_at = 0.0
            self.attend(max(latest, time.monotonic()))

    def _take_back(self, child: Child) -> None:
        reason = f"its worker died, {child.end_description()}"
        _, jobs, _ = self._caller.run(reclaim_worker(self._scripts, child.name, "", reason, self._most_crashes, seen_dead=True))
        if jobs:
            failed = tuple(job_id for _, job_id, status in jobs if status == "failed")
            queued = tuple(job_id for _, job_id, status in jobs if status != "failed")
            self._report(events.JobsTakenBack(self._pool, child.name, queued, failed))

    def _postpone(self, death: _Death, error: Exception) -> None:
        now = time.monotonic()
        if not self._retry_at:  # once for each time that the server is away
            self._report(events.JobsNotTakenBack(self._pool, death.child.name, str(error)))
        self._deaths = [noted for noted in self._deaths if now - noted.due_at <= LONGEST_TRIED_SECONDS]
        self._retry_at = now + RETRY_SECONDS


def _impatient_client(client: redis.Redis) -> redis.Redis:
    own = private_client(client)
    if own is not client:
        own.connection_pool.connection_kwargs |= {"socket_timeout": _PATIENCE_SECONDS, "socket_connect_timeout": _PATIENCE_SECONDS}
    return own
