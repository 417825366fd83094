"""Many new jobs that differ in their calls alone, which is what most programs enqueue in one go.

What they have in common is checked, and written as it goes over the wire, once. Of each only the call is looked at before the first is sent: that it can be
made, and that it can be serialized. The jobs themselves are made while the server works at those before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic

from rq.client.job_data import JobData
from rq.client.payload import Payload, checked_arguments
from rq.client.queue_data import JobT, QueueData
from rq.core.clock import utc_now
from rq.core.errors import InvalidOptionError
from rq.core.formats import call_string
from rq.core.ids import new_job_id, validate_job_id
from rq.core.references import check_importable, reference_of
from rq.model.options import description_of
from rq.model.record import JobRecord
from rq.store.codec import encode_shared
from rq.store.enqueue import NewJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rq.client.prepared import EnqueueData
    from rq.core.serializers import Serializer

# Timeout, result_ttl, ttl and failure_ttl, as they were given.
Limits = tuple["int | str | None", "int | str | None", "int | str | None", "int | str | None"]

# What a job may say for itself and still be like others: its call, its description, its id, its place. Timeout and TTLs may be any, but the same.
_limits_of = itemgetter(3, 4, 5, 6)
_rest_of = itemgetter(8, *range(11, 19))
_NOTHING_MORE: tuple[Any, ...] = (None,) * 8 + (False,)

# Ways of making jobs that a subclass may override and a program replace; if one did, every job is made in that way.
WAYS_OF_JOBS = ("__new__", "__init__", "create", "take_record", "packed_record", "take_as_stored", "like_this")
_STOCK = {name: getattr(JobData, name) for name in WAYS_OF_JOBS} | {"create_job": QueueData.create_job}
_STOCK_MODULES = frozenset({"rq.job", "rq.aio"})


@dataclass(slots=True)
class Draft(Generic[JobT]):
    """A job that is not made yet: a call that was looked at, whose payload is serialized.

    Args:
        mould: what it has in common with others.
        payload: the call; it gets the job's id at last, if none was given.
        arguments: name, positional and keyword arguments, for the description.
        description: the one that was given.
        at_front: whether the job goes to the head of the queue.
    """

    mould: Mould[JobT]
    payload: Payload
    arguments: tuple[str, Sequence[Any], dict[str, Any]]
    description: str | None
    at_front: bool

    def make(self, nonce: str) -> tuple[JobT, NewJob]:
        """Make the job, and what is sent of it in the call of this name."""
        payload = self.payload
        payload.job_id = payload.job_id or new_job_id()
        job = self.mould.make(payload, utc_now(), self.description or call_string(*self.arguments) or "")
        return job, NewJob(job.record, nonce, self.at_front, shared=self.mould.fields)


class Mould(Generic[JobT]):
    """What jobs have in common.

    Args:
        queue: where they go.
        func: what the first of them calls.
        limits: timeout, result_ttl, ttl and failure_ttl as they were given.
        group: the name of the group that they belong to.

    Attributes:
        limits: the same.
        model: a job like all of them, which is not sent itself.
        fields: what each of their hashes holds alike, encoded.
    """

    def __init__(self, queue: QueueData[JobT, Any], func: Callable[..., Any] | str, limits: Limits, group: str | None = None) -> None:
        self.limits = limits
        timeout, result_ttl, ttl, failure_ttl = limits
        self.model = queue.create_job(func, (), {}, timeout, result_ttl, ttl, failure_ttl, "-", group_id=group)
        self.fields = encode_shared(self.model.packed_record())

    def make(self, payload: Payload, created_at: datetime, description: str) -> JobT:
        """Make one of the jobs."""
        model = self.model.record
        record = JobRecord(
            payload.job_id,
            model.status,
            created_at,
            payload.data,
            model.origin,
            description,
            group_id=model.group_id,
            timeout=model.timeout,
            result_ttl=model.result_ttl,
            failure_ttl=model.failure_ttl,
            ttl=model.ttl,
        )
        return self.model.like_this(record, payload)


class Drafting(Generic[JobT]):
    """Looks at calls, one after the other.

    Args:
        queue: where their jobs go.
        group: the name of the group that they belong to.
    """

    def __init__(self, queue: QueueData[JobT, Any], group: str | None) -> None:
        self._queue = queue
        self._serializer: Serializer = queue.serializer
        self._group = group
        self._mould: Mould[JobT] | None = None
        self._func: Callable[..., Any] | str | None = None
        self._reference: tuple[Any, str] = (None, "")

    def draft(self, data: EnqueueData) -> Draft[JobT]:
        """Return the job that a call will be. The errors are those of `Queue.create_job` and of the serializer."""
        func, args, kwargs, *_ = data
        mould = self._mould
        if mould is None or mould.limits != _limits_of(data):
            mould = self._mould = Mould(self._queue, func, _limits_of(data), self._group)
        if func is not self._func:
            check_importable(func)
            self._reference = reference_of(func)
            self._func = func
        args, kwargs = checked_arguments(args, kwargs)
        if data.job_id is not None:
            validate_job_id(data.job_id)
        instance, func_name = self._reference
        payload = Payload(data.job_id or "", self._serializer)
        payload.give(func_name, instance, args, kwargs)
        payload.data  # noqa: B018 - what cannot be serialized is told now
        return Draft(mould, payload, (func_name, args, kwargs), data.description and description_of(data.description), data.at_front)


def drafts_of(queue: QueueData[JobT, Any], datas: Sequence[EnqueueData], group: str | None) -> list[Draft[JobT]] | None:
    """Return the jobs that calls will be; None if some call says more than jobs that are alike may, or if a queue has ways of its own to make jobs.

    Raises:
        InvalidOptionError: if an id is given twice (a ValueError). Whatever `Queue.create_job` and the serializer raise.
    """
    if not (makes_stock_jobs(queue) and all(_rest_of(data) == _NOTHING_MORE for data in datas)):
        return None
    drafting = Drafting(queue, group)
    drafts = [drafting.draft(data) for data in datas]
    check_ids([data.job_id for data in datas if data.job_id])
    return drafts


def check_ids(ids: Sequence[str]) -> None:
    """Refuse ids of which one is there twice.

    Raises:
        InvalidOptionError: naming it (a ValueError).
    """
    known = set(ids)
    if len(known) < len(ids):
        twice = next(job_id for job_id in ids if job_id not in known or known.remove(job_id))  # type: ignore[func-returns-value]
        raise InvalidOptionError(f"The id {twice} is given twice; each job enqueued in one call needs an id of its own")


def makes_stock_jobs(queue: QueueData[Any, Any]) -> bool:
    """Say whether nobody has a way of his own to make the jobs of this queue."""
    kind = queue.job_class
    return (
        kind.__module__ in _STOCK_MODULES
        and type(queue).create_job is _STOCK["create_job"]
        and all(_is_same(getattr(kind, name), _STOCK[name]) for name in WAYS_OF_JOBS)
    )


def _is_same(way: Any, stock: Any) -> bool:
    """Say whether a function, or a class method, is the very same; what tracing libraries put in its place looks like it in every way."""
    return way is stock or (type(way) is MethodType is type(stock) and way.__func__ is stock.__func__)
