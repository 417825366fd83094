"""Which event a settlement is."""

from __future__ import annotations

from rq.core.plain_call import PlainCall, plain_call
from rq.model.outcome import Died, Outcome, Raised, Released, TimedOut
from rq.model.settlement import AskRetry, BadEnd, Crash, Decision, Fail, Finish, GiveUp, PutBack, Retry, Stop
from rq.observe import events
from rq.observe.bus import EventBus
from rq.runtime.running import RunningAttempt
from rq.store.replies import Settled


def report_settlement(bus: EventBus, attempt: RunningAttempt, decision: Decision, settled: Settled) -> None:
    """Emit what became of an attempt."""
    key = attempt.key
    about = (key.worker, key.queue, key.job_id, attempt.record.description)
    if settled.code != "ok":
        if isinstance(decision, PutBack):
            return  # there was nothing to put back any more, and whoever ended the attempt said why
        bus.emit(events.OutcomeRefused(*about, settled.code))
        return
    match decision:
        case Finish(result_ttl=result_ttl, repeat_delay=delay):
            bus.emit(events.JobFinished(*about, attempt.seconds, result_ttl))
            if settled.detail != "finished":
                bus.emit(events.JobRepeated(*about, float(delay or 0)))
        case PutBack(reason=reason):
            bus.emit(events.JobReleased(*about, reason))
        case _:
            bus.emit(_bad_end(about, decision, settled, attempt))


def _bad_end(about: tuple[str, str, str, str | None], decision: BadEnd, settled: Settled, attempt: RunningAttempt) -> events.JobEvent:
    match decision:
        case Fail(exc_text=exc_text):
            return events.JobFailed(*about, exc_text, attempt.seconds, _call_of(attempt))
        case GiveUp():
            return events.JobFailed(*about, "it returned a Retry once too often", attempt.seconds, _call_of(attempt))
        case Retry(exc_text=exc_text, delay_seconds=delay, retries_left=left):
            return events.JobRetried(*about, exc_text, delay, left - 1, _call_of(attempt))
        case AskRetry(delay_seconds=delay, number_of_retries=number):
            return events.JobAskedAgain(*about, delay, number + 1)
        case Stop(exc_text=reason):
            return events.JobStopped(*about, reason)
        case Crash(reason=reason):
            return events.JobDied(*about, reason, settled.detail)


def _call_of(attempt: RunningAttempt) -> PlainCall:
    return plain_call(attempt.fields.get(b"data", b""))


def report_aftermath(bus: EventBus, attempt: RunningAttempt | None, aftermath: Outcome | None) -> None:
    """Emit that the stopped callback of an attempt failed, if one was called and did."""
    match aftermath:
        case Raised(exc_text=reason) | TimedOut(exc_text=reason) | Died(reason=reason) | Released(reason=reason) if attempt is not None:
            key = attempt.key
            bus.emit(events.StoppedCallbackFailed(key.worker, key.queue, key.job_id, attempt.record.description, reason))
        case _:
            pass
