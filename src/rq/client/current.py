"""The job that is running here."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

from rq.client.attempt import connect_attempt
from rq.client.classes import job_class_of
from rq.client.job import Job
from rq.core import context
from rq.store.codec import decode_job

if TYPE_CHECKING:
    import redis

    from rq.client.attempt import CurrentAttempt


def get_current_job(connection: redis.Redis | None = None, job_class: type[Job] | None = None) -> Job | None:
    """Return the job that runs in this thread, greenlet or task; None outside of jobs. Always the same object during one attempt; reads nothing.

    Args:
        connection: deprecated and ignored, as in RQ: the job has the connection of its worker, made when it is first needed.
        job_class: deprecated and ignored.
    """
    for name, value in (("connection", connection), ("job_class", job_class)):
        if value is not None:
            warnings.warn(f"get_current_job() ignores {name}; leave it out", DeprecationWarning, stacklevel=2)
    current = context.top()
    if current is None or isinstance(current, Job):
        return current
    return job_of(cast("CurrentAttempt", current))


def job_of(current: CurrentAttempt) -> Job:
    """Return the job of an attempt: always the same object.

    Raises:
        ReferenceNotFound: if its class cannot be imported here. CorruptDataError: if its hash cannot be read.
    """
    if current.job is None:
        current.job = job_class_of(current.job_class).of_attempt(
            decode_job(current.attempt.job_id, current.attempt.fields),
            lambda: connect_attempt(current),
            current.serializer,
        )
    return cast("Job", current.job)
