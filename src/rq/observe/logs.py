"""Events as log lines of the logger `rq.worker`.

Programs filter on RQ's fragments ("started with PID", "*** Listening on", "Job OK"), so these stand in the lines that mean the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from shlex import join, quote
from typing import Any

from rq.core.plain_call import PlainCall
from rq.core.printable import printable, printable_lines
from rq.observe import events as e

logger = logging.getLogger("rq.worker")
if logger.level == logging.NOTSET:
    logger.setLevel(logging.INFO)


class LogLines:
    """Writes events to `rq.worker`.

    Args:
        describe_jobs: whether a job's description (which shows its arguments) appears; without it, its id alone does.
        tell_lifespans: whether lines of the level DEBUG say for how long results are kept.
    """

    def __init__(self, *, describe_jobs: bool = True, tell_lifespans: bool = True) -> None:
        self.describe_jobs = describe_jobs
        self.tell_lifespans = tell_lifespans

    def __call__(self, event: e.WorkerEvent) -> None:
        """Write the line of one event."""
        write = _LINES.get(type(event))
        if write is not None:
            write(event, self)

    def name(self, event: e.JobEvent) -> str:
        """Return how a line calls the event's job."""
        if self.describe_jobs and event.description:
            return f"{printable(event.description)} ({printable(event.job_id)})"  # neither forges lines nor reaches a terminal
        return printable(event.job_id)


def _started(event: e.WorkerStarted, _lines: LogLines) -> None:
    logger.info("Worker %s: started with PID %s, version %s", event.worker, event.pid, event.version)
    logger.info("*** Listening on %s...", ", ".join(event.queues))


def _cannot_fork(event: e.CannotFork, _lines: LogLines) -> None:
    logger.warning("Worker %s: this platform cannot fork (it has no %s); jobs run in fresh interpreters, as with --executor spawn", event.worker, event.lacking)


def _replaced(event: e.WorkerReplaced, _lines: LogLines) -> None:
    logger.warning("Worker %s: took over the name of a dead worker and put back its jobs: %s", event.worker, ", ".join(event.job_ids) or "none")


def _registered_again(event: e.WorkerRegisteredAgain, _lines: LogLines) -> None:
    logger.warning("Worker %s: the server had forgotten this worker; it registered again", event.worker)


def _suspended(event: e.WorkerSuspended, _lines: LogLines) -> None:
    if event.what == "queues":
        logger.info("Worker %s: suspended, for all its queues are paused", event.worker)
    elif event.what == "worker":
        logger.info("Worker %s: suspended, this worker alone; `rq resume --worker %s` lets it go on", event.worker, quote(event.worker))
    else:
        logger.info("Worker %s: suspended, as all workers are; `rq resume` lets them go on", event.worker)


def _paused_queues(event: e.PausedQueues, _lines: LogLines) -> None:
    if event.queues:
        names = ", ".join(event.queues)
        logger.info("Worker %s: takes no jobs of the paused queues %s; `rq resume %s` lets them go on", event.worker, names, join(event.queues))
    else:
        logger.info("Worker %s: none of its queues is paused any more", event.worker)


def _resumed(event: e.WorkerResumed, _lines: LogLines) -> None:
    logger.info("Worker %s: resumed", event.worker)


def _shutdown(event: e.ShutdownRequested, _lines: LogLines) -> None:
    if event.cold:
        logger.warning("Worker %s: cold shut down requested by %s; putting back %s", event.worker, event.signal_name, _jobs(event.running, "running "))
    elif event.running:
        logger.info("Worker %s: warm shut down requested by %s; finishing %s first", event.worker, event.signal_name, _jobs(event.running, "running "))
    else:
        logger.info("Worker %s: warm shut down requested by %s", event.worker, event.signal_name)


def _stopped(event: e.WorkerStopped, _lines: LogLines) -> None:
    logger.info("Worker %s: stopped (%s) after %s", event.worker, event.reason, _jobs(event.jobs))


def _jobs(count: int, kind: str = "") -> str:
    return f"{count} {kind}{'job' if count == 1 else 'jobs'}"


def _trouble(event: e.ServerTrouble, _lines: LogLines) -> None:
    logger.error("Worker %s: the server did not answer (%s); trying again in %.1f seconds", event.worker, event.error, event.retry_seconds)


def _refused(event: e.ServerRefused, _lines: LogLines) -> None:
    logger.error("Worker %s: the server refused a call (%s); %s", event.worker, event.error, event.consequence)


def _taken(event: e.JobTaken, lines: LogLines) -> None:
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s: %s: %s", event.worker, event.queue, lines.name(event))


def _finished(event: e.JobFinished, lines: LogLines) -> None:
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s: Job OK: %s finished in %.3f seconds on worker %s", event.queue, lines.name(event), event.seconds, event.worker)
    if not lines.tell_lifespans:
        return
    if event.result_ttl == 0:
        logger.debug("The result of %s was discarded at once", event.job_id)
    elif event.result_ttl < 0:
        logger.debug("The result of %s never expires", event.job_id)
    else:
        logger.debug("The result of %s is kept for %s seconds", event.job_id, event.result_ttl)


def _failed(event: e.JobFailed, lines: LogLines) -> None:
    text = _shown(event.exc_text)
    logger.error("Worker %s: job %s failed after %.3f seconds\n%s", event.worker, lines.name(event), event.seconds, text, extra=_fields(event, lines))


def _retried(event: e.JobRetried, lines: LogLines) -> None:
    logger.warning(
        "Worker %s: job %s failed and runs again %s, %s retries left after that\n%s",
        *(event.worker, lines.name(event), _when(event.delay_seconds), event.retries_left, _shown(event.exc_text)),
        extra=_fields(event, lines),
    )


def _shown(text: str) -> str:
    """Return a traceback as a log may have it."""
    return "\n".join(printable_lines(text))


def _fields(event: e.JobFailed | e.JobRetried, lines: LogLines) -> dict[str, object]:
    """Return the fields that RQ's record of a failed job has: what JSON loggers write, and error trackers show. Who hides arguments hides them here, too."""
    call = event.call if lines.describe_jobs else PlainCall(event.call.func_name)
    return {"func": call.func_name, "arguments": call.args, "kwargs": call.kwargs, "queue": event.queue, "job_id": event.job_id}


def _asked_again(event: e.JobAskedAgain, lines: LogLines) -> None:
    logger.info("Worker %s: job %s asked to run again and does so %s (%s)", event.worker, lines.name(event), _when(event.delay_seconds), event.number)


def _repeated(event: e.JobRepeated, lines: LogLines) -> None:
    logger.info("Worker %s: job %s runs again %s", event.worker, lines.name(event), _when(event.delay_seconds))


def _when(delay_seconds: float) -> str:
    return f"in {round(delay_seconds, 1)} seconds" if delay_seconds else "at once"


def _died(event: e.JobDied, lines: LogLines) -> None:
    what = "was set aside as failed, because that happened too often" if event.status == "failed" else "went back to its queue"
    logger.warning("Worker %s: job %s ended without an outcome (%s) and %s", event.worker, lines.name(event), printable(event.reason), what)


def _job_stopped(event: e.JobStopped, lines: LogLines) -> None:
    logger.warning("Worker %s: job %s was stopped (%s)", event.worker, lines.name(event), printable(event.reason))


def _stopped_callback_failed(event: e.StoppedCallbackFailed, lines: LogLines) -> None:
    logger.error("Worker %s: the stopped callback of job %s failed\n%s", event.worker, lines.name(event), _shown(event.reason))


def _released(event: e.JobReleased, lines: LogLines) -> None:
    logger.info("Worker %s: job %s went back to its queue (%s)", event.worker, lines.name(event), printable(event.reason))


_REFUSALS = {
    "dup": "it was written before",
    "fenced": "the lease had run out and the job was taken back",
    "superseded": "the job was enqueued anew while it ran; the result was kept, the status was not",
    "gone": "the job was deleted while it ran",
    "badtype": "the job's key does not hold a job any more",
}


def _outcome_refused(event: e.OutcomeRefused, lines: LogLines) -> None:
    logger.warning("Worker %s: the outcome of job %s was not taken: %s", event.worker, lines.name(event), _REFUSALS.get(event.code, event.code))


_ABANDONMENTS = {
    "fenced": "its lease had run out and the job was taken back",
    "gone": "the job was deleted",
    "canceled": "the job was canceled",
    "stop": "somebody stopped it",
    "kill": "somebody wants it killed",
}


def _abandoned(event: e.AttemptAbandoned, lines: LogLines) -> None:
    logger.warning("Worker %s: the running attempt of job %s was ended: %s", event.worker, lines.name(event), _ABANDONMENTS.get(event.code, event.code))


def _reclaimed(event: e.JobReclaimed, _lines: LogLines) -> None:
    what = "set aside as failed, because that happened too often" if event.status == "failed" else "put back to its queue"
    logger.warning("Worker %s: job %s of a dead worker was %s", event.worker, event.job_id, what)


_LINES: dict[type[e.WorkerEvent], Callable[[Any, LogLines], None]] = {
    e.WorkerStarted: _started,
    e.CannotFork: _cannot_fork,
    e.WorkerReplaced: _replaced,
    e.WorkerRegisteredAgain: _registered_again,
    e.WorkerSuspended: _suspended,
    e.PausedQueues: _paused_queues,
    e.WorkerResumed: _resumed,
    e.ShutdownRequested: _shutdown,
    e.WorkerStopped: _stopped,
    e.ServerTrouble: _trouble,
    e.ServerRefused: _refused,
    e.JobTaken: _taken,
    e.JobFinished: _finished,
    e.JobFailed: _failed,
    e.JobRetried: _retried,
    e.JobAskedAgain: _asked_again,
    e.JobRepeated: _repeated,
    e.JobDied: _died,
    e.JobStopped: _job_stopped,
    e.StoppedCallbackFailed: _stopped_callback_failed,
    e.JobReleased: _released,
    e.OutcomeRefused: _outcome_refused,
    e.AttemptAbandoned: _abandoned,
    e.JobReclaimed: _reclaimed,
}
