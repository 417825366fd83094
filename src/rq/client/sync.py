"""Jobs that are run where they are enqueued (`is_async=False`): what tests without a worker need.

RQ's order differs from that of workers: the end of the job is written first, then its callback is called, without a time limit, and what that raises reaches
the caller. Retries and repeats do not apply. Everything is written over the queue's own connection, never into a user's pipeline, so the last state is last.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rq.core import context
from rq.core.defaults import DEFAULT_FAILURE_TTL, DEFAULT_RESULT_TTL
from rq.core.serializers import serialized_result
from rq.core.tracebacks import format_exception, traceback_for_users
from rq.model.states import JobStatus
from rq.store.dependents import note_release, release_dependents
from rq.store.reads import list_dependents
from rq.store.sync import SYNC_WORKER, fail_here, finish_here, read_earlier, read_time, start_here

if TYPE_CHECKING:
    from types import TracebackType

    from rq.client.job import Job
    from rq.client.session import Session
    from rq.store.calls import Call


class NoTimeLimit:
    """A death penalty that is never carried out; it takes what the others take."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        del args, kwargs

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Let an exception go on."""


def run_here(session: Session, job: Job) -> Job:
    """Run a job in this thread, write down what came of it, call its callback, and return it. What the function raises is written down, not raised.

    Raises:
        Exception: what a callback raises, the job having ended before.
    """
    _start(session, job)
    context.push(job)
    try:
        try:
            result = job.perform()
        except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too; RQ records it all
            error.__traceback__ = traceback_for_users(error.__traceback__)
            exc_text = format_exception(error)
            _fail(session, job, exc_text)
            job.execute_failure_callback(NoTimeLimit, type(error), error, error.__traceback__)
            _tell_others(session, job, exc_text)
        else:
            _finish(session, job, result)
            job.execute_success_callback(NoTimeLimit, job.return_value())
            _tell_others(session, job, None)
    finally:
        context.pop()
    return job


def perform_here(session: Session, job: Job) -> Job:
    """Call a job's function in this thread, write down that it succeeded, and return the job. Exception: what the function raises; then nothing is written."""
    _finish(session, job, job.perform())
    return job


def _start(session: Session, job: Job) -> None:
    record = job.packed_record()
    now, earlier = session.run_many([read_time(session.scripts), read_earlier(session.scripts, job.id)])
    moment = datetime.fromtimestamp(now, UTC)
    session.run_together(start_here(session.scripts, record, earlier, moment))
    record.status, record.attempt, record.worker_name = JobStatus.STARTED, earlier.attempt + 1, SYNC_WORKER
    record.enqueued_at = record.started_at = record.last_heartbeat = moment
    record.ended_at = None


def _finish(session: Session, job: Job, result: Any) -> None:
    payload = None if result is None else serialized_result(result, job.serializer)
    now = session.run(read_time(session.scripts))
    _write_end(session, job, now, finish_here(session.scripts, job.record, now, payload, job.get_result_ttl(DEFAULT_RESULT_TTL)), JobStatus.FINISHED)


def _fail(session: Session, job: Job, exc_text: str) -> None:
    now = session.run(read_time(session.scripts))
    ttl = DEFAULT_FAILURE_TTL if job.failure_ttl is None else job.failure_ttl
    _write_end(session, job, now, fail_here(session.scripts, job.record, now, exc_text, ttl), JobStatus.FAILED)


def _write_end(session: Session, job: Job, now: float, calls: list[Call[Any]], status: JobStatus) -> None:
    session.run_together(calls)
    job.record.status, job.record.ended_at = status, datetime.fromtimestamp(now, UTC)
    job.take_as_stored()


def _tell_others(session: Session, job: Job, exc_text: str | None) -> None:
    """Send the webhooks that are for this end, and let go on who waits for the job; on a server without scripts, nobody can wait."""
    status = JobStatus(job.record.status or "")
    job.send_webhooks(status, exc_string=exc_text)
    if session.lacks_scripts or not session.run(list_dependents(session.scripts, job.id)):
        return
    session.run(note_release(session.scripts, job.id, status.value))
    while session.run(release_dependents(session.scripts, job.id))[0]:
        pass
