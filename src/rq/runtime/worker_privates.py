"""Methods of a worker that RQ keeps to itself by their names, and that programs override, patch or call all the same."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import redis

from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.runtime.identity import own_address
from rq.runtime.worker_writes import WorkerWrites

if TYPE_CHECKING:
    from rq.runtime.stop_switch import StopSwitch

logger = logging.getLogger("rq.worker")

# So long RQ's listener waits before it goes on after an error of the connection.
_PUBSUB_PAUSE_SECONDS = 2.0


class WorkerPrivates(WorkerWrites):
    """What RQ's programs know of the insides of a worker."""

    scheduler: Any = None
    pubsub: Any = None
    pubsub_thread: Any = None

    _switch: StopSwitch | None

    def _set_connection(self, connection: redis.Redis) -> redis.Redis:
        """Return the connection that the worker is to have, of the one that it was given; called first by the constructor."""
        return connection

    def _set_ip_address(self, connection: redis.Redis) -> None:
        """Note from where the server sees this worker: in `ip_address`, `unknown` where it will not say. Called before the worker registers."""
        self.ip_address = own_address(connection)

    def _start_scheduler(
        self,
        burst: bool = False,
        logging_level: str | int | None = "INFO",
        date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
        log_format: str = DEFAULT_LOGGING_FORMAT,
    ) -> None:
        """Queue the scheduled jobs of this worker's queues when they are due, as far as nobody else does. At work there is nothing to start: workers do it.

        By hand, `scheduler` is the one that does so, in a process of its own until `stop_scheduler()`.

        Args:
            burst: queue what is due now, and nothing more.
            logging_level: of the logger `rq.scheduler`.
            date_format: of its log lines.
            log_format: of its log lines.
        """
        if self._switch is not None:
            return
        from rq.runtime.scheduler import RQScheduler  # noqa: PLC0415 - loads multiprocessing, of which every forked job would pay a share

        scheduler = self.scheduler = RQScheduler(
            self.queues, self.connection, logging_level=logging_level or "INFO", date_format=date_format, log_format=log_format, serializer=self.serializer
        )
        if scheduler.acquire_locks(auto_start=not burst) and burst:
            scheduler.register_birth()
            scheduler.enqueue_scheduled_jobs()
            scheduler.stop()

    def stop_scheduler(self) -> None:
        """End the scheduler that was started by hand, if one was. A worker at work queues scheduled jobs by itself, and goes on with it."""
        if self.scheduler is not None:
            self.scheduler.stop()

    def _pubsub_exception_handler(self, exc: Exception, pubsub: Any, pubsub_thread: Any) -> None:
        """Wait a moment after an error of the connection; raise any other. What a thread of redis-py that hears commands is given as its `exception_handler`.

        Raises:
            Exception: `exc`, which ends the thread.
        """
        del pubsub, pubsub_thread
        if not isinstance(exc, (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)):
            logger.error("Worker %s hears no commands any more: %s: %s", self.name, type(exc).__name__, exc)
            raise exc
        logger.error("Worker %s: the server did not answer (%s); trying again in %s seconds", self.name, exc, _PUBSUB_PAUSE_SECONDS)
        time.sleep(_PUBSUB_PAUSE_SECONDS)
