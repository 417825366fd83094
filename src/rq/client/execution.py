"""Executions: the attempts of a job that run now (door: `rq.executions`).

Workers of this package begin an execution in the step that gives them the job, and end it in the step that says what came of it. What is written here is RQ's
way, for programs that run jobs themselves: it gives nobody a lease, so that nothing puts the job back if the program dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rq.client.classes import job_class_of
from rq.client.fields import KeyOfClass
from rq.client.registry_base import BaseRegistry
from rq.client.session import session_of
from rq.core.clock import to_timestamp, utc_now
from rq.core.errors import InvalidOptionError
from rq.core.ids import new_execution_id, split_composite
from rq.model.execution import ExecutionRecord
from rq.model.presence import WorkerStatus
from rq.store.executions import end_executions, write_execution
from rq.store.reads import read_execution
from rq.store.registries import delist, enlist_execution

if TYPE_CHECKING:
    from datetime import datetime

    import redis
    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.client.registry import StartedJobRegistry


class Execution:
    """One attempt of a job, while it runs. Equal to another execution of the same id.

    Args:
        id: the execution's id, the fencing token of the attempt.
        job_id: the job.
        connection: where the job lives.
        worker_name: the worker that runs it, '' if that is not known.

    Attributes:
        created_at: when the attempt began, aware, in UTC; None until it is read.
        last_heartbeat: when its worker was last heard of.
    """

    __module__ = "rq.executions"

    def __init__(self, id: str, job_id: str, connection: redis.Redis, worker_name: str = "") -> None:
        self.id = id
        self.job_id = job_id
        self._session = session_of(connection)
        self.connection = self._session.connection
        self.worker_name = worker_name
        self.created_at: datetime | None = None
        self.last_heartbeat: datetime | None = None
        self._job: Job | None = None

    @classmethod
    def fetch(cls, id: str, job_id: str, connection: redis.Redis) -> Execution:
        """Return an execution as it stands.

        Raises:
            InvalidOptionError: if there is none, because it is over (a ValueError, as with RQ).
        """
        execution = cls(id, job_id, connection)
        execution.refresh()
        return execution

    @classmethod
    def of(cls, record: ExecutionRecord, connection: redis.Redis) -> Execution:
        """Return the execution that was read as this record."""
        execution = cls(record.id, record.job_id, connection)
        execution._take(record)
        return execution

    @classmethod
    def from_composite_key(cls, composite_key: str, connection: redis.Redis) -> Execution:
        """Return the execution that `<job id>:<execution id>` names, without reading it."""
        job_id, execution_id = split_composite(composite_key)
        return cls(execution_id, job_id, connection)

    @property
    def key(self) -> str:
        """The key of the execution's hash."""
        return self._session.keyspace.execution(self.job_id, self.id)

    @property
    def composite_key(self) -> str:
        """The execution as the registry of started jobs names it: `<job id>:<execution id>`."""
        return f"{self.job_id}:{self.id}"

    @property
    def job(self) -> Job:
        """The job, fetched once; NoSuchJobError if it is gone."""
        if self._job is None:
            self._job = job_class_of(None).fetch(self.job_id, connection=self.connection)
        return self._job

    def refresh(self) -> None:
        """Read the execution anew.

        Raises:
            InvalidOptionError: if there is none (a ValueError, as with RQ).
        """
        record = self._session.run(read_execution(self._session.scripts, self.job_id, self.id))
        if record is None:
            message = f"Execution {self.id} of job {self.job_id} does not exist: it is over, or never was"
            raise InvalidOptionError(message)
        self._take(record)

    def serialize(self) -> dict[str, Any]:
        """Return the execution as its hash holds it: moments as seconds since 1970."""
        created_at, last_heartbeat = (None if moment is None else to_timestamp(moment) for moment in (self.created_at, self.last_heartbeat))
        return {"id": self.id, "created_at": created_at, "last_heartbeat": last_heartbeat, "worker_name": self.worker_name}

    # --- by hand ---

    @classmethod
    def create(cls, job: Job, ttl: int, pipeline: Pipeline | None, worker_name: str = "") -> Execution:
        """Begin an execution of a job, and return it. The job's own status is not written.

        Args:
            job: the job.
            ttl: how many seconds it lasts without a heartbeat; -1 for ever.
            pipeline: collects the call; None sends it.
            worker_name: who runs the job.
        """
        execution = cls(new_execution_id(), job.id, job.connection, worker_name)
        execution.created_at = execution.last_heartbeat = utc_now()
        session = execution._session
        session.run_or_collect(write_execution(session.scripts, execution._record(), job.origin, ttl), pipeline)
        return execution

    def save(self, ttl: int, pipeline: Pipeline | None = None) -> None:
        """Write the execution's hash, and nothing else, for so many seconds (-1: for ever). `pipeline` collects the call."""
        self._session.run_or_collect(write_execution(self._session.scripts, self._record(), "", ttl, "save"), pipeline)

    def heartbeat(self, started_job_registry: StartedJobRegistry, ttl: int, pipeline: Pipeline | None) -> None:
        """Say that the execution goes on, for so many seconds more; nothing is written if it is over.

        Args:
            started_job_registry: the registry that names it.
            ttl: how many seconds it lasts without another heartbeat; -1 for ever.
            pipeline: collects the call; None sends it.
        """
        self.last_heartbeat = utc_now()
        self._session.run_or_collect(write_execution(self._session.scripts, self._record(), started_job_registry.name, ttl, "beat"), pipeline)

    def delete(self, job: Job, pipeline: Pipeline | None) -> None:
        """End the execution: it leaves every place that names it, and what its worker says of it does not count any more. `pipeline` collects the call."""
        self._session.run_or_collect(end_executions(self._session.scripts, self.job_id, job.origin, self.id), pipeline)

    def _record(self) -> ExecutionRecord:
        return ExecutionRecord(self.id, self.job_id, self.created_at, self.last_heartbeat, self.worker_name)

    def _take(self, record: ExecutionRecord) -> None:
        self.created_at, self.last_heartbeat, self.worker_name = record.created_at, record.last_heartbeat, record.worker_name

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Execution) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Execution({self.id!r}, job_id={self.job_id!r})"


class ExecutionRegistry(BaseRegistry):
    """The executions of one job, scored by a minute past the end of their time.

    Args:
        job_id: the job.
        connection: any synchronous redis-py client.
    """

    __module__ = "rq.executions"

    kind = "executions"
    key_template = KeyOfClass("executions", "{0}")

    def __init__(self, job_id: str, connection: redis.Redis) -> None:
        super().__init__(job_id, connection)
        self.job_id = job_id

    def get_execution_ids(self, start: int = 0, end: int = -1) -> list[str]:
        """Return the ids of executions, the one whose time ends first in front; an id may outlive its execution by a minute.

        Args:
            start: the first rank.
            end: the last rank, inclusive; -1 is the end.
        """
        return self.get_job_ids(start, end)

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        """Return the executions of these ranks that are not over: two round trips."""
        scripts, ids = self._session.scripts, self.get_execution_ids(start, end)
        records = self._session.run_many([read_execution(scripts, self.job_id, execution_id) for execution_id in ids])
        return [Execution.of(record, self.connection) for record in records if record is not None]

    def add(self, execution: Execution, ttl: int, pipeline: Pipeline | None) -> int | None:  # type: ignore[override]  # RQ's signature
        """Add an entry for an execution, which outlives it by a minute. Returns how many are new: 1 or 0.

        Args:
            execution: the execution.
            ttl: in how many seconds its time is over.
            pipeline: collects the call; then the number is in its replies, and None is returned. None sends it.
        """
        return self._session.run_or_collect(enlist_execution(self._session.scripts, self.job_id, execution.id, ttl), pipeline)

    def remove(self, execution: Execution, pipeline: Pipeline | None) -> int | None:  # type: ignore[override]  # RQ's signature
        """Remove the entry of an execution. Returns how many were there: 1 or 0. `pipeline` collects the call."""
        return self._session.run_or_collect(delist(self._session.scripts, self.kind, self.name, execution.id), pipeline)

    def delete(self, job: Job, pipeline: Pipeline | None) -> None:
        """End all executions of the job: see `Execution.delete`. `pipeline` collects the call."""
        self._session.run_or_collect(end_executions(self._session.scripts, self.job_id, job.origin), pipeline)


class RunsJobs(Protocol):
    """A worker, as far as `prepare_execution` and `cleanup_execution` need one."""

    name: str
    connection: redis.Redis
    execution: Execution | None

    def get_heartbeat_ttl(self, job: Job) -> int:
        """Return how many seconds an execution lasts without a heartbeat."""

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Say what the worker does now."""

    def set_current_job_id(self, job_id: str | None = None, pipeline: Pipeline | None = None) -> None:
        """Say which job the worker runs now."""


def prepare_execution(worker: RunsJobs, job: Job) -> Execution:
    """Begin an execution of a job for a worker that runs jobs in RQ's way, and return it: one transaction.

    Args:
        worker: the worker; it is busy from now on, and `execution` is what is returned.
        job: the job.
    """
    with worker.connection.pipeline() as pipeline:
        worker.execution = Execution.create(job, worker.get_heartbeat_ttl(job), pipeline, worker.name)
        worker.set_state(WorkerStatus.BUSY, pipeline=pipeline)
        pipeline.execute()
    return worker.execution


def cleanup_execution(worker: RunsJobs, job: Job, pipeline: Pipeline) -> None:
    """End the execution that such a worker has, if it has one; the worker runs no job then.

    Args:
        worker: the worker.
        job: the job.
        pipeline: collects the calls.
    """
    worker.set_current_job_id(None, pipeline=pipeline)
    if worker.execution is not None:
        worker.execution.delete(job, pipeline)
        worker.execution = None
