"""The small services beside a worker's main loop, as one: started and stopped together, each with its one duty."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from redis.exceptions import RedisError

from rq.runtime.courier import Courier
from rq.runtime.heartbeat import Heartbeat
from rq.runtime.lookout import LOOK_SECONDS, Lookout
from rq.runtime.maintenance import Janitor
from rq.runtime.orders import Orders
from rq.runtime.releasing import Releaser
from rq.runtime.running import WorkerContext
from rq.runtime.services import LONGEST_STOP_SECONDS, PeriodicService
from rq.store.connection import Caller
from rq.store.suspension import Pauses

LAST_MESSAGES_SECONDS = 5.0


class Crew:
    """Heartbeat, lookout, janitor, releaser and courier of one worker.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.
        notice: told by the heartbeat which executions have to end, and why.
        orders: obeys the commands that the heartbeat brings.
        on_look: told by the lookout what is paused.
        on_trouble: told about an error of the server, and the seconds until the next try.
    """

    def __init__(
        self,
        caller: Caller,
        context: WorkerContext,
        notice: Callable[[str, str], None],
        orders: Orders,
        on_look: Callable[[Pauses], None],
        on_trouble: Callable[[Exception, float], None],
    ) -> None:
        config, name = context.config, context.name
        self.janitor = Janitor(caller, context)
        self._releaser = Releaser(caller, context)
        self._known_released = 0
        self._courier = Courier(caller, context)
        heartbeat = Heartbeat(caller, context, notice, orders)
        now_and_then = partial(PeriodicService, interval_seconds=config.sweep_seconds, on_trouble=on_trouble, jitter=0.2, at_once=True)
        self._looking = PeriodicService(f"rq-lookout-{name}", LOOK_SECONDS, Lookout(caller, context, on_look).run_once, on_trouble, jitter=0.2, at_once=True)
        self._releasing = now_and_then(f"rq-releaser-{name}", run_once=self._releaser.run_once)
        self._delivering = now_and_then(f"rq-courier-{name}", run_once=self._courier.run_once)
        self._services = [
            PeriodicService(f"rq-heartbeat-{name}", config.beat_seconds, heartbeat.run_once, on_trouble),
            self._looking,
            now_and_then(f"rq-janitor-{name}", run_once=self.janitor.run_once),
            self._releasing,
            self._delivering,
        ]

    def start(self) -> None:
        """Start all of them."""
        for service in self._services:
            service.start()

    def stop(self) -> None:
        """Stop all of them; those whose calls hang on the network are waited for together."""
        for service in self._services:
            service.end()
        until = time.monotonic() + LONGEST_STOP_SECONDS
        for service in self._services:
            service.stop(max(until - time.monotonic(), 0.0))

    def release_waiting(self) -> bool:
        """Let go on, here and now, whoever waits for nothing any more. Says whether there was anybody since this was asked last."""
        with suppress(RedisError, OSError):
            self._releaser.run_once()
        known, self._known_released = self._known_released, self._releaser.released
        return self._known_released > known

    def look_now(self) -> None:
        """Let the lookout look at once: a job is due soon, or a queue was resumed."""
        self._looking.wake()

    def release_now(self) -> None:
        """Let the releaser look at once: a job with many dependents has just ended."""
        self._releasing.wake()

    def deliver_now(self) -> None:
        """Let the courier look at once: something has just been put into the outbox."""
        self._delivering.wake()

    def send_last_messages(self) -> None:
        """Send what is in the outbox before the worker leaves: nobody else may come for a long time. What cannot be sent now stays there."""
        with suppress(RedisError, OSError):
            self._courier.run_once(until=time.monotonic() + LAST_MESSAGES_SECONDS)
