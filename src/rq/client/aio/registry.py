"""Registries, awaited. See `rq.client.registry`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rq.client.aio.job import Job
from rq.client.aio.session import AsyncSession, session_of
from rq.client.registry_data import RegistryData, StartedData, id_of, longest, requeue_from
from rq.core.ids import split_composite
from rq.store.reads import count_registry, list_executions

if TYPE_CHECKING:
    import redis.asyncio

    from rq.client.queue_data import QueueData
    from rq.core.serializers import Serializer


class BaseRegistry(RegistryData[Job, AsyncSession]):
    """The jobs of one queue that are in one state. Use one of its subclasses. As `rq.registry.BaseRegistry`.

    Args:
        name: the queue's name.
        connection: any `redis.asyncio` client; not needed with `queue`.
        job_class: what jobs are made of.
        queue: takes name, connection and serializer from this queue.
        serializer: what the jobs' payloads are written with.

    Raises:
        OptionTypeError: without connection and queue (a TypeError).
    """

    __module__ = "rq.aio"

    kind = "registry"
    connection: redis.asyncio.Redis

    def __init__(
        self,
        name: str = "default",
        connection: redis.asyncio.Redis | None = None,
        job_class: type[Job] = Job,
        queue: QueueData[Job, AsyncSession] | None = None,
        serializer: Serializer | str | None = None,
    ) -> None:
        if queue is not None:
            name, connection, serializer = queue.name, queue.connection, queue.serializer
        super().__init__(name, session_of(connection), job_class, serializer)
        self.job_class = job_class

    async def count(self) -> int:
        """Return how many jobs it names. Changes nothing; entries that expired count until a worker sweeps them, which takes seconds."""
        return await self._session.run(count_registry(self._session.scripts, self.kind, self.name))

    async def contains(self, job_or_id: Job | str) -> bool:
        """Say whether it names a job."""
        return await self._score(id_of(job_or_id)) is not None

    async def get_job_ids(self, start: int = 0, end: int = -1, desc: bool = False) -> list[str]:
        """Return job ids in the order of their score: the time of expiry, of scheduling, or of entry, depending on the registry.

        Args:
            start: the first rank.
            end: the last rank, inclusive; -1 is the end.
            desc: whether to begin with the highest score.
        """
        return [self.parse_job_id(entry) for entry in await self._session.run(self._read_entries(start, end, desc))]

    async def get_expiration_time(self, job_or_id: Job | str) -> datetime:
        """Return when the registry forgets a job, aware, in UTC; the latest possible datetime if never.

        Raises:
            OptionTypeError: if it does not name the job (a TypeError, as with RQ).
        """
        job_id = id_of(job_or_id)
        return self._expiration_of(job_id, await self._score(job_id))

    async def requeue(self, job_or_id: Job | str, at_front: bool = False) -> Job:
        """Put a job of this registry into the queue it came from, to run again, or now. Atomic. See `rq.registry.BaseRegistry.requeue`.

        Raises:
            NoSuchJobError: if there is no such job.
            InvalidJobOperation: if the registry does not name it, or it is in no state to run again.
        """
        job_id = id_of(job_or_id)
        await self._session.run(requeue_from(self._session, self.kind, self.name, job_id, at_front=at_front))
        if isinstance(job_or_id, str):
            return await self.job_class.fetch(job_id, self.connection, self.serializer)
        await job_or_id.refresh()
        return job_or_id

    async def _score(self, job_id: str) -> float | None:
        return await self._session.run(self._read_score(job_id))


class StartedJobRegistry(StartedData[Job, AsyncSession], BaseRegistry):
    """The jobs that run now. Its entries are executions, `<job id>:<execution id>`, scored by the end of their lease."""

    __module__ = "rq.aio"

    kind = "wip"

    async def get_job_and_execution_ids(self, start: int = 0, end: int = -1, desc: bool = False) -> list[tuple[str, str]]:
        """Return job id and execution id of each entry, in the order of the end of their lease."""
        return [split_composite(entry) for entry in await self._session.run(self._read_entries(start, end, desc))]

    async def _score(self, job_id: str) -> float | None:
        executions = await self._session.run(list_executions(self._session.scripts, job_id))
        return longest(await self._session.run_many(self._read_scores(job_id, executions)))


class FinishedJobRegistry(BaseRegistry):
    """The jobs that succeeded, scored by when they are forgotten."""

    __module__ = "rq.aio"

    kind = "finished"


class FailedJobRegistry(BaseRegistry):
    """The jobs that failed or were stopped, scored by when they are forgotten."""

    __module__ = "rq.aio"

    kind = "failed"


class DeferredJobRegistry(BaseRegistry):
    """The jobs that wait for other jobs, scored by when they began to."""

    __module__ = "rq.aio"

    kind = "deferred"


class ScheduledJobRegistry(BaseRegistry):
    """The jobs that are to be queued at a given time, scored by it."""

    __module__ = "rq.aio"

    kind = "scheduled"

    async def get_scheduled_time(self, job_or_id: Job | str) -> datetime:
        """Return when a job is due, aware, in UTC.

        Raises:
            NoSuchJobError: if it is not scheduled here.
        """
        job_id = id_of(job_or_id)
        return self._due_time_of(job_id, await self._score(job_id))


class CanceledJobRegistry(BaseRegistry):
    """The jobs that were canceled, scored by when they were."""

    __module__ = "rq.aio"

    kind = "canceled"
