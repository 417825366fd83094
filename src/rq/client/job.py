"""Jobs (door: `rq.job`): what was enqueued, where it stands, what came of it."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any, Generic, cast

from rq.client import job_calls
from rq.client.execution import Execution, ExecutionRegistry
from rq.client.fields import StatusCheck
from rq.client.job_calls import parse_job_id
from rq.client.old_names import OldJobNames
from rq.client.payload import serializer_of
from rq.client.performing import Performing
from rq.client.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.client.result import Result
from rq.client.result_data import returned_value
from rq.client.saving import JobSaving
from rq.client.scriptless import send_meta, send_progress
from rq.client.session import session_of
from rq.client.types import T_co
from rq.model.states import JobStatus
from rq.store.reads import find_position, job_exists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    import redis
    from redis.client import Pipeline

    from rq.core.serializers import Serializer
    from rq.model.record import JobRecord
    from rq.model.situation import Explanation

logger = logging.getLogger("rq.job")

UNEVALUATED = object()


class Job(JobSaving, Performing, OldJobNames, Generic[T_co]):
    """One job: a handle. It knows what it was given and what was read last; methods that ask the server say so.

    To type checkers, a `Job[int]` is one whose function returns an int; `Job` alone is a `Job[Any]`.

    Args:
        id: the job's id; None for a new one.
        connection: any synchronous redis-py client.
        serializer: what payload, meta and results are written with: a name, a dotted path, or an object with `dumps` and `loads`; None for pickle.

    Raises:
        OptionTypeError: without a connection (a TypeError). InvalidJobId: for an id with other characters than letters, digits, `_` and `-`.
    """

    __module__ = "rq.job"

    log = logger
    redis_server_version: tuple[int, int, int] | None = None  # as in RQ, for whoever wants to keep it there

    is_queued = StatusCheck(JobStatus.QUEUED)
    is_started = StatusCheck(JobStatus.STARTED)
    is_finished = StatusCheck(JobStatus.FINISHED)
    is_failed = StatusCheck(JobStatus.FAILED)
    is_stopped = StatusCheck(JobStatus.STOPPED)
    is_deferred = StatusCheck(JobStatus.DEFERRED)
    is_scheduled = StatusCheck(JobStatus.SCHEDULED)
    is_canceled = StatusCheck(JobStatus.CANCELED)

    @classmethod
    def fetch(cls, id: str, connection: redis.Redis | None = None, serializer: Serializer | str | None = None) -> Self:
        """Return a job as it stands; `id` may also be `<job id>:<execution id>`.

        Raises:
            NoSuchJobError: if there is none. CorruptDataError: if its hash cannot be read.
        """
        job = cls(parse_job_id(id), connection=connection, serializer=serializer)
        job.refresh()
        return job

    @classmethod
    def fetch_many(cls, job_ids: Iterable[str], connection: redis.Redis | None = None, serializer: Serializer | str | None = None) -> list[Self | None]:
        """Return jobs in the order of their ids, None for each that does not exist: one round trip."""
        session = session_of(connection)
        return session.run_many(job_calls.fetch_each(cls, session, job_ids, serializer))

    @classmethod
    def exists(cls, job_id: str, connection: redis.Redis | None = None) -> bool:
        """Say whether there is a job of this id."""
        session = session_of(connection)
        return session.run(job_exists(session.scripts, job_id))

    @classmethod
    def of_attempt(cls, record: JobRecord, connect: Callable[[], redis.Redis], serializer: Serializer | str | None) -> Self:
        """Return the job of a running attempt; `connect` is called when it first needs its connection."""
        job = cls.__new__(cls)
        job.take_record(record, serializer_of(serializer))
        job._connection, job._connect, job._session = None, connect, None  # noqa: SLF001 - a job of this class
        return job

    def get_meta(self, refresh: bool = True) -> dict[str, Any]:
        """Return the meta; read anew from the server, unless `refresh` is false."""
        if refresh:
            self.session.run(job_calls.read_meta(self))
        return self.meta

    def save_meta(self) -> None:
        """Write the meta, and nothing else, to the server."""
        send_meta(self.session, self)

    # --- where it stands ---

    def refresh(self) -> None:
        """Read the job anew.

        Raises:
            NoSuchJobError: if there is none (any more). CorruptDataError: if its hash cannot be read.
        """
        self.session.run(job_calls.refresh(self))

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Return the job's status; asked of the server, unless `refresh` is false. A status that this version does not know is returned as its text.

        Raises:
            InvalidJobOperation: if there is no such job (any more).
        """
        return self.session.run(job_calls.read_status(self)) if refresh else cast("JobStatus", self.record.status)

    def get_position(self) -> int | None:
        """Return how many jobs stand before this one in its queue; None if it is not waiting there."""
        return self.session.run(find_position(self.session.scripts, self.origin, self.id)) if self.origin else None

    def get_executions(self) -> list[Execution]:
        """Return the attempts that run now: two round trips."""
        return self.execution_registry.get_executions()

    def explain(self) -> Explanation:
        """Return why the job is not running, or what came of it; as a text, it is a sentence or two. Three round trips at most; also for a job that is gone.

        Raises:
            CorruptDataError: if its hash cannot be read.
        """
        from rq.model.explanation import explain  # noqa: PLC0415 - every program with jobs would load what few ask for
        from rq.store.explain import read_facts  # noqa: PLC0415 - as above

        return explain(self.session.follow(read_facts(self.session.scripts, self.id)))

    @property
    def execution_registry(self) -> ExecutionRegistry:
        """The registry of the attempts that run now."""
        return ExecutionRegistry(self.id, self.connection)

    @property
    def started_job_registry(self) -> StartedJobRegistry:
        """The registry of started jobs of the job's queue."""
        return StartedJobRegistry(self.origin, self.connection, type(self), serializer=self.serializer)

    @property
    def finished_job_registry(self) -> FinishedJobRegistry:
        """The registry of finished jobs of the job's queue."""
        return FinishedJobRegistry(self.origin, self.connection, type(self), serializer=self.serializer)

    @property
    def failed_job_registry(self) -> FailedJobRegistry:
        """The registry of failed jobs of the job's queue."""
        return FailedJobRegistry(self.origin, self.connection, type(self), serializer=self.serializer)

    # --- what came of it ---

    def latest_result(self, timeout: float = 0) -> Result[T_co] | None:
        """Return the newest result, None if there is none.

        Args:
            timeout: how many seconds to wait for a first result; that of an attempt after which the job runs again does not count. The call blocks in the
                server, and returns the moment there is one.
        """
        return Result.fetch_latest(self, timeout=timeout)

    def results(self) -> list[Result[T_co]]:
        """Return the results, newest first: one for each attempt that ended; the ten newest are kept."""
        return Result.all(self)

    def output(self) -> str:
        """Return the end of what the job's last attempt printed and logged, once that has ended; '' if nothing was kept. See `Result.output` for others."""
        latest = self.latest_result()
        return "" if latest is None else latest.output

    def return_value(self, refresh: bool = False) -> T_co | None:
        """Return what the function returned; None if the job has not succeeded (or returned nothing).

        Args:
            refresh: whether to ask the server again for a result that was read before.
        """
        if refresh or self._cached_result is None:
            self._cached_result = self.latest_result()
        return returned_value(self._cached_result)

    @property
    def result(self) -> T_co | None:
        """Deprecated, as in RQ: `return_value()`, or what RQ before 1.12 kept in the hash."""
        warnings.warn("job.result is deprecated, use job.return_value()", DeprecationWarning, stacklevel=2)
        value = self.return_value()
        if value is None and self.record.legacy_result is not None:
            value = self.serializer.loads(self.record.legacy_result)
        return value

    @property
    def exc_info(self) -> str | None:
        """Deprecated, as in RQ: the traceback if the newest result is a failure, or what RQ before 1.12 kept in the hash."""
        warnings.warn("job.exc_info is deprecated, use job.latest_result().exc_string", DeprecationWarning, stacklevel=2)
        latest = self.latest_result()
        return latest.exc_string if latest is not None and latest.type is Result.Type.FAILED else self._exc_info

    # --- what may be done with it ---

    def cancel(self, pipeline: Pipeline | None = None, enqueue_dependents: bool = False, remove_from_dependencies: bool = False) -> None:
        """See to it that the job does not run. Atomic. If it runs now, its worker hears of it at its next heartbeat and ends it; its outcome does not count.

        Args:
            pipeline: collects the call; its `execute()` carries it out, and its reply says what became of it.
            enqueue_dependents: whether the jobs that wait for it go on as if it had finished. Otherwise they do what their `Dependency` says about a bad end.
            remove_from_dependencies: whether it is no longer named among the `dependent_ids` of the jobs it depends on.

        Raises:
            InvalidJobOperation: if the job is canceled already, has ended, or does not exist.
        """
        call = job_calls.cancel_job(self, enqueue_dependents=enqueue_dependents, remove_from_dependencies=remove_from_dependencies)
        self.session.run_or_collect(call, pipeline)

    def delete(self, pipeline: Pipeline | None = None, remove_from_queue: bool = True, delete_dependents: bool = False) -> None:
        """Delete the job with all that belongs to it: its place, its results, its part in a group. Atomic. If it runs now, its outcome does not count.

        The jobs that wait for it go on, as if it had finished: a job that does not exist keeps nobody waiting.

        Args:
            pipeline: collects the call; its `execute()` carries it out.
            remove_from_queue: whether its id leaves the list of its queue; if not, whoever takes it drops it.
            delete_dependents: whether the jobs that wait for it are deleted before, those that wait for them not; that is a step of its own.

        Raises:
            InvalidJobOperation: if there is no such job (any more).
        """
        if delete_dependents:
            self.delete_dependents()
        self.session.run_or_collect(job_calls.delete_job(self, remove_from_queue=remove_from_queue), pipeline)

    def delete_dependents(self, pipeline: Pipeline | None = None) -> None:
        """Delete the jobs that wait for this one, those that wait for them not. `pipeline` collects the calls."""
        calls = job_calls.delete_each(self, self.dependent_ids)
        if pipeline is None:
            self.session.run_many(calls)
            return
        for call in calls:
            self.session.collect(pipeline, call)

    def set_progress(self, value: float, text: str = "") -> None:
        """Say how far the job has come, for whoever looks: kept in the meta, as `progress` and `progress_text`, where any reader of jobs sees it.

        A server that does not answer within a second or two is no error, and is left alone for ten seconds; the next call after that writes what is true then.

        Args:
            value: how far, in whatever unit the job's owner likes: 0.4, or 120 (pages).
            text: what it is doing, in words.
        """
        self.note_progress(value, text)
        send_progress(self.session, self)

    def requeue(self, at_front: bool = False) -> Self:
        """Put the job, which failed or was stopped, back into its queue, and return it. See `BaseRegistry.requeue`."""
        self.failed_job_registry.requeue(self, at_front=at_front)
        return self


def cancel_job(job_id: str, connection: redis.Redis | None = None, serializer: Serializer | str | None = None, enqueue_dependents: bool = False) -> None:
    """Cancel a job: see `Job.cancel`. NoSuchJobError if there is none."""
    Job.fetch(job_id, connection=connection, serializer=serializer).cancel(enqueue_dependents=enqueue_dependents)


def requeue_job(job_id: str, connection: redis.Redis | None = None, serializer: Serializer | str | None = None) -> Job:
    """Put a failed job back into its queue: see `Job.requeue`. NoSuchJobError if there is none."""
    return Job.fetch(job_id, connection=connection, serializer=serializer).requeue()
