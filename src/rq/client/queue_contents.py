"""What a queue holds: the jobs that wait in it, and the registries of those that do not; and how that is changed by hand. `Queue` adds how jobs get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.enqueueing import new_nonce
from rq.client.intermediate import IntermediateQueue
from rq.client.job import Job
from rq.client.queue_data import QueueData
from rq.client.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.client.registry_data import id_of
from rq.client.session import Session
from rq.core.defaults import MAINTENANCE_LOCK_SECONDS
from rq.model.states import JobStatus, ended_as
from rq.store.dependents import note_release, release_dependents
from rq.store.locks import acquire_lock, release_lock
from rq.store.purge import MOST_PURGED, purge_queue
from rq.store.queue_list import compact_queue, forget_queue, push_id, remove_id, take_id
from rq.store.reads import count_queue, find_position, read_scheduler_name, read_scheduler_pid, read_status
from rq.store.server_version import get_version
from rq.store.suspension import find_pauses, pause_for, resume

if TYPE_CHECKING:
    import redis
    from redis.client import Pipeline


class QueueContents(QueueData["Job", Session]):
    """The jobs of one queue; see `Queue`."""

    connection: redis.Redis
    job_class: type[Job] = Job
    _maintenance_token: str | None = None  # with which this handle took the lock

    # --- what waits ---

    @property
    def intermediate_queue(self) -> IntermediateQueue:
        """That list."""
        return IntermediateQueue(self.key, self.connection)

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
        return self._session.run(self.read_ids(offset, length)) if length else []

    def get_jobs(self, offset: int = 0, length: int = -1) -> list[Job]:
        """Return jobs that wait, next one first; ids without a job of this queue are left out. Two round trips.

        Args:
            offset: how many ids to skip.
            length: how many ids to look at; negative for all.
        """
        jobs = self.job_class.fetch_many(self.get_job_ids(offset, length), connection=self.connection, serializer=self.serializer)
        return self.own_among(jobs)

    def fetch_job(self, job_id: str) -> Job | None:
        """Return a job of this queue, whatever its state; None if there is none."""
        jobs = self.job_class.fetch_many([job_id], connection=self.connection, serializer=self.serializer)
        return next(iter(self.own_among(jobs)), None)

    def get_job_position(self, job_or_id: Job | str) -> int | None:
        """Return how many jobs stand before this one; None if it is not waiting here."""
        return self._session.run(find_position(self._session.scripts, self.name, id_of(job_or_id)))

    # --- changing it by hand ---

    def remove(self, job_or_id: Job | str, pipeline: Pipeline | None = None) -> int | None:
        """Take a job's id out of the list, where it stands first, and return how many ids went: 1 or 0. The job itself stays as it is, `queued` in no place.

        To see to it that a job does not run, use `Job.cancel`.

        Args:
            job_or_id: the job.
            pipeline: collects the call; then the number is in its replies, and None is returned.
        """
        job_id = job_or_id if isinstance(job_or_id, str) else job_or_id.id
        return self._session.run_or_collect(remove_id(self._session.scripts, self.name, job_id), pipeline)

    def push_job_id(self, job_id: str, pipeline: Pipeline | None = None, at_front: bool = False) -> None:
        """Put an id into the list, and do nothing else: a worker runs its job only if it is `queued` or `created`. To run a job, use `enqueue_job`.

        Args:
            job_id: the id.
            pipeline: collects the call.
            at_front: whether it goes to the head.
        """
        self._session.run_or_collect(push_id(self._session.scripts, self.name, job_id, at_front=at_front), pipeline)

    def pop_job_id(self) -> str | None:
        """Take the next id out of the list, and return it; None if there is none. Whoever took it is the only one who knows of it."""
        return self._session.run(take_id(self.key))

    def empty(self) -> int:
        """Delete all jobs that wait, and return how many they were: one round trip per thousand. Jobs that run, or have ended, are left alone."""
        deleted = 0
        while True:
            taken, purged = self._session.run(purge_queue(self._session.scripts, self.name))
            deleted += purged
            if taken < MOST_PURGED:
                return deleted

    def delete(self, delete_jobs: bool = True) -> None:
        """Take the queue out of `Queue.all()`, until a job is enqueued in it again. Its registries stay as they are.

        Args:
            delete_jobs: whether the jobs that wait are deleted; if not, they stay as they are, and wait in no place.
        """
        gone = False
        while not gone:
            if delete_jobs:
                self.empty()
            gone = self._session.run(forget_queue(self._session.scripts, self.name, drops_ids=not delete_jobs))

    def compact(self) -> None:
        """Take ids whose job does not exist out of the list: one round trip per thousand ids. What is enqueued or taken meanwhile is not touched.

        Ids may be left over if jobs are taken meanwhile; a worker that comes to such an id drops it.

        Raises:
            CorruptDataError: if the queue's key holds something that is no list.
        """
        rank: int | None = 0
        while rank is not None:
            rank = self._session.run(compact_queue(self._session.scripts, self.name, rank))

    def enqueue_dependents(self, job: Job, pipeline: Pipeline | None = None, exclude_job_id: str | None = None, refresh_job_status: bool = True) -> None:
        """Let the jobs that wait for a job go on, as far as they wait for nothing else. Should this program die meanwhile, workers see to the rest.

        Nothing needs this: the step that ends a job lets them go on. A job that has not ended is taken for one that is about to end well.

        Args:
            job: the job.
            pipeline: collects the calls, for a hundred jobs; workers see to the rest.
            exclude_job_id: its own id, if it counts as ended well, however it ended; another id means nothing here.
            refresh_job_status: whether the server is asked for the job's status; else the one it knows is taken.
        """
        scripts = self._session.scripts
        status = self._session.run(read_status(scripts, job.id)) if refresh_job_status else job.record.status
        ended = JobStatus.FINISHED.value if exclude_job_id == job.id else ended_as(status)
        self._session.run_or_collect(note_release(scripts, job.id, ended), pipeline)
        if pipeline is not None:
            self._session.collect(pipeline, release_dependents(scripts, job.id))
            return
        while self._session.run(release_dependents(scripts, job.id))[0]:
            pass

    # --- pausing ---

    def pause(self, ttl: float | None = None) -> None:
        """Let no job of this queue begin from now on; those that run are finished, and jobs can be enqueued. Atomic. RQ's workers know nothing of it.

        Args:
            ttl: after how many seconds it ends by itself; None for never, 0 or less for at once.
        """
        self._session.run(pause_for(self._session.scripts, ttl, queues=[self.name]))

    def resume(self) -> bool:
        """Let jobs of this queue begin again, and say whether it was paused. Workers that wait notice within a second."""
        return self._session.run(resume(self._session.scripts, queues=[self.name])) > 0

    def is_paused(self) -> bool:
        """Say whether this queue is paused by itself; all queues may be suspended, see `rq.suspension.is_suspended`."""
        return bool(self._session.run(find_pauses(self._session.scripts, "", [self.name])).queues)

    # --- RQ's maintenance ---

    @property
    def registry_cleaning_key(self) -> str:
        """The key of the lock under which RQ's workers tidy the registries."""
        return self._session.keyspace.name("maintenance_lock", self.name)

    def acquire_maintenance_lock(self) -> bool:
        """Take the lock under which RQ's workers tidy the registries, for 15 minutes, and say whether that worked. Workers of this package hold it as well."""
        token = new_nonce()
        got = self._session.run(acquire_lock(self._session.scripts, self.registry_cleaning_key, token, MAINTENANCE_LOCK_SECONDS)) == "acquired"
        if got:
            self._maintenance_token = token
        return got

    def release_maintenance_lock(self) -> None:
        """Free that lock, if this very object took it, and it did not run out since."""
        if self._maintenance_token is not None:
            self._session.run(release_lock(self._session.scripts, self.registry_cleaning_key, self._maintenance_token))
            self._maintenance_token = None

    @property
    def scheduler_pid(self) -> int | None:
        """The process id of the RQ scheduler that schedules this queue; None if there is none. Workers of this package are their own schedulers."""
        name = self._session.run(read_scheduler_name(self._session.scripts, self.name))
        return self._session.run(read_scheduler_pid(self._session.scripts, name)) if name else None

    def get_redis_server_version(self) -> tuple[int, int, int]:
        """Return the version of Redis that the server speaks like; asked of it once per client."""
        return get_version(self.connection)

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
