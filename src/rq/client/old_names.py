"""What RQ 0.4 to 1.x called things that have another name now (doors: `rq`, `rq.queue`, `rq.job`). Each says so when it is used."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol, overload

from rq.client.classes import job_class_of, queue_class
from rq.client.session import session_of
from rq.store.reads import count_registry, list_registry

if TYPE_CHECKING:
    from typing import Self

    import redis

    from rq.client.job import Job
    from rq.model.states import JobStatus

_FAILED = "failed"


class RenamedJob(Protocol):
    """A job, by the names of today."""

    id: str

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Return the job's status; asked of the server, unless `refresh` is false."""

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> dict[str, Any]:
        """Return the job as its hash holds it."""


class OldStatus:
    """An attribute that asks for the job's status. Not a property: programs of today may keep something of their own under its name."""

    @overload
    def __get__(self, job: None, owner: type) -> Self: ...
    @overload
    def __get__(self, job: RenamedJob, owner: type) -> JobStatus: ...
    def __get__(self, job: RenamedJob | None, owner: type) -> Self | JobStatus:
        if job is None:
            return self
        _warn("job.status", "job.get_status()")
        return job.get_status()


class OldJobNames:
    """The names that `Job` had besides."""

    status = OldStatus()

    def get_id(self: RenamedJob) -> str:
        """Return the job's id. Deprecated: `id`."""
        _warn("job.get_id()", "job.id")
        return self.id

    def set_id(self: RenamedJob, value: str) -> None:
        """Give the job another id. Deprecated: `id`."""
        _warn("job.set_id()", "job.id = ...")
        self.id = value

    def dump(self: RenamedJob) -> dict[str, Any]:
        """Return the job as its hash holds it. Deprecated: `to_dict()`."""
        _warn("job.dump()", "job.to_dict()")
        return self.to_dict()


class FailedQueue:
    """The failed jobs of all queues, as the queue `failed` that RQ had before 1.0. Made by `get_failed_queue`.

    Args:
        connection: any synchronous redis-py client.
        job_class: what jobs are made of: a subclass of `Job` or a dotted path.
    """

    __module__ = "rq.queue"

    name = _FAILED

    def __init__(self, connection: redis.Redis | None = None, job_class: type[Job] | str | None = None) -> None:
        self._session = session_of(connection)
        self.connection = self._session.connection
        self.job_class = job_class_of(job_class)

    @property
    def count(self) -> int:
        """How many jobs have failed: two round trips."""
        counts: list[int] = self._session.run_many([count_registry(self._session.scripts, _FAILED, name) for name in self._queue_names()])
        return sum(counts)

    def is_empty(self) -> bool:
        """Say whether no job has failed."""
        return self.count == 0

    @property
    def job_ids(self) -> list[str]:
        """The ids of the failed jobs, queue by queue: two round trips."""
        listed: list[list[str]] = self._session.run_many([list_registry(self._session.scripts, _FAILED, name) for name in self._queue_names()])
        return [job_id for job_ids in listed for job_id in job_ids]

    @property
    def jobs(self) -> list[Job]:
        """The failed jobs, queue by queue: three round trips."""
        return [job for job in self.job_class.fetch_many(self.job_ids, self.connection) if job is not None]

    def requeue(self, job_id: str) -> Job:
        """Put a failed job back into the queue it came from, and return it: see `Job.requeue`.

        Raises:
            NoSuchJobError: if there is no such job. InvalidJobOperation: if it has not failed.
        """
        return self.job_class.fetch(job_id, self.connection).requeue()

    def _queue_names(self) -> list[str]:
        return [queue.name for queue in queue_class().all(self.connection)]

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __contains__(self, job_or_id: Job | str) -> bool:
        return (job_or_id if isinstance(job_or_id, str) else job_or_id.id) in self.job_ids

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def get_failed_queue(connection: redis.Redis | None = None, job_class: type[Job] | str | None = None) -> FailedQueue:
    """Return the failed jobs of all queues. Deprecated: `Queue(...).failed_job_registry`.

    Args:
        connection: any synchronous redis-py client.
        job_class: what jobs are made of.
    """
    _warn("get_failed_queue()", "Queue(...).failed_job_registry for each queue of Queue.all(connection=...)")
    return FailedQueue(connection, job_class)


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is an old name; say {new}", DeprecationWarning, stacklevel=3)
