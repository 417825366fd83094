"""Results: what each attempt of a job left behind (door: `rq.results`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq.client.result_data import ResultData, get_key
from rq.client.session import session_of
from rq.client.types import T_co
from rq.core.clock import utc_now
from rq.model.result import ResultType
from rq.store.codec import decode_fields, decode_result
from rq.store.results import add_result, delete_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import redis
    from redis.client import Pipeline

    from rq.client.job_data import JobData
    from rq.client.session import Session
    from rq.core.serializers import Serializer

    SyncJob = JobData[redis.Redis, Session]


class Result(ResultData[T_co]):
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

    Attributes:
        killed_by: what put an end to the attempt, in words: a signal, a limit, somebody's wish, the death of its worker. None if it ended by itself.
        output: the end of what it printed and logged; '' if nothing was kept.
        peak_memory: the most memory that its process had, in KiB; None where nobody measured.
        cpu_seconds: the time of processors that it took; None where nobody measured.
    """

    __module__ = "rq.results"

    connection: redis.Redis

    @classmethod
    def all(cls, job: SyncJob, serializer: Serializer | str | None = None) -> list[Result]:
        """Return the results of a job, newest first; the ten newest are kept."""
        return job.session.run(cls.read_all(job, serializer))

    @classmethod
    def count(cls, job: SyncJob) -> int:
        """Return how many results a job has."""
        return job.session.run(cls.read_count(job))

    @classmethod
    def fetch_latest(cls, job: SyncJob, serializer: Serializer | str | None = None, timeout: float = 0) -> Result | None:
        """Return the newest result of a job, None if it has none.

        Args:
            job: the job.
            serializer: what its return value was written with; None for the job's own.
            timeout: how many seconds to wait for a first result; that of an attempt after which the job runs again does not count. The call blocks in the
                server and returns the moment there is one.
        """
        if timeout <= 0:
            return job.session.run(cls.read_newest(job, serializer))
        found = (job.session.run(call) for call in cls.wait_for_outcome(job, serializer, timeout))
        return next((result for result in found if result is not None), None)

    @classmethod
    def fetch(cls, job: SyncJob, serializer: Serializer | str | None = None) -> Result | None:
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

    # --- by hand ---

    @classmethod
    def create(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        job: SyncJob,
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

        Raises:
            CorruptDataError: see `save`.
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
        job: SyncJob,
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
        job: SyncJob,
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
        job: SyncJob,
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
    def delete_all(cls, job: SyncJob) -> None:
        """Delete all results of a job."""
        job.session.run(delete_results(job.session.scripts, job.id))

    def save(self, ttl: int | None, pipeline: Pipeline | None = None) -> str | None:
        """Store the result as the newest of its job, and return the id of its entry.

        Args:
            ttl: in how many seconds all results of the job expire: -1 never, 0 at once; None leaves that as it is.
            pipeline: collects the call; then the id is in its replies, and None is returned.

        Raises:
            CorruptDataError: if the key of the job's results holds something else.
        """
        session = session_of(self.connection)
        self.id = session.run_or_collect(add_result(session.scripts, self.job_id, self._record(), ttl), pipeline)
        return self.id


__all__ = ["Result", "get_key"]
