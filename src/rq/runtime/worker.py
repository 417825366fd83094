"""RQ's worker classes: what users start, subclass and look at. The work itself is the supervisor's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from rq.client.classes import job_class_of
from rq.client.fields import KeyOfClass
from rq.client.job import Job
from rq.client.legacy import current_connection
from rq.client.queue import Queue
from rq.client.queue_lists import get_connection_from_queues
from rq.client.session import Session, session_of
from rq.core.defaults import (
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LEASE_SECONDS,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_MAINTENANCE_TASK_INTERVAL,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
    MAX_CRASHES,
)
from rq.core.errors import InvalidOptionError, NoRedisConnectionException, OptionTypeError
from rq.core.ids import new_name
from rq.core.references import import_class
from rq.core.serializers import resolve_serializer
from rq.model.presence import WorkerRecord
from rq.observe import events
from rq.observe.bus import EventBus
from rq.observe.logs import LogLines
from rq.runtime.config import WorkerConfig
from rq.runtime.executors.base import Executor
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.choice import Needs, executor_named, lacks_for_forking
from rq.runtime.identity import describe_worker
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.running import WorkerContext
from rq.runtime.stop_switch import StopSwitch
from rq.runtime.supervisor import Supervisor
from rq.store.presence import list_worker_keys, read_worker

if TYPE_CHECKING:
    import redis

ExceptionHandler = Callable[..., Any]

logger = logging.getLogger("rq.worker")


class BaseWorker:
    """Takes jobs from queues and has them run, until told to stop.

    Args:
        queues: a name, a Queue, or several of either, in order of priority.
        name: no two living workers share one; None for a random one.
        default_result_ttl: seconds a result is kept if its job does not say; 0 deletes the job, -1 keeps it for ever.
        connection: a `redis.Redis`; None for that of the first Queue in `queues`.
        worker_ttl: seconds until the worker's hash expires after its last sign of life (plus a minute). `default_worker_ttl` is its older name.
        exception_handlers: what is called with `(job, exc_type, exc_value, traceback)` where a job failed: a function, or several in order; one that
            returns something false (but None) ends the chain. They change nothing about what becomes of the job.
        job_class: a subclass of Job, or a dotted path.
        queue_class: a subclass of Queue, or a dotted path.
        log_job_description: whether log lines show descriptions, and so arguments.
        job_monitoring_interval: seconds; while a job runs the worker's hash expires that long (plus a minute) after the last sign of life.
        serializer: as for Queue; jobs must have been enqueued with the same.
        lease: seconds a job stays this worker's without a sign of life; after a death others take its jobs that much later, at least 2.
        max_crashes: a job whose process or worker died more often than this, without an outcome, is set aside as failed.
        fresh_interpreter: run jobs in children of a small new interpreter, not of this process. Faster, but jobs do not see what this program set up before.
        executor: where jobs run: fork, spawn, warm, threads, asyncio or inline; None: what the class stands for.
        concurrency: how many jobs run at the same time.
        child_limits: when the processes of the executor warm are replaced.
        maintenance_interval: accepted for RQ's sake; upkeep runs every few seconds.
        prepare_for_work: accepted for RQ's sake; nothing is asked of the system or the server before `work()`.

    Raises:
        TypeError: no connection, or queues of another type.
    """

    redis_worker_namespace_prefix = KeyOfClass("worker", "")
    redis_workers_keys = KeyOfClass("workers")
    queue_class: type[Queue] = Queue
    job_class: type[Job] = Job

    def __init__(  # noqa: PLR0913 - RQ's signature
        self,
        queues: str | Queue | Iterable[str | Queue],
        name: str | None = None,
        default_result_ttl: int = DEFAULT_RESULT_TTL,
        connection: redis.Redis | None = None,
        exception_handlers: ExceptionHandler | Sequence[ExceptionHandler] | None = None,
        *,
        worker_ttl: int | None = None,
        default_worker_ttl: int | None = None,
        maintenance_interval: int = DEFAULT_MAINTENANCE_TASK_INTERVAL,
        job_class: type[Job] | str | None = None,
        queue_class: type[Queue] | str | None = None,
        log_job_description: bool = True,
        job_monitoring_interval: int = DEFAULT_JOB_MONITORING_INTERVAL,
        serializer: Any = None,
        lease: float = DEFAULT_LEASE_SECONDS,
        max_crashes: int = MAX_CRASHES,
        fresh_interpreter: bool = False,
        prepare_for_work: bool = True,
        executor: str | None = None,
        concurrency: int = 1,
        child_limits: ChildLimits | None = None,
    ) -> None:
        self.name = name or new_name()
        self.job_class = job_class_of(job_class) if job_class else type(self).job_class
        self.queue_class = import_class(queue_class, Queue) if isinstance(queue_class, str) else queue_class or type(self).queue_class
        del prepare_for_work
        listed = _listed(queues)
        self.connection = connection or _connection_of(listed)
        self.serializer = resolve_serializer(serializer)
        self.queues = [queue if isinstance(queue, Queue) else self._make_queue(queue) for queue in listed]
        self.default_result_ttl = default_result_ttl
        self._exc_handlers: list[ExceptionHandler] = _listed_handlers(exception_handlers)
        if default_worker_ttl is not None and worker_ttl is None:
            warnings.warn("default_worker_ttl is RQ's older name; say worker_ttl", DeprecationWarning, stacklevel=2)
        self.worker_ttl = worker_ttl or default_worker_ttl or DEFAULT_WORKER_TTL
        self.job_monitoring_interval = job_monitoring_interval
        self.maintenance_interval = maintenance_interval
        self.log_job_description = log_job_description
        self.lease = lease
        self.max_crashes = max_crashes
        self.fresh_interpreter = fresh_interpreter
        self.executor = executor
        self.concurrency = concurrency
        self.child_limits = child_limits or ChildLimits()
        self.version: str | None = None
        self.hostname: str | None = None
        self.pid: int | None = None
        self.ip_address = "unknown"
        self.python_version: str | None = None
        self.birth_date: datetime | None = None
        self.last_heartbeat: datetime | None = None
        self.successful_job_count = 0
        self.failed_job_count = 0
        self.total_working_time = 0.0
        self.current_job_working_time = 0.0
        self.bus = EventBus()
        self.bus.subscribe(LogLines(describe_jobs=log_job_description))
        self._session: Session = session_of(self.connection)
        self._state = "starting"
        self._current_job_id: str | None = None

    def _make_queue(self, name: str) -> Queue:
        return self.queue_class(name, connection=self.connection, job_class=self.job_class, serializer=self.serializer)

    # --- working ------------------------------------------------------------------------------------------------------------------

    def work(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        burst: bool = False,
        logging_level: str | int | None = None,
        date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
        log_format: str = DEFAULT_LOGGING_FORMAT,
        max_jobs: int | None = None,
        max_idle_time: float | None = None,
        with_scheduler: bool = False,
    ) -> bool:
        """Run jobs until told to stop: by SIGINT or SIGTERM (once: finish the running job; twice: put it back), or by one of the limits.

        Args:
            burst: leave when no job waits any more.
            logging_level: of the logger `rq.worker`; handlers are added only if there are none.
            date_format: of log lines.
            log_format: of log lines.
            max_jobs: leave after that many jobs.
            max_idle_time: leave after that many seconds without a job.
            with_scheduler: accepted and needless: every worker queues scheduled jobs when they are due.

        Returns:
            Whether at least one job was run.

        Raises:
            WorkerNameTaken: a living worker has this name (a ValueError, as in RQ).
            InvalidOptionError: for limits that make no sense.
        """
        del with_scheduler
        setup_loghandlers(logging_level, date_format, log_format)
        config = WorkerConfig(
            queues=tuple(queue.name for queue in self.queues),
            lease_seconds=self.lease,
            worker_ttl_seconds=self.worker_ttl,
            job_monitoring_seconds=self.job_monitoring_interval,
            default_result_ttl=self.default_result_ttl,
            most_crashes=self.max_crashes,
            burst=burst,
            max_jobs=max_jobs,
            max_idle_seconds=max_idle_time,
        )
        identity = describe_worker(self.name, config.queues, self.connection)
        self.hostname, self.pid, self.ip_address = identity.hostname, identity.pid, identity.ip_address
        self.version, self.python_version = identity.version, identity.python_version
        switch = StopSwitch()
        try:
            context = WorkerContext(identity, config, self._session.scripts, self.bus)
            supervisor = Supervisor(context, self.connection, self.make_executor(), switch)
            with switch.installed():
                return supervisor.run() > 0
        finally:
            switch.close()

    def make_executor(self) -> Executor:
        """Return where this worker's jobs run; each concrete class says, unless `executor` did.

        Raises:
            InvalidOptionError: if neither does, or for an executor that cannot do what is asked (a ValueError).
        """
        if self.executor is None:
            message = f"{type(self).__name__} does not say where its jobs run; use Worker or SimpleWorker, say executor=, or override make_executor()"
            raise InvalidOptionError(message)
        return self._executor_named(self.executor)

    def _executor_named(self, name: str) -> Executor:
        return executor_named(
            name,
            Needs(
                connection=self.connection,
                concurrency=self.concurrency,
                serializer=self.serializer,
                worker_name=self.name,
                job_class=self._own_job_class(),
                exception_handlers=self._exc_handlers,
                is_fresh=self.fresh_interpreter,
                child_limits=self.child_limits,
            ),
        )

    def push_exc_handler(self, handler: ExceptionHandler) -> None:
        """Add an exception handler behind those there are; before `work()`."""
        self._exc_handlers += _listed_handlers(handler)

    def pop_exc_handler(self) -> ExceptionHandler:
        """Take the last exception handler away, and return it."""
        return self._exc_handlers.pop()

    def _own_job_class(self) -> type[Job] | None:
        """Return the class of jobs for an executor: None for RQ's own, which job processes need not load for every job."""
        return None if self.job_class is Job else self.job_class

    # --- what the server says of workers --------------------------------------------------------------------------------------------

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
        self._state, self._current_job_id = record.state, record.current_job_id

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

    def get_current_job_id(self) -> str | None:
        """Return the id of the job it was running when it was last read."""
        return self._current_job_id

    def get_current_job(self) -> Job | None:
        """Return the job it was running when it was last read; None if none, or if that job is gone."""
        if self._current_job_id is None:
            return None
        return self.job_class.fetch_many([self._current_job_id], connection=self.connection, serializer=self.serializer)[0]

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
        worker = cls(
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
        if not isinstance(other, BaseWorker):
            message = f"Cannot compare a worker with {type(other).__name__}"
            raise OptionTypeError(message)
        return self.name == other.name

    def __hash__(self) -> int:
        """Return the hash of the name."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Return the class and the name."""
        return f"{type(self).__name__}({self.name!r})"


class Worker(BaseWorker):
    """Runs each job in a fresh process of its own, forked from one that keeps what earlier jobs imported."""

    def make_executor(self) -> Executor:
        """Return the executor that was chosen; else the one that forks, or where that is impossible the one that starts fresh interpreters."""
        lacking = "" if self.executor else lacks_for_forking()
        if lacking:
            self.bus.emit(events.CannotFork(self.name, lacking))
        return self._executor_named(self.executor or ("spawn" if lacking else "fork"))


class SimpleWorker(BaseWorker):
    """Runs jobs in its own process and thread: fast, for tests and trusted short jobs. A job that kills its process kills the worker."""

    def make_executor(self) -> Executor:
        """Return the executor that was chosen; else the one that runs jobs right here."""
        return self._executor_named(self.executor or "inline")


def _listed_handlers(given: ExceptionHandler | Sequence[ExceptionHandler] | None) -> list[ExceptionHandler]:
    handlers: list[Any] = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    for handler in handlers:
        if not callable(handler):
            message = f"An exception handler is a function that takes (job, exc_type, exc_value, traceback), not {handler!r}"
            raise OptionTypeError(message)
    return handlers


def _listed(queues: str | Queue | Iterable[str | Queue]) -> Sequence[str | Queue]:
    listed: list[Any] = [queues] if isinstance(queues, (str, Queue)) else list(queues)
    for queue in listed:
        if not isinstance(queue, (str, Queue)):
            message = f"A worker listens on queues or names of queues, not on {type(queue).__name__}: {queue!r}"
            raise OptionTypeError(message)
    return listed


def _connection_of(queues: Sequence[str | Queue]) -> redis.Redis:
    connection = get_connection_from_queues(queues) or current_connection()
    if connection is None:
        message = "A worker needs a connection: pass connection=redis.Redis(...), or Queue objects instead of names"
        raise NoRedisConnectionException(message)
    return connection


def _require_connection(connection: redis.Redis | None, queue: Queue | None) -> redis.Redis:
    client = connection if connection is not None else queue.connection if queue is not None else current_connection()
    if client is None:
        message = "Pass connection=redis.Redis(...) or queue=..., so that it is known which server to ask"
        raise NoRedisConnectionException(message)
    return client
