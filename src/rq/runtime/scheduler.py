"""RQ's scheduler (door: `rq.scheduler`), for programs that start one by hand.

Workers of this package queue scheduled jobs by themselves when they are due, and hold the locks that RQ's schedulers ask for, so that none is needed beside
them. Where no worker runs, or only RQ's do, this one does what RQ's does, with the same locks and the same hash.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

import redis
from redis.exceptions import RedisError

from rq.client.connections import parse_connection
from rq.client.queue_lists import parse_names
from rq.client.registry import ScheduledJobRegistry
from rq.client.session import Session, session_of
from rq.core.clock import utc_now
from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT, DEFAULT_SCHEDULER_FALLBACK_PERIOD
from rq.core.errors import SchedulerNotFound
from rq.core.formats import as_text, format_date, parse_date
from rq.core.ids import new_execution_id
from rq.core.keys import current_keyspace
from rq.core.serializers import Serializer, resolve_serializer
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.stop_switch import StopSwitch
from rq.store.enqueue import promote_jobs
from rq.store.locks import acquire_lock, release_lock
from rq.store.schedulers import delete_scheduler, read_scheduler, write_scheduler
from rq.store.waiting import wait_readable

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from redis.client import Pipeline

    from rq.client.queue import Queue

SCHEDULER_KEY_TEMPLATE = current_keyspace().name("scheduler", "%s")
SCHEDULER_LOCKING_KEY_TEMPLATE = current_keyspace().name("scheduler_lock", "%s")

# Locks and hash outlast the interval by this much.
GRACE_SECONDS = 60
END_SECONDS = 10.0

logger = logging.getLogger("rq.scheduler")


class SchedulerStatus(str, Enum):  # noqa: UP042 - RQ's str() gives 'SchedulerStatus.STARTED'; StrEnum would give 'started'
    """What a scheduler does."""

    __module__ = "rq.scheduler"

    STARTED = "started"
    WORKING = "working"
    STOPPED = "stopped"


class RQScheduler:
    """Queues the scheduled jobs of some queues when they are due, one scheduler for each queue at a time.

    Args:
        queues: queues, or names of queues.
        connection: any synchronous redis-py client. The process that `start` makes has one of its own, made with the same settings.
        interval: seconds between two looks.
        logging_level: of the logger `rq.scheduler`; handlers are added only if there are none.
        date_format: of log lines.
        log_format: of log lines.
        serializer: as for `Queue`.
        name: no two schedulers share one; None for a random one.
    """

    __module__ = "rq.scheduler"

    Status = SchedulerStatus

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        queues: Iterable[Queue | str],
        connection: redis.Redis,
        interval: int = 1,
        logging_level: str | int = logging.INFO,
        date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
        log_format: str = DEFAULT_LOGGING_FORMAT,
        serializer: Serializer | str | None = None,
        name: str | None = None,
    ) -> None:
        session_of(connection)  # refuses what is none
        self._queue_names = set(parse_names(queues))
        self._acquired_locks: set[str] = set()
        self._scheduled_job_registries: list[ScheduledJobRegistry] = []
        self.lock_acquisition_time: datetime | None = None
        self._connection_class, self._pool_class, self._pool_kwargs = parse_connection(connection)
        self._connection: redis.Redis | None = None
        self.serializer = resolve_serializer(serializer)
        self.name = name or new_execution_id()
        self.hostname = socket.gethostname()
        self.created_at = utc_now()
        self.pid = 0
        self.last_heartbeat: datetime | None = None
        self.interval = interval
        self.log = logger
        self._status = SchedulerStatus.STOPPED
        self._process: BaseProcess | None = None
        self._switch: StopSwitch | None = None
        self._was_asked_to_stop = False
        setup_loghandlers(logging_level, date_format, log_format, "rq.scheduler")

    @property
    def connection(self) -> redis.Redis:
        """A client of this scheduler's own, in the process that it runs in."""
        if self._connection is None:
            pool = redis.ConnectionPool(connection_class=self._pool_class, **self._pool_kwargs)
            self._connection = self._connection_class(connection_pool=pool)
        return self._connection

    @property
    def _session(self) -> Session:
        return session_of(self.connection)

    @property
    def key(self) -> str:
        """The key of its hash."""
        return current_keyspace().name("scheduler", self.name)

    @property
    def status(self) -> SchedulerStatus:
        """What it does."""
        return self._status

    @property
    def acquired_locks(self) -> set[str]:
        """The names of the queues that it has to itself."""
        return self._acquired_locks

    # --- locks ------------------------------------------------------------------------------------------------------------------------

    @classmethod
    def get_locking_key(cls, name: str) -> str:
        """Return the key of the lock of a queue."""
        return current_keyspace().name("scheduler_lock", name)

    @property
    def should_reacquire_locks(self) -> bool:
        """Whether some queues are not its own and it is time to ask for them again."""
        if self._queue_names == self._acquired_locks:
            return False
        last = self.lock_acquisition_time
        return last is None or utc_now() - last > timedelta(seconds=DEFAULT_SCHEDULER_FALLBACK_PERIOD)

    def acquire_locks(self, auto_start: bool = False) -> set[str]:
        """Take the locks of its queues, as far as nobody else has them: one round trip. Returns the names of the queues that it has.

        Args:
            auto_start: whether to `start` if it has got any and is not started yet.
        """
        names = sorted(self._queue_names)
        codes = self._session.run_many([self._lock(name) for name in names])
        for name, code in zip(names, codes, strict=True):
            if code == "acquired":
                self.log.info("Acquired scheduler lock for %s", name)
        self._acquired_locks = {name for name, code in zip(names, codes, strict=True) if code != "taken"}
        self._scheduled_job_registries = []
        self.lock_acquisition_time = utc_now()
        if self._acquired_locks and auto_start and not (self._process is not None and self._process.is_alive()):
            self.start()
        return self._acquired_locks

    def release_locks(self) -> None:
        """Free the locks that it has: one round trip."""
        self._session.run_many([release_lock(self._session.scripts, self.get_locking_key(name), self.name) for name in sorted(self._acquired_locks)])
        self._acquired_locks = set()

    def _lock(self, name: str) -> Any:
        return acquire_lock(self._session.scripts, self.get_locking_key(name), self.name, self.interval + GRACE_SECONDS)

    # --- what is due ------------------------------------------------------------------------------------------------------------------

    def prepare_registries(self, queue_names: Iterable[str] | None = None) -> None:
        """Choose the queues whose jobs `enqueue_scheduled_jobs` looks after; None for those that it has the locks of."""
        names = self._acquired_locks if queue_names is None else set(queue_names)
        self._scheduled_job_registries = [ScheduledJobRegistry(name, connection=self.connection, serializer=self.serializer) for name in sorted(names)]

    def enqueue_scheduled_jobs(self) -> None:
        """Move the jobs that are due to their queues, at most five hundred of each: one round trip, for each queue atomic."""
        self._status = SchedulerStatus.WORKING
        if not self._scheduled_job_registries and self._acquired_locks:
            self.prepare_registries()
        self._session.run_many([promote_jobs(self._session.scripts, registry.name) for registry in self._scheduled_job_registries])
        self._status = SchedulerStatus.STARTED

    # --- life -------------------------------------------------------------------------------------------------------------------------

    def start(self) -> BaseProcess:
        """Start a process that does `work`, and return it. `stop` ends it; it also ends by SIGINT or SIGTERM."""
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
        if self._connection is not None:
            self._connection.close()  # two processes must not share a socket
            self._connection = None
        context: Any = multiprocessing.get_context(method)
        process: BaseProcess = context.Process(target=run, args=(self,), name="Scheduler")
        self._status = SchedulerStatus.STARTED
        process.start()
        self._process = process
        return process

    def work(self) -> None:
        """Queue what is due, again and again, until SIGINT, SIGTERM or `request_stop`. Errors of the server are waited out."""
        switch = self._switch = StopSwitch()
        if self._was_asked_to_stop:
            switch.press("request_stop()")
        try:
            with switch.installed(self._install_signal_handlers):
                while not switch.warm:
                    self._look()
                    wait_readable([switch.fileno()], self.interval)
                    switch.reset()
        finally:
            self._switch, self._was_asked_to_stop = None, False
            switch.close()
        self.stop()

    def _look(self) -> None:
        try:
            if self.pid != os.getpid():
                self.register_birth()
            if self.should_reacquire_locks:
                self.acquire_locks()
            self.heartbeat()
            self.enqueue_scheduled_jobs()
        except (RedisError, OSError) as error:
            self.log.error("Scheduler %s: the server did not answer (%s); trying again", self.name, error)  # noqa: TRY400 - the message says it all

    def _install_signal_handlers(self) -> None:
        """Have SIGINT and SIGTERM call `request_stop()`. `work()` puts back what was there before when it is over."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)

    def request_stop(self, signum: int | None = None, frame: FrameType | None = None) -> None:
        """Let `work()`, or the next one if none runs, end as soon as it may. Safe in any thread; the handler of signals."""
        del frame
        self._was_asked_to_stop = True
        switch = self._switch  # read once: `work()` may end in another thread
        if switch is not None:
            switch.press(signal.Signals(signum).name if signum else "request_stop()")

    @property
    def _stop_requested(self) -> bool:
        """Whether `work` ends as soon as it may; RQ's name."""
        return self._was_asked_to_stop

    @_stop_requested.setter
    def _stop_requested(self, is_requested: bool) -> None:
        if is_requested:
            self.request_stop()

    def stop(self) -> None:
        """End the process that `start` made, free the locks, and delete the hash."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(END_SECONDS)
            self._process = None
        self.log.info("Scheduler stopping, releasing locks for %s...", ", ".join(sorted(self._acquired_locks)))
        self._status = SchedulerStatus.STOPPED
        try:
            self.release_locks()
            self.register_death()
        except (RedisError, OSError) as error:
            self.log.error("Scheduler %s: the server did not answer (%s); its locks expire by themselves", self.name, error)  # noqa: TRY400

    def heartbeat(self) -> None:
        """Give a sign of life and keep the locks: two round trips. A lock that another scheduler has is given up."""
        self.last_heartbeat = utc_now()
        self.save()
        names = sorted(self._acquired_locks)
        codes = self._session.run_many([self._lock(name) for name in names])
        lost = {name for name, code in zip(names, codes, strict=True) if code == "taken"}
        if lost:
            self.log.warning("Scheduler %s: another one has the locks of %s", self.name, ", ".join(sorted(lost)))
            self._acquired_locks -= lost
            self._scheduled_job_registries = []

    def _write_hash(self) -> list[Any]:
        return write_scheduler(self._session.scripts, self.name, self.to_dict(), self.interval + GRACE_SECONDS)

    def register_birth(self) -> None:
        """Write its hash, with the number of this process."""
        self.pid = os.getpid()
        self.last_heartbeat = utc_now()
        self.save()

    def register_death(self) -> bool:
        """Delete its hash. Says whether there was one."""
        return self._session.run(delete_scheduler(self._session.scripts, self.name))

    def save(self, pipeline: Pipeline | None = None) -> None:
        """Write its hash; `pipeline` collects the calls instead."""
        if pipeline is None:
            self._session.run_together(self._write_hash())
        for call in self._write_hash() if pipeline is not None else ():
            self._session.collect(pipeline, call)

    def to_dict(self) -> dict[str, str]:
        """Return its hash."""
        return {
            "name": self.name,
            "hostname": self.hostname,
            "pid": str(self.pid),
            "queues": ",".join(sorted(self._queue_names)),
            "created_at": format_date(self.created_at),
            "last_heartbeat": "" if self.last_heartbeat is None else format_date(self.last_heartbeat),
        }

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Become what a hash describes."""
        fields = {as_text(name): as_text(value) for name, value in raw_data.items()}
        self.name, self.hostname = fields.get("name", self.name), fields.get("hostname", "")
        self.pid = int(fields.get("pid") or 0)
        self._queue_names = {name for name in fields.get("queues", "").split(",") if name}
        if fields.get("created_at"):
            self.created_at = parse_date(fields["created_at"])
        self.last_heartbeat = parse_date(fields["last_heartbeat"]) if fields.get("last_heartbeat") else None

    @classmethod
    def fetch(cls, name: str, connection: redis.Redis) -> Self:
        """Return a scheduler to look at.

        Raises:
            SchedulerNotFound: if there is none of this name.
        """
        session = session_of(connection)
        fields = session.run(read_scheduler(session.scripts, name))
        if not fields:
            raise SchedulerNotFound(f"There is no scheduler named {name!r}")
        scheduler = cls([], connection, name=name)
        scheduler.restore(fields)
        return scheduler


def run(scheduler: RQScheduler) -> None:
    """Let a scheduler work, in the process that `RQScheduler.start` made; what ends it unexpectedly is logged and raised."""
    scheduler.log.info("Scheduler for %s started with PID %s", ", ".join(sorted(scheduler.acquired_locks)), os.getpid())
    try:
        scheduler.work()
    except Exception:
        scheduler.log.exception("Scheduler with PID %s failed", os.getpid())
        raise
    scheduler.log.info("Scheduler with PID %s has stopped", os.getpid())
