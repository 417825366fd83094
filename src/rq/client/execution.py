"""Executions: the attempts of a job that run now (door: `rq.executions`). Workers write them; here they are only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.classes import job_class_of
from rq.client.session import session_of
from rq.core.errors import InvalidOptionError
from rq.core.ids import split_composite
from rq.store.reads import list_executions, read_execution

if TYPE_CHECKING:
    from datetime import datetime

    import redis

    from rq.client.job import Job
    from rq.client.session import Session
    from rq.model.execution import ExecutionRecord


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

    def _take(self, record: ExecutionRecord) -> None:
        self.created_at, self.last_heartbeat, self.worker_name = record.created_at, record.last_heartbeat, record.worker_name

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Execution) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Execution({self.id!r}, job_id={self.job_id!r})"


def executions_of(session: Session, job_id: str) -> list[Execution]:
    """Return the executions of a job that are alive: two round trips."""
    ids = session.run(list_executions(session.scripts, job_id))
    records = session.run_many([read_execution(session.scripts, job_id, execution_id) for execution_id in ids])
    executions = []
    for record in records:
        if record is not None:
            execution = Execution(record.id, job_id, session.connection)
            execution._take(record)  # noqa: SLF001 - the same module
            executions.append(execution)
    return executions
