"""`@job` (door: `rq.decorators`): functions that enqueue themselves.

What `@job` returns is the function that was written, so that it can be called, imported and tested as ever, and a worker finds it by its name. It only bears
three attributes more: `delay` and `enqueue`, which are RQ's, and `using`. Type checkers know it as a `JobFunction`, and check the arguments of a job as they
check those of a call.

RQ's `delay` takes three options among the function's own keywords. `using` takes all options, apart from the arguments, so that neither can be mistaken for the
other and both can be checked. The name and the order are those of Django's tasks, `function.using(...).enqueue(...)`, which read as a sentence; Celery
(`apply_async`) and Dramatiq (`send_with_options`) have the arguments packed into a tuple and a dictionary, where no checker sees what they are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Never, ParamSpec, Protocol, TypeVar, Unpack, overload

from rq.client.classes import queue_class_of
from rq.client.enqueueing import OPTION_NAMES, CallOptions, keywords_of
from rq.client.queue import Queue
from rq.client.types import T
from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import OptionTypeError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Coroutine, Mapping

    import redis
    import typing_extensions as extensions
    from redis.client import Pipeline

    from rq.client.aio.job import Job as AsyncJob
    from rq.client.aio.queue import Queue as AsyncQueue
    from rq.client.job import Job

    AwaitedJob = Coroutine[Any, Any, AsyncJob[T]]

    # The default makes a plain `job` that of the synchronous client.
    QueueT_co = extensions.TypeVar("QueueT_co", bound=Queue | str | AsyncQueue, default=Queue | str, covariant=True)
else:
    QueueT_co = TypeVar("QueueT_co", covariant=True)

P = ParamSpec("P")
Q = ParamSpec("Q")
Returned_co = TypeVar("Returned_co", covariant=True)  # what a plain call returns; for a coroutine function that is not yet the result of a job
Enqueued_co = TypeVar("Enqueued_co", covariant=True)  # what enqueueing returns: a job, or a coroutine that returns one
Owner = TypeVar("Owner")

# What `delay` takes for itself, as in RQ; all its other keywords are the function's.
_OPTIONS_OF_DELAY = ("depends_on", "job_id", "at_front")


class JobOptions(CallOptions, total=False):
    """The options of one job; see `Queue.enqueue`. They have the names of `Queue.enqueue_call`."""

    pipeline: Pipeline | None


class job(Generic[QueueT_co]):  # noqa: N801 - RQ's name
    """A decorator: `@job("emails", connection=connection)` lets a function enqueue itself.

    Nothing is connected to, and no queue is made, before the first job: a worker imports the function without a connection.

    Args:
        queue: a queue, or the name of one. With a queue of `rq.aio` everything that enqueues is awaited: `await add.delay(1, 2)`.
        connection: for a name: any synchronous redis-py client, or a function that returns it, which is called for every job. Needless with a queue.
        timeout: the option `job_timeout` of `Queue.enqueue`.
        result_ttl: how long results are kept, in seconds; unlike with `Queue.enqueue` the default is 500 here, whatever the worker's. None for the worker's.
        ttl: like all that follow, an option of `Queue.enqueue`.
        queue_class: for a name: what the queue is made of, a subclass of `Queue` or a dotted path.
        depends_on: see `Queue.enqueue`.
        at_front: see `Queue.enqueue`.
        meta: see `Queue.enqueue`.
        description: see `Queue.enqueue`.
        failure_ttl: see `Queue.enqueue`.
        retry: see `Queue.enqueue`.
        on_failure: see `Queue.enqueue`.
        on_success: see `Queue.enqueue`.
        on_stopped: see `Queue.enqueue`.
        webhooks: see `Queue.enqueue`.
        repeat: see `Queue.enqueue`.
        unique: see `Queue.enqueue`; every job then needs its `job_id`.

    Raises:
        OptionTypeError: if it stands without a queue, as a bare `@job` (a TypeError).
        ReferenceNotFound, InvalidOptionError: if `queue_class` is a path that leads nowhere, or not to a class of queues (ValueErrors).
    """

    __module__ = "rq.decorators"

    queue_class: type[Queue] = Queue

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        queue: QueueT_co,
        connection: redis.Redis | Callable[[], redis.Redis] | None = None,
        timeout: int | str | None = None,
        result_ttl: int | str | None = DEFAULT_RESULT_TTL,
        ttl: int | str | None = None,
        queue_class: type[Queue] | str | None = None,
        depends_on: Any = None,
        at_front: bool = False,
        meta: Mapping[str, Any] | None = None,
        description: str | None = None,
        failure_ttl: int | str | None = None,
        retry: Any = None,
        on_failure: Any = None,
        on_success: Any = None,
        on_stopped: Any = None,
        webhooks: Any = None,
        *,
        repeat: Any = None,
        unique: bool = False,
    ) -> None:
        _check_queue(queue)
        self.queue = queue
        self.connection = connection
        if queue_class is not None:
            self.queue_class = queue_class_of(queue_class)
        options = {
            "timeout": timeout,
            "result_ttl": result_ttl,
            "ttl": ttl,
            "failure_ttl": failure_ttl,
            "description": description,
            "depends_on": depends_on,
            "at_front": at_front,
            "meta": meta,
            "retry": retry,
            "repeat": repeat,
            "on_success": on_success,
            "on_failure": on_failure,
            "on_stopped": on_stopped,
            "unique": unique,
            "webhooks": webhooks,
        }
        self.options = {name: value for name, value in options.items() if value is not None and value is not False}

    # A call returns a coroutine without Any: with one, mypy could not tell which overload of `Queue.enqueue` is meant for the decorated function.
    @overload
    def __call__(self: job[AsyncQueue], f: Callable[P, Coroutine[Any, Any, T]]) -> JobFunction[P, Coroutine[object, Never, T], AwaitedJob[T]]: ...
    @overload
    def __call__(self: job[AsyncQueue], f: Callable[P, T]) -> JobFunction[P, T, AwaitedJob[T]]: ...
    @overload
    def __call__(self: job[Queue | str], f: Callable[P, Coroutine[Any, Any, T]]) -> JobFunction[P, Coroutine[object, Never, T], Job[T]]: ...
    @overload
    def __call__(self: job[Queue | str], f: Callable[P, T]) -> JobFunction[P, T, Job[T]]: ...
    def __call__(self, f: Any) -> Any:
        """Return `f` itself, which is a `JobFunction` now. A static or class method may be decorated before or after it is made one."""
        function: Any = f.__func__ if isinstance(f, (staticmethod, classmethod)) else f

        def using(**options: Any) -> PreparedCall[..., Any]:
            unknown = options.keys() - OPTION_NAMES
            if unknown:
                raise OptionTypeError(f"using() has no option {', '.join(sorted(unknown))}; there are {', '.join(sorted(OPTION_NAMES))}")
            return PreparedCall(function, self.find_queue, self.options | options)

        @wraps(function)
        def delay(*args: Any, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(name, None) for name in _OPTIONS_OF_DELAY}
            return using(**{name: value for name, value in given.items() if value}).enqueue(*args, **kwargs)

        function.delay = function.enqueue = delay
        function.using = using
        return f

    def find_queue(self) -> Queue | AsyncQueue:
        """Return the queue that a job goes to now.

        Raises:
            OptionTypeError: if it is known by name only, and there is no connection (a TypeError).
        """
        if not isinstance(self.queue, str):
            return self.queue
        return self.queue_class(name=self.queue, connection=_client_of(self.connection))


def _client_of(connection: Any) -> redis.Redis | None:
    """Return what was given, or what it returns if it is a function. A client that can be called, such as a proxy of one, is a client."""
    is_function = callable(connection) and not hasattr(connection, "execute_command")
    client: redis.Redis | None = connection() if is_function else connection
    return client


def _check_queue(queue: object) -> None:
    if isinstance(queue, FunctionType):
        raise OptionTypeError(f'@job needs to know its queue: write @job("default", connection=...) above {queue.__qualname__}')


@dataclass(frozen=True, slots=True)
class PreparedCall(Generic[P, Enqueued_co]):
    """A decorated function with the options of its next jobs. All arguments of its methods are the function's.

    Args:
        function: what will be called.
        find_queue: returns the queue.
        options: the decorator's options, and in their place those of `using`.
    """

    function: Callable[P, Any]
    find_queue: Callable[[], Any]
    options: Mapping[str, Any]

    def enqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> Enqueued_co:
        """Enqueue the call and return its job. See `Queue.enqueue`."""
        enqueued: Enqueued_co = self.find_queue().enqueue_call(self.function, args=args, kwargs=kwargs, **self.options)
        return enqueued

    delay = enqueue

    def enqueue_at(self, datetime: dt.datetime | dt.timedelta, /, *args: P.args, **kwargs: P.kwargs) -> Enqueued_co:
        """Enqueue the call at a given time, or a given time from now. See `Queue.enqueue_at`."""
        enqueued: Enqueued_co = self.find_queue().enqueue_at(datetime, self.function, args=args, kwargs=kwargs, **keywords_of(self.options))
        return enqueued

    def enqueue_in(self, time_delta: dt.timedelta | float | str, /, *args: P.args, **kwargs: P.kwargs) -> Enqueued_co:
        """Enqueue the call after a given time. See `Queue.enqueue_in`."""
        enqueued: Enqueued_co = self.find_queue().enqueue_in(time_delta, self.function, args=args, kwargs=kwargs, **keywords_of(self.options))
        return enqueued


# --- for type checkers: a decorated function ---


class Delay(Protocol[P, Enqueued_co]):
    """Enqueues a call and returns its job. With one of RQ's three options among the keywords, the arguments cannot be checked; `using` can."""

    @overload
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Enqueued_co: ...
    @overload
    def __call__(self, /, *args: Any, job_id: str | None, **kwargs: Any) -> Enqueued_co: ...
    @overload
    def __call__(self, /, *args: Any, at_front: bool, **kwargs: Any) -> Enqueued_co: ...
    @overload
    def __call__(self, /, *args: Any, depends_on: Any, **kwargs: Any) -> Enqueued_co: ...


class Enqueueing(Protocol[P, Enqueued_co]):
    """What `@job` adds to a function."""

    @property
    def delay(self) -> Delay[P, Enqueued_co]:
        """Enqueue a call of the function and return its job; `depends_on`, `job_id` and `at_front` are options, where they are given and true."""

    @property
    def enqueue(self) -> Delay[P, Enqueued_co]:
        """The same as `delay`."""

    def using(self, **options: Unpack[JobOptions]) -> PreparedCall[P, Enqueued_co]:
        """Return the function with options for its next jobs, which replace the decorator's: `add.using(ttl=10).enqueue(1, 2)`."""


class JobFunction(Enqueueing[P, Enqueued_co], Protocol[P, Returned_co, Enqueued_co]):
    """A function decorated with `@job`: `P` its parameters, then what a call returns, then what enqueueing returns."""

    __name__: str
    __qualname__: str

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Returned_co:
        """Call the function, here and now."""

    @overload
    def __get__(self, instance: None, owner: type, /) -> JobFunction[P, Returned_co, Enqueued_co]: ...
    @overload
    def __get__(
        self: JobFunction[Concatenate[Owner, Q], Returned_co, Enqueued_co], instance: Owner, owner: type, /
    ) -> JobMethod[Q, Returned_co, P, Enqueued_co]: ...


class JobMethod(Enqueueing[P, Enqueued_co], Protocol[Q, Returned_co, P, Enqueued_co]):
    """A method decorated with `@job`, looked up in an object: a call takes the parameters `Q`, a job takes `P`, the object first."""

    def __call__(self, /, *args: Q.args, **kwargs: Q.kwargs) -> Returned_co:
        """Call the method, here and now."""
