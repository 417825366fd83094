"""Which event a settlement is."""

from __future__ import annotations

from rq.model.outcome import Died, Outcome, Raised, Released, TimedOut
from rq.model.settlement import Crash, Decision, Fail, Finish, PutBack, Retry, Stop
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
        case Finish(result_ttl=result_ttl):
            bus.emit(events.JobFinished(*about, attempt.seconds, result_ttl))
        case Fail(exc_text=exc_text):
            bus.emit(events.JobFailed(*about, exc_text, attempt.seconds))
        case Retry(exc_text=exc_text, delay_seconds=delay, retries_left=left):
            bus.emit(events.JobRetried(*about, exc_text, delay, left - 1))
        case Stop(exc_text=reason):
            bus.emit(events.JobStopped(*about, reason))
        case Crash(reason=reason):
            bus.emit(events.JobDied(*about, reason, settled.detail))
        case PutBack():
            bus.emit(events.JobReleased(*about, "the attempt never counted"))


def report_aftermath(bus: EventBus, attempt: RunningAttempt | None, aftermath: Outcome | None) -> None:
    """Emit that the stopped callback of an attempt failed, if one was called and did."""
    match aftermath:
        case Raised(exc_text=reason) | TimedOut(exc_text=reason) | Died(reason=reason) | Released(reason=reason) if attempt is not None:
            key = attempt.key
            bus.emit(events.StoppedCallbackFailed(key.worker, key.queue, key.job_id, attempt.record.description, reason))
        case _:
            pass
