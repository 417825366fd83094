"""The model, fourth part: somebody else than its worker decides about a job. And the outbox, from which anybody sends."""

from __future__ import annotations

import math

from rq.core.errors import CorruptDataError
from rq.store.replies import Enqueued
from tests.properties.endings import Endings
from tests.properties.world import STOPPER, TERMINAL, Ids, iso_date

ENDED_BADLY = ("failed", "stopped", "canceled")
# Kind of the registry that names a job -> the states from which it may be requeued.
REQUEUED_FROM = {
    "failed": ENDED_BADLY,
    "canceled": ENDED_BADLY,
    **{kind: (kind,) for kind in ("finished", "scheduled", "deferred")},
}
REGISTRIES = ("finished", "failed", "canceled", "scheduled", "deferred")


class Operators(Endings):
    """Cancel, delete, stop, requeue, purge; take and end deliveries."""

    def cancel(self, job_id: str, *, lets_go_on: bool = False, forgets_parents: bool = False) -> tuple[str, str]:
        """The job shall not run, and no attempt of it goes on. `lets_go_on`: for those who wait for it, it is as if it had finished."""
        if self.is_broken(job_id):
            return "badtype", ""
        job = self.jobs.get(job_id)
        if job is None:
            return "gone", ""
        status = job.fields["status"]
        if status in TERMINAL:
            return ("dup" if status == "canceled" else "terminal"), status
        owner = self._fence(job_id, job.fields["origin"])
        if owner:
            job.fields["x_last"] = f"{owner}:C"
        self.leave_place(status, job.fields["origin"], job_id)
        self.pending.pop(job_id, None)
        job.drop("x_execution", "x_stop", "x_due")
        job.fields["status"] = "canceled"
        self.registry("canceled", job.fields["origin"])[job_id] = math.floor(self.now)
        if forgets_parents:
            self.forget_parents(job_id)
        self._tell_dependents(job_id, "finished" if lets_go_on else "canceled")
        return "ok", status

    def _fence(self, job_id: str, queue: str) -> str | None:
        """Every attempt at the job has lost it. Answers the one that the job names."""
        for execution in list(self.executions.get(job_id, {})):
            worker = self.execution.get((job_id, execution), {}).get("worker_name")
            side = self.sides.get(worker or "")
            # A superseded attempt may have come from another queue than the job's: its worker knows.
            held = side.held.get((job_id, execution)) if side else None
            self._end_lease(held or queue, job_id, execution, worker)
        fields = self.jobs[job_id].fields
        owner = fields.get("x_execution")
        if owner:
            self._end_lease(queue, job_id, owner, fields["worker_name"])
        return owner

    def delete(self, job_id: str, queue: str, nonce: str, *, stays_listed: bool = False) -> tuple[str, str]:
        """There shall be no such job; those who wait for it go on. The same call again changes nothing, even if there is a new job of that id."""
        note = self.notes.get(job_id)
        if note and note.last.endswith(f":X {nonce}"):
            return "dup", ""
        job = self.jobs.get(job_id)
        if job is None:
            return "gone", ""
        queue = job.fields.get("origin", queue)
        owner = self._fence(job_id, queue)
        if job.status and not (stays_listed and job.status == "queued"):
            self.leave_place(job.status, queue, job_id)
        for kind in REGISTRIES:
            self.registry(kind, queue).pop(job_id, None)
        self.forget_parents(job_id)
        self._tell_dependents(job_id, "gone")
        group = job.fields.get("group_id")
        if group:
            take_out_of_group(self.groups, group, job_id)
        self._delete(job_id, f"{owner or ''}:X {nonce}")
        return "ok", job.status or ""

    def stop(self, job_id: str) -> tuple[str, str]:
        """The attempt that runs now shall end."""
        if self.is_broken(job_id):
            return "badtype", ""
        job = self.jobs.get(job_id)
        if job is None:
            return "gone", ""
        worker = job.fields.get("worker_name")
        if job.status != "started" or not worker:
            return "idle", job.fields["status"]
        job.drop("x_stop")
        if "x_execution" in job.fields:
            job.fields["x_stop"] = f"{job.fields['x_execution']} {STOPPER}"
        return "ok", worker

    def requeue(self, job_id: str, kind: str, queue: str, nonce: str, *, front: bool) -> Enqueued | type[CorruptDataError]:
        """A job that ended, or that waits, is queued as if it had just entered."""
        if self.is_broken(job_id):
            return CorruptDataError
        job, registry = self.jobs.get(job_id), self.registry(kind, queue)
        if job is None:
            note = self.notes.get(job_id)
            return Enqueued("dup", "finished", "") if note and note.nonce == nonce else Enqueued("gone", "", "")
        status = job.fields["status"]
        if job.fields.get("x_enqueue") == nonce:
            return Enqueued("dup", status, "")
        if job_id not in registry:
            return Enqueued("absent", status, "")
        if status not in REQUEUED_FROM[kind]:
            return Enqueued("refused", status, "")
        queue = job.fields["origin"]
        del registry[job_id]
        self.leave_place(status, queue, job_id)
        self.pending.pop(job_id, None)
        self.releases.pop(job_id, None)
        job.drop("x_execution", "x_stop", "x_crashes", "x_reason", "x_due")
        date = iso_date(self.now)
        generation = str(int(job.fields.get("x_generation", "0")) + 1)
        entered = {"status": "queued", "enqueued_at": date, "started_at": "", "ended_at": "", "x_enqueue": nonce, "x_generation": generation}
        job.fields |= entered
        job.ttl = int(job.fields["ttl"]) if "ttl" in job.fields else None
        for sets in (self.dependents, self.dependencies):
            sets.get(job_id, Ids()).ttl = None
        self.known_queues.add(queue)
        self.push(queue, job_id, front=front)
        return Enqueued("ok", "queued", date)

    def purge(self, queue: str, limit: int) -> tuple[int, int]:
        """The jobs that wait at the head of a queue are deleted; ids of others are taken out. Those who wait for them are told later."""
        taken = self.queue(queue)[:limit]
        del self.queue(queue)[:limit]
        deleted = 0
        for job_id in taken:
            job = self.job(job_id)
            if self.is_broken(job_id):
                self._set_aside(queue, job_id, "not a hash")
            elif job and job.status == "queued":
                self._tell_later(job_id, "gone")
                self._delete(job_id, "")
                deleted += 1
        return len(taken), deleted

    # --- the outbox ---------------------------------------------------------------------------------------------------

    def take_deliveries(self, most: int, seconds: float) -> list[tuple[str, bytes]]:
        """Some of what is due, in due order; nobody else gets it meanwhile."""
        due = sorted((at, name) for name, at in self.outbox.items() if at <= self.now)[:most]
        self.outbox |= {name: self.now + seconds for _, name in due}
        return [(name, self.bodies[name].encode()) for _, name in due]

    def end_delivery(self, name: str, rest: str, delay: float) -> bool:
        """It is done with, or what is left of it is tried again later."""
        if rest and name in self.bodies:
            self.bodies[name] = rest
            self.outbox[name] = self.now + delay
        elif not rest:
            self.bodies.pop(name, None)
            self.outbox.pop(name, None)
        return True


def take_out_of_group(groups: dict[str, set[str]], group: str, job_id: str) -> None:
    """An empty group does not exist."""
    groups.get(group, set()).discard(job_id)
    if not groups.get(group):
        groups.pop(group, None)
