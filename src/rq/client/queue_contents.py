"""What a queue holds: the jobs that wait in it, and the registries of those that do not. `Queue` adds how jobs get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.job import Job
from rq.client.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.store.purge import MOST_PURGED, purge_queue
from rq.store.reads import count_queue, find_position, list_queue

if TYPE_CHECKING:
    import redis

    from rq.client.session import Session
    from rq.core.serializers import Serializer


class QueueContents:
    """The jobs of one queue; see `Queue`."""

    name: str
    connection: redis.Redis
    serializer: Serializer
    job_class: type[Job] = Job
    _session: Session

    # --- what waits ---

    @property
    def key(self) -> str:
        """The key of the list of waiting job ids."""
        return self._session.keyspace.queue(self.name)

    @property
    def intermediate_queue_key(self) -> str:
        """The key of the list in which RQ's workers keep ids between taking and starting them."""
        return self._session.keyspace.intermediate(self.name)

    @property
    def count(self) -> int:
        """How many jobs wait."""
        return self._session.run(count_queue(self._session.scripts, self.name))

    def is_empty(self) -> bool:
        """Say whether no job waits."""
        return self.count == 0

    @property
    def job_ids(self) -> list[str]:
        """The ids of the jobs that wait, next one first."""
        return self.get_job_ids()

    @property
    def jobs(self) -> list[Job]:
        """The jobs that wait, next one first."""
        return self.get_jobs()

    def get_job_ids(self, offset: int = 0, length: int = -1) -> list[str]:
        """Return the ids of jobs that wait, next one first.

        Args:
            offset: how many to skip.
            length: how many to return at most; negative for all.
        """
        if length == 0:
            return []
        last = offset + length - 1 if length > 0 else -1
        return self._session.run(list_queue(self._session.scripts, self.name, offset, last))

    def get_jobs(self, offset: int = 0, length: int = -1) -> list[Job]:
        """Return jobs that wait, next one first; ids without a job of this queue are left out. Two round trips.

        Args:
            offset: how many ids to skip.
            length: how many ids to look at; negative for all.
        """
        jobs = self.job_class.fetch_many(self.get_job_ids(offset, length), connection=self.connection, serializer=self.serializer)
        return [job for job in jobs if job is not None and job.origin == self.name]

    def fetch_job(self, job_id: str) -> Job | None:
        """Return a job of this queue, whatever its state; None if there is none."""
        [job] = self.job_class.fetch_many([job_id], connection=self.connection, serializer=self.serializer)
        return job if job is not None and job.origin == self.name else None

    def get_job_position(self, job_or_id: Job | str) -> int | None:
        """Return how many jobs stand before this one; None if it is not waiting here."""
        job_id = job_or_id if isinstance(job_or_id, str) else job_or_id.id
        return self._session.run(find_position(self._session.scripts, self.name, job_id))

    # --- emptying ---

    def empty(self) -> int:
        """Delete all jobs that wait, and return how many they were: one round trip per thousand. Jobs that run, or have ended, are left alone."""
        deleted = 0
        while True:
            taken, purged = self._session.run(purge_queue(self._session.scripts, self.name))
            deleted += purged
            if taken < MOST_PURGED:
                return deleted

    # --- registries ---

    @property
    def started_job_registry(self) -> StartedJobRegistry:
        """The jobs that run now."""
        return StartedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def finished_job_registry(self) -> FinishedJobRegistry:
        """The jobs that succeeded."""
        return FinishedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def failed_job_registry(self) -> FailedJobRegistry:
        """The jobs that failed or were stopped."""
        return FailedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def deferred_job_registry(self) -> DeferredJobRegistry:
        """The jobs that wait for others."""
        return DeferredJobRegistry(queue=self, job_class=self.job_class)

    @property
    def scheduled_job_registry(self) -> ScheduledJobRegistry:
        """The jobs that are due later."""
        return ScheduledJobRegistry(queue=self, job_class=self.job_class)

    @property
    def canceled_job_registry(self) -> CanceledJobRegistry:
        """The jobs that were canceled."""
        return CanceledJobRegistry(queue=self, job_class=self.job_class)
