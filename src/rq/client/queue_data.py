"""A queue in memory: its name, its options, the jobs that it makes. What needs no server; `Queue` has the rest, and for asyncio that of `rq.client.aio`."""

from __future__ import annotations

import datetime as dt
from functools import total_ordering
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from rq.client.enqueueing import check_due, new_nonce
from rq.client.fields import KeyOfClass
from rq.client.payload import serializer_of
from rq.client.prepared import prepare_data
from rq.client.sending import new_job
from rq.client.types import SessionT
from rq.core import defaults
from rq.core.clock import to_timestamp
from rq.core.errors import OptionTypeError
from rq.core.formats import parse_duration
from rq.core.references import check_importable
from rq.model.options import apply_repeat, check_repeat, check_unique
from rq.model.states import JobStatus
from rq.store.reads import list_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from rq.client.job_data import JobData
    from rq.core.serializers import Serializer
    from rq.store.calls import Call
    from rq.store.enqueue import NewJob

JobT = TypeVar("JobT", bound="JobData")


@total_ordering
class QueueData(Generic[JobT, SessionT]):
    """What a queue is made of; see `Queue`. `JobT` is what its jobs are, and `SessionT` what it asks through."""

    DEFAULT_TIMEOUT: ClassVar[int] = defaults.DEFAULT_TIMEOUT
    redis_queue_namespace_prefix = KeyOfClass("queue", "")
    redis_queues_keys = KeyOfClass("queues")

    connection: Any
    job_class: type[JobT]

    def __init__(self, name: str, session: SessionT, default_timeout: int | str | None, serializer: Serializer | str | None) -> None:
        _check_name(name)
        self._session = session
        self.connection = session.connection
        self.name = name
        self.serializer = serializer_of(serializer)
        self.default_timeout = parse_duration(default_timeout) or self.DEFAULT_TIMEOUT

    @property
    def key(self) -> str:
        """The key of the list of waiting job ids."""
        return self._session.keyspace.queue(self.name)

    @property
    def intermediate_queue_key(self) -> str:
        """The key of the list in which RQ's workers keep ids between taking and starting them."""
        return self._session.keyspace.intermediate(self.name)

    # --- what is asked of the server ---

    def read_ids(self, offset: int, length: int) -> Call[list[str]]:
        """Read ids of jobs that wait, next one first; a negative length means all."""
        return list_queue(self._session.scripts, self.name, offset, offset + length - 1 if length > 0 else -1)

    def own_among(self, jobs: Iterable[JobT | None]) -> list[JobT]:
        """Return those of some jobs that exist and are of this queue."""
        return [job for job in jobs if job is not None and job.origin == self.name]

    # --- jobs ---

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
    ) -> JobT:
        """Return a new job of this queue. Nothing is sent to the server; `enqueue_job` does that. Errors are those of `enqueue`."""
        check_importable(func)
        job = self.job_class.create(
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
        if repeat:
            check_repeat(repeat)
            apply_repeat(repeat, job.record)
        return job

    def create_scheduled_job(
        self, func: Callable[..., Any] | str, args: Any, kwargs: Any, *, at_front: bool = False, unique: bool = False, **options: Any
    ) -> JobT:
        """Return a new job that is to be scheduled; `at_front` is for when it is due. The options are those of `create_job`."""
        check_unique(options.get("job_id"), unique=unique)
        job = self.create_job(func, args, kwargs, status=JobStatus.SCHEDULED, **options)
        if at_front:
            job.enqueue_at_front = True
        return job

    prepare_data = staticmethod(prepare_data)

    def new_scheduled_job(self, job: JobData, datetime: dt.datetime | dt.timedelta, *, unique: bool) -> NewJob:
        """Return a job, made one of this queue, on its way to its time.

        Raises:
            OptionTypeError: if that is neither a datetime nor a timedelta (a TypeError). InvalidJobDependency: if it would wait for itself.
        """
        check_due(datetime)
        self.own(job)
        due = datetime if isinstance(datetime, dt.timedelta) else to_timestamp(datetime)
        return new_job(job, new_nonce(), at_front=bool(job.enqueue_at_front), due=due, unique=unique)

    def own(self, job: JobData) -> None:
        """Make a job one of this queue."""
        record = job.record
        record.origin = self.name
        if record.timeout is None:
            record.timeout = self.default_timeout

    # --- being a queue among others ---

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Self]:
        yield self

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, QueueData) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, QueueData) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        message = f"The name of a queue is a str, not {type(name).__name__}: {name!r}; write it out as a text, such as 'emails'"
        raise OptionTypeError(message)
