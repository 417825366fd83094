"""One worker of a `WorkerPool`, as its own process sees it: what it is told, and how a new interpreter hears of it."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import redis

from rq.client.connections import parse_connection
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.errors import InvalidOptionError
from rq.core.references import path_of_class
from rq.core.serializers import DefaultSerializer
from rq.runtime.children import SUPERVISOR_VARIABLE, Child, Program
from rq.runtime.executors.starting import interpreter_options
from rq.runtime.membership import membership
from rq.runtime.worker import BaseWorker, ExceptionHandler, Worker

if TYPE_CHECKING:
    from redis.connection import Connection

# What a new interpreter runs; its arguments are sys.path.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from rq.runtime.pool_worker import main; main()"
_SIZE_BYTES = 4

Handlers = ExceptionHandler | Sequence[ExceptionHandler] | None


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """What a worker of a pool is told.

    Args:
        name: of the worker.
        queue_names: in order of priority.
        worker_class: of the worker.
        serializer: as for Queue.
        job_class: of jobs.
        queue_class: of queues.
        exception_handlers: see `Worker`.
        options: more keyword arguments for its constructor.
        burst: whether it leaves when no job waits.
        logging_level: of the worker.
        sleep_seconds: how long it waits before it begins; RQ's tests like that.
    """

    name: str
    queue_names: tuple[str, ...]
    worker_class: type[BaseWorker] = Worker
    serializer: Any = DefaultSerializer
    job_class: type[Job] = Job
    queue_class: type[Queue] = Queue
    exception_handlers: Handlers = None
    options: Mapping[str, Any] = field(default_factory=dict)
    burst: bool = True
    logging_level: str = "INFO"
    sleep_seconds: float = 0.0

    def work(self, connection: redis.Redis) -> None:
        """Be that worker, in this process, until it leaves."""
        handlers: dict[str, Any] = {} if self.exception_handlers is None else {"exception_handlers": self.exception_handlers}
        worker = self.worker_class(
            [self.queue_class(name, connection=connection, job_class=self.job_class, serializer=self.serializer) for name in self.queue_names],
            name=self.name,
            connection=connection,
            serializer=self.serializer,
            job_class=self.job_class,
            queue_class=self.queue_class,
            **handlers,
            **self.options,
        )
        tie = membership()
        if tie is not None:
            worker.bus.subscribe(tie)
        time.sleep(self.sleep_seconds)
        worker.work(burst=self.burst, with_scheduler=True, logging_level=self.logging_level)


def run_worker(  # noqa: PLR0913, PLR0917 - RQ's signature
    worker_name: str,
    queue_names: Iterable[str],
    connection_class: type[redis.Redis],
    connection_pool_class: type[Connection],
    connection_pool_kwargs: dict[str, Any],
    worker_class: type[BaseWorker] = Worker,
    serializer: Any = DefaultSerializer,
    job_class: type[Job] = Job,
    queue_class: type[Queue] = Queue,
    exception_handlers: Handlers = None,
    burst: bool = True,
    logging_level: str = "INFO",
    _sleep: float = 0,
) -> None:
    """Be one worker of a pool, in this process, until it leaves. `connection_pool_class` is the class of connections, as in RQ."""
    connection = _connect(connection_class, connection_pool_class, connection_pool_kwargs)
    classes = (worker_class, serializer, job_class, queue_class, exception_handlers)
    WorkerOrder(worker_name, tuple(queue_names), *classes, burst=burst, logging_level=logging_level, sleep_seconds=_sleep).work(connection)


def fresh_child(order: WorkerOrder, connection: redis.Redis) -> Child:
    """Return a worker that is a new interpreter; not started yet.

    Raises:
        InvalidOptionError: other processes cannot import one of the classes, or be told of something else in the order (a ValueError).
    """
    for kind in (order.worker_class, order.job_class, order.queue_class):
        path_of_class(kind)
    if order.worker_class is Worker:
        order = replace(order, options={"fresh_interpreter": True, **order.options})  # jobs need not be forked off a program that set up nothing
    try:
        message = pickle.dumps((order, *parse_connection(connection)))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InvalidOptionError(f"A new interpreter cannot be told of this worker ({error}); leave out fresh_interpreter") from error
    path = [entry for entry in sys.path if isinstance(entry, str)]
    program = Program([sys.executable, *interpreter_options(), "-c", _PROGRAM, *path])
    return Child(order.name, program.launch, message=len(message).to_bytes(_SIZE_BYTES, "big") + message)


def main() -> None:
    """Be the worker that a pool started as a new interpreter (see `_PROGRAM`)."""
    sys.argv[1:] = []
    descriptor = int(os.environ[SUPERVISOR_VARIABLE].partition(":")[0])
    size = int.from_bytes(_read(descriptor, _SIZE_BYTES), "big")
    order, *connection = pickle.loads(_read(descriptor, size))  # noqa: S301 - from the pool, over a socket that only the two have
    order.work(_connect(*connection))


def _connect(client_class: type[redis.Redis], connection_class: type[Connection], settings: dict[str, Any]) -> redis.Redis:
    return client_class(connection_pool=redis.ConnectionPool(connection_class=connection_class, **settings))


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        if not chunk:
            sys.exit(1)  # the pool is gone
        data += chunk
    return data
