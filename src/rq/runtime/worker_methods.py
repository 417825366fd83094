"""The methods of a worker that its supervisor calls if they are replaced, beside the step that does the work; and what they are called with by hand.

They may look, log, wait and say no; leases, claims and settlements do not depend on them.
"""

from __future__ import annotations

import logging
import math
import signal
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from rq.client.commands import handle_command, parse_payload
from rq.client.group import Group
from rq.client.job import Job
from rq.client.queue import Queue
from rq.client.registry import clean_registries
from rq.client.suspension import is_suspended
from rq.client.worker_registration import clean_worker_registry
from rq.core.clock import utc_now
from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.core.errors import DequeueTimeout, StopRequested
from rq.core.formats import format_date
from rq.core.tracebacks import format_exception
from rq.model.presence import WorkerStatus
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.process_title import setprocname
from rq.runtime.queue_order import DequeueStrategy, reordered
from rq.runtime.registration import NameOnServer
from rq.runtime.running import RunningAttempt
from rq.runtime.signal_names import signal_name
from rq.runtime.stop_switch import StopSwitch
from rq.runtime.timeouts import BaseDeathPenalty, get_default_death_penalty_class
from rq.runtime.worker_privates import WorkerPrivates
from rq.store.codec import decode_job
from rq.store.server_version import get_version

if TYPE_CHECKING:
    from rq.runtime.executors.base import Executor
    from rq.runtime.supervisor import Supervisor

logger = logging.getLogger("rq.worker")

# A worker that is suspended looks so often whether it still is.
_SUSPENSION_LOOK_SECONDS = 1.0


class SupervisorMethods(WorkerPrivates):
    """What happens in the process of a worker, but for the jobs. All of these may be overridden."""

    death_penalty_class: ClassVar[type[BaseDeathPenalty]] = get_default_death_penalty_class()
    log = logger
    last_cleaned_at: datetime | None = None
    redis_server_version: tuple[int, int, int] | None = None
    maintenance_interval: int

    _ordered_queues: list[Queue]
    _dequeue_strategy: DequeueStrategy
    _work_horse_killed_handler: Callable[..., Any] | None
    _switch: StopSwitch | None
    _was_asked_to_stop: bool
    _shutdown_requested_date: datetime | None
    _stop_signal: int | None = None
    _supervisor: Supervisor | None
    _executor: Executor | None
    _name_by_hand: NameOnServer | None
    _own_horse_pid: int

    # --- from birth to death ----------------------------------------------------------------------------------------------------------

    def bootstrap(
        self,
        logging_level: str | int | None = "INFO",
        date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
        log_format: str = DEFAULT_LOGGING_FORMAT,
    ) -> None:
        """Called first by `work()`, before anything that jobs inherit is forked: makes sure that log lines are shown. The worker registers after that."""
        for name in ("rq.worker", "rq.job"):
            setup_loghandlers(logging_level, date_format, log_format, name)

    def register_birth(self) -> None:
        """Register the worker under its name. By hand, the name is this worker's until `register_death()`, or until its `worker_ttl` and a minute are over.

        Raises:
            WorkerNameTaken: a living worker has the name (a ValueError, as in RQ).
        """
        name = self._name_on_server()
        if not name.is_taken:
            self.birth_date = None
        name.take()

    def register_death(self) -> None:
        """Give up the name."""
        self._name_on_server().give_up()

    def teardown(self) -> None:
        """Called last by `work()`, when the worker has given up its name. Ends a scheduler that was started by hand."""
        self.stop_scheduler()

    def serialize(self) -> dict[str, Any]:
        """Return what the worker says of itself when it registers: names and values of its hash."""
        dates = {"birth": self.birth_date, "last_heartbeat": self.last_heartbeat}
        names = ("pid", "hostname", "ip_address", "version", "python_version")
        return {
            **{name: None if date is None else format_date(date) for name, date in dates.items()},
            "queues": ",".join(self.queue_names()),
            **{name: getattr(self, name) for name in names},
        }

    def _note_life(self) -> None:
        """Note that the server has heard of this worker: it registered, or its heart beat."""
        self.last_heartbeat = utc_now()
        if self.birth_date is None:
            self.birth_date = self.last_heartbeat

    def _name_on_server(self) -> NameOnServer:
        if self._supervisor is not None:
            return self._supervisor.name_on_server
        if self._name_by_hand is None:
            self._name_by_hand = self._make_name()
        return self._name_by_hand

    def _make_name(self) -> NameOnServer:
        raise NotImplementedError

    def get_state(self) -> str:
        """Return what the worker does: at work, at this moment; else when it was last read."""
        supervisor = self._supervisor
        if supervisor is None or not supervisor.name_on_server.is_taken:
            return self._state
        state = WorkerStatus.SUSPENDED if supervisor.progress.suspended else WorkerStatus.BUSY if len(supervisor.running) else WorkerStatus.IDLE
        return state.value

    # --- waiting for jobs ---------------------------------------------------------------------------------------------------------------

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: float | None = None) -> tuple[Job, Queue] | None:
        """Wait for a job, and return it with its queue; None if there is a reason to leave before. At work, the job is this worker's from then on.

        By hand, as with `Queue.dequeue_any()`, the job is lost if it is not run.

        Args:
            timeout: by hand, for how many seconds to wait; None for not at all. At work, `work()` has said what there is to say.
            max_idle_time: as above.
        """
        if self._supervisor is not None:
            attempt = self._supervisor.wait_for_jobs()
            return None if attempt is None else (self.job_of_attempt(attempt), self._queue_named(attempt.key.queue))
        seconds = [limit for limit in (timeout, None if timeout is None or max_idle_time is None else math.ceil(max_idle_time)) if limit is not None]
        try:
            return self.queue_class.dequeue_any(
                self._ordered_queues,
                min(seconds, default=None),
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Put the queues into order for the next claim, after a job came from `reference_queue`, by the strategy that `work()` was given."""
        self._ordered_queues = reordered(self._ordered_queues, reference_queue, self._dequeue_strategy)

    def check_for_suspension(self, burst: bool) -> None:
        """Wait until this worker is not suspended. No job is taken meanwhile, whether this is called or not.

        Raises:
            StopRequested: it is suspended, and a burst worker does not wait.
        """
        while is_suspended(self.connection, self) and not self._stop_requested:
            if burst:
                raise StopRequested
            self.set_state(WorkerStatus.SUSPENDED)
            if self._switch is None:
                time.sleep(_SUSPENSION_LOOK_SECONDS)
            else:
                self._switch.wait(_SUSPENSION_LOOK_SECONDS)

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Whether `run_maintenance_tasks()` was never called, or more than `maintenance_interval` seconds ago."""
        return self.last_cleaned_at is None or utc_now() - self.last_cleaned_at > timedelta(seconds=self.maintenance_interval)

    def run_maintenance_tasks(self) -> None:
        """Do by hand what workers do every few seconds beside their jobs."""
        self.clean_registries()
        Group.clean_registries(self.connection)

    def clean_registries(self) -> None:
        """Forget what is over in the registries of this worker's queues, and the workers that are gone."""
        for queue in self.queues:
            clean_registries(queue)
            clean_worker_registry(queue)
        self.last_cleaned_at = utc_now()

    def _queue_named(self, name: str) -> Queue:
        for queue in self.queues:
            if queue.name == name:
                return queue
        return self._make_queue(name)

    # --- while jobs run -----------------------------------------------------------------------------------------------------------------

    def job_of_attempt(self, attempt: RunningAttempt) -> Job:
        """Return the job of an attempt, for the process that watches over it: as it was taken from its queue."""
        return self.job_class.of_attempt(decode_job(attempt.key.job_id, attempt.fields), lambda: self.connection, self.serializer)

    def maintain_heartbeats(self, job: Job) -> None:
        """Called while a job runs, at each sign of life. Leases are kept whether this is called or not."""

    def handle_work_horse_killed(self, job: Job, retpid: int | None, ret_val: int | None, rusage: Any) -> None:
        """Called when the process of a job ended without an outcome; calls the handler that the worker was given.

        Args:
            job: the job. If its `retries_left` is 0 afterwards, and was not before, the job has failed; else it runs again, unless that happens too often.
            retpid: the process.
            ret_val: how it ended, as `os.waitpid` says it.
            rusage: what it used, as `os.wait4` says it.
        """
        if self._work_horse_killed_handler is not None:
            self._work_horse_killed_handler(job, retpid, ret_val, rusage)

    @property
    def horse_pid(self) -> int:
        """The process that runs a job now, the first if there are several; 0 if there is none."""
        return self._horse_pid

    @property
    def _horse_pid(self) -> int:
        return next(iter(self._horse_pids()), 0)

    @_horse_pid.setter
    def _horse_pid(self, pid: int) -> None:
        self._own_horse_pid = pid

    def _horse_pids(self) -> tuple[int, ...]:
        """Return the processes that run jobs now."""
        pids: tuple[int, ...] = getattr(self._executor, "job_pids", ())
        return (self._own_horse_pid,) if self._own_horse_pid else pids

    def procline(self, message: str) -> None:
        """Show something in process lists: `rq:worker:<name>: <message>`. Needs the package setproctitle."""
        setprocname(f"rq:worker:{self.name}: {message}")

    # --- commands -----------------------------------------------------------------------------------------------------------------------

    @property
    def pubsub_channel_name(self) -> str:
        """The channel on which the worker hears commands."""
        return self._session.keyspace.commands(self.name)

    def subscribe(self) -> None:
        """Called when the worker hears commands from now on."""

    def unsubscribe(self) -> None:
        """Called before the worker hears no commands any more."""

    def handle_payload(self, message: Mapping[str, Any]) -> None:
        """Do what a message of the worker's channel says, as redis-py gives it."""
        if self._supervisor is not None:
            self._supervisor.listener.obey(message["data"])
        else:
            hears: Any = self
            handle_command(hears, parse_payload(message))

    # --- signals ------------------------------------------------------------------------------------------------------------------------

    def _install_signal_handlers(self) -> None:
        """Have SIGINT and SIGTERM call `request_stop()`. `work()` puts back what was there before when it is over."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)

    def request_stop(self, signum: int | None, frame: FrameType | None) -> None:
        """Let the worker leave when the running job is over; the handler of signals. Called a second time, it is `request_force_stop()`."""
        if self._stop_requested or self._shutdown_requested_date is not None:
            self.request_force_stop(signum, frame)
            return
        self._shutdown_requested_date, self._stop_signal = utc_now(), signum
        try:
            self.handle_warm_shutdown_request()
            self._shutdown()
        except StopRequested:
            self._press(signum)
        except Exception as error:  # noqa: BLE001 - user code raises anything, and nothing may get into what the signal came between
            logger.error("A stop of worker %s was asked for, and its handling failed\n%s", self.name, format_exception(error).rstrip())  # noqa: TRY400 - with the text
            self._press(signum)

    def _shutdown(self) -> None:
        """Let the worker leave when the running job is over; called by `request_stop()`. A worker that overrides this stays until the next signal."""
        self._press(self._stop_signal)

    def request_force_stop(self, signum: int | None, frame: FrameType | None) -> None:
        """Put the running job back and let the worker leave at once; the handler of a second signal. Two signals at the same instant are one."""
        del frame
        self._press(signum)

    def handle_warm_shutdown_request(self) -> None:
        """Called first by `request_stop()`: by a signal handler, or by the thread that hears commands."""

    @property
    def _stop_requested(self) -> bool:
        return self._was_asked_to_stop if self._switch is None else self._switch.warm

    @_stop_requested.setter
    def _stop_requested(self, is_wanted: bool) -> None:
        if is_wanted and not self._stop_requested:
            self._press(None)

    def _press(self, signum: int | None) -> None:
        """Ask for a stop. A worker that is not at work leaves as soon as it is."""
        if self._switch is None:
            self._was_asked_to_stop = True
        else:
            self._switch.press("the program" if signum is None else signal_name(signum))

    # --- what RQ offers besides ---------------------------------------------------------------------------------------------------------

    @property
    def dequeue_timeout(self) -> int:
        """For how many seconds RQ's workers wait for a job at a time."""
        return max(1, self.worker_ttl - 15)

    @property
    def connection_timeout(self) -> int:
        """After how many seconds RQ's workers give up a reply."""
        return self.dequeue_timeout + 10

    def get_redis_server_version(self) -> tuple[int, int, int]:
        """Return the version of Redis that the server speaks like; asked once."""
        if self.redis_server_version is None:
            self.redis_server_version = get_version(self.connection)
        return self.redis_server_version
