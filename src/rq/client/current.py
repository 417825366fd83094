"""The job that is running here."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol, cast

from rq.client.classes import job_class_of
from rq.client.job import Job
from rq.core import context
from rq.core.errors import InvalidJobOperation
from rq.store.codec import decode_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    import redis


class Attempt(Protocol):
    """The attempt that runs, as an executor describes it."""

    @property
    def job_id(self) -> str:
        """The job's id."""

    @property
    def fields(self) -> Mapping[str, bytes]:
        """The job's hash as it was claimed."""


class CurrentAttempt(Protocol):
    """What executors put into `core.context` for the time of an attempt."""

    @property
    def attempt(self) -> Attempt:
        """The attempt."""

    @property
    def connection_settings(self) -> bytes | None:
        """What the store makes a connection of."""

    @property
    def job_class(self) -> type[Any] | str | None:
        """What the job is made of; None means `Job`."""

    serializer: Any  # what the payload is written with; None means pickle
    connection: object | None  # made from the settings when user code asks for it first
    job: object | None  # the job, made when user code asks for it first: always the same object


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
            decode_job(current.attempt.job_id, {name.encode(): value for name, value in current.attempt.fields.items()}),
            lambda: _connect(current),
            current.serializer,
        )
    return cast("Job", current.job)


def _connect(current: CurrentAttempt) -> redis.Redis:
    if current.connection is None:
        if current.connection_settings is None:
            message = f"Job {current.attempt.job_id} was started without a connection to the server, so it can only be asked what it knows by itself"
            raise InvalidJobOperation(message)
        from rq.store.connection import rebuild_client  # noqa: PLC0415 - loads the client library, which jobs that only ask who they are do not need

        current.connection = rebuild_client(current.connection_settings)
    return cast("redis.Redis", current.connection)
