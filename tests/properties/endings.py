"""The model, third part: an attempt ends, by its own word or without one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rq.model.settlement import AskRetry, Crash, Decision, Fail, Finish, GiveUp, PutBack, Retry, Stop
from rq.store.replies import Settled
from tests.properties.places import DEFAULT_FAILURE_TTL, RESULT_EXHAUSTED, RESULT_FAILED, RESULT_RETRIED, RESULT_SUCCESSFUL
from tests.properties.waiting_and_running import OWN_WORD, WaitingAndRunning, ending_of
from tests.properties.world import STOPPER, Flat, Ids, JobHash, iso_date, seconds_text

if TYPE_CHECKING:
    from rq.store.claim import ClaimRequest
    from rq.store.settle import AttemptKey


class Policy(NamedTuple):
    """How an attempt without an outcome is counted: the letter of its note, the most of them, the reason, and the job's time to live if it says none."""

    letter: str
    most: int
    reason: str
    failure_ttl: int = DEFAULT_FAILURE_TTL


class Endings(WaitingAndRunning):
    """Finish, fail, release; and the crash, which janitors and births bring about."""

    # --- an attempt ends ----------------------------------------------------------------------------------------------

    def settle(
        self, attempt: AttemptKey, decision: Decision, most_crashes: int, request: ClaimRequest | None = None, delivery: str = "", beside: str = ""
    ) -> Settled:
        """A worker's call: an attempt ends as decided; a claim may ride along. `delivery` is sent if the job has finished, or failed for good.

        `beside` is another job that the worker runs.
        """
        code, detail = self._owner(attempt)
        if isinstance(decision, PutBack):
            return self._release(attempt, code, detail, beside)
        is_left = False
        if code in {"owner", "superseded", "gone"}:
            entry = self.execution.get((attempt.job_id, attempt.execution_id), {})
            self._end_lease(attempt.queue, attempt.job_id, attempt.execution_id, attempt.worker)
            if code == "owner":
                are_many = len(self.dependents.get(attempt.job_id, Ids()).ids) > self.most_at_once
                code, detail = "ok", self._end_job(attempt, decision, most_crashes)
                has_ended = isinstance(decision, Finish) or detail in {"failed", "stopped"}
                is_left = has_ended and (attempt.job_id in self.releases if isinstance(decision, Crash) else are_many)
                if has_ended and detail != "stopped":
                    self._deliver_later(attempt.execution_id, delivery)
            elif code == "superseded" and not isinstance(decision, Crash):
                self._record_superseded(attempt, decision)
            self._count(attempt.worker, entry.get("created_at"), succeeded=isinstance(decision, Finish), beside=beside)
        return Settled(code, detail, self.claim(request) if request else None, is_left)

    def _owner(self, attempt: AttemptKey) -> tuple[str, str]:
        if self.is_broken(attempt.job_id):
            return "badtype", ""
        job = self.jobs.get(attempt.job_id)
        fields = job.fields if job else {}
        leased = self.has_lease(attempt.queue, attempt.job_id, attempt.execution_id)
        if leased and fields.get("x_execution") == attempt.execution_id and fields["status"] == "started":
            return "owner", ""
        ending = ending_of(self._last_note(attempt.job_id), attempt.execution_id)
        if ending and ending in OWN_WORD:
            return "dup", ending
        if leased:
            return ("superseded", fields["status"]) if job else ("gone", "")
        return "fenced", fields.get("status", "")

    def _end_lease(self, queue: str, job_id: str, execution: str, worker: str | None) -> None:
        self.wip.get(queue, {}).pop((job_id, execution), None)
        self.execution.pop((job_id, execution), None)
        self.executions.get(job_id, {}).pop(execution, None)
        if worker in self.sides:
            self.sides[worker].held.pop((job_id, execution), None)

    def _end_job(self, attempt: AttemptKey, decision: Decision, most_crashes: int) -> str:  # noqa: PLR0911 - one for each decision
        job = self.jobs[attempt.job_id]
        match decision:
            case Finish():
                return self._finish(attempt, job, decision)
            case Crash(reason=reason, failure_ttl=ttl):
                policy = Policy("D", most_crashes, reason, ttl)
                crashed = self._crash(attempt.queue, attempt.job_id, attempt.execution_id, policy)
                return "queued" if crashed == "requeued" else "failed"
            case Retry(retries_left=left) if job.fields.get("retries_left") == str(left):
                return self._retry(attempt, job, decision, {"retries_left": str(left - 1)})
            case AskRetry(number_of_retries=number) if job.fields.get("number_of_retries", "0") == str(number):
                return self._retry(attempt, job, decision, {"number_of_retries": str(number + 1)})
            case Fail(exc_text=exc, is_recorded=False):
                return self._fail(attempt, job, "failed", exc, decision.failure_ttl, None)
            case Fail(exc_text=exc, failure_ttl=ttl) | Retry(exc_text=exc, failure_ttl=ttl):
                return self._fail(attempt, job, "failed", exc, ttl)
            case GiveUp(failure_ttl=ttl):
                return self._fail(attempt, job, "failed", "it asked for one retry too many", ttl, RESULT_EXHAUSTED)
            case Stop(exc_text=exc, failure_ttl=ttl):
                return self._fail(attempt, job, "stopped", exc, ttl)
            case _:
                raise AssertionError(decision)

    def _finish(self, attempt: AttemptKey, job: JobHash, finish: Finish) -> str:
        """Those who wait for the job go on when it has finished for the first time, even if it is repeated."""
        if finish.result_ttl != 0:
            self._record(attempt.job_id, RESULT_SUCCESSFUL, attempt.worker, attempt.execution_id, finish.result_ttl)
        self._tell_dependents(attempt.job_id, "finished")
        job.drop("x_execution", "x_stop", "x_crashes", "x_reason")
        ended = {"ended_at": iso_date(self.now), "x_last": f"{attempt.execution_id}:S"}
        left = int(job.fields.get("repeats_left", "0"))
        if finish.repeat_delay is not None and left > 0:
            done = str(int(job.fields.get("x_repeats_done", "0")) + 1)
            job.fields |= {**ended, "repeats_left": str(left - 1), "x_repeats_done": done}
            return self._place_again(attempt, job, finish.repeat_delay, at_front=False)
        if finish.result_ttl == 0:
            self._delete(attempt.job_id, ended["x_last"])
            return "finished"
        job.fields |= {"status": "finished", **ended}
        self._keep(attempt.job_id, "finished", attempt.queue, finish.result_ttl, math.inf)
        return "finished"

    def _retry(self, attempt: AttemptKey, job: JobHash, retry: Retry | AskRetry, counted: Flat) -> str:
        job.drop("x_execution", "x_stop", "x_crashes")
        self._record(attempt.job_id, RESULT_RETRIED, attempt.worker, attempt.execution_id, None)
        job.fields |= {**counted, "ended_at": iso_date(self.now), "x_last": f"{attempt.execution_id}:R"}
        return self._place_again(attempt, job, retry.delay_seconds, at_front=retry.at_front)

    def _place_again(self, attempt: AttemptKey, job: JobHash, delay: float, *, at_front: bool) -> str:
        if delay > 0:
            job.fields["status"] = "scheduled"
            self.registry("scheduled", attempt.queue)[attempt.job_id] = self.now + delay
            return "scheduled"
        job.fields |= {"status": "queued", "enqueued_at": iso_date(self.now)}
        self.push(attempt.queue, attempt.job_id, front=at_front)
        return "queued"

    def _fail(self, attempt: AttemptKey, job: JobHash, status: str, exc_text: str, ttl: int, kind: str | None = RESULT_FAILED) -> str:
        """Without a kind of result, no record is kept but the job itself."""
        self._tell_dependents(attempt.job_id, status)
        if ttl == 0:
            self._delete(attempt.job_id, f"{attempt.execution_id}:F")
            return status
        request = job.fields.get("x_stop", "")
        job.drop("x_execution", "x_stop", "x_crashes")
        if kind is not None:
            self._record(attempt.job_id, kind, attempt.worker, attempt.execution_id, ttl)
        reason = f"stopped by {STOPPER}" if status == "stopped" and request == f"{attempt.execution_id} {STOPPER}" else exc_text.rsplit("\n", 1)[-1]
        ended = {"status": status, "ended_at": iso_date(self.now), "x_last": f"{attempt.execution_id}:F"}
        job.fields |= {**ended, "x_reason": reason}
        self._keep(attempt.job_id, "failed", attempt.queue, ttl, -1)
        if kind is None:
            self.registry("failed", attempt.queue).pop(attempt.job_id, None)
        return status

    def _record_superseded(self, attempt: AttemptKey, decision: Decision) -> None:
        """The job starts over, but what this attempt came to is kept, as long as the stream."""
        if (isinstance(decision, Finish) and decision.result_ttl == 0) or (isinstance(decision, Fail) and not decision.is_recorded):
            return
        kind = RESULT_SUCCESSFUL if isinstance(decision, Finish) else RESULT_EXHAUSTED if isinstance(decision, GiveUp) else RESULT_FAILED
        self._record(attempt.job_id, kind, attempt.worker, attempt.execution_id, None)

    def _deliver_later(self, name: str, body: str) -> None:
        if body:
            self.bodies[name] = body
            self.outbox[name] = self.now

    def _count(self, worker: str, started_at: str | None, *, succeeded: bool, beside: str) -> None:
        """The worker's own statistics, once for each outcome that counted."""
        hash_ = self.worker_hashes.get(worker)
        if hash_ is None:
            return
        fields = hash_.fields
        fields.pop("current_job", None)
        counter = "successful_job_count" if succeeded else "failed_job_count"
        fields[counter] = str(int(fields.get(counter, "0")) + 1)
        worked = float(seconds_text(max(self.now - float(started_at or self.now), 0)))
        fields["total_working_time"] = float(fields.get("total_working_time", 0)) + worked
        self._show_rest(fields, beside)

    def _show_rest(self, fields: dict[str, str | float], beside: str) -> None:
        fields |= {"state": "busy", "current_job": beside} if beside else {"state": "idle"}
        fields["current_job_working_time"] = 0.0

    def _release(self, attempt: AttemptKey, code: str, detail: str, beside: str) -> Settled:
        if code not in {"owner", "superseded", "gone"}:
            return Settled(code, detail)
        if code == "owner":
            if attempt.worker in self.sides:
                self.sides[attempt.worker].waiting = None
            self._put_back(attempt.queue, attempt.job_id, attempt.execution_id, attempt.worker)
            code, detail = "ok", "queued"
        else:
            self._end_lease(attempt.queue, attempt.job_id, attempt.execution_id, attempt.worker)
        hash_ = self.worker_hashes.get(attempt.worker)
        if hash_:
            hash_.fields.pop("current_job", None)
            self._show_rest(hash_.fields, beside)
        return Settled(code, detail)

    def _put_back(self, queue: str, job_id: str, execution: str, worker: str) -> bool:
        self._end_lease(queue, job_id, execution, worker)
        job = self.job(job_id)
        if job is None or job.fields.get("x_execution") != execution or job.status != "started":
            return False
        job.drop("x_execution", "x_stop")
        job.fields |= {"status": "queued", "x_last": f"{execution}:P"}
        self.push(queue, job_id, front=True)
        return True

    # --- an attempt ends without a word -------------------------------------------------------------------------------

    def _crash(self, queue: str, job_id: str, execution: str, policy: Policy) -> str:
        job = self.job(job_id)
        if self.is_broken(job_id):
            self._set_aside(queue, job_id, "not a hash")
        if job is None or not self._was_the_run(queue, job_id, execution, job):
            return "dropped"
        job.drop("x_execution", "x_stop")
        crashes = int(job.fields.get("x_crashes", "0")) + 1
        worker = job.fields.get("worker_name", "")
        reason = policy.reason + (self._last_seen(worker, job) if policy.letter == "A" and worker else "")
        job.fields |= {"x_crashes": str(crashes), "x_last": f"{execution}:{policy.letter}", "x_reason": reason}
        if crashes <= policy.most:
            self._record(job_id, RESULT_RETRIED, worker, execution, None)
            job.fields["status"] = "queued"
            self.push(queue, job_id, front=True)
            return "requeued"
        ttl = int(job.fields.get("failure_ttl", policy.failure_ttl))
        self._tell_dependents(job_id, "failed")
        if ttl == 0:
            self._delete(job_id, f"{execution}:{policy.letter}")
            return "failed"
        job.fields |= {"status": "failed", "ended_at": iso_date(self.now)}
        self._record(job_id, RESULT_FAILED, worker, execution, ttl)
        self._keep(job_id, "failed", queue, ttl, -1)
        return "failed"

    def _last_seen(self, name: str, job: JobHash) -> str:
        """Which worker is gone, where it was, and when it was last heard of: as its hash says, or when it got the job if that was later."""
        hash_ = self.worker_hashes.get(name)
        fields = dict(hash_.fields) if hash_ else {}
        heard = [date for date in (fields.get("last_heartbeat"), job.fields.get("last_heartbeat")) if date]
        fields |= {"last_heartbeat": max(heard)} if heard else {}
        places = {"hostname": " on", "pid": ", pid", "last_heartbeat": ", last heard of at"}
        return f" ({name}{''.join(f'{words} {fields[field]}' for field, words in places.items() if field in fields)})"

    def _was_the_run(self, queue: str, job_id: str, execution: str, job: JobHash) -> bool:
        """Whether the attempt, whose lease has just ended, was what kept the job going."""
        owner = job.fields.get("x_execution")
        if queue != job.fields["origin"]:
            return False
        if job.status == "queued":
            # An RQ worker dies between preparing an execution and starting it: then the id is in no list.
            return job_id not in self.queue(queue) and job_id not in self.intermediate.get(queue, [])
        if owner and owner != execution and self.has_lease(queue, job_id, owner):
            return False
        if job.status != "started" or owner == execution:
            return job.status == "started"
        others = (other for (i, other) in self.wip.get(queue, {}) if i == job_id and not self._is_ours(job_id, other))
        return not any(self.wip[queue][job_id, other] > self.now for other in others if self._is_known(job_id, other))

    def _is_known(self, job_id: str, execution: str) -> bool:
        return execution in self.executions.get(job_id, {})

    def _is_ours(self, job_id: str, execution: str) -> bool:
        """Whether one of our workers holds the attempt. It is a superseded one, if the job names no execution."""
        return any((job_id, execution) in side.held for side in self.sides.values())
