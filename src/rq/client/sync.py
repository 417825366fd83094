"""Jobs that are run where they are enqueued (`is_async=False`), and enqueueing on a server that runs no scripts: what tests on a small fake server need.

RQ's order differs from that of workers: the end of the job is written first, then its callback is called, without a time limit, and what that raises reaches
the caller. Retries and repeats do not apply. Everything is written over the queue's own connection, never into a user's pipeline, so the last state is last.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rq.core import context
from rq.core.defaults import DEFAULT_FAILURE_TTL, DEFAULT_RESULT_TTL
from rq.core.formats import format_date
from rq.core.serializers import serialized_result
from rq.core.tracebacks import format_exception, within_user_code
from rq.model.states import JobStatus
from rq.store.fields import write_meta
from rq.store.reads import job_exists
from rq.store.replies import Enqueued
from rq.store.sync import SYNC_WORKER, enqueue_plainly, fail_here, finish_here, read_earlier, read_time, start_here, write_meta_plainly

if TYPE_CHECKING:
    from types import TracebackType

    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.client.session import Session
    from rq.model.record import JobRecord
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
            error.__traceback__ = within_user_code(error.__traceback__)
            _fail(session, job, format_exception(error))
            job.execute_failure_callback(NoTimeLimit, type(error), error, error.__traceback__)
        else:
            _finish(session, job, result)
            job.execute_success_callback(NoTimeLimit, job.return_value())
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


# --- without scripts ----------------------------------------------------------------------------------------------------------


def send_job(session: Session, call: Call[Enqueued], record: JobRecord, *, at_front: bool, is_plain: bool) -> Enqueued:
    """Return the answer to an enqueue call; on a server without scripts, do the same with plain commands.

    Args:
        session: the queue's.
        call: the script.
        record: the job.
        at_front: whether it goes to the head of its queue.
        is_plain: whether plain commands can do it.

    Raises:
        ScriptsRefused: if they cannot.
    """

    def do_plainly() -> Enqueued:
        calls, now = _plain_calls(session, record, at_front=at_front)
        session.run_together(calls)
        return Enqueued("ok", JobStatus.QUEUED.value, format_date(datetime.fromtimestamp(now, UTC)))

    return session.run_or(call, do_plainly) if is_plain else session.run(call)


def send_meta(session: Session, job_id: str, meta: bytes) -> bool:
    """Write a job's serialized meta. Says whether the job exists."""

    def do_plainly() -> bool:
        exists = session.run(job_exists(session.scripts, job_id))
        if exists:
            session.run_together([write_meta_plainly(session.scripts, job_id, meta)])
        return exists

    return session.run_or(write_meta(session.scripts, job_id, meta), do_plainly)


def collect_job(session: Session, pipeline: Pipeline, call: Call[Enqueued], record: JobRecord, *, at_front: bool, is_plain: bool) -> None:
    """Add an enqueue call to a user's pipeline: as plain commands, if the server was found to run no scripts."""
    calls: list[Call[Any]] = _plain_calls(session, record, at_front=at_front)[0] if is_plain and session.lacks_scripts else [call]
    for each in calls:
        session.collect(pipeline, each)


def _plain_calls(session: Session, record: JobRecord, *, at_front: bool) -> tuple[list[Call[Any]], float]:
    now, earlier = session.run_many([read_time(session.scripts), read_earlier(session.scripts, record.id)])
    return enqueue_plainly(session.scripts, record, earlier, now, at_front=at_front), now
