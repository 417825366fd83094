"""Jobs, awaited. See `rq.client.job`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Never, cast, overload

from rq.client import job_calls
from rq.client.aio.result import Result
from rq.client.aio.session import AsyncSession, session_of
from rq.client.job_data import JobData
from rq.client.registry_data import requeue_from
from rq.client.result_data import returned_value
from rq.client.types import T_co
from rq.core.errors import OptionTypeError
from rq.model.execution import ExecutionRecord
from rq.model.states import JobStatus
from rq.store.reads import find_position, job_exists, list_dependencies, list_dependents, list_executions, read_execution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    import redis.asyncio
    from redis.asyncio.client import Pipeline

    from rq.core.serializers import Serializer
    from rq.model.situation import Explanation


class StatusQuestion:
    """What `job.is_finished` and its like are: a question to the server, which is called and awaited.

    Args:
        job: the job.
        status: the status to compare with.
        name: the question's name.
    """

    __slots__ = ("_job", "_name", "_status")

    def __init__(self, job: Job, status: JobStatus, name: str) -> None:
        self._job = job
        self._status = status
        self._name = name

    async def __call__(self) -> bool:
        """Ask whether the job has this status; InvalidJobOperation if there is no such job."""
        return await self._job.get_status() == self._status

    def __bool__(self) -> Never:
        """Refuse to be taken for the answer, as in `if job.is_finished:`, which would always be true."""
        message = f"job.{self._name} of rq.aio asks the server: write `await job.{self._name}()`"
        raise OptionTypeError(message)


class StatusCheck:
    """A method that asks the server whether the job has this status.

    Args:
        status: the status to compare with.
    """

    def __init__(self, status: JobStatus) -> None:
        self._status = status
        self.__doc__ = f"Ask the server whether the job is {status.value}: `await job.is_{status.value}()`; InvalidJobOperation if there is no such job."

    @overload
    def __get__(self, job: None, owner: type) -> Self: ...
    @overload
    def __get__(self, job: Job, owner: type) -> StatusQuestion: ...
    def __get__(self, job: Job | None, owner: type) -> Self | StatusQuestion:
        return self if job is None else StatusQuestion(job, self._status, f"is_{self._status.value}")


class Job(JobData["redis.asyncio.Redis", AsyncSession], Generic[T_co]):
    """One job: a handle. As `rq.job.Job`; whatever asks the server is awaited.

    To type checkers, a `Job[int]` is one whose function returns an int; `Job` alone is a `Job[Any]`.

    Args:
        id: the job's id; None for a new one.
        connection: any `redis.asyncio` client.
        serializer: what payload, meta and results are written with: a name, a dotted path, or an object with `dumps` and `loads`; None for pickle.

    Raises:
        OptionTypeError: without an asyncio connection (a TypeError). InvalidJobId: for an id with other characters than letters, digits, `_` and `-`.
    """

    __module__ = "rq.aio"

    _session_of = staticmethod(session_of)

    is_queued = StatusCheck(JobStatus.QUEUED)
    is_started = StatusCheck(JobStatus.STARTED)
    is_finished = StatusCheck(JobStatus.FINISHED)
    is_failed = StatusCheck(JobStatus.FAILED)
    is_stopped = StatusCheck(JobStatus.STOPPED)
    is_deferred = StatusCheck(JobStatus.DEFERRED)
    is_scheduled = StatusCheck(JobStatus.SCHEDULED)
    is_canceled = StatusCheck(JobStatus.CANCELED)

    def __init__(self, id: str | None = None, connection: redis.asyncio.Redis | None = None, serializer: Serializer | str | None = None) -> None:
        session = session_of(connection)
        super().__init__(id, session.connection, serializer)
        self._session = session

    @classmethod
    async def fetch(cls, id: str, connection: redis.asyncio.Redis | None = None, serializer: Serializer | str | None = None) -> Self:
        """Return a job as it stands; `id` may also be `<job id>:<execution id>`.

        Raises:
            NoSuchJobError: if there is none. CorruptDataError: if its hash cannot be read.
        """
        job = cls(job_calls.parse_job_id(id), connection, serializer)
        await job.refresh()
        return job

    @classmethod
    async def fetch_many(
        cls, job_ids: Iterable[str], connection: redis.asyncio.Redis | None = None, serializer: Serializer | str | None = None
    ) -> list[Self | None]:
        """Return jobs in the order of their ids, None for each that does not exist: one round trip."""
        session = session_of(connection)
        return await session.run_many(job_calls.fetch_each(cls, session, job_ids, serializer))

    @classmethod
    async def exists(cls, job_id: str, connection: redis.asyncio.Redis | None = None) -> bool:
        """Say whether there is a job of this id."""
        session = session_of(connection)
        return await session.run(job_exists(session.scripts, job_id))

    # --- where it stands ---

    async def refresh(self) -> None:
        """Read the job anew.

        Raises:
            NoSuchJobError: if there is none (any more). CorruptDataError: if its hash cannot be read.
        """
        await self.session.run(job_calls.refresh(self))

    async def get_status(self, refresh: bool = True) -> JobStatus:
        """Return the job's status; asked of the server, unless `refresh` is false. A status that this version does not know is returned as its text.

        Raises:
            InvalidJobOperation: if there is no such job (any more).
        """
        return await self.session.run(job_calls.read_status(self)) if refresh else cast("JobStatus", self.record.status)

    async def get_position(self) -> int | None:
        """Return how many jobs stand before this one in its queue; None if it is not waiting there."""
        return await self.session.run(find_position(self.session.scripts, self.origin, self.id)) if self.origin else None

    async def explain(self) -> Explanation:
        """Return why the job is not running, or what came of it; see `rq.job.Job.explain`."""
        from rq.model.explanation import explain  # noqa: PLC0415 - every program with jobs would load what few ask for
        from rq.store.explain import read_facts  # noqa: PLC0415 - as above

        return explain(await self.session.follow(read_facts(self.session.scripts, self.id)))

    async def get_executions(self) -> list[ExecutionRecord]:
        """Return the attempts that run now, as values: two round trips."""
        scripts = self.session.scripts
        ids = await self.session.run(list_executions(scripts, self.id))
        records: list[ExecutionRecord | None] = await self.session.run_many([read_execution(scripts, self.id, execution_id) for execution_id in ids])
        return [record for record in records if record is not None]

    async def get_meta(self, refresh: bool = True) -> dict[str, Any]:
        """Return the meta; read anew from the server, unless `refresh` is false."""
        if refresh:
            await self.session.run(job_calls.read_meta(self))
        return self.meta

    # --- what came of it ---

    async def latest_result(self, timeout: float = 0) -> Result[T_co] | None:  # noqa: ASYNC109 - see `Result.fetch_latest`
        """Return the newest result, None if there is none.

        Args:
            timeout: how many seconds to wait for a first result. It is there the moment the attempt has ended; meanwhile other tasks run. Each such wait has a
                connection of the client's pool for itself.
        """
        return await Result.fetch_latest(self, timeout=timeout)

    async def results(self) -> list[Result[T_co]]:
        """Return the results, newest first: one for each attempt that ended; the ten newest are kept."""
        return await Result.all(self)

    async def output(self) -> str:
        """Return the end of what the job's last attempt printed and logged, once that has ended; '' if nothing was kept. See `Result.output` for others."""
        latest = await self.latest_result()
        return "" if latest is None else latest.output

    async def return_value(self, refresh: bool = False, timeout: float = 0) -> T_co | None:  # noqa: ASYNC109 - see `Result.fetch_latest`
        """Return what the function returned; None if the job has not succeeded (or returned nothing).

        Args:
            refresh: whether to ask the server again for a result that was read before.
            timeout: how many seconds to wait for a first result; see `latest_result`.
        """
        if refresh or self._cached_result is None:
            self._cached_result = await self.latest_result(timeout)
        return returned_value(self._cached_result)

    # --- whom it has to do with ---

    async def dependency_ids(self) -> list[str]:
        """Return the ids of the jobs that it was enqueued to wait for, and that existed then."""
        return await self.session.run(list_dependencies(self.session.scripts, self.id))

    async def dependent_ids(self) -> list[str]:
        """Return the ids of the jobs that wait for it."""
        return await self.session.run(list_dependents(self.session.scripts, self.id))

    async def fetch_dependencies(self) -> list[Self]:
        """Return the jobs that it depends on, as far as they exist, in the order in which they were given."""
        jobs = await type(self).fetch_many(self.record.dependency_ids, self.connection, self.serializer)
        return [job for job in jobs if job is not None]

    async def dependency_results(self) -> dict[str, Any]:
        """Return what the jobs that it depends on returned: id -> value, in the order in which they were given; None for one that has no successful result.

        Raises:
            Exception: whatever the serializer raises for a value it cannot load.
        """
        ids = self.record.dependency_ids
        return dict(zip(ids, await self.session.run_many(job_calls.read_returned_values(self, ids)), strict=True))

    # --- what may be done with it ---

    async def save_meta(self) -> None:
        """Write the meta, and nothing else, to the server."""
        await self.session.run(job_calls.write_meta(self))

    async def set_progress(self, value: float, text: str = "") -> None:
        """Say how far the job has come, for whoever looks. See `rq.job.Job.set_progress`."""
        self.note_progress(value, text)
        await self.session.run_if_possible(job_calls.write_meta(self))

    async def cancel(self, pipeline: Pipeline | None = None, enqueue_dependents: bool = False, remove_from_dependencies: bool = False) -> None:
        """See to it that the job does not run. Atomic. See `rq.job.Job.cancel`.

        Raises:
            InvalidJobOperation: if the job is canceled already, has ended, or does not exist.
        """
        call = job_calls.cancel_job(self, enqueue_dependents=enqueue_dependents, remove_from_dependencies=remove_from_dependencies)
        await self.session.run_or_collect(call, pipeline)

    async def delete(self, pipeline: Pipeline | None = None, remove_from_queue: bool = True, delete_dependents: bool = False) -> None:
        """Delete the job with all that belongs to it. Atomic. See `rq.job.Job.delete`.

        Raises:
            InvalidJobOperation: if there is no such job (any more).
        """
        if delete_dependents:
            await self.delete_dependents()
        await self.session.run_or_collect(job_calls.delete_job(self, remove_from_queue=remove_from_queue), pipeline)

    async def delete_dependents(self, pipeline: Pipeline | None = None) -> None:
        """Delete the jobs that wait for this one, those that wait for them not. `pipeline` collects the calls."""
        calls = job_calls.delete_each(self, await self.dependent_ids())
        if pipeline is None:
            await self.session.run_many(calls)
            return
        for call in calls:
            self.session.collect(pipeline, call)

    async def requeue(self, at_front: bool = False) -> Self:
        """Put the job, which failed or was stopped, back into its queue, and return it. See `rq.registry.BaseRegistry.requeue`."""
        await self.session.run(requeue_from(self.session, "failed", self.origin, self.id, at_front=at_front))
        await self.refresh()
        return self
