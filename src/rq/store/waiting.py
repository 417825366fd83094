"""Waiting for jobs without polling, on any number of queues.

One connection per queue blocks in `BLMOVE <queue> <caught>`, so a job that anybody pushes, RQ 2.12 included, wakes one waiting worker at once and nothing is
written when a job is enqueued. What wakes a worker lies in its own list of caught ids. The next claim, in one script, gives caught ids back to the head of
their queue and then takes jobs in order of priority; so a worker that listens on three queues and catches on two of them runs the more important job and
loses neither. A worker that dies with an id in its list is found by its lease, like a worker that dies while running a job.

Before a claim the other connections are freed with CLIENT UNBLOCK, in the same round trip. A connection whose BLMOVE reaches the server only after that is
freed again; if it caught something meanwhile, `drain` says so and the caller claims once more.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

from rq.core.keys import Keyspace
from rq.store.calls import Call
from rq.store.connection import connection_settings

if TYPE_CHECKING:
    import redis

RETRY_SECONDS = 1.0
DRAIN_STEP_SECONDS = 0.005
DRAIN_STEPS = 200
GRACE_SECONDS = 5.0


@dataclass(slots=True)
class _Line:
    """One waiting connection."""

    queue_key: str
    caught_key: str
    connection: Any = None
    client_id: int = 0
    armed_until: float | None = field(default=None)
    resting_until: float = 0.0

    def fileno(self) -> int:
        return int(self.connection._sock.fileno())  # noqa: SLF001 - redis-py offers no other way to wait on several connections

    def has_reply(self, timeout: float = 0.0) -> bool:
        if self.connection.can_read(timeout=0):
            return True
        if timeout <= 0:
            return False
        return wait_readable([self.fileno()], timeout)


class QueueWaiter:
    """Waits for a job on any of several queues.

    Args:
        client: the client whose settings the waiting connections use; they are not taken from its pool.
        keyspace: the names of the keys.
        worker: the worker that waits.
        queues: the names of the queues.
    """

    def __init__(self, client: redis.Redis, keyspace: Keyspace, worker: str, queues: Sequence[str]) -> None:
        self._connection_class = client.connection_pool.connection_class
        self._settings = connection_settings(client)
        self._lines = [_Line(keyspace.queue(queue), keyspace.caught(worker, queue)) for queue in queues]

    def arm(self, block_seconds: float) -> None:
        """Start waiting on every queue that is not waited on yet; returns at once.

        Args:
            block_seconds: after how long the server ends the wait, so that a dead worker's connection catches nothing later.

        A line that cannot be armed rests for a second: the caller's own calls meet the same trouble and deal with it.
        """
        now = time.monotonic()
        for line in self._lines:
            if line.armed_until is not None and now > line.armed_until:
                self._drop(line)  # no answer long after the server should have given one: a half-open connection
            if line.armed_until is None and now >= line.resting_until:
                self._arm(line, block_seconds, now)

    def _arm(self, line: _Line, block_seconds: float, now: float) -> None:
        try:
            if line.connection is None:
                line.connection = self._connection_class(**self._settings)
                line.connection.connect()
                line.connection.send_command("CLIENT", "ID", check_health=False)
                line.client_id = int(line.connection.read_response())
            line.connection.send_command("BLMOVE", line.queue_key, line.caught_key, "LEFT", "RIGHT", block_seconds, check_health=False)
            line.armed_until = now + block_seconds + GRACE_SECONDS
        except (RedisError, OSError):
            self._drop(line)

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when a job, or trouble, has come."""
        return [line.fileno() for line in self._lines if line.armed_until is not None]

    def is_armed(self) -> bool:
        """Say whether any connection waits, or has an answer that was not read."""
        return any(line.armed_until is not None for line in self._lines)

    def has_news(self) -> bool:
        """Say whether a connection has an answer that was not read."""
        return any(line.armed_until is not None and line.has_reply() for line in self._lines)

    def free_calls(self) -> list[Call[Any]]:
        """Return the calls that end the wait of every connection that still waits."""
        return [_unblock(line) for line in self._lines if line.armed_until is not None and not line.has_reply()]

    def drain(self, free: Callable[[Sequence[Call[Any]]], object]) -> int:
        """Read the answers of all connections, after their `free_calls` were made. Returns how many of them had caught an id.

        Args:
            free: runs calls; used again for a connection whose BLMOVE had reached the server too late to be freed.
        """
        return sum(self._drain(line, free) for line in self._lines if line.armed_until is not None)

    def _drain(self, line: _Line, free: Callable[[Sequence[Call[Any]]], object]) -> int:
        try:
            for _ in range(DRAIN_STEPS):
                if line.has_reply(DRAIN_STEP_SECONDS):
                    line.armed_until = None
                    return 0 if line.connection.read_response(disable_decoding=True) is None else 1
                free([_unblock(line)])
        except ResponseError:
            line.armed_until = None  # the queue's key is no list: leave it alone for a while
            line.resting_until = time.monotonic() + RETRY_SECONDS
            return 0
        except (RedisError, OSError):
            pass
        self._drop(line)
        return 1  # unknown what it caught: let the caller look

    def _drop(self, line: _Line) -> None:
        if line.connection is not None:
            line.connection.disconnect()
        line.connection = None
        line.armed_until = None
        line.resting_until = time.monotonic() + RETRY_SECONDS

    def close(self) -> None:
        """Close all connections. What they caught goes back with the worker's death."""
        for line in self._lines:
            self._drop(line)


def _unblock(line: _Line) -> Call[Any]:
    return Call(lambda reply: reply, ("CLIENT", "UNBLOCK", line.client_id))


def wait_readable(descriptors: Sequence[int], timeout_seconds: float | None) -> bool:
    """Wait until one of the descriptors is readable, or in trouble; says whether one is. None waits for ever. Works for any number of any descriptors."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    # Rounded up: a wait that ends a moment early would be repeated with nothing to do.
    return bool(poll.poll(None if timeout_seconds is None else math.ceil(timeout_seconds * 1000)))
