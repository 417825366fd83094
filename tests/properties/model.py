"""The transitions of the store as the contract wants them, in plain Python: no server, no Lua.

Each method changes the `World` and returns the very answer that the store function of the same name must give. It says what becomes of a job, not how a
script gets there; where both agree on every key after every step of every interleaving, the scripts do what is written here. On the ground floor are the
steps that transitions share (`places`) and what the end of a job means for others (`dependencies`); then the parts in the order of a job's life:
`waiting_and_running`, `endings`, `operators`, and here what janitors and the births and deaths of workers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.store.presence import Birth
from rq.store.reap import Reclaimed, Suspect, WorkerLease
from tests.properties.endings import Policy
from tests.properties.operators import Operators
from tests.properties.world import SCORE_MARGIN, Flat, Side, WorkerHash, iso_date, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rq.model.presence import WorkerIdentity

MOST_SUSPECTS = 100
RQ_BEAT_SECONDS = 35


class Model(Operators):
    """All transitions."""

    # --- janitors -----------------------------------------------------------------------------------------------------

    def reclaim(self, queue: str, suspects: Sequence[Suspect], own_lease: float, most_crashes: int) -> Reclaimed:
        """A janitor's call: what it has watched unchanged for long enough, and whose lease ran out, goes back."""
        policy = Policy("A", most_crashes, "the lease ran out: its worker or machine is gone")
        reclaimed = []
        for suspect in suspects:
            job_id, _, execution = suspect.member.rpartition(":")
            if self.wip.get(queue, {}).get((job_id, execution)) != suspect.score:
                continue
            if self._is_expired(job_id, execution, suspect, own_lease):
                worker = self.execution.get((job_id, execution), {}).get("worker_name")
                self._end_lease(queue, job_id, execution, worker)
                code = self._crash(queue, job_id, execution, policy)
                if code != "dropped":
                    reclaimed.append((job_id, code))
        in_order = sorted((score, f"{i}:{e}") for (i, e), score in self.wip.get(queue, {}).items())
        return Reclaimed(reclaimed, [(member, score) for score, member in in_order[:MOST_SUSPECTS]])

    def _is_expired(self, job_id: str, execution: str, suspect: Suspect, own_lease: float) -> bool:
        job = self.job(job_id)
        if job is None or job.fields.get("x_execution") != execution:
            return suspect.score <= self.now and suspect.seen_seconds >= RQ_BEAT_SECONDS
        side = self.sides.get(job.fields["worker_name"])
        lease = side.lease if side else own_lease
        ends_at = suspect.score - SCORE_MARGIN
        return suspect.seen_seconds >= lease / 2 and not self.now < ends_at <= self.now + lease

    # --- workers ------------------------------------------------------------------------------------------------------

    def birth(self, identity: WorkerIdentity, written: Flat, lease: float, ttl: int, most_crashes: int, replaceable: str = "") -> Birth:
        """A worker registers, unless a living one bears its name; what a dead one had goes back first."""
        name, hash_ = identity.name, self.worker_hashes.get(identity.name)
        side, ends_at = self.sides.get(name), self.presence.get(name)
        owner = side.incarnation if side else ""
        reclaimed: list[tuple[str, str, str]] = []
        if owner != identity.incarnation:
            bears = (ends_at is not None and ends_at > self.now) or (hash_ is not None and "death" not in hash_.fields)
            expired = ends_at is not None and ends_at <= self.now
            if bears and not expired and not (owner and owner == replaceable):
                fields = hash_.fields if hash_ else {}
                told = (str(fields.get(field, "")) for field in ("hostname", "pid", "x_process_start"))
                return Birth("taken", "", [], (owner, *told))  # type: ignore[arg-type]
            policy = Policy("A", most_crashes, "its worker died and started again")
            reclaimed = self._worker_gone(name, policy)[0]
            self.worker_hashes.pop(name, None)
        date = iso_date(self.now)
        if owner != identity.incarnation:
            self.sides[name] = Side(identity.incarnation, lease, identity.queues)
        self.registered.add(name)
        for queue in identity.queues:
            self.listening.setdefault(queue, set()).add(name)
        known = self.worker_hashes[name].fields if name in self.worker_hashes else {}
        fresh = {"birth": date, "last_heartbeat": date, "x_incarnation": identity.incarnation, **written}
        self.worker_hashes[name] = WorkerHash({**known, **fresh}, ttl)
        self.presence[name] = self.now + lease
        return Birth("ok", date, reclaimed)

    def _worker_gone(self, name: str, policy: Policy) -> tuple[list[tuple[str, str, str]], int]:
        """All that a dead worker had goes back, and it is registered no longer."""
        reclaimed = []
        side = self.sides.get(name)
        given_back = self._give_back_caught(sorted(side.queues) if side else ())
        for job_id, execution in _in_giving_order(side):
            assert side
            queue = side.held[job_id, execution]
            self._end_lease(queue, job_id, execution, name)
            code = self._crash(queue, job_id, execution, policy)
            if code != "dropped":
                reclaimed.append((queue, job_id, code))
        self._unregister(name)
        return reclaimed, given_back

    def _unregister(self, name: str) -> None:
        side = self.sides.pop(name, None)
        self.presence.pop(name, None)
        self.registered.discard(name)
        for queue in side.queues if side else ():
            self.listening[queue].discard(name)
        hash_ = self.worker_hashes.get(name)
        if hash_:
            hash_.fields.pop("current_job", None)
            hash_.fields["death"] = iso_date(self.now)
            hash_.ttl = 60

    def reclaim_worker(
        self, name: str, incarnation: str, reason: str, most_crashes: int, *, seen_dead: bool = False
    ) -> tuple[str, list[tuple[str, str, str]], int]:
        """A janitor's, or a parent's, call: a worker is dead, so all it had goes back."""
        side, ends_at = self.sides.get(name), self.presence.get(name)
        if side is None or ends_at is None or (incarnation and side.incarnation != incarnation):
            return "gone", [], 0
        if not seen_dead and self.now < ends_at <= self.now + side.lease:
            return "alive", [], 0
        return "ok", *self._worker_gone(name, Policy("A", most_crashes, reason))

    def worker_leases(self) -> list[WorkerLease]:
        """What a janitor reads about workers; nothing changes."""
        in_order = sorted((ends_at, name) for name, ends_at in self.presence.items())
        leases = []
        for ends_at, name in in_order[:MOST_SUSPECTS]:
            side = self.sides[name]
            expired = not self.now < ends_at <= self.now + side.lease
            leases.append(WorkerLease(name, side.incarnation, ends_at, side.lease, expired))
        return leases

    def death(self, name: str, incarnation: str) -> int:
        """A worker leaves: what it holds goes back, no crash counted."""
        side = self.sides.get(name)
        if side is None or side.incarnation != incarnation:
            return 0
        count = self._give_back_caught(sorted(side.queues))
        count += sum(self._put_back(side.held[job_id, execution], job_id, execution, name) for job_id, execution in _in_giving_order(side))
        self._unregister(name)
        return count

    def sweep(self, queue: str, worker: str, lock_names: tuple[str, str]) -> tuple[int, int]:
        """A janitor's call: registries forget what expired, RQ's intermediate list is repaired, RQ's maintenance is held off."""
        forgotten = sum(self.forget_expired(kind, queue) for kind in ("finished", "failed"))
        repaired = sum(self._repair(queue, job_id) for job_id in list(self.intermediate.get(queue, [])))
        maintenance, scheduler = lock_names
        self.locks[maintenance] = "1"
        self.locks.setdefault(scheduler, worker)
        return forgotten, repaired

    def forget_expired(self, kind: str, queue: str) -> int:
        """Entries go whose time is over; what they name stays as it is."""
        entries = self.registry(kind, queue)
        expired = [job_id for job_id, score in entries.items() if 0 <= score <= self.now]
        for job_id in expired:
            del entries[job_id]
        return len(expired)

    def _repair(self, queue: str, job_id: str) -> int:
        leases = self.wip.get(queue, {})
        running = any((job_id, execution) in leases for execution in self.executions.get(job_id, {}))
        if running:
            return 0
        if self.is_broken(job_id):
            self._set_aside(queue, job_id, "not a hash")
        job = self.job(job_id)
        if job and job.status == "queued":
            seen = self.first_seen.setdefault((queue, job_id), seconds_text(self.now))
            if float(seen) > self.now:
                seen = self.first_seen[queue, job_id] = seconds_text(self.now)
            if float(seen) + 60 >= self.now:
                return 0
            self.push(queue, job_id, front=True)
        self.first_seen.pop((queue, job_id), None)
        self.intermediate[queue].remove(job_id)
        return 1


def _in_giving_order(side: Side | None) -> list[tuple[str, str]]:
    """Each goes to the head of its queue, so the last id first: they end up in the order of their ids."""
    return sorted(side.held, key=lambda attempt: attempt[0] + attempt[1], reverse=True) if side else []
