"""Waiting for jobs without polling, on any number of queues.

One connection per queue blocks in `BLMOVE <queue> <caught>`, so a job that anybody pushes, RQ 2.12 included, wakes one waiting worker at once and nothing is
written when a job is enqueued. What wakes a worker lies in its own list of caught ids. The next claim, in one script, gives caught ids back to the head of
their queue and then takes jobs in order of priority; so a worker that listens on three queues and catches on two of them runs the more important job and
loses neither. A worker that dies with an id in its list is found by its lease, like a worker that dies while running a job.

Behind every BLMOVE lie two more commands in the same connection, which the server carries out the moment the BLMOVE ends: one frees the other connections
(CLIENT UNBLOCK), one claims, if anything was caught. So the message that wakes the worker brings the job along. All connections carry the same claim, by name
(see `claim`): the first one is carried out, the others answer what that one answered, and none of them takes a second job.

A connection whose BLMOVE reaches the server only after it was to be freed is freed again; if it caught something meanwhile, `drain` says so and the caller
claims once more.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from rq.core.keys import Keyspace
from rq.store.calls import Call, wire
from rq.store.pool_settings import connection_settings

if TYPE_CHECKING:
    import redis

RETRY_SECONDS = 1.0
DRAIN_STEP_SECONDS = 0.005
DRAIN_STEPS = 200
LONGEST_RETRY_SECONDS = 30.0
GRACE_SECONDS = 5.0
WRITING_SECONDS = 0.002
ANSWER_SECONDS = 10.0
MOST_TO_FREE = 4


@dataclass(slots=True)
class _Line:
    """One waiting connection."""

    queue: str
    queue_key: bytes | str
    caught_key: bytes | str
    connection: Any = None
    read_reply: Callable[[], Any] = field(default=lambda: None)  # an error of the server's is a reply too
    client_id: int = 0
    riding: list[_Line | Call[Any]] = field(default_factory=list)  # whose replies follow that of the BLMOVE: lines to free, then the call
    armed_until: float | None = field(default=None)
    is_readable: bool = False
    is_left_out: bool = False  # its queue is paused
    is_freed: bool = False  # the server has ended its wait without a catch; what it said lies unread in the socket
    resting_until: float = 0.0
    rest_seconds: float = RETRY_SECONDS

    def fileno(self) -> int | None:
        # redis-py offers no other way to wait on several connections. There is no socket once it has noticed that it broke.
        return int(self.connection._sock.fileno()) if self.connection._sock else None  # noqa: SLF001

    def has_reply(self, timeout: float = 0.0) -> bool:
        if self.is_readable:
            return True
        try:
            if self.connection.can_read(timeout=0):
                return True
        except (RedisError, OSError):
            return True  # the connection broke: reading the answer will say so
        descriptor = self.fileno()
        return descriptor is None or (timeout > 0 and bool(wait_readable([descriptor], timeout)))

    def says_nothing_caught(self) -> bool:
        """Say whether the answer that lies unread in the socket surely is that of a BLMOVE that caught nothing: so its first bytes, which stay there, begin."""
        try:
            # redis-py offers no other way; an encrypted socket does not either (ValueError).
            first: bytes = self.connection._sock.recv(2, socket.MSG_PEEK | socket.MSG_DONTWAIT)  # noqa: SLF001 - see above
        except (OSError, ValueError, AttributeError):
            return False
        return first in _NOTHING


# How an answer begins that is nothing: a null of RESP2 (of a text, of a list), and of RESP3. An id begins with its length.
_NOTHING = frozenset({b"$-", b"*-", b"_\r"})


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
        self._settings = {**connection_settings(client), "retry": Retry(NoBackoff(), 0)}
        for name in ("socket_timeout", "socket_connect_timeout"):
            self._settings[name] = self._settings.get(name) or ANSWER_SECONDS
        self._answers: list[Any] = []
        self._watched: dict[int, _Line] = {}
        self._lines = [_Line(queue, wire(keyspace.queue(queue)), wire(keyspace.caught(worker, queue))) for queue in queues]
        # Whether the connection that wakes frees the others. Among many, each of which would free all others again, `free_calls` does it once.
        self.frees_itself = len(self._lines) <= MOST_TO_FREE

    def leave_out(self, queues: Container[str]) -> None:
        """Wait on these queues no more, and on all others. A wait that has begun goes on to its end."""
        for line in self._lines:
            line.is_left_out = line.queue in queues

    def arm(self, block_seconds: float, riding: Call[Any] | None = None) -> None:
        """Start waiting on every queue that is not waited on yet; returns at once.

        Args:
            block_seconds: after how long the server ends the wait, so that a dead worker's connection catches nothing later.
            riding: a call that the server carries out when the wait on any queue ends, after freeing the others; see `answers`.

        A line that cannot be armed rests for a second: the caller's own calls meet the same trouble and deal with it.
        """
        now = time.monotonic()
        for line in self._lines:
            if line.armed_until is not None and now > line.armed_until and not line.has_reply():
                self._drop(line)  # no answer long after the server should have given one: a half-open connection
            if line.is_freed:
                self._read_late(line)
        unarmed = [line for line in self._lines if line.armed_until is None and not line.is_left_out]
        lines = [line for line in unarmed if now >= line.resting_until and self._connect(line)]
        for line in lines:
            self._arm(line, block_seconds, riding, now)

    def _connect(self, line: _Line) -> bool:
        if line.connection is None:
            try:
                line.connection = self._connection_class(**self._settings)
                line.connection.connect()
                line.connection.send_command("CLIENT", "ID", check_health=False)
                line.client_id = int(line.connection.read_response())
                line.read_reply = _reply_reader(line.connection)
            except (RedisError, OSError):
                self._drop(line)
        return line.connection is not None

    def _arm(self, line: _Line, block_seconds: float, riding: Call[Any] | None, now: float) -> None:
        commands: list[tuple[Any, ...]] = [("BLMOVE", line.queue_key, line.caught_key, "LEFT", "RIGHT", block_seconds)]
        line.riding = []
        if riding is not None:
            others = [other for other in self._lines if other is not line and other.connection is not None] if self.frees_itself else []
            commands += [_unblock(other).command() for other in others]
            commands.append(riding.command())
            line.riding = [*others, riding]
        try:
            line.connection.send_packed_command(line.connection.pack_commands(commands), check_health=False)
            line.armed_until = now + block_seconds + GRACE_SECONDS
        except (RedisError, OSError):
            self._drop(line)

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when a job, or trouble, has come."""
        found = ((line.fileno(), line) for line in self._lines if line.armed_until is not None)
        self._watched = {descriptor: line for descriptor, line in found if descriptor is not None}
        return list(self._watched)

    def note_readable(self, descriptors: Sequence[int]) -> bool:
        """Take over what a wait on the last `filenos` found, so that nothing is asked twice; says whether it concerned any connection."""
        watched, self._watched = self._watched, {}
        found = False
        for descriptor in descriptors:
            line = watched.get(descriptor)
            if line is not None:
                line.is_readable = found = True
        return found

    def is_armed(self) -> bool:
        """Say whether any connection waits, or has an answer that was not read."""
        return any(line.armed_until is not None for line in self._lines)

    def is_fully_armed(self) -> bool:
        """Say whether every queue is waited on that is not left out."""
        return all(line.armed_until is not None or line.is_left_out for line in self._lines)

    def has_news(self) -> bool:
        """Say whether a connection has an answer that was not read."""
        return any(line.is_readable for line in self._lines) or any(line.armed_until is not None and line.has_reply() for line in self._lines)

    def free_calls(self) -> list[Call[Any]]:
        """Return the calls that end the wait of every connection that still waits."""
        return [_unblock(line) for line in self._lines if line.armed_until is not None and not line.has_reply()]

    def drain(self, free: Callable[[Sequence[Call[Any]]], object]) -> int:
        """Read the answers of all connections, after their `free_calls` were made. Returns how many of them had caught an id.

        Args:
            free: runs calls; used again for a connection whose BLMOVE had reached the server too late to be freed.
        """
        caught = 0
        for line in self._in_telling_order():
            if line.armed_until is not None:  # those before it may have said that it is free
                caught += self._drain(line, free)
        return caught

    def _in_telling_order(self) -> list[_Line]:
        """Return the lines that wait or have answered, first the one that caught an id: it brings a job along, and says that the others are free.

        The answers of those that it freed may come before its own; then it is waited for, for as long as the server needs to write them all.
        """
        armed = [line for line in self._lines if line.armed_until is not None]
        if len(armed) <= 1:
            return armed
        silent = {line.fileno(): line for line in armed if not line.is_readable}
        freed = {line.client_id for line in armed if line.is_readable and line.says_nothing_caught()}
        while silent and len(freed) == len(armed) - len(silent):
            descriptors = wait_readable([descriptor for descriptor in silent if descriptor is not None], WRITING_SECONDS)
            if not descriptors:
                break
            for line in (silent.pop(descriptor) for descriptor in descriptors):
                line.is_readable = True
                if line.says_nothing_caught():
                    freed.add(line.client_id)
        return sorted(armed, key=lambda line: (not line.is_readable, line.client_id in freed))

    def answers(self) -> list[Any]:
        """Return, once, what the riding calls of the drained connections answered; one that the server could not carry out left no answer."""
        answers, self._answers = self._answers, []
        return answers

    def _drain(self, line: _Line, free: Callable[[Sequence[Call[Any]]], object]) -> int:
        try:
            for _ in range(DRAIN_STEPS):
                if line.is_readable or line.has_reply(DRAIN_STEP_SECONDS):
                    return self._read(line)
                free([_unblock(line)])
        except (RedisError, OSError):
            pass
        self._drop(line)
        return 1  # unknown what it caught: let the caller look

    def _read(self, line: _Line) -> int:
        """Read the answer of a BLMOVE and those of the commands behind it; says whether it caught an id.

        A connection that they freed has caught nothing, and what it said can be read when there is time.
        """
        caught = line.read_reply()
        line.armed_until, line.is_readable, line.is_freed = None, False, False
        for rider in line.riding:
            reply = line.read_reply()
            if isinstance(rider, _Line):
                if reply == 1 and rider.armed_until is not None:
                    rider.armed_until, rider.is_readable, rider.is_freed = None, False, True
            elif not isinstance(reply, ResponseError):
                self._answers.append(rider.read(reply))
        if isinstance(caught, ResponseError):
            line.resting_until = time.monotonic() + line.rest_seconds  # the queue's key is no list, or memory is short: leave it alone for a while
            line.rest_seconds = min(2 * line.rest_seconds, LONGEST_RETRY_SECONDS)
            return 0
        line.rest_seconds = RETRY_SECONDS
        return 0 if caught is None else 1

    def _read_late(self, line: _Line) -> None:
        """Read what a freed connection said; the claim that rode with it came too late to count."""
        try:
            self._read(line)
        except (RedisError, OSError):
            self._drop(line)
        self._answers.clear()

    def _drop(self, line: _Line) -> None:
        if line.connection is not None:
            line.connection.disconnect()
        line.connection = None
        line.armed_until, line.is_readable, line.is_freed = None, False, False
        line.resting_until = time.monotonic() + RETRY_SECONDS

    def close(self) -> None:
        """Close all connections. What they caught goes back with the worker's death."""
        for line in self._lines:
            self._drop(line)


def _reply_reader(connection: Any) -> Callable[[], Any]:
    """Return what reads the next reply of a connection that is open, as bytes; an error of the server's is returned like any other reply.

    A plain connection adds nothing to what its parser reads but work, before the job that the reply brings can begin: then the parser is asked, whichever
    it is. One that has a way of its own (Sentinel's heeds a change of masters) keeps it.
    """
    if type(connection).read_response is AbstractConnection.read_response:
        return partial(connection._parser.read_response, disable_decoding=True)  # noqa: SLF001 - redis-py offers no other way

    def read() -> Any:
        try:
            return connection.read_response(disable_decoding=True)
        except ResponseError as error:
            return error

    return read


def _unblock(line: _Line) -> Call[Any]:
    return Call(lambda reply: reply, ("CLIENT", "UNBLOCK", line.client_id))


def wait_readable(descriptors: Sequence[int], timeout_seconds: float | None) -> list[int]:
    """Wait until one of the descriptors is readable, or in trouble; returns those that are. None waits for ever. Works for any number of any descriptors."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    # Rounded up: a wait that ends a moment early would be repeated with nothing to do.
    return [descriptor for descriptor, _ in poll.poll(None if timeout_seconds is None else math.ceil(timeout_seconds * 1000))]
