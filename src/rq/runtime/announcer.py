"""The announcer: says that a stop was asked for, in a thread of its own, while the main loop may be running a job."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue

from redis.exceptions import RedisError

from rq.core.clock import utc_now
from rq.core.formats import format_date
from rq.observe import events
from rq.runtime.running import WorkerContext
from rq.store.connection import Caller
from rq.store.fields import set_worker_fields


class Announcer:
    """Tells the bus and the readers of the worker's hash what a worker is told.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.
    """

    def __init__(self, caller: Caller, context: WorkerContext) -> None:
        self._caller = caller
        self._context = context
        self._requests: SimpleQueue[tuple[bool, str, int] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name=f"rq-announcer-{context.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end when all is said."""
        self._requests.put(None)

    def announce_stop(self, cold: bool, asked_by: str) -> None:
        """Have it said that the worker was asked to stop; called by signal handlers, in the middle of anything: the queue can be entered again."""
        self._requests.put((cold, asked_by, len(self._context.running)))

    def tell(self, *fields: tuple[str, str]) -> None:
        """Write what readers of the worker's hash like to know; nothing depends on it, so it is tried once."""
        with suppress(RedisError, OSError):
            self._caller.run(set_worker_fields(self._context.scripts, self._context.name, fields))

    def _loop(self) -> None:
        while (request := self._requests.get()) is not None:
            cold, asked_by, running = request
            self._context.bus.emit(events.ShutdownRequested(self._context.name, asked_by, cold, running))
            if running and not cold:
                self.tell(("shutdown_requested_date", format_date(utc_now())))
