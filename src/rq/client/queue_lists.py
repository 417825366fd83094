"""Queues, their names and their keys, one for another; lists of them as workers take them (door: `rq.utils`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.classes import queue_class
from rq.core.errors import InvalidOptionError
from rq.core.formats import as_text
from rq.core.keys import current_keyspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    import redis

    from rq.client.queue import Queue


def parse_names(queues_or_names: Iterable[str | Queue]) -> list[str]:
    """Return the names of queues, each given as a Queue or as its name."""
    own = queue_class()
    return [queue.name if isinstance(queue, own) else str(queue) for queue in queues_or_names]


def get_connection_from_queues(queues_or_names: Iterable[str | Queue]) -> redis.Redis | None:
    """Return the connection of the first Queue among queues and names; None if there are only names."""
    own = queue_class()
    return next((queue.connection for queue in queues_or_names if isinstance(queue, own)), None)


def name_of_queue_key(queue_key: str | bytes) -> str:
    """Return the name of the queue whose list has this key.

    Raises:
        InvalidOptionError: if it is no key of a queue (a ValueError).
    """
    prefix = current_keyspace().queue("")
    key = as_text(queue_key)
    if not key.startswith(prefix):
        message = f"Not a key of a queue: {key!r}; it would begin with {prefix!r}"
        raise InvalidOptionError(message)
    return key[len(prefix) :]
