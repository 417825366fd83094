"""The model, second part: a job waits for others, and goes on, or ends, when they end."""

from __future__ import annotations

import math
from typing import Literal

from tests.properties.places import DEFAULT_FAILURE_TTL, RESULT_FAILED, Places, take_out
from tests.properties.world import Ids, JobHash, iso_date

BADLY_ENDED = ("failed", "stopped", "canceled")
Verdict = Literal["met", "wait", "cancel", "fail"]


class Dependencies(Places):
    """What the end of a job means for those who wait for it.

    Attributes:
        most_at_once: more dependents than this are not told in the step in which the job ends: it leaves a note.
    """

    most_at_once = 100

    # --- a job ended --------------------------------------------------------------------------------------------------

    def _tell_dependents(self, parent: str, ended: str) -> bool:
        """A job ended (`gone`: there is no such job any more). Answers whether somebody has still to be told."""
        children = self.dependents.get(parent)
        if children is None:
            return False
        if self.releases.get(parent) == "finished":
            ended = "finished"  # it is repeated: for those who have not heard yet it has succeeded
        if len(children.ids) > self.most_at_once:
            self.releases[parent] = ended
            return True
        for child in self._in_order_of_waiting(children.ids):
            self._tell(parent, ended, child)
        return False

    def _tell_later(self, parent: str, ended: str) -> None:
        if parent in self.dependents:
            self.releases[parent] = ended

    def release_dependents(self, parent: str) -> tuple[bool, int]:
        """A worker's call: carries out a note that an ended job left."""
        if parent not in self.releases:
            return False, 0
        ended = self.releases[parent]
        children = self.dependents.get(parent, Ids()).ids
        count = sum(self._tell(parent, ended, child) for child in self._in_order_of_waiting(children))
        del self.releases[parent]
        if parent in self.dependents:
            self._remember_as_long_as_it_stays(parent)
        return False, count

    def _remember_as_long_as_it_stays(self, parent: str) -> None:
        """An ended job may be requeued, and then those who still wait for it hear of its next end; if it goes, they are told by the sweep."""
        if parent in self.releases:
            return
        if parent not in self.jobs:
            del self.dependents[parent]
        elif self.jobs[parent].ttl is not None:
            self.dependents[parent].ttl = self.jobs[parent].ttl

    def _in_order_of_waiting(self, children: set[str]) -> list[str]:
        def since(child: str) -> float:
            job = self.job(child)
            return self.registry("deferred", job.fields.get("origin", "")).get(child, 0) if job else 0

        return sorted(children, key=lambda child: (since(child), child))

    def _tell(self, parent: str, ended: str, child: str) -> bool:
        """One child hears of the end. Answers whether it went on, or ended with the parent."""
        job = self.job(child)
        if job is None or job.status != "deferred":
            take_out(self.dependents, parent, child)
            return False
        verdict, because = self._verdict(job, parent, ended), parent
        if verdict == "wait":
            return False
        take_out(self.dependents, parent, child)
        if verdict == "met":
            self._awaited(child).discard(parent)
            verdict, because = self._look_at_parents(child, job)
        self._carry_out(child, job, verdict, because)
        return verdict != "wait"

    # --- what that means for a child ----------------------------------------------------------------------------------

    def _awaited(self, child: str) -> set[str]:
        """A job that RQ deferred has no set of what it still waits for, until somebody looks at it: all it depends on."""
        if not self.pending.get(child):
            self.pending[child] = set(self.dependencies.get(child, Ids()).ids)
        return self.pending[child]

    def _verdict(self, job: JobHash, parent: str, ended: str) -> Verdict:
        if ended in {"finished", "gone"}:
            return "met"
        if ended not in BADLY_ENDED:
            return "wait"
        policies = dict(part.split("=") for part in job.fields.get("x_on_parent_failure", "").split())
        match policies.get(parent):
            case "cancel":
                return "cancel"
            case "fail":
                return "fail"
            case "run":
                return "met"
        allows = job.fields.get("allow_dependency_failures") == "1"
        return "met" if allows and ended == "failed" else "wait"

    def _status_of(self, parent: str) -> str:
        job = self.job(parent)
        return job.fields["status"] if job else "gone"

    def _look_at_parents(self, child: str, job: JobHash) -> tuple[Verdict, str]:
        """What the child waits for is met by all; decided by the first that ended badly; or awaited."""
        answer: tuple[Verdict, str] = ("met", "")
        for parent in sorted(self.pending.get(child, ())):
            verdict = self._verdict(job, parent, self._status_of(parent))
            if verdict == "met":
                self.pending[child].discard(parent)
                take_out(self.dependents, parent, child)
            elif answer[0] in {"met", "wait"}:
                answer = verdict, parent
        return answer

    def _carry_out(self, child: str, job: JobHash, verdict: Verdict, parent: str) -> None:
        if verdict == "met":
            self._go_on(child, job)
        elif verdict != "wait":
            self._end_with_parent(child, job, verdict, parent)

    def _go_on(self, child: str, job: JobHash) -> None:
        queue, due = job.fields["origin"], float(job.fields.pop("x_due", "0"))
        self.registry("deferred", queue).pop(child, None)
        self.pending.pop(child, None)
        if due > self.now:
            job.fields["status"] = "scheduled"
            self.registry("scheduled", queue)[child] = due
            return
        job.fields |= {"status": "queued", "enqueued_at": iso_date(self.now)}
        self.push(queue, child, front=job.fields.get("enqueue_at_front") == "1")

    def _end_with_parent(self, child: str, job: JobHash, verdict: Verdict, parent: str) -> None:
        queue, status = job.fields["origin"], "canceled" if verdict == "cancel" else "failed"
        self.registry("deferred", queue).pop(child, None)
        self.pending.pop(child, None)
        job.drop("x_due")
        reason = f"job {parent}, which it waits for, ended without success"
        job.fields |= {"status": status, "ended_at": iso_date(self.now), "x_reason": reason}
        self._tell_later(child, status)
        if status == "canceled":
            self.registry("canceled", queue)[child] = math.floor(self.now)
            return
        ttl = int(job.fields.get("failure_ttl", DEFAULT_FAILURE_TTL))
        if ttl == 0:
            self._delete(child, "")
            return
        self._record(child, RESULT_FAILED, "", "", ttl)
        self._keep(child, "failed", queue, ttl, -1)

    # --- a job enters that waits --------------------------------------------------------------------------------------

    def _would_wait_for_itself(self, job_id: str, parents: list[str]) -> bool:
        if job_id in parents:
            return True
        if job_id not in self.dependents:
            return False
        seen: set[str] = set()
        todo = list(parents)
        while todo:
            visited = todo.pop()
            if visited == job_id:
                return True
            if visited not in seen:
                seen.add(visited)
                todo += self._waited_for_by(visited)
        return False

    def _waited_for_by(self, job_id: str) -> set[str]:
        job, pending = self.job(job_id), self.pending.get(job_id)
        if not pending and job and job.status == "deferred":
            return self.dependencies.get(job_id, Ids()).ids
        return pending or set()

    def _judge(self, job: JobHash, parents: list[str]) -> tuple[Verdict, str]:
        """What becomes of a job that enters and depends on others: one that ended badly decides before those that are awaited."""
        verdicts = [(self._verdict(job, parent, self._status_of(parent)), parent) for parent in parents]
        unmet = [verdict for verdict in verdicts if verdict[0] != "met"]
        ended: list[tuple[Verdict, str]] = [verdict for verdict in unmet if verdict[0] != "wait"]
        return (*ended, *unmet, ("met", ""))[0]

    def _defer(self, job_id: str, job: JobHash, parents: list[str]) -> None:
        self.registry("deferred", job.fields["origin"])[job_id] = math.floor(self.now)
        self.forget_waiting(job_id)
        existing = {parent for parent in parents if self._status_of(parent) != "gone"}
        if existing:
            self.dependencies[job_id] = Ids(existing)
        for parent in parents:
            if self._verdict(job, parent, self._status_of(parent)) == "wait":
                self.pending.setdefault(job_id, set()).add(parent)
                self.dependents.setdefault(parent, Ids()).ids.add(job_id)
                if self._status_of(parent) in BADLY_ENDED:
                    self._remember_as_long_as_it_stays(parent)

    def forget_parents(self, job_id: str) -> None:
        """The job waits for nothing any more, and no parent names it."""
        for parent in self.dependencies.get(job_id, Ids()).ids:
            take_out(self.dependents, parent, job_id)
        self.forget_waiting(job_id)

    # --- janitors -----------------------------------------------------------------------------------------------------

    def sweep_deferred(self, queue: str, first: int, limit: int) -> tuple[int, int | None]:
        """A worker's call: those that wait for nothing any more, because nobody told them, go on."""
        entries = self.registry("deferred", queue)
        looked_at = sorted(entries, key=lambda job_id: (entries[job_id], job_id))[first : first + limit]
        gone = sum(self._sweep_one(queue, job_id) for job_id in looked_at)
        return gone, first + limit - gone if len(looked_at) == limit else None

    def _sweep_one(self, queue: str, job_id: str) -> bool:
        job = self.job(job_id)
        if job is None or job.status != "deferred":
            self.registry("deferred", queue).pop(job_id)
            if job_id in self.jobs:
                self.pending.pop(job_id, None)
            else:
                self.forget_parents(job_id)
            return True
        self._awaited(job_id)
        verdict, because = self._look_at_parents(job_id, job)
        self._carry_out(job_id, job, verdict, because)
        return verdict != "wait"
