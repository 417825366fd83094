"""Results, awaited. See `rq.client.result`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.result_data import ResultData
from rq.client.types import T_co

if TYPE_CHECKING:
    import redis.asyncio

    from rq.client.aio.session import AsyncSession
    from rq.client.job_data import JobData
    from rq.core.serializers import Serializer

    AsyncJob = JobData[redis.asyncio.Redis, AsyncSession]


class Result(ResultData[T_co]):
    """How one attempt of a job ended; see `rq.results.Result`. Its return value is at hand, nothing of it is awaited."""

    __module__ = "rq.aio"

    connection: redis.asyncio.Redis

    @classmethod
    async def all(cls, job: AsyncJob, serializer: Serializer | str | None = None) -> list[Result]:
        """Return the results of a job, newest first; the ten newest are kept."""
        return [*await job.session.run(cls.read_all(job, serializer))]

    @classmethod
    async def count(cls, job: AsyncJob) -> int:
        """Return how many results a job has."""
        return await job.session.run(cls.read_count(job))

    @classmethod
    async def fetch_latest(cls, job: AsyncJob, serializer: Serializer | str | None = None, timeout: float = 0) -> Result | None:  # noqa: ASYNC109 - as in the synchronous client; the waiting is done by the server
        """Return the newest result of a job, None if it has none.

        Args:
            job: the job.
            serializer: what its return value was written with; None for the job's own.
            timeout: how many seconds to wait for a first result, as in the synchronous client. It is there the moment the attempt has ended; meanwhile other
                tasks run. Each such wait has a connection of the client's pool for itself.
        """
        if timeout <= 0:
            return await job.session.run(cls.read_newest(job, serializer))
        for call in cls.wait_for_outcome(job, serializer, timeout):
            result = await job.session.run(call)
            if result is not None:
                return result
        return None
