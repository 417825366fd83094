"""Queues, awaited. See `rq.client.queue`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from rq.client.aio.job import Job
from rq.client.aio.registry import (
    BaseRegistry,
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.client.aio.session import AsyncSession, session_of
from rq.client.enqueueing import CallOptions, delay_of, new_nonce, split_options
from rq.client.many import Batch
from rq.client.prepared import EnqueueData
from rq.client.queue_data import QueueData
from rq.client.queue_lists import name_of_queue_key
from rq.client.registry_data import id_of
from rq.client.sending import confirm, foresee, new_job
from rq.model.options import check_unique
from rq.store.enqueue import NewJob, enqueue_job
from rq.store.purge import MOST_PURGED, purge_queue
from rq.store.reads import count_queue, find_position, list_queue_keys
from rq.store.suspension import find_pauses, pause_for, resume

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from typing import Self

    import redis.asyncio
    from redis.asyncio.client import Pipeline

    from rq.client.types import T
    from rq.core.serializers import Serializer

RegistryT = TypeVar("RegistryT", bound=BaseRegistry)


class RegistryOfQueue(Generic[RegistryT]):
    """An attribute that is one of the queue's registries.

    Args:
        registry_class: which one.
    """

    def __init__(self, registry_class: type[RegistryT]) -> None:
        self._registry_class = registry_class
        self.__doc__ = registry_class.__doc__

    @overload
    def __get__(self, queue: None, owner: type) -> Self: ...
    @overload
    def __get__(self, queue: Queue, owner: type) -> RegistryT: ...
    def __get__(self, queue: Queue | None, owner: type) -> Self | RegistryT:
        return self if queue is None else self._registry_class(queue=queue, job_class=queue.job_class)


class Queue(QueueData[Job, AsyncSession]):
    """A queue of jobs: a handle that nothing is written for until a job is enqueued. As `rq.Queue`; whatever asks the server is awaited.

    Args:
        name: the queue's name.
        connection: any `redis.asyncio` client.
        default_timeout: how long its jobs may run if they do not say: seconds, a text such as '1h', -1 for no limit; None for 180 seconds.
        job_class: what jobs are made of: a subclass of `Job`.
        serializer: what payloads, meta and results are written with: a name, a dotted path, or an object with `dumps` and `loads`; None for pickle.

    Raises:
        OptionTypeError: without an asyncio connection, or for a name that is no text (a TypeError).
        InvalidOptionError: for an option that makes no sense (a ValueError).
    """

    __module__ = "rq.aio"

    connection: redis.asyncio.Redis
    job_class: type[Job] = Job

    started_job_registry = RegistryOfQueue(StartedJobRegistry)
    finished_job_registry = RegistryOfQueue(FinishedJobRegistry)
    failed_job_registry = RegistryOfQueue(FailedJobRegistry)
    deferred_job_registry = RegistryOfQueue(DeferredJobRegistry)
    scheduled_job_registry = RegistryOfQueue(ScheduledJobRegistry)
    canceled_job_registry = RegistryOfQueue(CanceledJobRegistry)

    def __init__(
        self,
        name: str = "default",
        connection: redis.asyncio.Redis | None = None,
        default_timeout: int | str | None = None,
        job_class: type[Job] | None = None,
        serializer: Serializer | str | None = None,
    ) -> None:
        super().__init__(name, session_of(connection), default_timeout, serializer)
        if job_class is not None:
            self.job_class = job_class

    @classmethod
    async def all(
        cls, connection: redis.asyncio.Redis | None = None, job_class: type[Job] | None = None, serializer: Serializer | str | None = None
    ) -> list[Self]:
        """Return every queue that ever had a job, ordered by key."""
        session = session_of(connection)
        keys = await session.run(list_queue_keys(session.scripts))
        return [cls(name_of_queue_key(key), connection, job_class=job_class, serializer=serializer) for key in keys]

    # --- enqueueing ---

    @overload
    async def enqueue(self, f: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    async def enqueue(self, f: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    async def enqueue(self, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue the call `f(*args, **kwargs)` and return its job: one round trip, atomic. Arguments, options and errors are those of `rq.Queue.enqueue`.

        If the task is canceled meanwhile, the job is enqueued or not, and the connection is as usable as before.
        """
        own_args, own_kwargs, options = split_options(f, args, kwargs)
        return await self.enqueue_call(f, own_args, own_kwargs, **options)

    async def enqueue_call(
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *,
        pipeline: Pipeline | None = None,
        **options: Unpack[CallOptions],
    ) -> Job:
        """Enqueue the call `func(*args, **kwargs)` and return its job. As `enqueue`, with the function's arguments and the options apart."""
        of_job: dict[str, Any] = {**options}
        at_front, unique = (of_job.pop(name, False) for name in ("at_front", "unique"))
        check_unique(of_job.get("job_id"), unique=unique)
        return await self.enqueue_job(self.create_job(func, args, kwargs, **of_job), pipeline, at_front, unique)

    @overload
    async def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    async def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    async def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call at a given time (a naive datetime is local time), or a given time from now. Arguments, options and errors are those of `enqueue`."""
        own_args, own_kwargs, options = split_options(f, args, kwargs)
        pipeline, unique = options.pop("pipeline", None), options.pop("unique", False)
        job = self.create_scheduled_job(f, own_args, own_kwargs, unique=unique, **options)
        return await self.schedule_job(job, datetime, pipeline, unique)

    @overload
    async def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    async def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    async def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call after a given time, by the server's clock: a timedelta, a number of seconds, or a text such as '10m'. Else it is as `enqueue`."""
        return await self.enqueue_at(delay_of(time_delta), func, *args, **kwargs)

    async def enqueue_many(self, job_datas: Iterable[EnqueueData], pipeline: Pipeline | None = None, group_id: str | None = None) -> list[Job]:
        """Enqueue many calls, made by `prepare_data`, and return their jobs in the same order. See `rq.Queue.enqueue_many`."""
        return await self._send_batch(Batch.of_calls(self, list(job_datas), group_id), pipeline)

    async def enqueue_created(self, jobs: list[Job], datas: Sequence[EnqueueData], pipeline: Pipeline | None = None) -> list[Job]:
        """Enqueue jobs that were created for these calls, all together, and return them. Errors are those of `enqueue_many`."""
        return await self._send_batch(Batch.of_jobs(jobs, datas), pipeline)

    async def _send_batch(self, batch: Batch[Job], pipeline: Pipeline | None) -> list[Job]:
        if pipeline is None:
            with batch.watched():
                for calls in batch.round_trips(self._session.scripts):
                    await self._session.run_many(calls)
            batch.check_refusals()
        else:
            batch.collect(self._session, pipeline)
        return batch.jobs

    async def enqueue_job(self, job: Job[T], pipeline: Pipeline | None = None, at_front: bool = False, unique: bool = False) -> Job[T]:
        """Put a job into this queue and return it: one round trip, atomic. A job of the same id, whatever its state, starts over.

        Args:
            job: the job; its queue becomes this one.
            pipeline: collects the call; its `execute()` carries it out. The job shows what it will be then.
            at_front: whether it goes to the head of the queue.
            unique: whether it is refused if there is a job of its id.

        Raises:
            DuplicateJobError: see `unique`. InvalidJobDependency: if it would wait for itself.
        """
        self.own(job)
        return await self._send(job, new_job(job, new_nonce(), at_front=at_front, unique=unique), pipeline)

    async def schedule_job(self, job: Job[T], datetime: dt.datetime | dt.timedelta, pipeline: Pipeline | None = None, unique: bool = False) -> Job[T]:
        """See to it that a job is put into this queue at a given time, and return it. See `rq.Queue.schedule_job`."""
        return await self._send(job, self.new_scheduled_job(job, datetime, unique=unique), pipeline)

    async def _send(self, job: Job[T], new: NewJob, pipeline: Pipeline | None) -> Job[T]:
        if pipeline is None:
            confirm(job, await self._session.run(enqueue_job(self._session.scripts, new)))
        else:
            self._session.collect(pipeline, enqueue_job(self._session.scripts, new))
            foresee(job, new)
        return job

    # --- pausing ---

    async def pause(self, ttl: float | None = None) -> None:
        """Let no job of this queue begin from now on. See `rq.Queue.pause`."""
        await self._session.run(pause_for(self._session.scripts, ttl, queues=[self.name]))

    async def resume(self) -> bool:
        """Let jobs of this queue begin again, and say whether it was paused."""
        return await self._session.run(resume(self._session.scripts, queues=[self.name])) > 0

    async def is_paused(self) -> bool:
        """Say whether this queue is paused by itself."""
        return bool((await self._session.run(find_pauses(self._session.scripts, "", [self.name]))).queues)

    # --- what waits ---

    async def count(self) -> int:
        """Return how many jobs wait."""
        return await self._session.run(count_queue(self._session.scripts, self.name))

    async def is_empty(self) -> bool:
        """Say whether no job waits."""
        return await self.count() == 0

    async def get_job_ids(self, offset: int = 0, length: int = -1) -> list[str]:
        """Return the ids of jobs that wait, next one first.

        Args:
            offset: how many to skip.
            length: how many to return at most; negative for all.
        """
        return await self._session.run(self.read_ids(offset, length)) if length else []

    async def get_jobs(self, offset: int = 0, length: int = -1) -> list[Job]:
        """Return jobs that wait, next one first; ids without a job of this queue are left out. Two round trips.

        Args:
            offset: how many ids to skip.
            length: how many ids to look at; negative for all.
        """
        ids = await self.get_job_ids(offset, length)
        return self.own_among(await self.job_class.fetch_many(ids, self.connection, self.serializer))

    async def fetch_job(self, job_id: str) -> Job | None:
        """Return a job of this queue, whatever its state; None if there is none."""
        return next(iter(self.own_among(await self.job_class.fetch_many([job_id], self.connection, self.serializer))), None)

    async def get_job_position(self, job_or_id: Job | str) -> int | None:
        """Return how many jobs stand before this one; None if it is not waiting here."""
        return await self._session.run(find_position(self._session.scripts, self.name, id_of(job_or_id)))

    async def empty(self) -> int:
        """Delete all jobs that wait, and return how many they were: one round trip per thousand. Jobs that run, or have ended, are left alone."""
        deleted = 0
        while True:
            taken, purged = await self._session.run(purge_queue(self._session.scripts, self.name))
            deleted += purged
            if taken < MOST_PURGED:
                return deleted
