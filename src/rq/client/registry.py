"""Registries: which jobs of a queue are started, finished, failed, scheduled, deferred, canceled (door: `rq.registry`). One class; these are rows."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rq.client.fields import KeyOfClass
from rq.client.registry_base import BaseRegistry
from rq.client.registry_data import StartedData, id_of, longest
from rq.client.session import Session
from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.ids import split_composite
from rq.store.reads import list_executions
from rq.store.registries import delist, enlist_failed, forget_expired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.client import Pipeline

    from rq.client.execution import Execution
    from rq.client.job import Job
    from rq.client.queue_contents import QueueContents


class StartedJobRegistry(StartedData["Job", Session], BaseRegistry):
    """The jobs that run now. Its entries are executions, `<job id>:<execution id>`, scored by the end of their lease."""

    __module__ = "rq.registry"

    kind = "wip"
    key_template = KeyOfClass("wip", "{0}")

    def get_job_and_execution_ids(self, start: int = 0, end: int = -1, desc: bool = False, cleanup: bool = True) -> list[tuple[str, str]]:
        """Return job id and execution id of each entry, in the order of the end of their lease. `cleanup` changes nothing: workers tidy registries."""
        del cleanup
        return [split_composite(entry) for entry in self._entries(start, end, desc)]

    def cleanup(self, timestamp: float | None = None, exception_handlers: Sequence[Any] | None = None) -> None:
        """Do nothing: jobs whose worker died are put back into their queue by any other worker, within seconds, and without running anybody's code.

        Args:
            timestamp: accepted and not used.
            exception_handlers: accepted and not used.
        """

    # --- by hand ---

    def add(self, job: Job, ttl: int = 0, pipeline: Pipeline | None = None, xx: bool = False) -> int | None:
        """Refuse, as with RQ: the entries are executions. See `add_execution`."""
        raise NotImplementedError("The registry of started jobs holds executions: use add_execution()")

    def remove(self, job: Job | str, pipeline: Pipeline | None = None, delete_job: bool = False) -> int | None:
        """Refuse, as with RQ: the entries are executions. See `remove_execution` and `remove_executions`."""
        raise NotImplementedError("The registry of started jobs holds executions: use remove_execution() or remove_executions()")

    def add_execution(self, execution: Execution, pipeline: Pipeline | None, ttl: int = 0, xx: bool = False) -> int | None:
        """Add an entry for an execution. It gives nobody a lease: workers write their own.

        Args:
            execution: the execution.
            pipeline: collects the call; then the number is in its replies, and None is returned. None sends it.
            ttl: in how many seconds the execution counts as abandoned; -1 for never.
            xx: whether nothing is done if there is no entry.

        Returns:
            How many entries are new: 1 or 0.
        """
        return self._enlist(execution.composite_key, ttl, pipeline, xx=xx)

    def remove_execution(self, execution: Execution, job: Job | None = None, pipeline: Pipeline | None = None, delete_job: bool = False) -> None:
        """Remove the entry of an execution: a worker of this package that runs it loses its lease, and what comes of it does not count.

        Args:
            execution: the execution.
            job: accepted and not used: the execution knows its job.
            pipeline: collects the call, but not the deletion.
            delete_job: whether the job is deleted, at once.

        Raises:
            NoSuchJobError: if the job is to be deleted and is gone.
        """
        del job
        self._session.run_or_collect(delist(self._session.scripts, self.kind, self.name, execution.composite_key), pipeline)
        if delete_job:
            self._delete(execution.job_id)

    def remove_executions(self, job: Job, pipeline: Pipeline | None = None) -> None:
        """Remove the entries of all executions of a job: as `remove_execution`. Two round trips."""
        executions = self._session.run(list_executions(self._session.scripts, job.id))
        if executions:
            members = [f"{job.id}:{execution_id}" for execution_id in executions]
            self._session.run_or_collect(delist(self._session.scripts, self.kind, self.name, *members), pipeline)

    def _score(self, job_or_id: Job | str) -> float | None:
        """Return the score of the execution of a job that stays longest; None if none runs."""
        job_id = id_of(job_or_id)
        executions = self._session.run(list_executions(self._session.scripts, job_id))
        return longest(self._session.run_many(self._read_scores(job_id, executions)))


class FinishedJobRegistry(BaseRegistry):
    """The jobs that succeeded, scored by when they are forgotten."""

    __module__ = "rq.registry"

    kind = "finished"
    key_template = KeyOfClass("finished", "{0}")

    def cleanup(self, timestamp: float | None = None, exception_handlers: Sequence[Any] | None = None) -> None:
        """Forget the entries whose time is over; see `BaseRegistry.cleanup`."""
        del exception_handlers
        self._forget_expired(timestamp)


class FailedJobRegistry(BaseRegistry):
    """The jobs that failed or were stopped, scored by when they are forgotten."""

    __module__ = "rq.registry"

    kind = "failed"
    key_template = KeyOfClass("failed", "{0}")

    def cleanup(self, timestamp: float | None = None, exception_handlers: Sequence[Any] | None = None) -> None:
        """Forget the entries whose time is over; see `BaseRegistry.cleanup`."""
        del exception_handlers
        self._forget_expired(timestamp)

    def add(  # type: ignore[override]  # RQ's signature
        self, job: Job, ttl: int | None = None, exc_string: str = "", pipeline: Pipeline | None = None
    ) -> None:
        """Add an entry for a job, and let the job expire with it. What was changed of the job is saved; its status is, if it was.

        Args:
            job: the job.
            ttl: in how many seconds; None for a year, a negative number for never, 0 deletes the job.
            exc_string: why it failed. It is kept in memory only, as in RQ; `Result.create_failure` stores it.
            pipeline: collects the calls.
        """
        seconds = DEFAULT_FAILURE_TTL if ttl is None else ttl
        job.note_exception(exc_string)
        job.save(pipeline, include_meta=False, include_result=False)
        if seconds == 0:
            job.cleanup(0, pipeline)
        else:
            self._session.run_or_collect(enlist_failed(self._session.scripts, self.name, job.id, seconds), pipeline)


class DeferredJobRegistry(BaseRegistry):
    """The jobs that wait for other jobs, scored by when they began to."""

    __module__ = "rq.registry"

    kind = "deferred"
    key_template = KeyOfClass("deferred", "{0}")

    def add(self, job: Job, ttl: int | None = None, pipeline: Pipeline | None = None, xx: bool = False) -> int | None:
        """Add an entry for a job that waits from now on; `ttl` is accepted and not used. Else it is as `BaseRegistry.add`."""
        del ttl
        return self._enlist(job.id, 0, pipeline, xx=xx)


class ScheduledJobRegistry(BaseRegistry):
    """The jobs that are to be queued at a given time, scored by it."""

    __module__ = "rq.registry"

    kind = "scheduled"
    key_template = KeyOfClass("scheduled", "{0}")

    def get_scheduled_time(self, job_or_id: Job | str) -> datetime:
        """Return when a job is due, aware, in UTC.

        Raises:
            NoSuchJobError: if it is not scheduled here.
        """
        return self._due_time_of(id_of(job_or_id), self._score(job_or_id))

    def schedule(self, job: Job, scheduled_datetime: datetime, pipeline: Pipeline | None = None) -> int:
        """See to it that a job is put into this queue at a given time: `Queue.schedule_job`, from wherever it stands. Returns 1.

        Args:
            job: the job; its queue becomes this one.
            scheduled_datetime: when it is due; a naive datetime is local time.
            pipeline: collects the call.
        """
        self.get_queue().schedule_job(job, scheduled_datetime, pipeline)
        return 1

    def get_jobs_to_schedule(self, timestamp: int | None = None, chunk_size: int = 1000) -> list[str]:
        """Return the ids of jobs that are due, the first one in front. Workers put them into their queue.

        Args:
            timestamp: the moment, in seconds since 1970; None for the server's now.
            chunk_size: how many to return at most.
        """
        return self._expired(timestamp, chunk_size)

    def get_jobs_to_enqueue(self, timestamp: int | None = None) -> list[str]:
        """Return the ids of all jobs that are due; see `get_jobs_to_schedule`."""
        return self._expired(timestamp)

    def remove_jobs(self, timestamp: int | None = None, pipeline: Pipeline | None = None) -> int | None:
        """Remove the entries of jobs that are due. Deprecated, as in RQ: the jobs stay `scheduled`, and nobody queues them.

        Args:
            timestamp: the moment, in seconds since 1970; None for the server's now.
            pipeline: collects the call, for a thousand entries.

        Returns:
            How many entries were removed; None with a pipeline.
        """
        warnings.warn("remove_jobs() leaves its jobs in no place: cancel or delete them", DeprecationWarning, stacklevel=2)
        if pipeline is None:
            return self._forget_expired(timestamp)
        self._session.collect(pipeline, forget_expired(self._session.scripts, self.kind, self.name, timestamp))
        return None


class CanceledJobRegistry(BaseRegistry):
    """The jobs that were canceled, scored by when they were."""

    __module__ = "rq.registry"

    kind = "canceled"
    key_template = KeyOfClass("canceled", "{0}")

    def get_expired_job_ids(self, timestamp: float | None = None) -> list[str]:
        """Refuse, as with RQ: entries of canceled jobs do not expire."""
        raise NotImplementedError("Entries of canceled jobs do not expire")


def clean_registries(queue: QueueContents, exception_handlers: Sequence[Any] | None = None) -> None:
    """Forget entries of a queue whose time is over; see `BaseRegistry.cleanup`. Workers do it every few seconds.

    Args:
        queue: the queue.
        exception_handlers: accepted and not used: no job fails by being looked at.
    """
    for registry_class in (FinishedJobRegistry, StartedJobRegistry, FailedJobRegistry, DeferredJobRegistry):
        registry_class(queue=queue, job_class=queue.job_class).cleanup(exception_handlers=exception_handlers)
