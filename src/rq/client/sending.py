"""A job goes to the server, alone or with many others: what is sent, and what the answer says of the job."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rq.client.scriptless import collect_enqueue, run_enqueue
from rq.core.clock import utc_now
from rq.core.errors import DuplicateJobError, InvalidJobDependency
from rq.core.formats import parse_date
from rq.model.states import JobStatus
from rq.store.enqueue import NewJob, enqueue_job

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from redis.client import Pipeline

    from rq.client.job_data import JobData
    from rq.client.session import Session
    from rq.store.replies import Enqueued


def new_job(job: JobData, nonce: str, *, at_front: bool = False, due: float | timedelta | None = None, unique: bool = False) -> NewJob:
    """Return a job on its way, its payload and meta serialized. `nonce` names the call.

    Raises:
        InvalidJobDependency: if it depends on itself. Whatever the serializer raises for what it cannot serialize.
    """
    record = job.packed_record()
    if record.dependency_ids:
        if record.id in record.dependency_ids:
            message = f"Job {record.id} depends on itself: it would wait for ever"
            raise InvalidJobDependency(message)
        record.enqueue_at_front = at_front or record.enqueue_at_front  # it has no place in the queue yet
    return NewJob(record, nonce, at_front, due, unique)


def send_job(session: Session, new: NewJob, job: JobData) -> None:
    """Send a job: one round trip. Afterwards it shows what became of it.

    Raises:
        DuplicateJobError: if it was to be unique and there is a job of its id. InvalidJobDependency: if it would wait for itself.
        QueueFullError: if the server has no memory left for it.
    """
    confirm(job, run_enqueue(session, enqueue_job(session.scripts, new), new))


def collect_job(session: Session, pipeline: Pipeline, new: NewJob, job: JobData) -> None:
    """Add a job to a caller's pipeline. It shows what it will be when the pipeline is executed, as far as that can be known before."""
    collect_enqueue(session, pipeline, enqueue_job(session.scripts, new), new)
    foresee(job, new)


def foresee(job: JobData, new: NewJob) -> None:
    """Let a job show what it will probably be once it is sent."""
    record = job.record
    record.status = JobStatus.QUEUED if new.due is None else JobStatus.SCHEDULED
    if record.dependency_ids:
        record.status = JobStatus.DEFERRED
    record.enqueued_at = utc_now() if record.status is JobStatus.QUEUED else None


def confirm(job: JobData, answer: Enqueued) -> None:
    """Let a job show what the server says became of it.

    Raises:
        DuplicateJobError: if it was to be unique and there is a job of its id. InvalidJobDependency: if it would wait for itself.
    """
    if answer.code not in _ACCEPTED:
        refuse(job, answer)
    record = job.record
    record.status = _STATUS_OF[answer.status]
    if record.status is JobStatus.QUEUED:
        record.enqueued_at = _moment(answer.enqueued_at) if answer.enqueued_at else utc_now()
    job.take_as_stored()


_ACCEPTED = frozenset({"ok", "dup"})
_STATUS_OF = {status.value: status for status in JobStatus}
# The jobs of one call have one date.
_moment = lru_cache(maxsize=4)(parse_date)


def refuse(job: JobData, answer: Enqueued) -> None:
    """Raise what an answer says against a job; nothing was written for it then.

    Raises:
        DuplicateJobError: if it was to be unique and there is a job of its id. InvalidJobDependency: if it would wait for itself, or nobody can say.
    """
    match answer.code:
        case "exists":
            message = f"Job {job.id} exists already and is {answer.status}; delete it, or enqueue another id, or without unique=True"
            raise DuplicateJobError(message)
        case "cycle":
            message = f"Job {job.id} would wait for itself: a job that it depends on waits for it"
            raise InvalidJobDependency(message)
        case "deep":
            message = f"Job {job.id} is waited for, and what it depends on leads to more than 10,000 jobs: nobody can say whether it would wait for itself"
            raise InvalidJobDependency(message)


# --- many ---------------------------------------------------------------------------------------------------------------------------


def in_order_of_dependence(new_jobs: Sequence[NewJob]) -> list[NewJob]:
    """Return jobs so that each comes after those of them that it depends on, and else in their order.

    Raises:
        InvalidJobDependency: if some of them would wait for one another.
    """
    if not any(new.record.dependency_ids for new in new_jobs):
        return list(new_jobs)
    by_id = {new.record.id: new for new in new_jobs}
    ordered: dict[str, NewJob] = {}
    for first in new_jobs:
        _place(first, by_id, ordered)
    return list(ordered.values())


def _place(first: NewJob, by_id: dict[str, NewJob], ordered: dict[str, NewJob]) -> None:
    """Put a job behind what it depends on. With a stack of its own: a chain may be longer than Python's."""
    path: dict[str, Any] = {}
    stack = [first]
    while stack:
        new = stack[-1]
        job_id = new.record.id
        missing = [by_id[parent] for parent in new.record.dependency_ids if parent in by_id and parent not in ordered]
        if job_id in ordered or not missing:
            ordered.setdefault(job_id, new)
            path.pop(job_id, None)
            stack.pop()
        elif job_id in path:
            message = f"Job {job_id} would wait for itself: among the jobs enqueued with it, one that it depends on waits for it"
            raise InvalidJobDependency(message)
        else:
            path[job_id] = None
            stack += missing
