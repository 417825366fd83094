"""From the outcome of an attempt to what becomes of its job: a pure decision, carried out by one script.

`settle` reads no clock and writes nothing; delays are durations. The rules for retries and times to live are those of RQ 2.12, with one exception: a process
that died without an outcome is no failure of the job. It is put back, and set aside as failed only when it happened too often (the script counts).
"""

from __future__ import annotations

from dataclasses import dataclass

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.model.outcome import Died, Outcome, Raised, Released, Returned, Stopped, TimedOut
from rq.model.record import JobRecord


@dataclass(frozen=True, slots=True)
class Finish:
    """The job is done."""

    return_value: bytes | None
    result_ttl: int


@dataclass(frozen=True, slots=True)
class Fail:
    """The attempt failed for good."""

    exc_text: str
    failure_ttl: int


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed and the job runs again after `delay_seconds` (0: at once). `retries_left` is what was left before this attempt."""

    exc_text: str
    delay_seconds: int
    retries_left: int
    at_front: bool
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
    """The attempt never counted; the job goes back to the head of its queue."""


Decision = Finish | Fail | Retry | Stop | Crash | PutBack


def settle(record: JobRecord, outcome: Outcome, default_result_ttl: int) -> Decision:
    """Return what becomes of `record` after `outcome`.

    Args:
        record: the job as it was claimed.
        outcome: how its attempt ended.
        default_result_ttl: seconds a result is kept if the job does not say; 0 deletes the job, -1 keeps it for ever.
    """
    failure_ttl = DEFAULT_FAILURE_TTL if record.failure_ttl is None else record.failure_ttl
    match outcome:
        case Returned(payload=payload):
            return Finish(payload, default_result_ttl if record.result_ttl is None else record.result_ttl)
        case Released():
            return PutBack()
        case Died(reason=reason):
            return Crash(reason, failure_ttl)
        case Stopped(reason=reason):
            return Stop(reason, failure_ttl)
        case Raised(exc_text=exc_text) | TimedOut(exc_text=exc_text):
            if record.retries_left and record.retries_left > 0:
                front = record.enqueue_at_front_on_retry
                return Retry(exc_text, retry_delay(record), record.retries_left, front, failure_ttl)
            return Fail(exc_text, failure_ttl)


def retry_delay(record: JobRecord) -> int:
    """Return the seconds before the next attempt: RQ 2.12 aligns the list of intervals to the end of the sequence of retries."""
    intervals = record.retry_intervals
    if not intervals:
        return 0
    return intervals[max(len(intervals) - (record.retries_left or 1), 0)]
