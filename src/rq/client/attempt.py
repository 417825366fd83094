"""The attempt that runs in this process, as the executor describes it in `rq.core.context`, and its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from rq.core import context
from rq.core.errors import InvalidJobOperation

if TYPE_CHECKING:
    from collections.abc import Mapping

    import redis


class Attempt(Protocol):
    """The attempt that runs, as an executor describes it."""

    @property
    def job_id(self) -> str:
        """The job's id."""

    @property
    def fields(self) -> Mapping[bytes, bytes]:
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


def connect_attempt(current: CurrentAttempt) -> redis.Redis:
    """Return the connection of an attempt, made when it is first asked for.

    Raises:
        InvalidJobOperation: if the job was started without a connection.
    """
    if current.connection is None:
        if current.connection_settings is None:
            message = f"Job {current.attempt.job_id} was started without a connection to the server, so it can only be asked what it knows by itself"
            raise InvalidJobOperation(message)
        from rq.store.connection import rebuild_client  # noqa: PLC0415 - loads the client library, which jobs that only ask who they are do not need

        current.connection = rebuild_client(current.connection_settings)
    return cast("redis.Redis", current.connection)


def connection_of_running_job() -> redis.Redis | None:
    """Return the connection of the job that runs in this context; None outside of jobs.

    Raises:
        InvalidJobOperation: if the job was started without a connection.
    """
    current: Any = context.top()
    if current is None:
        return None
    found: redis.Redis = connect_attempt(current) if hasattr(current, "connection_settings") else current.connection  # else it is a `Job`
    return found
