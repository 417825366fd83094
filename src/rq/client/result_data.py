"""A result in memory, and the steps of waiting for one. What needs no server; `Result` has the rest, and for asyncio the `Result` of `rq.client.aio`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from rq.client.connections import reply_timeout_of
from rq.client.payload import serializer_of
from rq.client.types import T_co
from rq.core.clock import utc_now
from rq.core.keys import current_keyspace
from rq.core.serializers import serialized_result
from rq.model.result import ResultRecord, ResultType
from rq.store.codec import encode_result
from rq.store.reads import count_results, list_results, wait_for_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Self

    from rq.client.job_data import JobData
    from rq.core.serializers import Serializer
    from rq.store.calls import Call

# A blocking read ends this much before the client would give up waiting for the reply: servers look at the clock ten times a second.
_MARGIN_SECONDS = 0.25


class ResultData(Generic[T_co]):
    """What a result is made of; see `Result`."""

    Type: ClassVar = ResultType

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        job_id: str,
        type: ResultType,
        connection: Any,
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
        self.killed_by: str | None = None
        self.output = ""
        self.peak_memory: int | None = None
        self.cpu_seconds: float | None = None
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
    def get_key(cls, job_id: str) -> str:
        """Return the key of a job's stream of results."""
        return get_key(job_id)

    # --- what is asked of the server ---

    @classmethod
    def read_all(cls, job: JobData, serializer: Serializer | str | None) -> Call[list[Self]]:
        """Read the results of a job, newest first."""
        return list_results(job.session.scripts, job.id).then(lambda records: [cls._of(record, job, serializer) for record in records])

    @classmethod
    def read_newest(cls, job: JobData, serializer: Serializer | str | None) -> Call[Self | None]:
        """Read the newest result of a job, None if it has none."""
        return list_results(job.session.scripts, job.id, 1).then(lambda records: cls._of(records[0], job, serializer) if records else None)

    @classmethod
    def wait_for_outcome(cls, job: JobData, serializer: Serializer | str | None, timeout: float) -> Iterator[Call[Self | None]]:
        """Return the reads that wait for a result in the server, to be made one by one until one has an answer.

        Each is shorter than the time for which the client waits for a reply. An attempt after which the job runs again is passed over: who waits for a
        job wants to know what came of it, and RQ keeps no result of such attempts.
        """
        seen = "0-0"

        def newest_outcome(records: list[ResultRecord]) -> ResultRecord | None:
            nonlocal seen
            seen = records[-1].id if records else seen
            return next((record for record in reversed(records) if record.type is not ResultType.RETRIED), None)

        for milliseconds in _blocking_steps(reply_timeout_of(job.connection), timeout):
            call = wait_for_results(job.session.scripts, job.id, milliseconds, seen).then(newest_outcome)
            yield call.then(lambda record: None if record is None else cls._of(record, job, serializer))

    @classmethod
    def read_count(cls, job: JobData) -> Call[int]:
        """Count the results of a job."""
        return count_results(job.session.scripts, job.id)

    @classmethod
    def _of(cls, record: ResultRecord, job: JobData, serializer: Serializer | str | None) -> Self:
        return cls._from_record(record, job.id, job.connection, serializer or job.serializer)

    @classmethod
    def _from_record(cls, record: ResultRecord, job_id: str, connection: Any, serializer: Serializer | str | None) -> Self:
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
        result.killed_by, result.output = record.killed_by, record.output
        result.peak_memory, result.cpu_seconds = record.peak_memory, record.cpu_seconds
        return result

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
            self.killed_by,
            self.output,
            self.peak_memory,
            self.cpu_seconds,
        )

    # --- as a value ---

    def serialize(self) -> dict[str, Any]:
        """Return the result as its entry in the stream holds it: field to value."""
        return dict(encode_result(self._record()))

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, ResultData) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.job_id, self.id))

    def __bool__(self) -> bool:
        return bool(self.id)

    def __repr__(self) -> str:
        return f"Result(id={self.id}, type={self.type.name})"


def returned_value(latest: ResultData[T_co] | None) -> T_co | None:
    """Return what a job's function returned, by the job's newest result; None if that is none, or no success."""
    return latest.return_value if latest is not None and latest.type is ResultType.SUCCESSFUL else None


def get_key(job_id: str) -> str:
    """Return the key of a job's stream of results."""
    return current_keyspace().results(job_id)


def _blocking_steps(patience: float | None, timeout: float) -> Iterator[int]:
    """Yield for how many milliseconds to block, again and again, until the time is over."""
    longest = max(patience - _MARGIN_SECONDS, patience / 2) if patience else timeout
    deadline = time.monotonic() + timeout
    remaining = timeout
    while remaining > 0:
        yield max(int(min(remaining, longest) * 1000), 1)
        remaining = deadline - time.monotonic()
