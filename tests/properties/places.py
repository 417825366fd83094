"""The model, ground floor: where a job stands, how it is kept, what is recorded of it, and how it goes. Every transition is made of these."""

from __future__ import annotations

import math

from tests.properties.pausing import Pausing
from tests.properties.world import REGISTRY_OF, Ids, Note, Results

DEFAULT_FAILURE_TTL = 365 * 24 * 60 * 60
RESULT_SUCCESSFUL, RESULT_FAILED, RESULT_RETRIED, RESULT_EXHAUSTED = "1", "2", "4", "5"
MOST_RESULTS = 10


class Places(Pausing):
    """The steps that transitions share."""

    def push(self, queue: str, job_id: str, *, front: bool) -> None:
        self.queue(queue).insert(0 if front else len(self.queue(queue)), job_id)

    def leave_place(self, status: str, queue: str, job_id: str) -> None:
        if status in REGISTRY_OF:
            self.registry(REGISTRY_OF[status], queue).pop(job_id, None)
        elif status == "queued" and job_id in self.queue(queue):
            self.queue(queue).remove(job_id)

    def _set_aside(self, queue: str, job_id: str, reason: str) -> None:
        self.bad.setdefault(queue, []).insert(0, f"{job_id} {reason}")

    def _record(self, job_id: str, kind: str, worker: str, execution: str, ttl: int | None) -> None:
        results = self.results.setdefault(job_id, Results())
        results.entries = [*results.entries, (kind, worker, execution)][-MOST_RESULTS:]
        if ttl is not None:
            results.ttl = None if ttl < 0 else ttl

    def _keep(self, job_id: str, kind: str, queue: str, ttl: int, forever: float) -> None:
        """A job that ended stays for a while. Those who still wait for it are remembered as long; until they have been told, for ever."""
        self.registry(kind, queue)[job_id] = forever if ttl < 0 else math.floor(self.now) + ttl
        self.jobs[job_id].ttl = None if ttl < 0 else ttl
        if ttl < 0 or job_id in self.dependencies:
            self.pending.pop(job_id, None)
        for sets in (self.dependents, self.dependencies):
            is_due_later = sets is self.dependents and job_id in self.releases
            if job_id in sets and ttl >= 0 and not is_due_later:
                sets[job_id].ttl = ttl

    def _delete(self, job_id: str, last: str) -> None:
        self.notes[job_id] = Note(last, self.jobs.pop(job_id).fields.get("x_enqueue", ""))
        for belongings in (self.results, self.executions, self.pending, self.dependencies):
            belongings.pop(job_id, None)
        if job_id not in self.releases:
            self.dependents.pop(job_id, None)

    def forget_waiting(self, job_id: str) -> None:
        """The job waits for nothing any more, as far as it knows; its parents may still name it."""
        self.pending.pop(job_id, None)
        self.dependencies.pop(job_id, None)


def take_out(sets: dict[str, Ids], key: str, job_id: str) -> None:
    """Take an id out of a set; an empty one does not exist."""
    if key in sets:
        sets[key].ids.discard(job_id)
        if not sets[key].ids:
            del sets[key]
