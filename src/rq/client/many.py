"""Many jobs in one call: how they are checked, and sent."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic

from rq.client.alike import check_ids, drafts_of
from rq.client.enqueueing import new_nonce
from rq.client.prepared import EnqueueData, check_prepared
from rq.client.queue_data import JobT
from rq.client.sending import confirm, foresee, in_order_of_dependence, new_job
from rq.core.errors import QueueFullError, RQError
from rq.model.options import check_unique
from rq.store.enqueue import MOST_NEW_JOBS, enqueue_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from rq.client.queue_data import QueueData
    from rq.client.session import BaseSession
    from rq.store.calls import Call
    from rq.store.enqueue import NewJob
    from rq.store.replies import Enqueued
    from rq.store.scripts import ScriptLibrary

# So many calls, of 250 jobs each, go in one round trip: enough that the network does not count, and some megabytes at most.
_CALLS_AT_ONCE = 16


def jobs_for(queue: QueueData[JobT], datas: Iterable[EnqueueData], group: str | None = None) -> list[JobT]:
    """Return new jobs of a queue for these calls, members of a group or of none. Nothing is sent.

    Raises:
        OptionTypeError: for something that `prepare_data` did not make (a TypeError). Whatever `Queue.create_job` raises.
    """
    jobs = []
    for data in datas:
        check_prepared(data)
        check_unique(data.job_id, unique=data.unique)
        jobs.append(queue.create_job(*data.for_create_job(), **data.relations(), group_id=group))
    return jobs


class Batch(Generic[JobT]):
    """Jobs on their way: everything about them is checked, and nothing is sent yet.

    Args:
        made: each of them with what is sent of it, in an order in which they can be sent; one may be made when it is asked for.
        count: how many they are.
        jobs: the jobs in the order in which their calls were given; None if they are made in that order.

    Attributes:
        jobs: the jobs; all of them, once `calls` has no more.
    """

    def __init__(self, made: Iterable[tuple[JobT, NewJob]], count: int, jobs: list[JobT] | None = None) -> None:
        self._made = iter(made)
        self._count = count
        self._keeps = jobs is None
        self._first_refusal: RQError | None = None
        self._enqueued: list[str] = []
        self.jobs: list[JobT] = [] if jobs is None else jobs

    @classmethod
    def of_calls(cls, queue: QueueData[JobT, Any], datas: Sequence[EnqueueData], group: str | None = None) -> Self:
        """Check calls. Jobs that differ in their calls alone are made when they are sent; see `rq.client.alike`.

        Raises:
            InvalidOptionError: if an id is given twice. InvalidJobDependency: if some jobs would wait for one another. Whatever `Queue.create_job` raises.
        """
        for data in datas:
            check_prepared(data)
        drafts = drafts_of(queue, datas, group)
        if drafts is None:
            return cls.of_jobs(jobs_for(queue, datas, group), datas)
        nonce = new_nonce()
        return cls((draft.make(nonce) for draft in drafts), len(drafts))

    @classmethod
    def of_jobs(cls, jobs: list[JobT], datas: Sequence[EnqueueData]) -> Self:
        """Check jobs that were created for these calls. Errors are those of `of_calls`."""
        nonce = new_nonce()
        return cls.of_new_jobs(jobs, [new_job(job, nonce, at_front=data.at_front, unique=data.unique) for job, data in zip(jobs, datas, strict=True)])

    @classmethod
    def of_new_jobs(cls, jobs: list[JobT], new_jobs: Sequence[NewJob]) -> Self:
        """Check jobs together with what is to be sent of each. Errors are those of `of_calls`."""
        check_ids([job.id for job in jobs])
        by_id = {job.id: job for job in jobs}
        return cls(((by_id[new.record.id], new) for new in in_order_of_dependence(new_jobs)), len(jobs), jobs)

    def calls(self, scripts: ScriptLibrary) -> Iterator[Call[None]]:
        """Make the calls, in order, each one step on the server. When one is answered, its jobs show what became of them."""
        while some := list(islice(self._made, MOST_NEW_JOBS)):
            if self._keeps:
                self.jobs += [job for job, _ in some]
            yield enqueue_jobs(scripts, [new for _, new in some]).then(partial(self._confirm, some))

    def round_trips(self, scripts: ScriptLibrary) -> Iterator[list[Call[None]]]:
        """Make the calls, so many at a time as go in one round trip."""
        calls = self.calls(scripts)
        return iter(lambda: list(islice(calls, _CALLS_AT_ONCE)), [])

    def collect(self, session: BaseSession, pipeline: Any) -> None:
        """Let a caller's pipeline collect the calls. The jobs show what they will be when it is executed, as far as that can be known before."""
        made = list(self._made)
        self._made = iter(made)
        for call in self.calls(session.scripts):
            session.collect(pipeline, call)
        for job, new in made:
            foresee(job, new)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have a QueueFullError tell which jobs were enqueued before the server had no memory left for the others."""
        try:
            yield
        except QueueFullError as error:
            error.note_enqueued(self._enqueued, self._count)
            raise

    def check_refusals(self) -> None:
        """Say that a job was refused; the others were enqueued.

        Raises:
            DuplicateJobError: for the first that was to be unique and is not. InvalidJobDependency: for the first that would wait for itself.
        """
        if self._first_refusal is not None:
            raise self._first_refusal

    def _confirm(self, some: Sequence[tuple[JobT, NewJob]], answers: Sequence[Enqueued]) -> None:
        for (job, _), answer in zip(some, answers, strict=True):
            try:
                confirm(job, answer)
                self._enqueued.append(job.id)
            except RQError as refusal:
                self._first_refusal = self._first_refusal or refusal
