"""FINISH, FAIL and RELEASE: an attempt ends. Each finish and fail may carry a claim of the next jobs, so that a busy worker needs one round trip per job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rq.core.errors import AbandonedJobError
from rq.core.references import dotted_name
from rq.model.fate import UNKNOWN, Fate
from rq.model.settlement import AskRetry, BadEnd, Crash, Decision, Fail, Finish, GiveUp, PutBack, Retry, Stop
from rq.store.calls import Argument, Call, wire
from rq.store.claim import ClaimRequest
from rq.store.codec import encode_exception, encode_fate, encode_return_value
from rq.store.replies import Settled, read_settled
from rq.store.scripts import ScriptLibrary


class AttemptKey(NamedTuple):
    """Names one attempt: the job, its queue, the execution, and the worker that holds it."""

    job_id: str
    execution_id: str
    queue: str
    worker: str

    def arguments(self) -> list[Argument]:
        """Return the key as the head of a script's ARGV."""
        return [wire(self.job_id), self.execution_id, wire(self.queue), wire(self.worker)]


def settle_attempt(  # noqa: PLR0913, PLR0917 - all that is to be written in one step
    scripts: ScriptLibrary,
    attempt: AttemptKey,
    decision: Decision,
    most_crashes: int,
    claim: ClaimRequest | None = None,
    delivery: bytes = b"",
    fate: Fate = UNKNOWN,
    beside: str = "",
) -> Call[Settled]:
    """Carry out a decision about an attempt, and claim the next jobs in the same call if asked to (not with a put-back).

    Args:
        scripts: the keyspace's scripts.
        attempt: the attempt.
        decision: what becomes of its job.
        most_crashes: after how many crashes more than this the job is set aside.
        claim: a claim to ride along.
        delivery: what is to be sent to others if the job has finished, or failed for good (see `store.outbox`).
        fate: what is known of the attempt besides its outcome.
        beside: the id of another job that the worker runs meanwhile, which it is to show from now on; '' if there is none.
    """
    about = encode_fate(fate)
    match decision:
        case Finish():
            return finish_job(scripts, attempt, decision, claim, delivery, about, beside)
        case PutBack():
            return release_job(scripts, attempt, beside)
        case _:
            return fail_job(scripts, attempt, decision, most_crashes, claim, delivery, about, beside)


def finish_job(  # noqa: PLR0913, PLR0917 - each is an argument of the script
    scripts: ScriptLibrary,
    attempt: AttemptKey,
    decision: Finish,
    claim: ClaimRequest | None = None,
    delivery: bytes = b"",
    about: Sequence[Argument] = (),
    beside: str = "",
) -> Call[Settled]:
    """Write the return value and end the attempt; the job may be repeated."""
    keys = scripts.keyspace
    delay = "" if decision.repeat_delay is None else decision.repeat_delay
    arguments = [*attempt.arguments(), encode_return_value(decision.return_value), decision.result_ttl, delay, delivery, wire(beside), len(about), *about]
    if claim is not None:
        arguments += claim.arguments()
    return Call(
        read_settled,
        arguments,
        scripts.script("finish"),
        (keys.job(attempt.job_id), keys.held(attempt.worker), keys.registry("finished", attempt.queue)),
    )


def fail_job(  # noqa: PLR0913, PLR0917 - each is an argument of the script
    scripts: ScriptLibrary,
    attempt: AttemptKey,
    decision: BadEnd,
    most_crashes: int,
    claim: ClaimRequest | None = None,
    delivery: bytes = b"",
    about: Sequence[Argument] = (),
    beside: str = "",
) -> Call[Settled]:
    """Write how the attempt ended badly, or asked to be tried again, and what becomes of the job."""
    keys = scripts.keyspace
    arguments: list[Argument] = [*attempt.arguments(), *_describe_failure(decision), most_crashes, delivery, wire(beside), len(about), *about]
    if claim is not None:
        arguments += claim.arguments()
    queue = attempt.queue
    return Call(
        read_settled,
        arguments,
        scripts.script("fail"),
        (
            keys.job(attempt.job_id),
            keys.held(attempt.worker),
            keys.registry("failed", queue),
            keys.registry("scheduled", queue),
            keys.queue(queue),
        ),
    )


def _describe_failure(decision: BadEnd) -> list[Argument]:
    ttl = decision.failure_ttl
    match decision:
        case Fail(exc_text=exc_text, is_recorded=is_recorded):
            return ["failed" if is_recorded else "unrecorded", encode_exception(exc_text), ttl, _last_line(exc_text), 0, 0, "back"]
        case Stop(exc_text=exc_text):
            return ["stopped", encode_exception(exc_text), ttl, _last_line(exc_text), 0, 0, "back"]
        case Retry(exc_text=exc_text, delay_seconds=delay, retries_left=left, at_front=at_front):
            return ["retried", encode_exception(exc_text), ttl, _last_line(exc_text), left, delay, "front" if at_front else "back"]
        case AskRetry(payload=payload, delay_seconds=delay, number_of_retries=number, at_front=at_front):
            return ["asked", encode_return_value(payload), ttl, "", number, delay, "front" if at_front else "back"]
        case GiveUp(payload=payload):
            return ["exhausted", encode_return_value(payload), ttl, "it asked for one retry too many", 0, 0, "back"]
        case Crash(reason=reason):
            return ["died", encode_exception(crash_text(reason)), ttl, reason, 0, 0, "front"]


def _last_line(exc_text: str) -> str:
    return exc_text.rstrip().rsplit("\n", 1)[-1][:200]


def crash_text(reason: str) -> str:
    """Return the exception text of a job that is set aside because its attempts kept dying."""
    return f"{dotted_name(AbandonedJobError)}: the job was set aside because its attempts kept ending without an outcome; the last one: {reason}"


def release_job(scripts: ScriptLibrary, attempt: AttemptKey, beside: str = "") -> Call[Settled]:
    """Put a job back to the head of its queue; the attempt never counted."""
    keys = scripts.keyspace
    return Call(
        read_settled,
        [*attempt.arguments(), wire(beside)],
        scripts.script("release"),
        (keys.job(attempt.job_id), keys.held(attempt.worker), keys.queue(attempt.queue)),
    )
