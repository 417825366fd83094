"""What programs ask about workers: their own, and all that the server knows of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from rq.client.fields import KeyOfClass
from rq.client.job import Job
from rq.client.legacy import current_connection
from rq.client.queue import Queue
from rq.client.session import Session, session_of
from rq.core.errors import InvalidOptionError, NoRedisConnectionException, OptionTypeError
from rq.model.presence import WorkerRecord
from rq.store.presence import list_worker_keys, read_current_job, read_worker

if TYPE_CHECKING:
    import redis
    from redis.client import Pipeline


class WorkerReads:
    """A worker, as far as it can be looked at. Reads change nothing."""

    redis_worker_namespace_prefix = KeyOfClass("worker", "")
    redis_workers_keys = KeyOfClass("workers")
    queue_class: type[Queue] = Queue
    job_class: type[Job] = Job

    name: str
    connection: redis.Redis
    queues: list[Queue]
    serializer: Any
    version: str | None = None
    hostname: str | None = None
    pid: int | None = None
    ip_address = "unknown"
    python_version: str | None = None
    birth_date: datetime | None = None
    last_heartbeat: datetime | None = None
    successful_job_count = 0
    failed_job_count = 0
    total_working_time = 0.0
    current_job_working_time = 0.0

    _session: Session
    _state: str

    def _make_queue(self, name: str) -> Queue:
        return self.queue_class(name, connection=self.connection, job_class=self.job_class, serializer=self.serializer)

    @property
    def key(self) -> str:
        """The key of this worker's hash."""
        return self._session.keyspace.worker(self.name)

    def queue_names(self) -> list[str]:
        """Return the names of the queues, in order."""
        return [queue.name for queue in self.queues]

    def queue_keys(self) -> list[str]:
        """Return the keys of the queues, in order."""
        return [queue.key for queue in self.queues]

    def refresh(self) -> None:
        """Read the worker's hash again; nothing changes if it is gone."""
        record = self._session.run(read_worker(self._session.scripts, self.name))
        if record is not None:
            self._restore(record)

    def _restore(self, record: WorkerRecord) -> None:
        self.hostname, self.pid, self.ip_address = record.hostname, record.pid, record.ip_address
        self.version, self.python_version = record.version, record.python_version
        self.birth_date, self.last_heartbeat = record.birth, record.last_heartbeat
        self.successful_job_count, self.failed_job_count = record.successful_job_count, record.failed_job_count
        self.total_working_time, self.current_job_working_time = (
            record.total_working_time,
            record.current_job_working_time,
        )
        self._state = record.state

    @property
    def death_date(self) -> datetime | None:
        """When the worker left, as the server knows it; None while it lives."""
        record = self._session.run(read_worker(self._session.scripts, self.name))
        return record.death if record else None

    @property
    def shutdown_requested_date(self) -> datetime | None:
        """When a stop was asked for while a job ran; None if none was."""
        record = self._session.run(read_worker(self._session.scripts, self.name))
        return record.shutdown_requested_at if record else None

    def get_state(self) -> str:
        """Return what the worker was doing when it was last read: started, busy, idle, suspended; `?` if nobody knows."""
        return self._state

    def get_current_job_id(self, pipeline: Pipeline | None = None) -> str | None:
        """Return the id of the job that it runs, asked of the server; None if it runs none. `pipeline` collects the question instead."""
        return self._session.run_or_collect(read_current_job(self._session.scripts, self.name), pipeline)

    def get_current_job(self) -> Job | None:
        """Return the job that it runs; None if it runs none, or if that job is gone. Two round trips."""
        job_id = self.get_current_job_id()
        if job_id is None:
            return None
        return self.job_class.fetch_many([job_id], connection=self.connection, serializer=self.serializer)[0]

    @classmethod
    def find_by_key(
        cls,
        worker_key: str,
        connection: redis.Redis | None = None,
        job_class: type[Job] | None = None,
        queue_class: type[Queue] | None = None,
        serializer: Any = None,
    ) -> Self | None:
        """Return the worker whose hash has this key; None if there is none.

        Raises:
            InvalidOptionError: the key is not that of a worker (a ValueError).
        """
        session = session_of(connection)
        prefix = session.keyspace.worker("")
        if not worker_key.startswith(prefix):
            message = f"Not the key of a worker: {worker_key!r}; those begin with {prefix!r}"
            raise InvalidOptionError(message)
        record = session.run(read_worker(session.scripts, worker_key.removeprefix(prefix)))
        if record is None:
            return None
        make: Any = cls  # what takes these is a whole worker
        worker: Self = make(
            list(record.queues),
            record.name,
            connection=session.connection,
            job_class=job_class,
            queue_class=queue_class,
            serializer=serializer,
        )
        worker._restore(record)
        return worker

    @classmethod
    def all_keys(cls, connection: redis.Redis | None = None, queue: Queue | None = None) -> list[str]:
        """Return the keys of all workers, or of those that listen on a queue; sorted, stale ones included."""
        session = session_of(_require_connection(connection, queue))
        return session.run(list_worker_keys(session.scripts, queue.name if queue else None))

    @classmethod
    def all(
        cls,
        connection: redis.Redis | None = None,
        job_class: type[Job] | None = None,
        queue_class: type[Queue] | None = None,
        queue: Queue | None = None,
        serializer: Any = None,
    ) -> list[Self]:
        """Return all workers, or those that listen on a queue. Reads only."""
        client = _require_connection(connection, queue)
        found = (cls.find_by_key(key, client, job_class, queue_class, serializer) for key in cls.all_keys(client, queue))
        return [worker for worker in found if worker is not None]

    @classmethod
    def count(cls, connection: redis.Redis | None = None, queue: Queue | None = None) -> int:
        """Return how many workers are registered, stale ones included."""
        return len(cls.all_keys(connection, queue))

    def __eq__(self, other: object) -> bool:
        """Compare by name; another type is a TypeError, as in RQ."""
        if not isinstance(other, WorkerReads):
            message = f"Cannot compare a worker with {type(other).__name__}"
            raise OptionTypeError(message)
        return self.name == other.name

    def __hash__(self) -> int:
        """Return the hash of the name."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Return the class and the name."""
        return f"{type(self).__name__}({self.name!r})"


def _require_connection(connection: redis.Redis | None, queue: Queue | None) -> redis.Redis:
    client = connection if connection is not None else queue.connection if queue is not None else current_connection()
    if client is None:
        message = "Pass connection=redis.Redis(...) or queue=..., so that it is known which server to ask"
        raise NoRedisConnectionException(message)
    return client
