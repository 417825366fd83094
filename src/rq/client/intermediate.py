"""The list in which RQ's workers keep ids between taking and starting them (door: `rq.intermediate_queue`).

Workers of this package take and start a job in one step, and only repair what others left there: an id that stood still for a minute goes back to its queue.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from warnings import warn

from rq.client.queue_lists import name_of_queue_key
from rq.client.session import session_of
from rq.core.keys import current_keyspace
from rq.store.intermediate import list_intermediate, read_first_seen, remove_intermediate, write_first_seen
from rq.store.reap import sweep_queue

if TYPE_CHECKING:
    import redis

_STUCK = timedelta(minutes=1)


class Named(Protocol):
    """A worker, as far as its name goes."""

    @property
    def name(self) -> str:
        """The worker's name."""


class IntermediateQueue:
    """The ids of one queue that were taken and not started yet.

    Args:
        queue_key: the key of the queue's list.
        connection: any synchronous redis-py client.

    Raises:
        InvalidOptionError: if that is no key of a queue (a ValueError).
    """

    __module__ = "rq.intermediate_queue"

    def __init__(self, queue_key: str, connection: redis.Redis) -> None:
        self._session = session_of(connection)
        self.connection = self._session.connection
        self.queue_key = queue_key
        self._name = name_of_queue_key(queue_key)

    @classmethod
    def get_intermediate_queue_key(cls, queue_key: str) -> str:
        """Return the key of the list that belongs to a queue's list."""
        return current_keyspace().intermediate(name_of_queue_key(queue_key))

    @property
    def key(self) -> str:
        """The key of the list."""
        return self._session.keyspace.intermediate(self._name)

    def get_job_ids(self) -> list[str]:
        """Return the ids, the one that was taken first in front."""
        return self._session.run(list_intermediate(self._session.scripts, self._name))

    def remove(self, job_id: str) -> None:
        """Take an id out of the list. Its job stays as it is."""
        self._session.run(remove_intermediate(self._session.scripts, self._name, job_id))

    def get_first_seen_key(self, job_id: str) -> str:
        """Return the key of the note about when somebody first saw the id here."""
        return self._session.keyspace.name("first_seen", self._name, job_id)

    def set_first_seen(self, job_id: str) -> bool:
        """Note for a day that the id was seen here now, unless it was seen before; and say whether it was noted."""
        return self._session.run(write_first_seen(self._session.scripts, self._name, job_id, time.time()))

    def get_first_seen(self, job_id: str) -> datetime | None:
        """Return when the id was first seen here, aware, in UTC; None if nobody noted it."""
        return self._session.run(read_first_seen(self._session.scripts, self._name, job_id))

    def should_be_cleaned_up(self, job_id: str) -> bool:
        """Say whether the id was first seen more than a minute ago."""
        seen = self.get_first_seen(job_id)
        return seen is not None and datetime.now(UTC) - seen > _STUCK

    def cleanup(self, worker: Named, queue: Any) -> None:
        """Do once what workers do every few seconds: note which ids stand here, and put those back into their queue that stood here for more than a minute.

        Args:
            worker: who does it.
            queue: accepted and not used: the list is this one's.
        """
        del queue
        self._session.run(sweep_queue(self._session.scripts, self._name, worker.name))


def clean_intermediate_queue(worker: Named, queue: Any) -> None:
    """Deprecated, as in RQ: `queue.intermediate_queue.cleanup(worker, queue)`."""
    warn("clean_intermediate_queue() is an old name; say queue.intermediate_queue.cleanup(worker, queue)", DeprecationWarning, stacklevel=2)
    queue.intermediate_queue.cleanup(worker, queue)
