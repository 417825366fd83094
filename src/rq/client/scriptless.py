"""Enqueueing and saving on a server that runs no scripts (fakeredis without Lua, a user who may not call them): with plain commands in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from rq.client.job_calls import write_meta
from rq.core.errors import ScriptsRefused
from rq.core.formats import format_date
from rq.model.states import JobStatus
from rq.store.reads import job_exists
from rq.store.replies import Enqueued
from rq.store.save import save_job
from rq.store.sync import enqueue_plainly, read_earlier, read_time, write_fields_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.client import Pipeline

    from rq.client.job_data import JobData
    from rq.client.session import Session
    from rq.store.calls import Argument, Call
    from rq.store.enqueue import NewJob


def run_enqueue(session: Session, call: Call[Enqueued], new: NewJob) -> Enqueued:
    """Return the answer to an enqueue call; on a server without scripts, do the same with plain commands.

    Args:
        session: the queue's.
        call: the script.
        new: the job.

    Raises:
        ScriptsRefused: if plain commands cannot do it: it is unique, scheduled, in a group, or depends on others.
    """

    def do_plainly() -> Enqueued:
        calls, now = _plain_calls(session, new)
        session.run_together(calls)
        return Enqueued("ok", JobStatus.QUEUED.value, format_date(datetime.fromtimestamp(now, UTC)))

    return session.run_or(call, do_plainly) if _is_plain(new) else session.run(call)


def send_meta(session: Session, job: JobData) -> None:
    """Write a job's meta; if there is no such job, nothing."""

    def do_plainly() -> None:
        meta = job.serializer.dumps(job.meta)
        if session.run(job_exists(session.scripts, job.id)):
            session.run_together([write_fields_plainly(session.scripts, job.id, ("meta", meta))])
        job.record.meta = meta

    session.run_or(write_meta(job), do_plainly)


def send_progress(session: Session, job: JobData) -> None:
    """Write a job's meta, if the server answers in time; if there is no such job, nothing."""
    if not session.lacks_scripts:
        try:
            session.run_if_possible(write_meta(job))
        except ScriptsRefused:
            session.lacks_scripts = True
    if session.lacks_scripts:
        send_meta(session, job)


def send_fields(session: Session, job_id: str, fields: Sequence[Argument], how: Literal["create", "update"], pipeline: Pipeline | None) -> None:
    """Write fields of a job (see `save_job`), or let a user's pipeline collect that: as plain commands, if the server was found to run no scripts."""

    def do_plainly() -> str:
        if how == "create" or session.run(job_exists(session.scripts, job_id)):
            session.run_together([write_fields_plainly(session.scripts, job_id, fields)])
        return "ok"

    call = save_job(session.scripts, job_id, fields, how)
    if pipeline is None:
        session.run_or(call, do_plainly)
    else:
        session.collect(pipeline, write_fields_plainly(session.scripts, job_id, fields) if session.lacks_scripts else call)


def collect_enqueue(session: Session, pipeline: Pipeline, call: Call[Enqueued], new: NewJob) -> None:
    """Add an enqueue call to a user's pipeline: as plain commands, if the server was found to run no scripts."""
    calls: list[Call[Any]] = _plain_calls(session, new)[0] if session.lacks_scripts and _is_plain(new) else [call]
    for each in calls:
        session.collect(pipeline, each)


def _is_plain(new: NewJob) -> bool:
    return new.is_plain and new.due is None and not new.unique


def _plain_calls(session: Session, new: NewJob) -> tuple[list[Call[Any]], float]:
    now, earlier = session.run_many([read_time(session.scripts), read_earlier(session.scripts, new.record.id)])
    return enqueue_plainly(session.scripts, new.record, earlier, now, at_front=new.at_front), now
