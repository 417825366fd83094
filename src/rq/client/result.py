"""Results: what each attempt of a job left behind (door: `rq.results`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, Protocol

from rq.client.connections import reply_timeout_of
from rq.client.payload import serializer_of
from rq.client.session import current_keyspace, session_of
from rq.client.types import T_co
from rq.core.clock import utc_now
from rq.core.serializers import Serializer, serialized_result
from rq.model.result import ResultRecord, ResultType
from rq.store.codec import decode_fields, decode_result, encode_result
from rq.store.reads import count_results, list_results, wait_for_result
from rq.store.results import add_result, delete_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import redis
    from redis.client import Pipeline

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
    def fetch(cls, job: HasResults, serializer: Serializer | str | None = None) -> Result | None:
        """Return None, as in RQ, where it is a stub; see `fetch_latest`."""
        del job, serializer
        return None

    @classmethod
    def restore(cls, job_id: str, result_id: str, payload: Mapping[Any, Any], connection: redis.Redis, serializer: Serializer | str | None = None) -> Result:
        """Return the result that an entry of a job's stream describes.

        Args:
            job_id: the job.
            result_id: the id of the entry.
            payload: its fields, as the server returns them.
            connection: where the job lives.
            serializer: what its return value was written with; None for pickle.

        Raises:
            CorruptDataError: if the entry cannot be read.
        """
        return cls._from_record(decode_result(result_id, decode_fields(dict(payload))), job_id, connection, serializer)

    @classmethod
    def get_key(cls, job_id: str) -> str:
        """Return the key of a job's stream of results."""
        return get_key(job_id)

    @classmethod
    def _of(cls, record: ResultRecord, job: HasResults, serializer: Serializer | str | None) -> Result:
        return cls._from_record(record, job.id, job.connection, serializer or job.serializer)

    @classmethod
    def _from_record(cls, record: ResultRecord, job_id: str, connection: redis.Redis, serializer: Serializer | str | None) -> Result:
        result = cls(
            job_id,
            record.type,
            connection,
            id=record.id,
            created_at=record.created_at,
            exc_string=record.exc_string,
            worker_name=record.worker_name,
            serializer=serializer,
            execution_id=record.execution_id,
            execution_started_at=record.execution_started_at,
            execution_ended_at=record.execution_ended_at,
        )
        result._stored_value = record.return_value
        return result

    # --- by hand ---

    @classmethod
    def create(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        job: HasResults,
        type: ResultType,
        ttl: int | None,
        return_value: Any = None,
        exc_string: str | None = None,
        worker_name: str = "",
        pipeline: Pipeline | None = None,
        execution_id: str | None = None,
        execution_started_at: datetime | None = None,
        execution_ended_at: datetime | None = None,
    ) -> Result:
        """Store a result of a job, and return it. The job's own state stays as it is; workers write results in the step that ends an attempt.

        Args:
            job: the job.
            type: how the attempt ended.
            ttl: see `save`.
            return_value: what the function returned; instead of one that cannot be serialized, the text `Unserializable return value` is stored.
            exc_string: the traceback, if it did not return.
            worker_name: the worker that ran it.
            pipeline: collects the call; the result has no id then.
            execution_id: the id of the attempt.
            execution_started_at: when the attempt began.
            execution_ended_at: when it ended.
        """
        result = cls(
            job.id,
            type,
            job.connection,
            created_at=utc_now(),
            return_value=return_value,
            exc_string=exc_string,
            worker_name=worker_name,
            serializer=job.serializer,
            execution_id=execution_id,
            execution_started_at=execution_started_at,
            execution_ended_at=execution_ended_at,
        )
        result.save(ttl, pipeline)
        return result

    @classmethod
    def create_failure(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        job: HasResults,
        ttl: int | None,
        exc_string: str,
        worker_name: str = "",
        pipeline: Pipeline | None = None,
        execution_id: str | None = None,
        execution_started_at: datetime | None = None,
        execution_ended_at: datetime | None = None,
    ) -> Result:
        """Store that an attempt failed; see `create`."""
        execution = (execution_id, execution_started_at, execution_ended_at)
        return cls.create(job, ResultType.FAILED, ttl, None, exc_string, worker_name, pipeline, *execution)

    @classmethod
    def create_retried(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        job: HasResults,
        ttl: int | None,
        return_value: Any,
        worker_name: str,
        execution_id: str,
        execution_started_at: datetime,
        execution_ended_at: datetime,
        pipeline: Pipeline | None = None,
    ) -> Result:
        """Store that an attempt asked to be tried again, and how: `return_value` is its `Retry`; see `create`."""
        execution = (execution_id, execution_started_at, execution_ended_at)
        return cls.create(job, ResultType.RETRIED, ttl, return_value, None, worker_name, pipeline, *execution)

    @classmethod
    def create_max_retries_exceeded(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        job: HasResults,
        ttl: int | None,
        return_value: Any,
        worker_name: str,
        execution_id: str,
        execution_started_at: datetime,
        execution_ended_at: datetime,
        pipeline: Pipeline | None = None,
    ) -> Result:
        """Store that an attempt asked to be tried again once too often: `return_value` is its `Retry`; see `create`."""
        execution = (execution_id, execution_started_at, execution_ended_at)
        return cls.create(job, ResultType.MAX_RETRIES_EXCEEDED, ttl, return_value, None, worker_name, pipeline, *execution)

    @classmethod
    def delete_all(cls, job: HasResults) -> None:
        """Delete all results of a job."""
        job.session.run(delete_results(job.session.scripts, job.id))

    def serialize(self) -> dict[str, Any]:
        """Return the result as its entry in the stream holds it: field to value."""
        return dict(encode_result(self._record()))

    def save(self, ttl: int | None, pipeline: Pipeline | None = None) -> str | None:
        """Store the result as the newest of its job, and return the id of its entry.

        Args:
            ttl: in how many seconds all results of the job expire: -1 never, 0 at once; None leaves that as it is.
            pipeline: collects the call; then the id is in its replies, and None is returned.
        """
        session = session_of(self.connection)
        self.id = session.run_or_collect(add_result(session.scripts, self.job_id, self._record(), ttl), pipeline)
        return self.id

    def _record(self) -> ResultRecord:
        value = self._stored_value
        if value is None and self._return_value is not None:
            value = serialized_result(self._return_value, self.serializer)
        return ResultRecord(
            self.id or "",
            self.type,
            self.created_at or utc_now(),
            self.worker_name,
            value,
            self.exc_string,
            self.execution_id,
            self.execution_started_at,
            self.execution_ended_at,
        )

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
