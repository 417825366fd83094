"""Queues (door: `rq.queue`): jobs go in here."""

from __future__ import annotations

import datetime as dt
import logging
import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from rq.client.classes import job_class_of
from rq.client.dequeueing import Dequeueing
from rq.client.enqueueing import EnqueueArgs, delay_of, new_nonce, split_options
from rq.client.gathering import Gathering
from rq.client.job import Job
from rq.client.many import Batch, jobs_for
from rq.client.prepared import EnqueueData
from rq.client.queue_contents import QueueContents
from rq.client.queue_lists import name_of_queue_key
from rq.client.send_first import SendFirst, is_stock, ways_of_class
from rq.client.sending import collect_job, new_job, send_job
from rq.client.session import session_of
from rq.client.sync import perform_here, run_here
from rq.core.collector import paused_collector
from rq.core.errors import DuplicateJobError
from rq.core.references import check_importable
from rq.model.options import check_unique
from rq.store.reads import list_queue_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
    from typing import Self

    import redis
    from redis.client import Pipeline

    from rq.client.alike import Limits
    from rq.client.types import T
    from rq.core.serializers import Serializer
    from rq.store.enqueue import NewJob

logger = logging.getLogger("rq.queue")

# `unique` is passed on only if it is set: wrappers and subclasses of the time before it existed do not take it.
_UNIQUE, _NOT_UNIQUE = MappingProxyType({"unique": True}), MappingProxyType[str, bool]({})


class Queue(Dequeueing, QueueContents):
    """A queue of jobs: a handle that nothing is written for until a job is enqueued. Queues are equal, and ordered, by name.

    Args:
        name: the queue's name.
        connection: any synchronous redis-py client.
        default_timeout: how long its jobs may run if they do not say: seconds, a text such as '1h', -1 for no limit; None for 180 seconds.
        is_async: whether workers run the jobs; if not, each is run by `enqueue` itself before it returns, in this thread and without a time limit.
        job_class: what jobs are made of: a subclass of `Job` or a dotted path.
        serializer: what payloads, meta and results are written with: a name, a dotted path, or an object with `dumps` and `loads`; None for pickle.
        death_penalty_class: accepted and kept, as with RQ; workers enforce time limits.
        **kwargs: ignored, as with RQ.

    Raises:
        OptionTypeError: without a connection, or for a name that is no text (a TypeError).
        InvalidOptionError: for an option that makes no sense (a ValueError).
    """

    __module__ = "rq.queue"

    log = logger
    death_penalty_class: type[Any] | None = None
    _send_first: SendFirst | Literal[False] | None = None  # False: one call was enqueued

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        name: str = "default",
        connection: redis.Redis | None = None,
        default_timeout: int | str | None = None,
        is_async: bool = True,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if "async" in kwargs:
            is_async = kwargs["async"]
            warnings.warn("Queue takes is_async, not async", DeprecationWarning, stacklevel=2)
        self._is_async = is_async
        super().__init__(name, session_of(connection), default_timeout, serializer)
        if job_class is not None:
            self.job_class = job_class_of(job_class)
        if death_penalty_class is not None:
            self.death_penalty_class = death_penalty_class

    @classmethod
    def all(
        cls,
        connection: redis.Redis | None = None,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> list[Self]:
        """Return every queue that ever had a job, ordered by key."""
        session = session_of(connection)
        keys = session.run(list_queue_keys(session.scripts))
        return [cls.from_queue_key(key, session.connection, job_class, serializer, death_penalty_class) for key in keys]

    @classmethod
    def from_queue_key(
        cls,
        queue_key: str,
        connection: redis.Redis | None = None,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> Self:
        """Return the queue whose list of jobs has this key.

        Raises:
            InvalidOptionError: if it is no key of a queue (a ValueError).
        """
        return cls(name_of_queue_key(queue_key), connection, job_class=job_class, serializer=serializer, death_penalty_class=death_penalty_class)

    @property
    def is_async(self) -> bool:
        """Whether workers run the jobs; if not, whoever enqueues them does."""
        return self._is_async

    # --- enqueueing ---

    @classmethod
    def parse_args(cls, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> EnqueueArgs:
        """Return what `enqueue` would make of these arguments: the function's own, and the options. It raises for them what `enqueue` raises."""
        check_importable(f)
        own_args, own_kwargs, options = split_options(f, args, kwargs)
        return EnqueueArgs(func=f, args=own_args, kwargs=own_kwargs, **options)

    @overload
    def enqueue(self, f: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    def enqueue(self, f: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    def enqueue(self, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue the call `f(*args, **kwargs)` and return its job: one round trip, atomic.

        These keyword arguments are the job's and not the function's: `job_timeout`, `result_ttl`, `ttl`, `failure_ttl`, `description`, `job_id`, `at_front`,
        `meta`, `depends_on`, `retry`, `repeat`, `on_success`, `on_failure`, `on_stopped`, `webhooks`, `unique` (see `EnqueueOptions`); `pipeline`, which
        collects the call instead of sending it; `args` and `kwargs`, which hold all the function's arguments if one of those has a taken name.

        Args:
            f: what to call: a function, a method, another callable object, or a dotted path.
            *args: its positional arguments.
            **kwargs: its keyword arguments, and the options.

        Raises:
            UnimportableFunctionError: if no worker could import the function: a lambda, one defined in a function or in the main program (a ValueError).
            OptionTypeError: for a class or anything else that cannot be called (a TypeError).
            InvalidOptionError: for an option that makes no sense (a ValueError). Whatever the serializer raises for arguments it cannot serialize.
            DuplicateJobError: with `unique`, if there is a job of this id, whatever its state. InvalidJobDependency: if the job would wait for itself.
        """
        own_args, own_kwargs, options = split_options(f, args, kwargs)
        return self.enqueue_call(f, own_args, own_kwargs, **options)

    def enqueue_call(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        timeout: int | str | None = None,
        result_ttl: int | str | None = None,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        description: str | None = None,
        depends_on: Any = None,
        job_id: str | None = None,
        at_front: bool = False,
        meta: Mapping[str, Any] | None = None,
        retry: Any = None,
        repeat: Any = None,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        pipeline: Pipeline | None = None,
        unique: bool = False,
        webhooks: Any = None,
    ) -> Job:
        """Enqueue the call `func(*args, **kwargs)` and return its job. As `enqueue`, with the function's arguments and the options apart."""
        says_more = description or depends_on or retry or repeat or on_success or on_failure or on_stopped or unique or webhooks
        if not says_more and job_id is None and meta is None and pipeline is None:
            sent = self._enqueue_at_once(func, args, kwargs, (timeout, result_ttl, ttl, failure_ttl), at_front)
            if sent is not None:
                return sent
        check_unique(job_id, unique=unique)
        job = self.create_job(
            func,
            args,
            kwargs,
            timeout,
            result_ttl,
            ttl,
            failure_ttl,
            description,
            depends_on,
            job_id,
            meta,
            retry=retry,
            repeat=repeat,
            on_success=on_success,
            on_failure=on_failure,
            on_stopped=on_stopped,
            webhooks=webhooks,
        )
        # By keyword: there are wrappers that take nothing else besides the job.
        return self.enqueue_job(self.setup_dependencies(job, pipeline), pipeline=pipeline, at_front=at_front, **(_UNIQUE if unique else _NOT_UNIQUE))

    def _enqueue_at_once(self, func: Any, args: Any, kwargs: Any, limits: Limits, at_front: bool) -> Job | None:
        """Enqueue a call that is like others, if this queue has had such calls, and nobody has a hand in how its jobs are made; else return None."""
        if self._send_first is None:  # a queue that is made for one job does without
            self._send_first = False
            return None
        way = self._send_first
        if not way or not way.fits(self):
            if not is_stock(self, _STOCK_WAYS):
                return None
            way = self._send_first = SendFirst(self, self._session)
        return way.enqueue(self, func, args, kwargs, limits, at_front=at_front)

    @overload
    def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call at a given time (a naive datetime is local time), or a given time from now. Arguments, options and errors are those of `enqueue`."""
        own_args, own_kwargs, options = split_options(f, args, kwargs)
        pipeline, unique = options.pop("pipeline", None), options.pop("unique", None)
        job = self.create_scheduled_job(f, own_args, own_kwargs, unique=unique, **options)
        return self.schedule_job(job, datetime, pipeline=pipeline, **(_UNIQUE if unique else _NOT_UNIQUE))

    @overload
    def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> Job[T]: ...
    @overload
    def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., T] | str, *args: Any, **kwargs: Any) -> Job[T]: ...
    def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call after a given time, by the server's clock: a timedelta, a number of seconds, or a text such as '10m'. Else it is as `enqueue`."""
        return self.enqueue_at(delay_of(time_delta), func, *args, **kwargs)

    def setup_dependencies(self, job: Job[T], pipeline: Pipeline | None = None) -> Job[T]:
        """Return the job as it is: the step that enqueues it looks at what it depends on. On the path of `enqueue`, because tracing libraries wrap it."""
        del pipeline
        return job

    def enqueue_many(self, job_datas: Iterable[EnqueueData], pipeline: Pipeline | None = None, group_id: str | None = None) -> list[Job]:
        """Enqueue many calls, made by `prepare_data`, and return their jobs in the same order. Every 250 jobs are one step on the server.

        A job may depend on others of the same call, by their id. If one is refused, the others are enqueued all the same.

        Args:
            job_datas: the calls.
            pipeline: collects the calls; its `execute()` carries them out.
            group_id: the name of the group that the jobs belong to.

        Raises:
            As `enqueue` does, before anything is written; but DuplicateJobError after all others were enqueued, and QueueFullError, which says which were.
        """
        with paused_collector():
            datas = list(job_datas)
            if self._is_async and not _is_enqueueing_replaced(type(self)):
                return self.enqueue_batch(Batch.of_calls(self, datas, group_id), pipeline)
            return self.enqueue_created(jobs_for(self, datas, group_id), datas, pipeline)

    def enqueue_batch(self, batch: Batch[Job], pipeline: Pipeline | None = None) -> list[Job]:
        """Send jobs that are on their way, or let a caller's pipeline collect them, and return them. Errors are those of `enqueue_many`."""
        if pipeline is None:
            with batch.watched():
                self._session.run_stream(batch.calls(self._session.scripts))
            batch.check_refusals()
        else:
            batch.collect(self._session, pipeline)
        return batch.jobs

    def enqueue_created(self, jobs: list[Job], datas: Sequence[EnqueueData], pipeline: Pipeline | None = None) -> list[Job]:
        """Enqueue jobs that were created for these calls, and return them: all together, but one by one in a queue that runs them itself.

        Errors are those of `enqueue_many`.
        """
        if not self._is_async:
            return [self.enqueue_job(job, None, data.at_front, **(_UNIQUE if data.unique else _NOT_UNIQUE)) for job, data in zip(jobs, datas, strict=True)]
        if pipeline is None and _is_enqueueing_replaced(type(self)):
            return self._gather_and_send(jobs, datas)
        return self.enqueue_batch(Batch.of_jobs(jobs, datas), pipeline)

    def _gather_and_send(self, jobs: list[Job], datas: Sequence[EnqueueData]) -> list[Job]:
        """Let every job go through `enqueue_job`, which a subclass or a tracing library has replaced, with a pipeline as in RQ; and send them all together."""
        pipeline = Gathering(self.connection.pipeline())
        for job, data in zip(jobs, datas, strict=True):
            self.enqueue_job(job, cast("Pipeline", pipeline), data.at_front, **(_UNIQUE if data.unique else _NOT_UNIQUE))
        self.enqueue_batch(Batch.of_new_jobs([job for job, _ in pipeline.gathered], [new for _, new in pipeline.gathered]))
        pipeline.execute()
        return jobs

    def enqueue_job(self, job: Job[T], pipeline: Pipeline | None = None, at_front: bool = False, unique: bool = False) -> Job[T]:
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
        return self._enqueue_job(job, pipeline=pipeline, at_front=at_front, **(_UNIQUE if unique else _NOT_UNIQUE))

    def _enqueue_job(self, job: Job[T], pipeline: Pipeline | None = None, at_front: bool = False, unique: bool = False) -> Job[T]:
        """Send a job that is ready. On the path of every enqueue, because tracing libraries wrap it."""
        if not self._is_async and not self._must_wait(job):
            return self.run_sync(job, unique=unique)
        self._send(job, new_job(job, new_nonce(), at_front=at_front, unique=unique), pipeline)
        return job

    def _must_wait(self, job: Job) -> bool:
        return bool(job.record.dependency_ids) and not job.dependencies_are_met()

    def run_sync(self, job: Job[T], unique: bool = False) -> Job[T]:
        """Run a job here and now, as a queue with `is_async=False` does, and return it. What the function raises is written down, not raised.

        Retries and repeats do not apply. When the end was written, the callback is called, webhooks are sent, and those who wait for the job go on.

        Args:
            job: the job.
            unique: whether it is refused if there is a job of its id. That is asked before: of two programs that ask at the same moment, both may run theirs.

        Raises:
            DuplicateJobError: see `unique`. Exception: what the callback raises; the webhooks are not sent then, and workers let go on who waits for the job.
        """
        if unique and self.job_class.exists(job.id, self.connection):
            message = f"Job {job.id} exists already; delete it, or enqueue another id, or without unique=True"
            raise DuplicateJobError(message)
        run_here(self._session, job)
        return job

    def run_job(self, job: Job[T]) -> Job[T]:
        """Call a job's function here and now, write down that it succeeded, and return the job; what the function raises is raised, and nothing written."""
        perform_here(self._session, job)
        return job

    def schedule_job(self, job: Job[T], datetime: dt.datetime | dt.timedelta, pipeline: Pipeline | None = None, unique: bool = False) -> Job[T]:
        """See to it that a job is put into this queue at a given time, and return it; a naive datetime is local time. One round trip, atomic.

        Args:
            job: the job; its queue becomes this one.
            datetime: when it is due: a time, or a duration from the server's now.
            pipeline: collects the call; its `execute()` carries it out.
            unique: whether it is refused if there is a job of its id.

        Raises:
            OptionTypeError: if the time is neither (a TypeError). DuplicateJobError: see `unique`. InvalidJobDependency: if it would wait for itself.
        """
        self._send(job, self.new_scheduled_job(job, datetime, unique=unique), pipeline)
        return job

    def _send(self, job: Job, new: NewJob, pipeline: Pipeline | None) -> None:
        if pipeline is None:
            send_job(self._session, new, job)
        elif isinstance(pipeline, Gathering):
            pipeline.gathered.append((job, new))
        else:
            collect_job(self._session, pipeline, new, job)

    # --- being a queue among others ---

    def __len__(self) -> int:
        return self.count

    def __contains__(self, job_or_id: Job | str) -> bool:
        return self.get_job_position(job_or_id) is not None


_STOCK_WAYS = ways_of_class(Queue)
_OWN_WAYS = {name: getattr(Queue, name) for name in ("enqueue_job", "_enqueue_job")}


def _is_enqueueing_replaced(kind: type[Queue]) -> bool:
    """Say whether a subclass, or a tracing library, has a hand in how each job is enqueued."""
    return any(getattr(kind, name) is not own for name, own in _OWN_WAYS.items())
