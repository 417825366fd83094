"""Why a job is not running: from what the server knows of it to a sentence.

A pure decision. `store.explain` gathers the facts; the table at the end names what is looked at for each state of a job, in order, and the first that has
something to say is the answer. The situation is for programs, the sentence and the advice are for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from shlex import quote

from rq.core.wording import counted, duration_in_words, listed, moment_in_words, ordinal
from rq.model.dependency import is_met_by, policy_for
from rq.model.presence import WorkerStatus
from rq.model.record import JobRecord
from rq.model.result import ResultRecord, ResultType
from rq.model.situation import FOR_EVER, Explanation, Facts, Parent, Situation
from rq.model.states import JobStatus

# How an exception reads when a worker did not find the function: ours, and RQ's.
_NOT_FOUND = ("rq.exceptions.ReferenceNotFound: ", "ValueError: Invalid attribute name: ")
_EXCEPTION_LINE = re.compile(r"[A-Za-z_][\w.]*(: .*)?")
_LONGEST_REASON = 200

Look = Callable[[Facts], Explanation | None]


def explain(facts: Facts) -> Explanation:
    """Return why a job is not running, or what came of it."""
    if facts.record is None:
        return _absent(facts)
    looks = _LOOKS.get(str(getattr(facts.record.status, "value", facts.record.status or JobStatus.CREATED.value)), (_unknown,))
    found = next(answer for look in looks if (answer := look(facts)) is not None)
    return replace(found, status=_status_of(facts.record), queue=facts.record.origin or None)


def _status_of(record: JobRecord) -> str | None:
    return None if record.status is None else str(getattr(record.status, "value", record.status))


# --- no job -----------------------------------------------------------------------------------------------------------


def _absent(facts: Facts) -> Explanation:
    if facts.was_deleted:
        return Explanation(
            facts.job_id, Situation.DELETED, f"job {facts.job_id} was deleted less than a minute ago, by hand or because nothing of it was to be kept"
        )
    sentence = f"there is no job {facts.job_id}: it was never enqueued on this server, was deleted, or was kept as long as it was to be kept"
    return Explanation(facts.job_id, Situation.ABSENT, sentence, "look whether the id, the server and RQ_KEY_PREFIX are those of the program that enqueued it")


def _unknown(facts: Facts) -> Explanation:
    sentence = f"job {facts.job_id} is {facts.job.status}, which this version of RQ does not know"
    return Explanation(facts.job_id, Situation.UNKNOWN, sentence, "use the version that enqueued it")


def _created(facts: Facts) -> Explanation:
    sentence = f"job {facts.job_id} was created{facts.ago(facts.job.created_at)} and never put into a queue"
    return Explanation(facts.job_id, Situation.CREATED, sentence, "hand it to `Queue.enqueue_job`")


# --- waiting in a queue -----------------------------------------------------------------------------------------------


def _set_aside(facts: Facts) -> Explanation | None:
    if facts.set_aside is None or facts.ahead is not None:  # the note may be of an earlier job of this id
        return None
    sentence = f"job {facts.job_id} was set aside, because it could not be run as it stands: {facts.set_aside}"
    return Explanation(facts.job_id, Situation.SET_ASIDE, sentence, "delete it and enqueue it again")


def _taken(facts: Facts) -> Explanation | None:
    if not facts.is_between:
        return None
    sentence = f"job {facts.job_id} was taken from the queue {facts.job.origin} by a worker that has not started it yet"
    return Explanation(facts.job_id, Situation.TAKEN, sentence, "if that worker is dead, one of this version puts the job back after a minute")


def _misplaced(facts: Facts) -> Explanation | None:
    if facts.ahead is not None or not facts.was_searched_whole:
        return None
    sentence = (
        f"job {facts.job_id} is queued, but does not stand in the queue {facts.job.origin}: a worker takes it this moment, or its id was removed from there"
    )
    return Explanation(facts.job_id, Situation.MISPLACED, sentence, "ask again; if nothing has changed, enqueue it anew")


def _suspended(facts: Facts) -> Explanation | None:
    if not facts.suspended:
        return None
    return _waiting_for(facts, Situation.SUSPENDED, "all workers are suspended", "`rq resume` lets them begin jobs again")


def _in_paused_queue(facts: Facts) -> Explanation | None:
    end = facts.queue_paused_until
    if end is None:
        return None
    rest = "" if end == FOR_EVER else f" for {duration_in_words((end - facts.now).total_seconds())} more"
    return _waiting_for(facts, Situation.QUEUE_PAUSED, f"that queue is paused{rest}", f"`rq resume {quote(facts.job.origin)}` lets its jobs begin again")


def _without_worker(facts: Facts) -> Explanation | None:
    if facts.workers:
        return None
    return _waiting_for(facts, Situation.NO_WORKER, "no worker listens on that queue", f"start one: `rq worker {quote(facts.job.origin)}`")


def _behind_paused_workers(facts: Facts) -> Explanation | None:
    if facts.able_workers:
        return None
    names = " ".join(f"--worker {quote(name)}" for name in facts.paused_workers)
    cause = f"no worker listens on that queue that is not paused: {listed(facts.paused_workers)}"
    return _waiting_for(facts, Situation.WORKERS_PAUSED, cause, f"`rq resume {names}` lets them begin jobs again")


def _behind_busy_workers(facts: Facts) -> Explanation | None:
    able = facts.able_workers
    if any(worker.state != WorkerStatus.BUSY for worker in able):
        return None
    longest = max(able, key=lambda worker: worker.current_job_working_time)
    which = "its only worker is" if len(able) == 1 else f"all its {len(able)} workers are"
    who = "" if len(able) == 1 else f", the longest of them {longest.name},"
    what = f" with job {longest.current_job_id}" if longest.current_job_id else ""
    since = f" for {duration_in_words(longest.current_job_working_time)}"
    advice = f"start more workers, `rq worker {quote(facts.job.origin)}`, or wait"
    return _waiting_for(facts, Situation.WORKERS_BUSY, f"{which} busy{who}{what}{since}", advice)


def _waiting(facts: Facts) -> Explanation:
    able = facts.able_workers
    idle = sum(worker.state != WorkerStatus.BUSY for worker in able)
    return _waiting_for(facts, Situation.WAITING, f"{counted(len(able), 'worker')} {_listen(len(able))} on it, {idle} of them idle", None)


def _listen(number: int) -> str:
    return "listens" if number == 1 else "listen"


def _waiting_for(facts: Facts, situation: Situation, cause: str, advice: str | None) -> Explanation:
    """Return that a job waits in its queue, or ought to stand there, and why."""
    waits = (
        f"was due{facts.ago(facts.due)} in the queue {facts.job.origin}"
        if facts.due is not None
        else f"waits in the queue {facts.job.origin} {_position(facts)}"
    )
    workers = tuple(worker.name for worker in facts.workers)
    sentence = f"job {facts.job_id} {waits}: {cause}"
    return Explanation(facts.job_id, situation, sentence, advice, ahead=facts.ahead, due=facts.due, workers=workers, remark=_remark(facts))


def _position(facts: Facts) -> str:
    if facts.ahead is None:
        return f"far from its head, among {facts.queue_length:,} others"
    return f"behind {counted(facts.ahead, 'other')}" if facts.ahead else "as the next one"


def _remark(facts: Facts) -> str | None:
    """Return what became of the attempt before, if it did not end well."""
    latest = _latest_failure(facts)
    if latest is None:
        return f"an earlier attempt was cut short: {facts.reason}" if facts.reason else None
    line = exception_line(latest.exc_string or "")
    if line.startswith(_NOT_FOUND):
        return f"at its last attempt the worker {latest.worker_name} did not find its function ({_said(line)})"
    return f"its last attempt ended{facts.ago(latest.created_at)} with {line}" if line else None


# --- waiting for something else ---------------------------------------------------------------------------------------


def _not_due(facts: Facts) -> Explanation | None:
    if facts.due is None or facts.due <= facts.now:
        return None
    wait = duration_in_words((facts.due - facts.now).total_seconds())
    sentence = f"job {facts.job_id} is to be put into the queue {facts.job.origin} in {wait}, at {moment_in_words(facts.due)}"
    return Explanation(facts.job_id, Situation.SCHEDULED, sentence, due=facts.due, remark=_remark(facts))


def _overdue(facts: Facts) -> Explanation:
    if facts.due is None:
        return Explanation(facts.job_id, Situation.MISPLACED, f"job {facts.job_id} is scheduled, but has no date", "enqueue it anew")
    return _waiting_for(facts, Situation.OVERDUE, "a worker moves it there when it next looks, which takes a second", None)


def _behind_failed_parents(facts: Facts) -> Explanation | None:
    awaited = _awaited(facts)
    bad = [parent for parent in awaited if parent.status in _ENDINGS and policy_for(facts.job.dependency_policies, parent.id) == "wait"]
    if not bad:
        return None
    ended = [f"{parent.id}, which {_ENDINGS[parent.status]}" for parent in bad]
    sentence = f"job {facts.job_id} waits for job {listed(ended)}; it runs only when that succeeds after all"
    advice = f"run that one again ({_again(bad[0])}), or cancel job {facts.job_id}"
    return Explanation(facts.job_id, Situation.FAILED_DEPENDENCIES, sentence, advice, waits_for=_ids(awaited))


def _behind_parents(facts: Facts) -> Explanation | None:
    awaited = _awaited(facts)
    if not awaited:
        return None
    named = [f"{parent.id}, which is {parent.status}" for parent in awaited]
    sentence = f"job {facts.job_id} waits for {counted(len(awaited), 'job')}: {listed(named)}"
    return Explanation(
        facts.job_id, Situation.DEPENDENCIES, sentence, f"`rq explain {awaited[0].id}` tells why that one has not ended", waits_for=_ids(awaited)
    )


def _releasable(facts: Facts) -> Explanation:
    sentence = f"job {facts.job_id} waits for nothing any more: all jobs that it depends on have ended as it needs, and a worker lets it go on within seconds"
    advice = None if facts.workers else _start_worker(facts.job.origin)
    return Explanation(facts.job_id, Situation.RELEASABLE, sentence, advice)


def _awaited(facts: Facts) -> list[Parent]:
    policies, allows_failure = facts.job.dependency_policies, bool(facts.job.allow_dependency_failures)
    return [parent for parent in facts.parents if not is_met_by(parent.status, policy_for(policies, parent.id), allows_failure=allows_failure)]


def _ids(parents: list[Parent]) -> tuple[str, ...]:
    return tuple(parent.id for parent in parents)


# --- running ----------------------------------------------------------------------------------------------------------


def _lost(facts: Facts) -> Explanation | None:
    if facts.lease_ends is not None:
        return None
    sentence = f"job {facts.job_id} is started, but no worker has it: the attempt of {facts.job.worker_name or 'its worker'} left no trace"
    return Explanation(facts.job_id, Situation.LOST, sentence, f"delete it and enqueue it again, in the queue {facts.job.origin}")


def _overdue_lease(facts: Facts) -> Explanation | None:
    if facts.lease_ends is None or facts.lease_ends > facts.now:
        return None
    job = facts.job
    silence = f"which was last heard of{facts.ago(job.last_heartbeat)} and seems to be dead"
    sentence = f"job {facts.job_id} was started{facts.ago(job.started_at)} by {job.worker_name or 'a worker'}, {silence}"
    advice = f"any worker on the queue {job.origin} puts the job back within seconds" if facts.workers else _start_worker(job.origin)
    return Explanation(facts.job_id, Situation.LEASE_OVERDUE, sentence, advice, workers=_own_worker(facts))


def _start_worker(queue: str) -> str:
    return f"no worker listens on its queue, which would see to it; start one: `rq worker {quote(queue)}`"


def _stopping(facts: Facts) -> Explanation | None:
    if not facts.is_to_stop:
        return None
    sentence = f"job {facts.job_id} runs on {facts.job.worker_name} and was told to stop; its worker hears of it within seconds"
    return Explanation(facts.job_id, Situation.STOPPING, sentence, workers=_own_worker(facts))


def _started(facts: Facts) -> Explanation:
    attempt = f", at its {ordinal(facts.job.attempt)} attempt" if facts.job.attempt > 1 else ""
    sentence = f"job {facts.job_id} is running: {facts.job.worker_name or 'a worker'} started it{facts.ago(facts.job.started_at)}{attempt}"
    return Explanation(facts.job_id, Situation.STARTED, sentence, workers=_own_worker(facts), remark=_remark(facts))


def _own_worker(facts: Facts) -> tuple[str, ...]:
    return (facts.job.worker_name,) if facts.job.worker_name else ()


# --- ended ------------------------------------------------------------------------------------------------------------


def _finished(facts: Facts) -> Explanation:
    by = f" by {facts.job.worker_name}" if facts.job.worker_name else ""
    return Explanation(facts.job_id, Situation.FINISHED, f"job {facts.job_id} was finished{facts.ago(facts.job.ended_at)}{by}", workers=_own_worker(facts))


def _not_found(facts: Facts) -> Explanation | None:
    line = _failure_line(facts)
    if not line.startswith(_NOT_FOUND):
        return None
    latest = _latest_failure(facts)
    worker = latest.worker_name if latest is not None and latest.worker_name else facts.job.worker_name
    sentence = (
        f"job {facts.job_id} failed{_attempt(facts)}{facts.ago(facts.job.ended_at)}, because the worker {worker} did not find its function: {_said(line)}"
    )
    advice = f"let that worker run the code that the job was enqueued with, then run the job again: {_requeue(facts)}"
    return Explanation(facts.job_id, Situation.NOT_FOUND, sentence, advice, workers=(worker,) if worker else ())


def _failed(facts: Facts) -> Explanation:
    line = _failure_line(facts)
    why = f": {line}" if line else ""
    sentence = f"job {facts.job_id} failed{_attempt(facts)}{facts.ago(facts.job.ended_at)}{why}"
    return Explanation(facts.job_id, Situation.FAILED, sentence, f"run it again with {_requeue(facts)}", workers=_own_worker(facts))


def _stopped(facts: Facts) -> Explanation:
    sentence = f"job {facts.job_id} was stopped by hand{facts.ago(facts.job.ended_at)}"
    return Explanation(facts.job_id, Situation.STOPPED, sentence, f"run it again with {_requeue(facts)}")


def _canceled(facts: Facts) -> Explanation:
    why = f": {facts.reason}" if facts.reason else ""
    sentence = f"job {facts.job_id} was canceled{facts.ago(facts.job.ended_at)}{why}"
    return Explanation(facts.job_id, Situation.CANCELED, sentence, f"{_again(Parent(facts.job_id, 'canceled', facts.job.origin))} puts it back into its queue")


def _attempt(facts: Facts) -> str:
    return f" at its {ordinal(facts.job.attempt)} attempt" if facts.job.attempt else ""


def _requeue(facts: Facts) -> str:
    return _again(Parent(facts.job_id, "failed", facts.job.origin))


def _again(ended: Parent) -> str:
    """Return how to run a job again that ended badly."""
    if ended.status == JobStatus.CANCELED:
        return f"`Queue({ended.queue!r}, connection=...).canceled_job_registry.requeue({ended.id!r})`"
    return f"`rq requeue --queue {quote(ended.queue)} {ended.id}`"


def _failure_line(facts: Facts) -> str:
    """Return what the last attempt died of in one line; a reason that the worker gave says more about a process that died than the exception does."""
    latest = _latest_failure(facts)
    line = exception_line((latest.exc_string if latest is not None else None) or "")
    return line if line and not line.startswith("rq.exceptions.AbandonedJobError") else facts.reason or line


def _latest_failure(facts: Facts) -> ResultRecord | None:
    latest = facts.results[0] if facts.results else None
    return latest if latest is not None and latest.type is not ResultType.SUCCESSFUL and latest.exc_string else None


def exception_line(exc_text: str) -> str:
    """Return the line of a traceback that names the exception, cut to a length that fits into a sentence."""
    lines = [line for line in exc_text.splitlines() if line.strip()]
    named = [line for line in lines if _EXCEPTION_LINE.fullmatch(line)]
    return (named or lines or [""])[-1].rstrip(".")[:_LONGEST_REASON]


def _said(line: str) -> str:
    return line.partition(": ")[2] or line


_ENDINGS: dict[str | None, str] = {JobStatus.FAILED.value: "failed", JobStatus.STOPPED.value: "was stopped", JobStatus.CANCELED.value: "was canceled"}

_HINDRANCES: tuple[Look, ...] = (_suspended, _without_worker, _behind_paused_workers)

# What is looked at for a job of each status; the last look of each row always has an answer.
_LOOKS: dict[str, tuple[Look, ...]] = {
    "created": (_created,),
    "queued": (_set_aside, _taken, _misplaced, _in_paused_queue, *_HINDRANCES, _behind_busy_workers, _waiting),
    "scheduled": (_not_due, *_HINDRANCES, _overdue),
    "deferred": (_behind_failed_parents, _behind_parents, _releasable),
    "started": (_lost, _overdue_lease, _stopping, _started),
    "finished": (_finished,),
    "failed": (_not_found, _failed),
    "stopped": (_stopped,),
    "canceled": (_canceled,),
}
