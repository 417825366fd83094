"""RQ's worker classes: what users start, subclass and look at. The work itself is the supervisor's."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rq.client.classes import job_class_of
from rq.client.job import Job
from rq.client.legacy import current_connection
from rq.client.queue import Queue
from rq.client.queue_lists import get_connection_from_queues
from rq.client.session import session_of
from rq.core.defaults import (
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LEASE_SECONDS,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_MAINTENANCE_TASK_INTERVAL,
    DEFAULT_OUTPUT_BYTES,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
    MAX_CRASHES,
)
from rq.core.errors import InvalidOptionError, NoRedisConnectionException, OptionTypeError
from rq.core.ids import new_name
from rq.core.references import import_class
from rq.core.serializers import resolve_serializer
from rq.model.presence import WorkerStatus
from rq.observe import events
from rq.observe.bus import EventBus
from rq.observe.logs import LogLines
from rq.runtime.config import WorkerConfig
from rq.runtime.executors.base import Executor
from rq.runtime.executors.by_worker import ByWorkerExecutor
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.choice import Needs, executor_named, lacks_for_forking
from rq.runtime.executors.distant_worker import DistantWorker
from rq.runtime.executors.job_run import is_job_replaced
from rq.runtime.hooks import Hooks, WorkerHooks
from rq.runtime.identity import describe_worker
from rq.runtime.override_points import OVERRIDE_POINTS, Where, is_any_replaced, methods_of, replaced_points
from rq.runtime.queue_order import DequeueStrategy, FixedOrder, QueueOrder, strategy_named
from rq.runtime.registration import NameOnServer
from rq.runtime.running import WorkerContext
from rq.runtime.stop_switch import StopSwitch
from rq.runtime.supervisor import Supervisor
from rq.runtime.timeouts import get_default_death_penalty_class
from rq.runtime.work_horse import SHUTDOWN_SIGNAL, ExecutesJobs, ForksHorses
from rq.store.connection import LONGEST_PAUSE_SECONDS, PersistentCaller
from rq.version import VERSION

if TYPE_CHECKING:
    import redis

ExceptionHandler = Callable[..., Any]
WorkHorseKilledHandler = Callable[[Job, int | None, int | None, Any], Any]

logger = logging.getLogger("rq.worker")


class BaseWorker(ExecutesJobs):
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
        disable_default_exception_handler: keep no record of jobs that failed, neither results nor entries in the registry; the jobs themselves stay for their
            `failure_ttl`, and say that they failed.
        work_horse_killed_handler: what `handle_work_horse_killed()` calls.
        lease: seconds a job stays this worker's without a sign of life; after a death others take its jobs that much later, at least 2.
        max_crashes: a job whose process or worker died more often than this, without an outcome, is set aside as failed.
        fresh_interpreter: run jobs in children of a small new interpreter, not of this process. Faster, but jobs do not see what this program set up before.
        keep_output: whether what jobs print and log is kept with them: the end of it.
        output_bytes: how much of it.
        job_memory: how many MiB of memory the process of a job may have; beyond that it gets a MemoryError. None for no limit.
        executor: where jobs run: fork, spawn, warm, threads, asyncio or inline; None: what the class stands for.
        concurrency: how many jobs run at the same time.
        child_limits: when the processes of the executor warm are replaced.
        maintenance_interval: accepted for RQ's sake; upkeep runs every few seconds.
        prepare_for_work: whether it shows its host and process before it works; the server is asked nothing before `work()`.

    Raises:
        TypeError: no connection, or queues of another type.
    """

    log_job_description = True
    log_result_lifespan = True
    # A call that the server does not answer is sent again after pauses that grow by this factor, up to so many seconds.
    exponential_backoff_factor = 2.0
    max_connection_wait_time = LONGEST_PAUSE_SECONDS

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        queues: str | Queue | Iterable[str | Queue],
        name: str | None = None,
        default_result_ttl: int = DEFAULT_RESULT_TTL,
        connection: redis.Redis | None = None,
        exception_handlers: ExceptionHandler | Sequence[ExceptionHandler] | None = None,
        maintenance_interval: int = DEFAULT_MAINTENANCE_TASK_INTERVAL,
        default_worker_ttl: int | None = None,
        worker_ttl: int | None = None,
        job_class: type[Job] | str | None = None,
        queue_class: type[Queue] | str | None = None,
        log_job_description: bool = True,
        job_monitoring_interval: int = DEFAULT_JOB_MONITORING_INTERVAL,
        disable_default_exception_handler: bool = False,
        prepare_for_work: bool = True,
        serializer: Any = None,
        work_horse_killed_handler: WorkHorseKilledHandler | None = None,
        *,
        lease: float = DEFAULT_LEASE_SECONDS,
        max_crashes: int = MAX_CRASHES,
        fresh_interpreter: bool = False,
        keep_output: bool = True,
        output_bytes: int = DEFAULT_OUTPUT_BYTES,
        job_memory: int | None = None,
        executor: str | None = None,
        concurrency: int = 1,
        child_limits: ChildLimits | None = None,
    ) -> None:
        self.name = name or new_name()
        self.job_class = job_class_of(job_class) if job_class else type(self).job_class
        self.queue_class = import_class(queue_class, Queue) if isinstance(queue_class, str) else queue_class or type(self).queue_class
        self.version, self.python_version = VERSION, sys.version
        if prepare_for_work:
            self.hostname, self.pid = socket.gethostname(), os.getpid()
        if default_worker_ttl is not None and worker_ttl is None:
            warnings.warn("default_worker_ttl is RQ's older name; say worker_ttl", DeprecationWarning, stacklevel=2)
        self.worker_ttl = worker_ttl or default_worker_ttl or DEFAULT_WORKER_TTL
        listed = _listed(queues)
        self.connection = self._set_connection(connection or _connection_of(listed))
        self._serializer_arg = serializer
        self.serializer = resolve_serializer(serializer)
        self.queues = [queue if isinstance(queue, Queue) else self._make_queue(queue) for queue in listed]
        self.default_result_ttl = default_result_ttl
        self._exc_handlers: list[ExceptionHandler] = _listed_handlers(exception_handlers)
        self.job_monitoring_interval = job_monitoring_interval
        self.maintenance_interval = maintenance_interval
        self.log_job_description = log_job_description
        self.lease = lease
        self.max_crashes = max_crashes
        self.fresh_interpreter = fresh_interpreter
        self.output_bytes = output_bytes if keep_output else 0
        self.job_memory = job_memory
        self.executor = executor
        self.concurrency = concurrency
        self.child_limits = child_limits or ChildLimits()
        self.execution = None
        self.bus = EventBus()
        self._log_lines = LogLines()
        self.bus.subscribe(self._log_lines)
        self._session = session_of(self.connection)
        self._state = "starting"
        self._is_horse = False
        self._own_horse_pid = 0
        self._stopped_job_id: str | None = None
        self._work_horse_killed_handler = work_horse_killed_handler
        self.disable_default_exception_handler = disable_default_exception_handler
        self._attempts = {}
        self._supervisor, self._switch, self._executor, self._name_by_hand = None, None, None, None
        self._was_asked_to_stop = False
        self._shutdown_requested_date = None
        self._ordered_queues = list(self.queues)
        self._dequeue_strategy = DequeueStrategy.DEFAULT

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
        dequeue_strategy: DequeueStrategy | str = DequeueStrategy.DEFAULT,
    ) -> bool:
        """Run jobs until told to stop: by SIGINT or SIGTERM (once: finish the running job; twice: put it back), or by one of the limits.

        Args:
            burst: leave when no job waits any more.
            logging_level: of the logger `rq.worker`; handlers are added only if there are none.
            date_format: of log lines.
            log_format: of log lines.
            max_jobs: leave after that many jobs.
            max_idle_time: leave after that many seconds without a job.
            with_scheduler: accepted and needless: every worker queues scheduled jobs when they are due. `_start_scheduler()` is called if it is replaced.
            dequeue_strategy: which queue comes first. `default`: the first that has a job. `round_robin`: the one after that of the last job. `random`: any.

        Returns:
            Whether at least one job was run.

        Raises:
            WorkerNameTaken: a living worker has this name (a ValueError, as in RQ).
            InvalidOptionError: for limits that make no sense.
        """
        self._dequeue_strategy, self._ordered_queues = strategy_named(dequeue_strategy), list(self.queues)
        self._shutdown_requested_date, self.birth_date = None, None
        self._log_lines.describe_jobs, self._log_lines.tell_lifespans = self.log_job_description, self.log_result_lifespan
        self.bootstrap(logging_level, date_format, log_format)
        context = self._describe(burst=burst, max_jobs=max_jobs, max_idle_seconds=max_idle_time)
        switch = self._switch = StopSwitch()
        try:
            if with_scheduler and "_start_scheduler" in self._replaced():
                self._start_scheduler(burst, logging_level, date_format, log_format)
            executor = self._executor = self.make_executor()
            supervisor = self._supervisor = Supervisor(context, self.connection, executor, switch, self._hooks(switch))
            with switch.installed(self._install_signal_handlers):
                if self._was_asked_to_stop:
                    switch.press("the program")
                return supervisor.run() > 0
        finally:
            self._supervisor, self._switch, self._executor = None, None, None
            self._was_asked_to_stop = False
            switch.close()
            self.teardown()

    def _describe(self, **limits: Any) -> WorkerContext:
        """Return what this worker is at work; `limits` as those of `WorkerConfig`."""
        config = WorkerConfig(
            queues=tuple(queue.name for queue in self.queues),
            lease_seconds=limits.pop("lease_seconds", self.lease),
            worker_ttl_seconds=self.worker_ttl,
            job_monitoring_seconds=self.job_monitoring_interval,
            default_result_ttl=self.default_result_ttl,
            most_crashes=self.max_crashes,
            output_bytes=self.output_bytes,
            memory_limit_mib=self.job_memory,
            records_failures=not self.disable_default_exception_handler,
            backoff_factor=self.exponential_backoff_factor,
            longest_pause_seconds=self.max_connection_wait_time,
            **limits,
        )
        self._set_ip_address(self.connection)
        identity = describe_worker(self.name, config.queues, self.ip_address)
        self.hostname, self.pid = identity.hostname, identity.pid
        self.version, self.python_version = identity.version, identity.python_version
        return WorkerContext(identity, config, self._session.scripts, self.bus, on_life=self._note_life)

    def _make_name(self) -> NameOnServer:
        """Return the name of a worker that registers by hand and gives no signs of life: it is its own for as long as RQ's would be."""
        return NameOnServer(PersistentCaller(self.connection, give_up=lambda: True), self._describe(lease_seconds=self.worker_ttl + 60))

    def _hooks(self, switch: StopSwitch) -> Hooks:
        replaced = self._replaced()
        if is_any_replaced(replaced, Where.EXECUTION):
            replaced -= {"prepare_execution", "set_state"}  # its own `execute_job()` calls them
        return WorkerHooks(self, replaced, self._order(), switch.press)

    def make_executor(self) -> Executor:
        """Return where this worker's jobs run: what `executor` says, else what the class stands for; its own `execute_job()`, if a subclass has one.

        Raises:
            InvalidOptionError: if neither does, or for an executor that cannot do what is asked (a ValueError).
        """
        if self.executor is None and self._is_replaced(Where.EXECUTION):
            return ByWorkerExecutor(self, self.output_bytes)
        return self._executor_named(self.executor or self._usual_executor())

    def _usual_executor(self) -> str:
        message = f"{type(self).__name__} does not say where its jobs run; use Worker or SimpleWorker, say executor=, or override make_executor()"
        raise InvalidOptionError(message)

    def _executor_named(self, name: str) -> Executor:
        goes_through_methods = self._is_replaced(Where.JOB)
        return executor_named(
            name,
            Needs(
                connection=self.connection,
                concurrency=self.concurrency,
                serializer=self.serializer,
                worker_name=self.name,
                job_class=self._own_job_class(),
                exception_handlers=self._exc_handlers,
                is_fresh=self.fresh_interpreter and not goes_through_methods and not is_job_replaced(),
                child_limits=self.child_limits,
                run_in_job_process=self.run_in_job_process if goes_through_methods else None,
                run_in_this_process=self.run_in_worker_process if goes_through_methods else None,
                distant_worker=partial(DistantWorker.of, self) if goes_through_methods else None,
                output_bytes=self.output_bytes,
                memory_limit_mib=self.job_memory,
            ),
        )

    def validate_queues(self) -> None:
        """Refuse what is no queue of this worker's class.

        Raises:
            OptionTypeError: one of `queues` is something else (a TypeError, as in RQ).
        """
        for queue in self.queues:
            if not isinstance(queue, self.queue_class):
                message = f"{queue!r} is no {self.queue_class.__name__}: queues of a worker are of its queue_class"
                raise OptionTypeError(message)

    def push_exc_handler(self, handler_func: ExceptionHandler) -> None:
        """Add an exception handler behind those there are; before `work()`."""
        self._exc_handlers += _listed_handlers(handler_func)

    def pop_exc_handler(self) -> ExceptionHandler:
        """Take the last exception handler away, and return it."""
        return self._exc_handlers.pop()

    def _replaced(self, among: Iterable[str] = OVERRIDE_POINTS) -> frozenset[str]:
        """Return the override points that a subclass, or somebody who patched a class or this worker, put something in the place of."""
        return replaced_points(self, _AS_WRITTEN, among)

    def _is_replaced(self, where: Where) -> bool:
        """Say whether jobs, or what surrounds them, are to go through the methods of this worker."""
        has_own_limits = where is Where.JOB and self.death_penalty_class is not get_default_death_penalty_class()
        return has_own_limits or is_any_replaced(self._replaced(), where)

    def _order(self) -> QueueOrder:
        if self._dequeue_strategy is DequeueStrategy.DEFAULT and "reorder_queues" not in self._replaced():
            return FixedOrder([queue.name for queue in self.queues])
        return _OwnOrder(self)

    def _own_job_class(self) -> type[Job] | None:
        """Return the class of jobs for an executor: None for RQ's own, which job processes need not load for every job."""
        return None if self.job_class is Job else self.job_class


class Worker(ForksHorses, BaseWorker):
    """Runs each job in a fresh process of its own, forked from one that keeps what earlier jobs imported."""

    def _usual_executor(self) -> str:
        """Return the one that forks; where that is impossible, the one that starts fresh interpreters."""
        lacking = lacks_for_forking()
        if lacking:
            self.bus.emit(events.CannotFork(self.name, lacking))
        return "spawn" if lacking else "fork"


class SimpleWorker(BaseWorker):
    """Runs jobs in its own process and thread: fast, for tests and trusted short jobs. A job that kills its process kills the worker."""

    def _usual_executor(self) -> str:
        return "inline"

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job right here."""
        self.prepare_execution(job)
        self.perform_job(job, queue)
        self.set_state(WorkerStatus.IDLE)

    def get_heartbeat_ttl(self, job: Job) -> int:
        """Return for how many seconds an execution that is begun by hand lasts: nobody gives signs of life while its job runs."""
        return DEFAULT_WORKER_TTL if job.timeout == -1 else (job.timeout or DEFAULT_WORKER_TTL) + 60

    def kill_horse(self, sig: signal.Signals = SHUTDOWN_SIGNAL) -> None:
        """Do nothing: a job has no process of its own here."""

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Return Nones: as above."""
        return None, None, None


# The override points as they stand here. What anybody puts in the place of one of these is called.
_AS_WRITTEN = methods_of(BaseWorker, Worker, SimpleWorker)


class _OwnOrder:
    """The order of queues that a worker keeps itself, by `reorder_queues()`."""

    def __init__(self, worker: BaseWorker) -> None:
        self._worker = worker

    def names(self) -> Sequence[str]:
        return [queue.name for queue in self._worker._ordered_queues]  # noqa: SLF001 - RQ's name for it, which subclasses rely on

    def note_served(self, queue: str) -> None:
        self._worker.reorder_queues(reference_queue=self._worker._queue_named(queue))  # noqa: SLF001 - as above


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
