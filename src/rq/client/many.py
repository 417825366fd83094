"""Many jobs in one call: how each is described, and how they are sent."""

from __future__ import annotations

from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from rq.client.enqueueing import new_nonce
from rq.client.sending import calls_for_many, confirm, foresee, in_order_of_dependence, new_job
from rq.client.session import session_of
from rq.core.errors import InvalidOptionError, RQError
from rq.model.options import check_unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.client.job_data import JobData
    from rq.client.queue import Queue
    from rq.client.queue_data import JobT, QueueData
    from rq.client.session import BaseSession
    from rq.store.calls import Call
    from rq.store.replies import Enqueued
    from rq.store.scripts import ScriptLibrary

# So many calls, of 250 jobs each, go in one round trip: enough that the network does not count, and some megabytes at most.
_CALLS_AT_ONCE = 16


class EnqueueData(NamedTuple):
    """One call for `Queue.enqueue_many`; made by `Queue.prepare_data`, which explains the fields. The fields and their order are RQ's, but for the last."""

    func: Callable[..., Any] | str
    args: Sequence[Any] | None
    kwargs: dict[str, Any] | None
    timeout: int | str | None
    result_ttl: int | str | None
    ttl: int | str | None
    failure_ttl: int | str | None
    description: str | None
    depends_on: Any
    job_id: str | None
    at_front: bool
    meta: Mapping[str, Any] | None
    retry: Any
    on_success: Any
    on_failure: Any
    on_stopped: Any
    repeat: Any
    webhooks: Any
    unique: bool = False

    def for_create_job(self) -> tuple[Any, ...]:
        """Return what `Queue.create_job` takes by position."""
        return (*self[:8], self.depends_on, self.job_id, self.meta)

    def relations(self) -> dict[str, Any]:
        """Return what `Queue.create_job` takes by name, as far as it was given."""
        if not any(self[12:18]):
            return {}
        return {name: getattr(self, name) for name in ("retry", "repeat", "on_success", "on_failure", "on_stopped", "webhooks")}


def prepare_data(  # noqa: PLR0913, PLR0917 - RQ's signature
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
    on_success: Any = None,
    on_failure: Any = None,
    on_stopped: Any = None,
    repeat: Any = None,
    webhooks: Any = None,
    *,
    unique: bool = False,
) -> EnqueueData:
    """Return a call for `Queue.enqueue_many`: `func` with its `args` and `kwargs`, and the options of `Queue.enqueue_call`. They are checked when enqueued."""
    return EnqueueData(
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
        at_front,
        meta,
        retry,
        on_success,
        on_failure,
        on_stopped,
        repeat,
        webhooks,
        unique,
    )


def jobs_for(queue: QueueData[JobT], datas: Iterable[EnqueueData], group: str | None = None) -> list[JobT]:
    """Return new jobs of a queue for these calls, members of a group or of none. Nothing is sent. Errors are those of `Queue.create_job`."""
    return [_job_for(queue, data, group) for data in datas]


def _job_for(queue: QueueData[JobT], data: EnqueueData, group: str | None) -> JobT:
    check_unique(data.job_id, unique=data.unique)
    return queue.create_job(*data.for_create_job(), **data.relations(), group_id=group)


def enqueue_all(queue: Queue, jobs: Sequence[Job], datas: Sequence[EnqueueData], pipeline: Pipeline | None) -> None:
    """Enqueue jobs that were created for these calls: all together, or one by one in a queue that runs them itself. Errors are those of `Batch`."""
    if not queue.is_async:
        for job, data in zip(jobs, datas, strict=True):
            queue.enqueue_job(job, None, data.at_front, data.unique)
        return
    session = session_of(queue.connection)
    batch = Batch(session.scripts, jobs, datas)
    if pipeline is None:
        answers = session.run_stream(batch.calls())
        batch.confirm(answers)
    else:
        batch.collect(session, pipeline)


class Batch:
    """Jobs that were created for such calls, on their way.

    Args:
        scripts: of their keyspace.
        jobs: the jobs.
        datas: the calls that they were created for.

    Raises:
        InvalidOptionError: if an id is given twice. InvalidJobDependency: if some jobs would wait for one another.
    """

    def __init__(self, scripts: ScriptLibrary, jobs: Sequence[JobData], datas: Sequence[EnqueueData]) -> None:
        self._jobs = {job.id: job for job in jobs}
        if len(self._jobs) < len(jobs):
            twice = next(job_id for job_id, count in Counter(job.id for job in jobs).items() if count > 1)
            message = f"The id {twice} is given twice; each job enqueued in one call needs an id of its own"
            raise InvalidOptionError(message)
        nonce = new_nonce()
        new_jobs = [new_job(job, nonce, at_front=data.at_front, unique=data.unique) for job, data in zip(jobs, datas, strict=True)]
        self._new_jobs = in_order_of_dependence(new_jobs)
        self._scripts = scripts

    def calls(self) -> Iterator[Call[list[Enqueued]]]:
        """Make the calls, in order."""
        return calls_for_many(self._scripts, self._new_jobs)

    def round_trips(self) -> Iterator[list[Call[list[Enqueued]]]]:
        """Make the calls, so many at a time as go in one round trip."""
        calls = self.calls()
        return iter(lambda: list(islice(calls, _CALLS_AT_ONCE)), [])

    def collect(self, session: BaseSession, pipeline: Any) -> None:
        """Let a caller's pipeline collect the calls. The jobs show what they will be when it is executed, as far as that can be known before."""
        for call in self.calls():
            session.collect(pipeline, call)
        for new in self._new_jobs:
            foresee(self._jobs[new.record.id], new)

    def confirm(self, answers: Iterable[Sequence[Enqueued]]) -> None:
        """Let the jobs show what the server says became of them.

        Args:
            answers: to the calls, in order.

        Raises:
            DuplicateJobError: for the first that was to be unique and is not; the others were enqueued.
        """
        first_refusal: RQError | None = None
        for new, answer in zip(self._new_jobs, chain.from_iterable(answers), strict=True):
            try:
                confirm(self._jobs[new.record.id], answer)
            except RQError as refusal:
                first_refusal = first_refusal or refusal
        if first_refusal is not None:
            raise first_refusal
