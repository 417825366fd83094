"""RQ's `WorkerPool`: a program that keeps several workers running. The work itself is the supervisor's (`rq.runtime.pool`).

Its workers are forks of the program, as in RQ: they see what it set up before. With `fresh_interpreter` each is a new interpreter instead, which imports the
classes by their names; then a restart (SIGHUP) brings new code, as with `rq worker-pool`.
"""

from __future__ import annotations

import signal
import time
import warnings
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from rq.client.job import Job
from rq.client.queue import Queue
from rq.client.queue_lists import parse_names
from rq.client.session import session_of
from rq.core.defaults import MAX_CRASHES
from rq.core.ids import new_name
from rq.core.serializers import DefaultSerializer
from rq.runtime.children import Child
from rq.runtime.forking import fork_launch
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.pool import PoolSupervisor
from rq.runtime.pool_worker import Handlers, WorkerOrder, fresh_child
from rq.runtime.process_group import ProcessGroup
from rq.runtime.reclaiming import Reclaimer
from rq.runtime.worker import BaseWorker, Worker

if TYPE_CHECKING:
    import redis


class WorkerData(NamedTuple):
    """A worker of a pool: its name, the id of its process, and the process (with `is_alive`, `join`, `exitcode`)."""

    name: str
    pid: int
    process: Child


class WorkerPool:
    """Keeps a number of workers running, each in a process of its own.

    Args:
        queues: names or Queues, in order of priority.
        connection: a `redis.Redis`.
        num_workers: how many workers.
        worker_class: of the workers.
        serializer: as for Queue.
        job_class: a subclass of Job.
        queue_class: a subclass of Queue.
        exception_handlers: see `Worker`.
        args: accepted and ignored, as in RQ.
        name: what log lines call the pool, and its workers after it; None for a random one.
        fresh_interpreter: start workers as new interpreters, not as forks of this program. They do not see what it set up, and a restart brings new code.
        worker_options: more keyword arguments for the constructor of each worker, such as `{"lease": 5}`.
        kwargs: ignored with a warning, as RQ ignores them without one.

    Raises:
        InvalidOptionError: with `fresh_interpreter`, a class that other processes cannot import (a ValueError).
    """

    class Status(Enum):
        """How far a pool has come."""

        IDLE = 1
        STARTED = 2
        STOPPED = 3

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        queues: Iterable[str | Queue],
        connection: redis.Redis,
        num_workers: int = 1,
        worker_class: type[BaseWorker] = Worker,
        serializer: Any = DefaultSerializer,
        job_class: type[Job] = Job,
        queue_class: type[Queue] = Queue,
        exception_handlers: Handlers = None,
        *args: Any,
        name: str | None = None,
        fresh_interpreter: bool = False,
        worker_options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if args or kwargs:
            warnings.warn(f"WorkerPool ignores further arguments: {[*args, *kwargs]}; worker_options are for its workers", stacklevel=2)
        self.name = name or new_name()
        self.connection = connection
        self.worker_class = worker_class
        self.serializer = serializer
        self.job_class = job_class
        self.queue_class = queue_class
        self.exception_handlers = exception_handlers
        self.status = self.Status.IDLE
        self.fresh_interpreter = fresh_interpreter
        self.worker_options = dict(worker_options or {})
        self._queue_names = parse_names([queues] if isinstance(queues, (str, Queue)) else queues)
        self._burst, self._sleep, self._logging_level = False, 0.0, "INFO"
        self._supervisor: PoolSupervisor | None = None
        most_crashes = self.worker_options.get("max_crashes", MAX_CRASHES)
        self._reclaimer = Reclaimer(self.name, connection, session_of(connection).scripts, most_crashes)
        self._group = ProcessGroup(self.name, num_workers, self._make_child, respawn=False, on_end=lambda child: self.handle_dead_worker(_data_of(child)))
        if fresh_interpreter:
            self.get_worker_process(self.name, burst=False)  # refuses what other processes cannot import

    # --- what it is ---------------------------------------------------------------------------------------------------------------

    @property
    def queues(self) -> list[Queue]:
        """The queues, in order."""
        return [self.queue_class(name, connection=self.connection, job_class=self.job_class, serializer=self.serializer) for name in self._queue_names]

    @property
    def num_workers(self) -> int:
        """How many workers there shall be; can be set."""
        return self._group.size

    @num_workers.setter
    def num_workers(self, count: int) -> None:
        self.scale(count)

    @property
    def worker_dict(self) -> dict[str, WorkerData]:
        """The workers that have not been seen to end, by name."""
        return {child.name: _data_of(child) for child in self._group.children}

    @property
    def number_of_active_workers(self) -> int:
        """How many workers have not been seen to end."""
        return len(self._group.children)

    # --- running ------------------------------------------------------------------------------------------------------------------

    def start(self, burst: bool = False, logging_level: str = "INFO") -> None:
        """Run the workers until a signal asks to stop, or, with `burst`, until no job waits. Blocks; for the main thread only.

        Signals: SIGINT and SIGTERM let the workers finish their jobs and leave, a second time put the jobs back; SIGHUP replaces the workers one after another;
        SIGTTIN and SIGTTOU start one more and one less.

        Args:
            burst: leave when no job waits any more; workers that die are not replaced then.
            logging_level: of the pool and of its workers.

        Raises:
            InvalidOptionError: this is not the main thread (a ValueError).
        """
        setup_loghandlers(logging_level, name="rq.worker_pool")
        self._group.respawn = not burst
        self._supervisor = PoolSupervisor([self._group], duties=[self._reclaimer])
        self.status = self.Status.STARTED
        try:
            self.start_workers(burst=burst, logging_level=logging_level)
            self._supervisor.run()
            self._reclaimer.finish()
        finally:
            self.status = self.Status.STOPPED

    def scale(self, count: int) -> None:
        """Have another number of workers; those that are too many finish their jobs first. From any thread.

        Raises:
            InvalidOptionError: the number is negative (a ValueError).
        """
        if self._supervisor is not None and self.status is self.Status.STARTED:
            self._supervisor.scale(count)
        else:
            self._group.scale(count)

    def roll(self) -> None:
        """Replace every worker by a fresh one, one after another, while the pool runs. From any thread."""
        if self._supervisor is not None:
            self._supervisor.roll()

    def request_stop(self, signum: int | None = None, frame: FrameType | None = None) -> None:
        """Ask the workers to finish their jobs and leave; asked again, to put their jobs back."""
        del frame
        if self._supervisor is not None and self.status is self.Status.STARTED:
            self._supervisor.stop("the program" if signum is None else signal.Signals(signum).name)
            return
        self.status = self.Status.STOPPED
        self.stop_workers()

    # --- its workers, by hand -------------------------------------------------------------------------------------------------------

    def start_workers(self, burst: bool = True, _sleep: float = 0, logging_level: str = "INFO") -> None:
        """Start a worker in every place that has none; returns at once.

        Args:
            burst: whether the workers leave when no job waits any more.
            logging_level: of the workers, also of those that replace them.
        """
        self._burst, self._sleep, self._logging_level = burst, _sleep, logging_level
        self._group.fill(time.monotonic())

    def start_worker(self, count: int | None = None, burst: bool = True, _sleep: float = 0, logging_level: str = "INFO") -> None:
        """Start one worker more; `count`, its number in RQ, means nothing."""
        del count
        self._burst, self._sleep, self._logging_level = burst, _sleep, logging_level
        self._group.start_one(time.monotonic())

    def get_worker_process(self, name: str, burst: bool, _sleep: float = 0, logging_level: str = "INFO") -> Child:
        """Return the process of a worker, not started yet; `start()` starts it."""
        order = WorkerOrder(
            name=name,
            queue_names=tuple(self._queue_names),
            worker_class=self.worker_class,
            serializer=self.serializer,
            job_class=self.job_class,
            queue_class=self.queue_class,
            exception_handlers=self.exception_handlers,
            options=self.worker_options,
            burst=burst,
            logging_level=logging_level,
            sleep_seconds=_sleep,
        )
        if self.fresh_interpreter:
            return fresh_child(order, self.connection)
        child = Child(name, fork_launch(partial(order.work, self.connection), lambda: self._close_channels(child)))
        return child

    def check_workers(self, respawn: bool = True) -> None:
        """Note who has ended, and replace them."""
        self.reap_workers()
        if respawn and self.status is not self.Status.STOPPED:
            self._group.fill(time.monotonic())

    def reap_workers(self) -> None:
        """Note who has ended; what they ran goes back to its queues."""
        for child in self._group.reap(time.monotonic()):
            self.handle_dead_worker(_data_of(child))
        self._reclaimer.finish()

    def handle_dead_worker(self, worker_data: WorkerData) -> None:
        """Hear of a worker that has ended. Its jobs go back to their queues."""
        self._reclaimer.note_end(worker_data.process)

    def all_workers_have_stopped(self) -> bool:
        """Say whether no worker runs."""
        self.reap_workers()
        return not self._group.children

    def stop_worker(self, worker_data: WorkerData, sig: int = signal.SIGINT) -> None:
        """Signal one worker, unless it has ended."""
        worker_data.process.send_signal(sig)

    def stop_workers(self) -> None:
        """Ask every worker to finish its job and leave."""
        for worker_data in self.worker_dict.values():
            self.stop_worker(worker_data)

    def _make_child(self, name: str) -> Child:
        return self.get_worker_process(name, burst=self._burst, _sleep=self._sleep, logging_level=self._logging_level)

    def _close_channels(self, newest: Child) -> None:
        for child in [newest, *self._group.children]:
            child.close_channel()


def _data_of(child: Child) -> WorkerData:
    return WorkerData(child.name, child.pid or 0, child)
