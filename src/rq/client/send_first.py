"""A job that is sent first, and made while the server works at it.

Most programs enqueue the same few functions again and again, with other arguments and nothing else to say. What such calls have in common is checked, and
written as it goes over the wire, once (see `rq.client.alike`); of each, only the call itself is looked at before it is sent. The job that the caller gets is
made while the server is at work.
"""

from __future__ import annotations

from operator import attrgetter, is_
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from rq.client.alike import WAYS_OF_JOBS, Mould, makes_stock_jobs
from rq.client.enqueueing import new_nonce
from rq.client.payload import Payload, checked_arguments
from rq.client.sending import confirm
from rq.core.clock import utc_now
from rq.core.errors import ScriptsRefused
from rq.core.formats import call_string
from rq.core.ids import new_job_id
from rq.core.references import check_importable, reference_of
from rq.store.enqueue import EnqueueForm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rq.client.alike import Limits
    from rq.client.job import Job
    from rq.client.queue import Queue
    from rq.client.session import Session

# So many different limits of one queue's jobs are remembered.
_MOST_MOULDS = 16

# What decides how a queue's jobs look. Any of it may be set to something else at any time.
_LOOK = ("name", "default_timeout", "serializer", "job_class", "connection", "_is_async")
# How they are made and sent. A subclass may override it, and a tracing library, or a test, replace it at any time.
_WAYS_OF_QUEUES = frozenset({"create_job", "own", "setup_dependencies", "enqueue_job", "_enqueue_job", "_send"})
ways_of_class = attrgetter(*sorted(_WAYS_OF_QUEUES))
# All of it in one step: this is asked for each job. No methods, which would keep the queue alive.
_state_of = attrgetter(
    *(f"__class__.{name}" for name in sorted(_WAYS_OF_QUEUES)),
    *_LOOK,
    *(f"job_class.{name}" for name in WAYS_OF_JOBS if name != "create"),
    "job_class.create.__func__",
)

_PLAIN = frozenset({int, float, str, bool, type(None)})


def is_stock(queue: Queue, stock: tuple[Any, ...]) -> bool:
    """Say whether nobody has a hand in how this queue's jobs are made and sent.

    Args:
        queue: the queue.
        stock: what `ways_of_class` says of `Queue`, before anybody replaced a method.
    """
    is_same = all(map(is_, ways_of_class(type(queue)), stock))
    return is_same and queue.is_async and makes_stock_jobs(queue) and _WAYS_OF_QUEUES.isdisjoint(vars(queue))


class SendFirst:
    """Enqueues the calls of one queue that say nothing but their arguments, their end of the queue, and how long the job and what it leaves may live.

    Args:
        queue: the queue.
        session: its session.
    """

    def __init__(self, queue: Queue, session: Session) -> None:
        self._session = session
        self._state = _state_of(queue)
        self._known: dict[Limits, tuple[Mould[Job], EnqueueForm]] = {}
        # What was called last, and how a worker finds it; read and replaced as one, because threads may share a queue.
        self._last: tuple[object, tuple[Any, str]] = object(), (None, "")

    def fits(self, queue: Queue) -> bool:
        """Say whether everything is as it was: how the queue's jobs look, and that nobody has a hand in how they are made and sent."""
        try:
            now = _state_of(queue)
        except AttributeError:  # something else in the place of a method
            return False
        # Compared by what they are, whatever they claim to equal, or pass on of what they wrap.
        is_same = all(map(is_, now, self._state)) and type(queue.job_class.create) is MethodType
        return is_same and _WAYS_OF_QUEUES.isdisjoint(vars(queue))

    def enqueue(
        self, queue: Queue, func: Callable[..., Any] | str, args: Sequence[Any] | None, kwargs: dict[str, Any] | None, limits: Limits, *, at_front: bool
    ) -> Job | None:
        """Enqueue a call and return its job; None if that is to be done step by step. Errors are those of `Queue.enqueue`."""
        session = self._session
        if session.lacks_scripts or not _PLAIN.issuperset(map(type, limits)):
            return None
        known = self._get(queue, limits)
        if known is None:
            return None
        mould, form = known
        last = self._last
        if func is not last[0]:
            check_importable(func)
            last = (func, reference_of(func))
            if isinstance(func, (str, FunctionType)):  # a method, say, would keep its object alive
                self._last = last
        instance, func_name = last[1]
        args, kwargs = checked_arguments(args, kwargs)
        payload = Payload(new_job_id(), queue.serializer)
        payload.give(func_name, instance, args, kwargs)
        created_at, description = utc_now(), call_string(func_name, args, kwargs) or ""
        call = form.call(payload.job_id, new_nonce(), created_at, payload.data, description, at_front=at_front)
        made: list[Job] = []
        try:
            answer = session.run(call, lambda: made.append(mould.make(payload, created_at, description)))
        except ScriptsRefused:
            return None
        job = made[0] if made else mould.make(payload, created_at, description)
        confirm(job, answer)
        return job

    def _get(self, queue: Queue, limits: Limits) -> tuple[Mould[Job], EnqueueForm] | None:
        known = self._known.get(limits)
        if known is None and len(self._known) < _MOST_MOULDS:
            mould = Mould(queue, "-", limits)
            known = self._known[limits] = mould, EnqueueForm(self._session.scripts, mould.model.record)
        return known
