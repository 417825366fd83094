"""Queues (door: `rq.queue`): jobs go in here."""

from __future__ import annotations

import datetime as dt
import logging
import warnings
from functools import total_ordering
from typing import TYPE_CHECKING, Any, ClassVar

from rq.client.classes import job_class_of
from rq.client.enqueueing import check_due, delay_of, new_nonce, refuse_later_options, split_options
from rq.client.fields import KeyOfClass
from rq.client.job import Job
from rq.client.payload import serializer_of
from rq.client.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.client.session import session_of
from rq.client.sync import collect_job, perform_here, run_here, send_job
from rq.core import defaults
from rq.core.clock import to_timestamp, utc_now
from rq.core.errors import InvalidOptionError
from rq.core.formats import as_text, parse_date, parse_duration
from rq.core.references import check_importable
from rq.model.states import JobStatus
from rq.store.enqueue import enqueue_job as enqueue_call_of
from rq.store.purge import MOST_PURGED, purge_queue
from rq.store.reads import count_queue, find_position, list_queue, list_queue_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Self

    import redis
    from redis.client import Pipeline

    from rq.client.session import Session
    from rq.core.serializers import Serializer

logger = logging.getLogger("rq.queue")


@total_ordering
class Queue:
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
        OptionTypeError: without a connection (a TypeError).
        InvalidOptionError: for an option that makes no sense or is not supported yet (a ValueError).
    """

    __module__ = "rq.queue"

    DEFAULT_TIMEOUT: ClassVar[int] = defaults.DEFAULT_TIMEOUT
    redis_queue_namespace_prefix = KeyOfClass("queue", "")
    redis_queues_keys = KeyOfClass("queues")
    job_class: type[Job] = Job
    log = logger
    death_penalty_class: type[Any] | None = None

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
        self._session: Session = session_of(connection)
        self.connection: redis.Redis = self._session.connection
        self.name = name
        self.serializer = serializer_of(serializer)
        self.default_timeout = parse_duration(default_timeout) or self.DEFAULT_TIMEOUT
        if job_class is not None:
            self.job_class = job_class_of(job_class)
        if death_penalty_class is not None:
            self.death_penalty_class = death_penalty_class

    @classmethod
    def all(
        cls,
        connection: redis.Redis,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> list[Self]:
        """Return every queue that ever had a job, ordered by key."""
        session = session_of(connection)
        keys = session.run(list_queue_keys(session.scripts))
        return [cls.from_queue_key(key, connection, job_class, serializer, death_penalty_class) for key in keys]

    @classmethod
    def from_queue_key(
        cls,
        queue_key: str,
        connection: redis.Redis,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> Self:
        """Return the queue whose list of jobs has this key.

        Raises:
            InvalidOptionError: if it is no key of a queue (a ValueError).
        """
        prefix = cls.redis_queue_namespace_prefix
        queue_key = as_text(queue_key)
        if not queue_key.startswith(prefix):
            message = f"Not a key of a queue: {queue_key!r}; it would begin with {prefix!r}"
            raise InvalidOptionError(message)
        return cls(queue_key[len(prefix) :], connection, job_class=job_class, serializer=serializer, death_penalty_class=death_penalty_class)

    # --- enqueueing ---

    def enqueue(self, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue the call `f(*args, **kwargs)` and return its job: one round trip, atomic.

        These keyword arguments are the job's and not the function's: `job_timeout`, `result_ttl`, `ttl`, `failure_ttl`, `description`, `job_id`, `at_front`,
        `meta`, `on_success`, `on_failure`, `on_stopped` (see `EnqueueOptions`); `pipeline`, which collects the call instead of sending it; `args` and `kwargs`,
        which hold all the function's arguments if one of those has a taken name. RQ's other options (`depends_on`, `retry`, `repeat`, `webhooks`, `unique`) are
        not supported yet: refused.

        Args:
            f: what to call: a function, a method, another callable object, or a dotted path.
            *args: its positional arguments.
            **kwargs: its keyword arguments, and the options.

        Raises:
            UnimportableFunctionError: if no worker could import the function: a lambda, one defined in a function or in the main program (a ValueError).
            OptionTypeError: for a class or anything else that cannot be called (a TypeError).
            InvalidOptionError: for an option that makes no sense (a ValueError). Whatever the serializer raises for arguments it cannot serialize.
        """
        own_args, own_kwargs, options = split_options(args, kwargs)
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
        if unique:
            refuse_later_options(unique=unique)
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
        return self.enqueue_job(job, pipeline=pipeline, at_front=at_front)

    def enqueue_at(self, datetime: dt.datetime | dt.timedelta, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call at a given time (a naive datetime is local time), or a given time from now. Arguments, options and errors are those of `enqueue`."""
        own_args, own_kwargs, options = split_options(args, kwargs)
        pipeline, at_front = options.pop("pipeline", None), options.pop("at_front", False)
        refuse_later_options(unique=options.pop("unique", False))
        job = self.create_job(f, own_args, own_kwargs, status=JobStatus.SCHEDULED, **options)
        if at_front:
            job.enqueue_at_front = True
        return self.schedule_job(job, datetime, pipeline=pipeline)

    def enqueue_in(self, time_delta: dt.timedelta | float | str, func: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Enqueue a call after a given time, by the server's clock: a timedelta, a number of seconds, or a text such as '10m'. Else it is as `enqueue`."""
        return self.enqueue_at(delay_of(time_delta), func, *args, **kwargs)

    def create_job(  # noqa: PLR0913, PLR0917 - RQ's signature
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
        meta: Mapping[str, Any] | None = None,
        status: JobStatus = JobStatus.QUEUED,
        retry: Any = None,
        repeat: Any = None,
        *,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        webhooks: Any = None,
        group_id: str | None = None,
    ) -> Job:
        """Return a new job of this queue. Nothing is sent to the server; `enqueue_job` does that. Errors are those of `enqueue`."""
        check_importable(func)
        if repeat:
            refuse_later_options(repeat=repeat)
        return self.job_class.create(
            func,
            args=args,
            kwargs=kwargs,
            connection=self.connection,
            result_ttl=result_ttl,
            ttl=ttl,
            status=status,
            description=description,
            depends_on=depends_on,
            timeout=self.default_timeout if timeout is None else timeout,
            retry=retry,
            id=job_id,
            origin=self.name,
            meta=meta,
            failure_ttl=failure_ttl,
            serializer=self.serializer,
            group_id=group_id,
            on_success=on_success,
            on_failure=on_failure,
            on_stopped=on_stopped,
            webhooks=webhooks,
        )

    def enqueue_job(self, job: Job, pipeline: Pipeline | None = None, at_front: bool = False, unique: bool = False) -> Job:
        """Put a job into this queue and return it: one round trip, atomic. A job of the same id, whatever its state, starts over.

        Args:
            job: the job; its queue becomes this one.
            pipeline: collects the call; its `execute()` carries it out. The job shows what it will be then.
            at_front: whether it goes to the head of the queue.
            unique: not supported yet.
        """
        if unique:
            refuse_later_options(unique=unique)
        job.origin = self.name
        if job.timeout is None:
            job.timeout = self.default_timeout
        return self._enqueue_job(job, pipeline=pipeline, at_front=at_front)

    def _enqueue_job(self, job: Job, pipeline: Pipeline | None = None, at_front: bool = False, unique: bool = False) -> Job:
        """Send a job that is ready. On the path of every enqueue, because tracing libraries wrap it."""
        if unique:
            refuse_later_options(unique=unique)
        if not self._is_async:
            return self.run_sync(job)
        return self._send(job, pipeline, at_front=at_front)

    def run_sync(self, job: Job) -> Job:
        """Run a job here and now, as a queue with `is_async=False` does, and return it. What the function raises is written down, not raised.

        Retries and repeats do not apply. The callback is called after the end of the job was written.

        Raises:
            Exception: what the callback raises.
        """
        return run_here(self._session, job)

    def run_job(self, job: Job) -> Job:
        """Call a job's function here and now, write down that it succeeded, and return the job; what the function raises is raised, and nothing written."""
        return perform_here(self._session, job)

    def schedule_job(self, job: Job, datetime: dt.datetime | dt.timedelta, pipeline: Pipeline | None = None, unique: bool = False) -> Job:
        """See to it that a job is put into this queue at a given time, and return it; a naive datetime is local time. One round trip, atomic.

        Args:
            job: the job; its queue becomes this one.
            datetime: when it is due: a time, or a duration from the server's now.
            pipeline: collects the call; its `execute()` carries it out.
            unique: not supported yet.

        Raises:
            OptionTypeError: if the time is neither (a TypeError).
        """
        if unique:
            refuse_later_options(unique=unique)
        check_due(datetime)
        job.origin = self.name
        if job.timeout is None:
            job.timeout = self.default_timeout
        return self._send(job, pipeline, due=datetime if isinstance(datetime, dt.timedelta) else to_timestamp(datetime))

    def _send(self, job: Job, pipeline: Pipeline | None, *, at_front: bool = False, due: float | dt.timedelta | None = None) -> Job:
        call = enqueue_call_of(self._session.scripts, job.packed_record(), new_nonce(), at_front=at_front, due=due)
        record = job.record
        if pipeline is not None:
            collect_job(self._session, pipeline, call, job.record, at_front=at_front, is_plain=due is None)
            record.status = JobStatus.QUEUED if due is None else JobStatus.SCHEDULED
            record.enqueued_at = utc_now() if due is None else None
            return job
        answer = send_job(self._session, call, record, at_front=at_front, is_plain=due is None)
        record.status = JobStatus(answer.status)
        if due is None:
            record.enqueued_at = parse_date(answer.enqueued_at) if answer.enqueued_at else utc_now()
        return job

    # --- looking ---

    @property
    def key(self) -> str:
        """The key of the list of waiting job ids."""
        return self._session.keyspace.queue(self.name)

    @property
    def intermediate_queue_key(self) -> str:
        """The key of the list in which RQ's workers keep ids between taking and starting them."""
        return self._session.keyspace.intermediate(self.name)

    @property
    def is_async(self) -> bool:
        """Whether workers run the jobs; if not, `enqueue` does."""
        return self._is_async

    @property
    def count(self) -> int:
        """How many jobs wait."""
        return self._session.run(count_queue(self._session.scripts, self.name))

    def is_empty(self) -> bool:
        """Say whether no job waits."""
        return self.count == 0

    @property
    def job_ids(self) -> list[str]:
        """The ids of the jobs that wait, next one first."""
        return self.get_job_ids()

    @property
    def jobs(self) -> list[Job]:
        """The jobs that wait, next one first."""
        return self.get_jobs()

    def get_job_ids(self, offset: int = 0, length: int = -1) -> list[str]:
        """Return the ids of jobs that wait, next one first.

        Args:
            offset: how many to skip.
            length: how many to return at most; negative for all.
        """
        if length == 0:
            return []
        last = offset + length - 1 if length > 0 else -1
        return self._session.run(list_queue(self._session.scripts, self.name, offset, last))

    def get_jobs(self, offset: int = 0, length: int = -1) -> list[Job]:
        """Return jobs that wait, next one first; ids without a job of this queue are left out. Two round trips.

        Args:
            offset: how many ids to skip.
            length: how many ids to look at; negative for all.
        """
        jobs = self.job_class.fetch_many(self.get_job_ids(offset, length), connection=self.connection, serializer=self.serializer)
        return [job for job in jobs if job is not None and job.origin == self.name]

    def fetch_job(self, job_id: str) -> Job | None:
        """Return a job of this queue, whatever its state; None if there is none."""
        [job] = self.job_class.fetch_many([job_id], connection=self.connection, serializer=self.serializer)
        return job if job is not None and job.origin == self.name else None

    def get_job_position(self, job_or_id: Job | str) -> int | None:
        """Return how many jobs stand before this one; None if it is not waiting here."""
        job_id = job_or_id if isinstance(job_or_id, str) else job_or_id.id
        return self._session.run(find_position(self._session.scripts, self.name, job_id))

    # --- emptying ---

    def empty(self) -> int:
        """Delete all jobs that wait, and return how many they were: one round trip per thousand. Jobs that run, or have ended, are left alone."""
        deleted = 0
        while True:
            taken, purged = self._session.run(purge_queue(self._session.scripts, self.name))
            deleted += purged
            if taken < MOST_PURGED:
                return deleted

    # --- registries ---

    @property
    def started_job_registry(self) -> StartedJobRegistry:
        """The jobs that run now."""
        return StartedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def finished_job_registry(self) -> FinishedJobRegistry:
        """The jobs that succeeded."""
        return FinishedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def failed_job_registry(self) -> FailedJobRegistry:
        """The jobs that failed or were stopped."""
        return FailedJobRegistry(queue=self, job_class=self.job_class)

    @property
    def deferred_job_registry(self) -> DeferredJobRegistry:
        """The jobs that wait for others."""
        return DeferredJobRegistry(queue=self, job_class=self.job_class)

    @property
    def scheduled_job_registry(self) -> ScheduledJobRegistry:
        """The jobs that are due later."""
        return ScheduledJobRegistry(queue=self, job_class=self.job_class)

    @property
    def canceled_job_registry(self) -> CanceledJobRegistry:
        """The jobs that were canceled."""
        return CanceledJobRegistry(queue=self, job_class=self.job_class)

    # --- being a queue among others ---

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Self]:
        yield self

    def __contains__(self, job_or_id: Job | str) -> bool:
        return self.get_job_position(job_or_id) is not None

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Queue) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, Queue) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
