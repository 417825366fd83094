"""Results: what each attempt of a job left behind (door: `rq.results`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.result_data import ResultData, get_key
from rq.client.types import T_co

if TYPE_CHECKING:
    import redis

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
            timeout: how many seconds to wait for a first result. The call blocks in the server and returns the moment there is one.
        """
        if timeout <= 0:
            return job.session.run(cls.read_newest(job, serializer))
        found = (job.session.run(call) for call in cls.wait_for_first(job, serializer, timeout))
        return next((result for result in found if result is not None), None)


__all__ = ["Result", "get_key"]
