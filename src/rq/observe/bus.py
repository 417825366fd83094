"""Who wants to know gets told. A subscriber that fails never reaches a job."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rq.observe.events import WorkerEvent

Subscriber = Callable[[WorkerEvent], None]

logger = logging.getLogger("rq.observe")


class EventBus:
    """Passes each event to every subscriber, in the order of subscription and in the thread that emits it."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` of every event from now on."""
        self._subscribers.append(subscriber)

    def emit(self, event: WorkerEvent) -> None:
        """Tell every subscriber; one that raises is logged and the others are told all the same."""
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                logger.exception("A subscriber failed at %s", type(event).__name__)
