"""From the outcome of an attempt to what becomes of its job: a pure decision, carried out by one script.

`settle` reads no clock, throws no dice and writes nothing; delays are durations. The rules for retries, repetitions and times to live are those of RQ 2.12,
with three exceptions. A process that died without an outcome is no failure of the job: it is put back, and set aside as failed only when it happened too
often (the script counts). A list of repetition intervals is read from its beginning, as RQ documents it. A returned `Retry` that asks for the head of the
queue gets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.errors import JobTimeoutException
from rq.model.outcome import AskedRetry, Died, Outcome, Raised, Released, Returned, Stopped, TimedOut, exception_names
from rq.model.record import JobRecord
from rq.model.retry import Retry as RetryOption
from rq.model.retry import is_retried

_TIMEOUT_NAMES = exception_names(JobTimeoutException)


@dataclass(frozen=True, slots=True)
class Finish:
    """The job is done; with a `repeat_delay` it runs again after that many seconds (0: at once)."""

    return_value: bytes | None
    result_ttl: int
    repeat_delay: int | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """The attempt failed for good. With `is_recorded` false the job itself says so, and nothing else: it has no result and is not listed among the failed."""

    exc_text: str
    failure_ttl: int
    is_recorded: bool = True


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed and the job runs again after `delay_seconds` (0: at once). `retries_left` is what was left before this attempt."""

    exc_text: str
    delay_seconds: float
    retries_left: int
    at_front: bool
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class AskRetry:
    """The function returned a `Retry` and the job runs again after `delay_seconds` (0: at once). `number_of_retries` is the count before this attempt."""

    payload: bytes
    delay_seconds: float
    number_of_retries: int
    at_front: bool
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The function returned a `Retry` once too often; the job has failed."""

    payload: bytes
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stopped the attempt; the job is not retried."""

    exc_text: str
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class Crash:
    """The process died without an outcome; the job goes back to the head of its queue, or is set aside if it crashes too often."""

    reason: str
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """The attempt never counted; the job goes back to the head of its queue. `reason` is for people."""

    reason: str


BadEnd = Fail | Retry | AskRetry | GiveUp | Stop | Crash
Decision = Finish | BadEnd | PutBack


def settle(  # noqa: PLR0911 - one for each outcome
    record: JobRecord,
    outcome: Outcome,
    default_result_ttl: int,
    rand: float = 0.5,
    *,
    records_failures: bool = True,
) -> Decision:
    """Return what becomes of `record` after `outcome`.

    Args:
        record: the job as it was claimed.
        outcome: how its attempt ended.
        default_result_ttl: seconds a result is kept if the job does not say; 0 deletes the job, -1 keeps it for ever.
        rand: a random number in [0, 1), which places a delay with jitter within its spread; 0.5 leaves it as it is.
        records_failures: whether results and entries in the registry are written of attempts that raised and are not retried.
    """
    failure_ttl = DEFAULT_FAILURE_TTL if record.failure_ttl is None else record.failure_ttl
    match outcome:
        case Returned(payload=payload):
            result_ttl = default_result_ttl if record.result_ttl is None else record.result_ttl
            return Finish(payload, result_ttl, repeat_delay(record))
        case AskedRetry():
            return _answer(record, outcome, failure_ttl)
        case Raised(exc_text=exc_text, exc_type=exc_type, exc_bases=exc_bases):
            return _retry_or_fail(record, Fail(exc_text, failure_ttl, records_failures), (exc_type, *exc_bases), rand)
        case TimedOut(exc_text=exc_text):
            return _retry_or_fail(record, Fail(exc_text, failure_ttl, records_failures), _TIMEOUT_NAMES, rand)
        case Died(reason=reason):
            return Crash(reason, failure_ttl)
        case Stopped(reason=reason):
            return Stop(reason, failure_ttl)
        case Released(reason=reason):
            return PutBack(reason)


def _retry_or_fail(record: JobRecord, failure: Fail, exc_names: Iterable[str], rand: float) -> Retry | Fail:
    left = record.retries_left or 0
    if left <= 0 or not is_retried(record.retry_policy, exc_names):
        return failure
    return Retry(failure.exc_text, retry_delay(record, rand), left, record.enqueue_at_front_on_retry, failure.failure_ttl)


def _answer(record: JobRecord, asked: AskedRetry, failure_ttl: int) -> AskRetry | GiveUp:
    count = record.number_of_retries or 0
    if count >= asked.max:
        return GiveUp(asked.payload, failure_ttl)
    return AskRetry(asked.payload, RetryOption.get_interval(count, asked.intervals), count, asked.at_front, failure_ttl)


def retry_delay(record: JobRecord, rand: float = 0.5) -> float:
    """Return the seconds before the next attempt.

    RQ 2.12 aligns the list of intervals to the end of the sequence of retries. That of a backoff belongs to the beginning: it may be shorter than the sequence.
    """
    intervals = record.retry_intervals
    if not intervals:
        return 0
    policy = record.retry_policy or {}
    most = policy["max"] if "backoff" in policy and "max" in policy else len(intervals)
    position = max(most - (record.retries_left or 1), 0)
    delay = intervals[min(position, len(intervals) - 1)]
    spread: float = policy.get("jitter", 0.0)
    return delay * (1 + spread * (2 * rand - 1)) if spread else delay


def repeat_delay(record: JobRecord) -> int | None:
    """Return the seconds before a job that succeeded runs again; None if it does not."""
    if not record.repeats_left or record.repeats_left < 0:
        return None
    intervals = record.repeat_intervals
    return intervals[min(record.repeats_done, len(intervals) - 1)] if intervals else 0
