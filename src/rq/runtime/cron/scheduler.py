"""The process that enqueues cron jobs when they are due (door: `rq.cron`).

Any number of them may have the same cron jobs, on any number of machines: there is no lock, no leader, and nothing that one would have to tell another. Each
asks the server what time it is and how far the ticks have come, computes which are due, and sends each of them; the server makes a job of whichever comes first
(see `rq.store.cron`). If all of them die, what they missed is decided by each cron job's policy when the next one starts.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, Unpack

from redis.exceptions import RedisError, ResponseError

from rq.client.cron import living_processes, unregister_process
from rq.client.job import Job
from rq.client.session import Session, session_of
from rq.core.clock import utc_now
from rq.core.defaults import CRON_BEAT_SECONDS, DEFAULT_RESULT_TTL
from rq.core.errors import CorruptDataError, SchedulerNotFound, StopRequested
from rq.core.formats import as_text, format_date, parse_date
from rq.core.ids import new_execution_id
from rq.core.serializers import Serializer, resolve_serializer
from rq.core.wording import counted
from rq.model.cron import Progress, ticks_due
from rq.runtime.cron.config import load_cron_config, take_registered
from rq.runtime.cron.job import CronJob, CronOptions
from rq.runtime.cron.listing import about_cron_job, enqueue_now
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.stop_switch import StopSwitch
from rq.store.connection import Caller, PersistentCaller, private_client
from rq.store.cron import CronBeat, beat_cron, enqueue_tick, pause_cron, register_cron_job, resume_cron
from rq.store.cron_lists import list_processes, read_process, write_process
from rq.store.waiting import wait_readable

if TYPE_CHECKING:
    from types import FrameType

    import redis
    from redis.client import Pipeline

    from rq.model.record import JobRecord
    from rq.model.webhook import Webhook

logger = logging.getLogger("rq.cron")

# What the server answers to a tick that this process has made a job of, and to one that has a job now, whoever made it.
_MADE_IT = frozenset({"ok", "replay"})
_HAVE_A_JOB = _MADE_IT | {"dup"}


class CronScheduler:
    """Enqueues cron jobs when they are due. Schedulers are equal if their names are.

    Args:
        connection: any synchronous redis-py client; a subclass that learns it later may set the attribute before anything is sent.
        logging_level: of the logger `rq.cron`, to which handlers are added; a program that has handlers of its own has a level as well, which stays.
        name: no two living ones share one; '' for one made of host, process and chance.
        serializer: what the payloads of its jobs are written with; as for `Queue`.

    """

    __module__ = "rq.cron"

    def __init__(self, connection: redis.Redis, logging_level: str | int = logging.INFO, name: str = "", *, serializer: Serializer | str | None = None) -> None:
        self.connection = connection
        self._known_session: Session | None = None
        self._persistent_caller: PersistentCaller | None = None
        self.hostname = socket.gethostname()
        self.pid = os.getpid()
        self.name = name or f"{self.hostname}:{self.pid}:{new_execution_id()[:6]}"
        self.config_file = ""
        self.created_at = utc_now()
        self.serializer = resolve_serializer(serializer)
        self.log = logger
        self._cron_jobs: list[CronJob] = []
        self._told: set[str] = set()
        self._switch: StopSwitch | None = None
        self._was_asked_to_stop = False
        self._clock: Callable[[], float] = time.time
        _set_up_logging(logging_level)

    @property
    def _session(self) -> Session:
        if self._known_session is None or self._known_session.connection is not self.connection:
            self._known_session = session_of(self.connection)
        return self._known_session

    @property
    def _caller(self) -> Caller:
        """Runs calls: while it works, until they are answered."""
        return self._persistent_caller or Caller(self._session.connection)

    # --- what it has ----------------------------------------------------------------------------------------------------------------

    def register(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        func: Callable[..., Any] | str,
        queue_name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: int | str | None = None,
        cron: str | None = None,
        job_timeout: int | str | None = None,
        result_ttl: int | str | None = DEFAULT_RESULT_TTL,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        meta: Mapping[str, Any] | None = None,
        webhooks: Sequence[Webhook] | None = None,
        name: str = "",
        **more: Unpack[CronOptions],
    ) -> CronJob:
        """Add a cron job, and return it. Nothing is sent before the scheduler works. Arguments and errors are those of `CronJob`."""
        options = (args, kwargs, interval, cron, job_timeout, result_ttl, ttl, failure_ttl, meta, webhooks, name)
        cron_job = CronJob(queue_name, func, None, *options, **more)
        cron_job.number_among(self._cron_jobs)
        _ = cron_job.make_job(self.connection, self.serializer).data  # what cannot be serialized is said here, and not at every tick
        self._cron_jobs.append(cron_job)
        self.log.info("Registered cron job %s to run on %s: %s", cron_job.name, queue_name, cron_job.timing)
        return cron_job

    def get_jobs(self) -> list[CronJob]:
        """Return its cron jobs."""
        return self._cron_jobs

    def load_config_from_file(self, config_path: str) -> None:
        """Add the cron jobs that a file or module registers; an entry that makes no sense is logged and left out.

        Args:
            config_path: an absolute path of a Python file; otherwise a module, or its path, that can be imported from here.

        Raises:
            FileNotFoundError, IsADirectoryError: if there is no file at an absolute path. CronConfigError: if importing it fails (an ImportError).
        """
        self.config_file = config_path
        self.log.info("Loading cron jobs from %s", config_path)
        for entry in load_cron_config(config_path):
            try:
                self.register(**entry)
            except Exception as error:  # noqa: BLE001 - the entry is the user's, and so is what its arguments do when they are pickled
                self.log.error("Cron job %s of %s was left out: %s", entry.get("name") or entry["func"], config_path, error)  # noqa: TRY400 - no traceback

    # --- working --------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Enqueue cron jobs until SIGINT, SIGTERM or `request_stop()`. Blocks. Errors of the server are waited out, but for one at the start.

        Raises:
            redis.exceptions.ConnectionError: the server cannot be reached at the start. StorePermissionError: it refuses this user.
        """
        switch = self._switch = StopSwitch()
        if self._was_asked_to_stop:
            switch.press("request_stop()")
        client = private_client(self._session.connection)
        try:
            with suppress(StopRequested), switch.installed(self._install_signal_handlers):  # raised by a `_request_stop()` of the program's
                self.register_birth()
                self._persistent_caller = PersistentCaller(client, lambda: switch.warm, self._report_trouble, self._pause)
                self._work(switch)
            self.log.info("CronScheduler %s: stopped by %s", self.name, switch.signal_name or StopRequested.__name__)
        finally:
            self._switch = self._persistent_caller = None
            self._was_asked_to_stop = False
            switch.close()
            with suppress(RedisError, OSError, SchedulerNotFound):
                self.register_death()
            if client is not self.connection:
                client.close()

    def request_stop(self) -> None:
        """Let `start()`, or the next one if none runs, return as soon as it may. Safe in any thread and in a signal handler."""
        self._was_asked_to_stop = True
        switch = self._switch  # read once: `start()` may end in another thread
        if switch is not None:
            switch.press("request_stop()")

    def _install_signal_handlers(self) -> None:
        """Have SIGINT and SIGTERM call `_request_stop()`. `start()` puts back what was there before when it is over."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Let `start()` return as soon as it may; the handler of signals.

        Raises:
            StopRequested: `start()` is not what runs, but a loop of the program's own.
        """
        del frame
        if self._switch is None:
            raise StopRequested
        self._switch.press(signal.Signals(signum).name)

    def _work(self, switch: StopSwitch) -> None:
        try:
            while not switch.warm:
                self.enqueue_jobs()
                self.heartbeat()  # also of a subclass whose rounds are its own
                self._pause(self.calculate_sleep_interval())
        except (RedisError, OSError):
            if not switch.warm:
                raise

    def _pause(self, seconds: float) -> None:
        """Wait; whoever wants the process to stop ends the wait, or has kept it from beginning."""
        if self._switch is not None and not self._switch.warm:
            wait_readable([self._switch.fileno()], seconds)
            self._switch.reset()

    def _report_trouble(self, error: Exception, seconds: float) -> None:
        self.log.error("CronScheduler %s: the server did not answer (%s); trying again in %.1f seconds", self.name, error, seconds)

    def enqueue_jobs(self) -> list[CronJob]:
        """Enqueue every cron job that is due and that no other scheduler has enqueued. Returns those that were."""
        beat = self._beat()
        enqueued = [cron_job for cron_job, progress in zip(self._cron_jobs, beat.progress, strict=True) if self._enqueue_due(cron_job, progress, beat.now)]
        if enqueued:
            self.save()
        return enqueued

    def _enqueue_due(self, cron_job: CronJob, progress: Progress, now: float) -> bool:
        """Enqueue what is due of one cron job. An error that is about its data is no reason to stop the others."""
        last, is_enqueued = progress.last, False
        schedule, after = cron_job.timing.schedule(progress.first or now), cron_job.timing.counts_after(progress)
        try:
            for tick in () if progress.paused else ticks_due(schedule, after, now, cron_job.missed):
                code = self._enqueue_tick(cron_job, tick)
                last = tick if code in _HAVE_A_JOB else last
                is_enqueued |= code in _MADE_IT
        except (ResponseError, CorruptDataError) as error:
            self.log.error("CronScheduler %s: cron job %s was not enqueued: %s", self.name, cron_job.name, error)  # noqa: TRY400 - the message says it all
        cron_job.note_progress(last, schedule.first_after(max(int(now), after)))
        return is_enqueued

    def _enqueue_tick(self, cron_job: CronJob, tick: int) -> str:
        job, new = cron_job.make_run(self.connection, self.serializer)
        answer = self._caller.run(enqueue_tick(self._session.scripts, cron_job.key, tick, new))
        if answer.code in _MADE_IT:
            self.log.info("Enqueued cron job %s to queue %s as job %s", cron_job.name, cron_job.queue_name, job.id)
        else:
            self.log.debug("CronScheduler %s: cron job %s has its job for this tick already, or none to have (%s)", self.name, cron_job.name, answer.code)
        return answer.code

    def _beat(self) -> CronBeat:
        """Give a sign of life, and ask how far the cron jobs have come; tell the server what they are, if it does not know."""
        untold = self._untold()
        beat = None if untold else self._send_beat()
        if beat is not None and beat.known:
            return beat
        if beat is not None:
            self.log.warning("CronScheduler %s: the server had forgotten this process or its cron jobs; it registers again", self.name)
        self._tell(untold or self._cron_jobs)
        return self._send_beat(self.to_dict())

    def _send_beat(self, fields: Mapping[str, str] | None = None) -> CronBeat:
        beat = self._caller.run(beat_cron(self._session.scripts, self.name, [cron_job.key for cron_job in self._cron_jobs], fields))
        skew = beat.now - time.monotonic()
        self._clock = lambda: time.monotonic() + skew
        return beat

    def _untold(self) -> list[CronJob]:
        return [cron_job for cron_job in self._cron_jobs if cron_job.key.identity not in self._told]

    def _tell(self, cron_jobs: Sequence[CronJob]) -> None:
        templates = [(cron_job, cron_job.make_job(self.connection, self.serializer).packed_record()) for cron_job in cron_jobs]
        self._caller.run_many([register_cron_job(self._session.scripts, job.key.identity, about_cron_job(job), template) for job, template in templates])
        self._told |= {cron_job.key.identity for cron_job in cron_jobs}

    def calculate_sleep_interval(self) -> float:
        """Return the seconds until the next cron job is due, by the server's clock; 0 if one is overdue, and never more than a minute."""
        now = self._clock()
        waits = [cron_job.next_enqueue_time.timestamp() - now for cron_job in self._cron_jobs if cron_job.next_enqueue_time is not None]
        return max(0.0, min([*waits, CRON_BEAT_SECONDS]))

    # --- by hand --------------------------------------------------------------------------------------------------------------------

    def run_now(self, name: str) -> list[Job]:
        """Enqueue every cron job of a name once, here and now, and return the jobs. Their ticks go on as if it had not been; a pause does not matter.

        Raises:
            InvalidOptionError: if the server knows none of this name (a ValueError).
        """
        self._tell(self._untold())
        return [self._job_of(record) for record in enqueue_now(self._session, name)]

    def _job_of(self, record: JobRecord) -> Job:
        job: Job = Job(record.id, self.connection, self.serializer)
        job.take_record(record, self.serializer)
        return job

    def pause(self, name: str) -> bool:
        """Let no cron job of a name be enqueued when it is due, whichever process has it. Says whether it was not paused before. One round trip, atomic."""
        return self._caller.run(pause_cron(self._session.scripts, name))

    def resume(self, name: str) -> bool:
        """Let the cron jobs of a name be enqueued again; what was due during the pause is not made up for. Says whether it was paused. Atomic."""
        return self._caller.run(resume_cron(self._session.scripts, name))

    # --- what others read ---------------------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The key of its hash."""
        return self._session.keyspace.cron_scheduler(self.name)

    def to_dict(self) -> dict[str, str]:
        """Return its hash, as other programs read it."""
        return {
            "hostname": self.hostname,
            "pid": str(self.pid),
            "name": self.name,
            "created_at": format_date(self.created_at),
            "config_file": self.config_file,
            "cron_jobs": json.dumps([cron_job.to_dict() for cron_job in self._cron_jobs]),
        }

    def save(self, pipeline: Pipeline | None = None) -> None:
        """Write its hash; `pipeline` collects the calls instead."""
        calls = write_process(self._session.scripts, self.name, self.to_dict())
        if pipeline is None:
            self._caller.run_together(calls)
        for call in calls if pipeline is not None else ():
            self._session.collect(pipeline, call)

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Become what a hash describes, as far as it can be read; its cron jobs are there to be looked at."""
        fields = {as_text(name): as_text(value) for name, value in raw_data.items()}
        self.hostname, self.name = fields.get("hostname", ""), fields.get("name", self.name)
        self.pid = int(fields["pid"]) if fields.get("pid", "").isdecimal() else 0
        self.config_file = fields.get("config_file", "")
        with suppress(ValueError):  # somebody garbled it
            self.created_at = parse_date(fields["created_at"]) if fields.get("created_at") else self.created_at
        self._cron_jobs = _cron_jobs_in(fields.get("cron_jobs") or "[]")

    @property
    def last_heartbeat(self) -> datetime | None:
        """When it gave its last sign of life, as the server knows it; None if it is not registered."""
        listed = self._session.run(list_processes(self._session.scripts))
        return next((datetime.fromtimestamp(moment, UTC) for name, moment in listed if name == self.name), None)

    def register_birth(self) -> None:
        """Put it on the list of schedulers, and write its hash. One round trip, atomic. `start()` does this."""
        self._caller.run(beat_cron(self._session.scripts, self.name, (), self.to_dict()))
        self.log.info("CronScheduler %s: registered, with %s", self.name, counted(len(self._cron_jobs), "cron job"))

    def heartbeat(self) -> None:
        """Give a sign of life; a hash that expired is written again. `start()` does this at least once a minute."""
        if not self._caller.run(beat_cron(self._session.scripts, self.name, ())).known:
            self.register_birth()

    def register_death(self, pipeline: Pipeline | None = None) -> None:
        """Take it off the list of schedulers; its hash expires by itself. `pipeline` collects the call instead.

        Raises:
            SchedulerNotFound: if it is not there; not with a pipeline, whose answer comes later.
        """
        unregister_process(self, pipeline)

    @classmethod
    def fetch(cls, name: str, connection: redis.Redis) -> Self:
        """Return a scheduler to look at.

        Raises:
            SchedulerNotFound: if there is none of this name.
        """
        found = cls._read(name, connection)
        if found is None:
            raise SchedulerNotFound(f"There is no cron scheduler named {name!r}; rq.cron.CronScheduler.all() returns those there are")
        return found

    @classmethod
    def all(cls, connection: redis.Redis, cleanup: bool = True) -> list[Self]:
        """Return all schedulers, to look at; with `cleanup` those alone that gave a sign of life in the last two minutes. Nothing is written."""
        found = (cls._read(name, connection) for name in living_processes(connection, stale=not cleanup))
        return [scheduler for scheduler in found if scheduler is not None]

    @classmethod
    def _read(cls, name: str, connection: redis.Redis) -> Self | None:
        session = session_of(connection)
        fields = session.run(read_process(session.scripts, name))
        if not fields:
            return None
        scheduler = cls(connection=connection, name=name)
        scheduler.restore(fields)
        return scheduler

    def __eq__(self, other: object) -> bool:
        """Compare by name."""
        return self.name == other.name if isinstance(other, CronScheduler) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of the name."""
        return hash(self.name)


def _set_up_logging(level: str | int) -> None:
    if not logger.hasHandlers():
        setup_loghandlers(level, name="rq.cron")
        logger.propagate = False  # a handler that the root gets later would write each line again


def _cron_jobs_in(told: str) -> list[CronJob]:
    """Return the cron jobs that the hash of a process describes, but for those of which this machine makes no sense."""
    found: list[CronJob] = []
    with suppress(ValueError, TypeError):  # somebody garbled all of it
        for about in json.loads(told):
            with suppress(KeyError, TypeError, ValueError, AttributeError):  # this one; or a time zone that its machine knows, and this one does not
                found.append(CronJob.from_dict(about))
    return found


def create_cron(connection: redis.Redis) -> CronScheduler:
    """Return a scheduler with the cron jobs that `rq.cron.register` noted since the last one was made; one that makes no sense raises what `CronJob` does."""
    scheduler = CronScheduler(connection)
    for entry in take_registered():
        scheduler.register(**entry)
    return scheduler
