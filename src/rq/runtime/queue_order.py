"""In which order a worker looks at its queues when it wants a job."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import Enum
from typing import Protocol, TypeVar

from rq.core.errors import InvalidOptionError

T = TypeVar("T")


class DequeueStrategy(str, Enum):  # noqa: UP042 - RQ's enum; its str() is part of the interface
    """Which queue comes first. Compares equal to its text."""

    DEFAULT = "default"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"


class QueueOrder(Protocol):
    """The queues of a worker, the one in front that is looked at first."""

    def names(self) -> Sequence[str]:
        """Return the names of all queues, as they stand now."""

    def note_served(self, queue: str) -> None:
        """Take note that a job came from this queue."""


class FixedOrder:
    """The order that was given: a queue is served when those before it are empty."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def names(self) -> Sequence[str]:
        """Return the names of all queues."""
        return self._names

    def note_served(self, queue: str) -> None:
        """Change nothing."""


def strategy_named(given: DequeueStrategy | str) -> DequeueStrategy:
    """Return the strategy that is meant.

    Raises:
        InvalidOptionError: there is none of that name (a ValueError, as in RQ).
    """
    try:
        return DequeueStrategy(given)
    except ValueError as error:
        message = f"There is no dequeue strategy {given!r}; use default, round_robin or random"
        raise InvalidOptionError(message) from error


def reordered(queues: Sequence[T], served: T, strategy: DequeueStrategy) -> list[T]:
    """Return queues in the order for the next claim, after a job of `served` was taken."""
    match strategy:
        case DequeueStrategy.DEFAULT:
            return list(queues)
        case DequeueStrategy.ROUND_ROBIN:
            behind = queues.index(served) + 1 if served in queues else 0
            return [*queues[behind:], *queues[:behind]]
        case DequeueStrategy.RANDOM:
            return random.sample(queues, len(queues))
