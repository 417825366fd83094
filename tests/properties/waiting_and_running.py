"""The model, first part: a job enters, waits, is claimed, and its worker's heartbeats keep it running."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from rq.core.errors import CorruptDataError
from rq.store.lease import Beat, KeptCommand
from rq.store.replies import Claimed, ClaimedJob, Enqueued
from tests.properties.dependencies import Dependencies
from tests.properties.world import SCORE_MARGIN, Flat, JobHash, Side, iso_date, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rq.store.claim import ClaimRequest

CLAIM_PROMOTIONS = 20
TURN_SECONDS = 0.05
OWN_WORD = "SFRDP"


class Entry(NamedTuple):
    """What an enqueue call says of one job. `where`: back, front, a due time in seconds, or a duration from now; `written`: the fields of the hash."""

    job_id: str
    queue: str
    nonce: str
    where: str | float | timedelta
    ttl: int | None
    written: Flat
    parents: tuple[str, ...] = ()
    unique: bool = False
    group: str | None = None


class WaitingAndRunning(Dependencies):
    """Enqueue, promote, claim, heartbeat."""

    # --- a job enters -------------------------------------------------------------------------------------------------

    def enqueue(self, entry: Entry) -> Enqueued | type[CorruptDataError]:
        """A producer's call: the job starts over, whatever it was; the same call again changes nothing."""
        if self.is_broken(entry.job_id):
            return CorruptDataError
        old = self.jobs.get(entry.job_id, JobHash({})).fields
        note = self.notes.get(entry.job_id)
        if old.get("x_enqueue") == entry.nonce:
            return Enqueued("dup", old["status"], "")
        if not old and note and note.nonce == entry.nonce:
            return Enqueued("dup", "finished", "")
        if old and entry.unique:
            return Enqueued("exists", old["status"], "")
        answer = self._enter(entry, old)
        if answer.code == "ok" and entry.group:
            self.groups.setdefault(entry.group, set()).add(entry.job_id)
        return answer

    def enqueue_many(self, entries: Sequence[Entry]) -> list[Enqueued] | type[CorruptDataError]:
        """Many at once, in their order; the caller hears of one that is broken only."""
        answers = [self.enqueue(entry) for entry in entries]
        understood = [answer for answer in answers if isinstance(answer, Enqueued)]
        return understood if len(understood) == len(answers) else CorruptDataError

    def _enter(self, entry: Entry, old: Flat) -> Enqueued:
        parents = list(entry.parents)
        if parents and self._would_wait_for_itself(entry.job_id, parents):
            return Enqueued("cycle", "", "")
        verdict, because = self._judge(JobHash(entry.written), parents)
        if old:
            self._start_over(entry.job_id, old)
        self.releases.pop(entry.job_id, None)
        self.known_queues.add(entry.queue)
        fields = {"x_enqueue": entry.nonce, "x_generation": str(int(old.get("x_generation", "0")) + 1), **entry.written}
        if "x_attempt" in old:
            fields["x_attempt"] = old["x_attempt"]
        job = self.jobs[entry.job_id] = JobHash(fields, entry.ttl)
        if verdict != "met":
            fields["status"] = "deferred"
            if not isinstance(entry.where, str):
                fields["x_due"] = self._due_text(entry.where)
            self._defer(entry.job_id, job, parents)
            self._carry_out(entry.job_id, job, verdict, because)
            return Enqueued("ok", fields["status"], "")
        return self._place(entry, fields)

    def _start_over(self, job_id: str, old: Flat) -> None:
        self.leave_place(old["status"], old["origin"], job_id)
        self.forget_waiting(job_id)
        if job_id in self.dependents:
            self.dependents[job_id].ttl = None

    def _due_text(self, where: float | timedelta) -> str:
        """A moment as the caller said it, or as the server counts it."""
        return seconds_text(self.now + where.total_seconds()) if isinstance(where, timedelta) else repr(where)

    def _place(self, entry: Entry, fields: Flat) -> Enqueued:
        if not isinstance(entry.where, str):
            fields["status"] = "scheduled"
            self.registry("scheduled", entry.queue)[entry.job_id] = float(self._due_text(entry.where))
            return Enqueued("ok", "scheduled", iso_date(self.now))
        fields |= {"status": "queued", "enqueued_at": iso_date(self.now)}
        self.push(entry.queue, entry.job_id, front=entry.where == "front")
        return Enqueued("ok", "queued", fields["enqueued_at"])

    def promote(self, queue: str, limit: int, worker: str) -> tuple[int, float | None]:
        """Due jobs move to their queue, in due order, unless a worker asks while another one's turn lasts; what was caught goes back first."""
        self._give_back_caught([queue])
        holder, ends = self.turns.get(queue, ("", 0.0))
        if worker and holder != worker and self.now < ends <= self.now + TURN_SECONDS:
            return 0, TURN_SECONDS
        moved, due = self._promote_due(queue, limit)
        if worker and due is not None and due <= self.now:
            self.turns[queue] = (worker, float(seconds_text(self.now + TURN_SECONDS)))
        return moved, None if due is None else self._wait(due)

    def _wait(self, due: float) -> float:
        return max(math.ceil((due - self.now) * 1000), 0) / 1000

    def _promote_due(self, queue: str, limit: int) -> tuple[int, float | None]:
        scheduled = self.registry("scheduled", queue)
        in_order = sorted(scheduled.items(), key=lambda item: (item[1], item[0]))
        due = [job_id for job_id, score in in_order if score <= self.now][:limit]
        for job_id in due:
            del scheduled[job_id]
            job = self.job(job_id)
            if self.is_broken(job_id):
                self._set_aside(queue, job_id, "not a hash")
            elif job and job.status == "scheduled":
                job.fields |= {"status": "queued", "enqueued_at": iso_date(self.now)}
                retried = bool(job.fields.get("ended_at")) and job.fields.get("enqueue_at_front_on_retry") == "1"
                self.push(queue, job_id, front=job.fields.get("enqueue_at_front") == "1" or retried)
        return len(due), min(scheduled.values(), default=None)

    # --- a worker takes it --------------------------------------------------------------------------------------------

    def claim(self, request: ClaimRequest) -> Claimed:
        """A worker's call: what is due is promoted, what was caught stands before all others, and waiting jobs become its own."""
        side = self.sides.get(request.worker)
        if side is None or side.incarnation != request.incarnation:
            return self._claim_of_nobody(request)
        last = side.sequence or 0
        if request.sequence < last:
            return Claimed("stale")
        if request.sequence == last:
            return self._replay(side, request)
        side.sequence = request.sequence
        answer = self._claim_fresh(request)
        if answer.code == "ok" and not answer.jobs:
            side.waiting = (request.sequence, len(request.executions))
        return answer

    def claim_when_woken(self, request: ClaimRequest) -> Claimed:
        """The same, left at the server by a worker that waits; for no more places than it waits with, and for nothing if it waits no more."""
        if not any(self.caught.get(queue) or self.queues.get(queue) for queue in request.queues):
            return Claimed("idle")
        side = self.sides.get(request.worker)
        if side is None or side.incarnation != request.incarnation:
            return self._claim_of_nobody(request)
        last = side.sequence or 0
        since, places = side.waiting or (None, 0)
        if since != last or not places:
            return Claimed("busy", given_back=self._give_back_caught(request.queues), sequence=last)
        woken = request._replace(sequence=last + 1, executions=request.executions[:places])
        answer = self._claim_fresh(woken)
        if answer.jobs:
            side.sequence, side.woken = woken.sequence, (woken.sequence, tuple(woken.executions))
        return replace(answer, sequence=woken.sequence)

    def _claim_of_nobody(self, request: ClaimRequest) -> Claimed:
        return Claimed("unknown", given_back=self._give_back_caught(request.queues))

    def _claim_fresh(self, request: ClaimRequest) -> Claimed:
        open_queues, paused = self.open_queues(request.worker, request.queues)
        if not open_queues:
            return Claimed("suspended", given_back=self._give_back_caught(request.queues), paused=paused, all_suspended=self.suspended)
        promoted = [self._promote_due(queue, CLAIM_PROMOTIONS)[1] for queue in request.queues]
        next_due = min((due for due in promoted if due is not None), default=None)
        given_back = self._give_back_caught(paused)
        jobs: list[ClaimedJob] = []
        for queue in open_queues:
            if not jobs or len(jobs) < len(request.executions):
                given_back += self._give_back_caught([queue])
                self._take(request, queue, jobs)
        if jobs and request.worker in self.worker_hashes:
            busy: dict[str, str | float] = {"state": "busy", "current_job": jobs[-1].job_id, "current_job_working_time": 0.0}
            self.worker_hashes[request.worker].fields |= busy
        return Claimed("ok", jobs, None if next_due is None else self._wait(next_due), given_back, paused)

    def _replay(self, side: Side, request: ClaimRequest) -> Claimed:
        held = {execution: (queue, job_id) for (job_id, execution), queue in side.held.items()}
        woken = side.woken[1] if side.woken and side.woken[0] == request.sequence else ()
        jobs = [
            self._claimed(*held[execution], execution)
            for execution in (*request.executions, *woken)
            if execution in held and self.x_execution(held[execution][1]) == execution
        ]
        return Claimed("replay", jobs)

    def _take(self, request: ClaimRequest, queue: str, jobs: list[ClaimedJob]) -> None:
        while self.queue(queue) and len(jobs) < len(request.executions):
            job_id = self.queue(queue).pop(0)
            execution = request.executions[len(jobs)]
            refusal = self._refusal(job_id)
            if refusal is None:
                jobs.append(self._start(job_id, queue, execution, request))
            elif refusal != "stray":
                self._set_aside(queue, job_id, refusal)

    def _refusal(self, job_id: str) -> str | None:
        if self.is_broken(job_id):
            return "not a hash"
        job = self.jobs.get(job_id)
        return None if job and job.status == "queued" else "stray"

    def _start(self, job_id: str, queue: str, execution: str, request: ClaimRequest) -> ClaimedJob:
        job = self.jobs[job_id]
        origin = job.fields.get("origin") or queue
        date, time = iso_date(self.now), seconds_text(self.now)
        job.fields |= {
            "x_attempt": str(int(job.fields.get("x_attempt", "0")) + 1),
            "status": "started",
            "started_at": date,
            "last_heartbeat": date,
            "worker_name": request.worker,
            "x_execution": execution,
        }
        job.ttl = None
        self.execution[job_id, execution] = {
            "id": execution,
            "created_at": time,
            "last_heartbeat": time,
            "worker_name": request.worker,
        }
        self._write_lease(origin, job_id, execution, request.lease_seconds)
        self.sides[request.worker].held[job_id, execution] = origin
        return self._claimed(origin, job_id, execution)

    def _claimed(self, queue: str, job_id: str, execution: str) -> ClaimedJob:
        fields = {name.encode(): value.encode("latin-1") for name, value in self.jobs[job_id].fields.items()}
        return ClaimedJob(queue, job_id, execution, fields)

    def x_execution(self, job_id: str) -> str | None:
        """The execution that a job belongs to."""
        job = self.job(job_id)
        return job.fields.get("x_execution") if job else None

    def _write_lease(self, queue: str, job_id: str, execution: str, lease: float) -> None:
        self.wip.setdefault(queue, {})[job_id, execution] = self.now + lease + SCORE_MARGIN
        self.executions.setdefault(job_id, {})[execution] = self.now + lease + 2 * SCORE_MARGIN

    def _give_back_caught(self, queues: Sequence[str]) -> int:
        given_back = 0
        for queue in queues:
            caught = self.caught.pop(queue, [])
            self.queue(queue)[:0] = caught
            given_back += len(caught)
        return given_back

    def heartbeat(self, worker: str, incarnation: str, lease: float, ttl: int, running: Sequence[tuple[str, str]], heard: Sequence[str]) -> Beat:
        """A worker lives, and so does what it runs; it hears what was taken from it, and what it was told and has not `heard` of."""
        side, hash_ = self.sides.get(worker), self.worker_hashes.get(worker)
        if side is None or side.incarnation != incarnation or hash_ is None:
            return Beat(known=False, exceptions=[])
        date = iso_date(self.now)
        self.presence[worker] = self.now + lease
        hash_.fields |= {"last_heartbeat": date, "current_job_working_time": 0.0}
        hash_.ttl = ttl
        side.lease = lease
        exceptions = []
        for job_id, execution in running:
            code = self._beat(side, job_id, execution, lease)
            if code:
                exceptions.append((job_id, execution, code))
        side.commands = {kind: words for kind, words in side.commands.items() if words[0] not in heard}
        commands = [KeptCommand(kind, side.commands[kind][0], side.commands[kind][1:]) for kind in ("shutdown", "kill") if kind in side.commands]
        return Beat(True, exceptions, commands)

    def _beat(self, side: Side, job_id: str, execution: str, lease: float) -> str | None:
        queue = side.held.get((job_id, execution))
        job = self.job(job_id)
        if queue is None or not self.has_lease(queue, job_id, execution):
            ending = ending_of(self._last_note(job_id), execution)
            return "canceled" if ending == "C" else "dup" if ending and ending in OWN_WORD else "fenced"
        if job is None:
            return "gone"
        self._write_lease(queue, job_id, execution, lease)
        if (job_id, execution) in self.execution:
            self.execution[job_id, execution]["last_heartbeat"] = seconds_text(self.now)
        if job.fields.get("x_execution") == execution:
            job.fields["last_heartbeat"] = iso_date(self.now)
        return "stop" if job.fields.get("x_stop", "").split(" ")[0] == execution else None

    def _last_note(self, job_id: str) -> str | None:
        """How the job's last attempt ended; a job that was deleted at its end left a note of it."""
        if job_id in self.jobs:
            return self.jobs[job_id].fields.get("x_last")
        return self.notes[job_id].last if job_id in self.notes else None


def ending_of(last: str | None, execution: str) -> str | None:
    return last[len(execution) + 1] if last and last.startswith(f"{execution}:") else None
