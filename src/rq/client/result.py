"""Results: what each attempt of a job left behind (door: `rq.results`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, Protocol

from rq.client.connections import reply_timeout_of
from rq.client.payload import serializer_of
from rq.client.session import current_keyspace
from rq.client.types import T_co
from rq.core.serializers import Serializer
from rq.model.result import ResultRecord, ResultType
from rq.store.reads import count_results, list_results, wait_for_result

if TYPE_CHECKING:
    from datetime import datetime

    import redis

    from rq.client.session import Session

# A blocking read ends this much before the client would give up waiting for the reply: servers look at the clock ten times a second.
_MARGIN_SECONDS = 0.25


class HasResults(Protocol):
    """The part of a job that is needed to find its results."""

    @property
    def id(self) -> str:
        """The job's id."""

    @property
    def session(self) -> Session:
        """The connection with its keys and scripts."""

    @property
    def connection(self) -> redis.Redis:
        """The client."""

    @property
    def serializer(self) -> Serializer:
        """What results are written with."""


class Result(Generic[T_co]):
    """How one attempt of a job ended. Equal to another result of the same id.

    Args:
        job_id: the job.
        type: how the attempt ended.
        connection: where the job lives.
        id: the id of the entry in the job's stream of results; None if it is not stored.
        created_at: when it was written.
        return_value: what the function returned.
        exc_string: the traceback, if it did not return.
        worker_name: the worker that ran it, '' if that is not known.
        serializer: what return values are written with.
        execution_id: the id of the attempt, None if that is not known.
        execution_started_at: when the attempt began.
        execution_ended_at: when it ended.
    """

    __module__ = "rq.results"

    Type = ResultType

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        job_id: str,
        type: ResultType,
        connection: redis.Redis,
        id: str | None = None,
        created_at: datetime | None = None,
        return_value: Any = None,
        exc_string: str | None = None,
        worker_name: str = "",
        serializer: Serializer | str | None = None,
        execution_id: str | None = None,
        execution_started_at: datetime | None = None,
        execution_ended_at: datetime | None = None,
    ) -> None:
        self.job_id = job_id
        self.type = type
        self.connection = connection
        self.id = id
        self.created_at = created_at
        self.exc_string = exc_string
        self.worker_name = worker_name
        self.serializer = serializer_of(serializer)
        self.execution_id = execution_id
        self.execution_started_at = execution_started_at
        self.execution_ended_at = execution_ended_at
        self._return_value: T_co | None = return_value
        self._stored_value: bytes | None = None

    @property
    def return_value(self) -> T_co | None:
        """What the function returned; None too if it returned nothing. Loaded when it is first asked for.

        Raises:
            Exception: whatever the serializer raises for a value it cannot load.
        """
        if self._stored_value is not None:
            self._return_value = self.serializer.loads(self._stored_value)
            self._stored_value = None
        return self._return_value

    @return_value.setter
    def return_value(self, value: Any) -> None:
        self._return_value = value
        self._stored_value = None

    @classmethod
    def all(cls, job: HasResults, serializer: Serializer | str | None = None) -> list[Result]:
        """Return the results of a job, newest first; the ten newest are kept."""
        records = job.session.run(list_results(job.session.scripts, job.id))
        return [cls._of(record, job, serializer) for record in records]

    @classmethod
    def count(cls, job: HasResults) -> int:
        """Return how many results a job has."""
        return job.session.run(count_results(job.session.scripts, job.id))

    @classmethod
    def fetch_latest(cls, job: HasResults, serializer: Serializer | str | None = None, timeout: float = 0) -> Result | None:
        """Return the newest result of a job, None if it has none.

        Args:
            job: the job.
            serializer: what its return value was written with; None for the job's own.
            timeout: how many seconds to wait for a first result. The call blocks in the server and returns the moment there is one.
        """
        record = _wait(job, timeout) if timeout > 0 else _newest(job)
        return None if record is None else cls._of(record, job, serializer)

    @classmethod
    def get_key(cls, job_id: str) -> str:
        """Return the key of a job's stream of results."""
        return get_key(job_id)

    @classmethod
    def _of(cls, record: ResultRecord, job: HasResults, serializer: Serializer | str | None) -> Result:
        result = cls(
            job.id,
            record.type,
            job.connection,
            id=record.id,
            created_at=record.created_at,
            exc_string=record.exc_string,
            worker_name=record.worker_name,
            serializer=serializer or job.serializer,
            execution_id=record.execution_id,
            execution_started_at=record.execution_started_at,
            execution_ended_at=record.execution_ended_at,
        )
        result._stored_value = record.return_value
        return result

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Result) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.job_id, self.id))

    def __bool__(self) -> bool:
        return bool(self.id)

    def __repr__(self) -> str:
        return f"Result(id={self.id}, type={self.type.name})"


def get_key(job_id: str) -> str:
    """Return the key of a job's stream of results."""
    return current_keyspace().results(job_id)


def _newest(job: HasResults) -> ResultRecord | None:
    records = job.session.run(list_results(job.session.scripts, job.id, 1))
    return records[0] if records else None


def _wait(job: HasResults, timeout: float) -> ResultRecord | None:
    """Block until there is a result, in steps that are shorter than the client's own patience."""
    patience = reply_timeout_of(job.connection)
    longest = max(patience - _MARGIN_SECONDS, patience / 2) if patience else timeout
    deadline = time.monotonic() + timeout
    while True:
        remaining = deadline - time.monotonic()
        milliseconds = max(int(min(remaining, longest) * 1000), 1)
        record = job.session.run(wait_for_result(job.session.scripts, job.id, milliseconds))
        if record is not None or remaining <= longest:
            return record
