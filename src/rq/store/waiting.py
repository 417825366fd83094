"""Waiting for jobs without polling, on any number of queues.

One connection per queue blocks in `BLMOVE <queue> <caught>`, so a job that anybody pushes, RQ 2.12 included, wakes one waiting worker at once and nothing is
written when a job is enqueued. What wakes workers lies in one list for each queue, in the order in which it stood there: still the head of that queue. Every
claim looks there first, in order of priority; so a worker that listens on three queues and catches on two of them runs the more important job and loses
neither, and whatever becomes of the worker that caught an id, the next claim from that queue finds it, and so does the look that every worker takes once a
second.

Behind every BLMOVE lies a claim in the same connection, which the server carries out the moment the BLMOVE ends. So the message that wakes the worker brings
the job along. It counts only as long as the worker waits: as soon as one of its connections, or a call of its own, has taken a job, the others take no more,
and what they catch they give back at once (see `claim`). So they need not be freed, and go on waiting while the worker is busy: each of them meets one id at
most, and lies still until the worker waits again.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

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
LONGEST_RETRY_SECONDS = 30.0
GRACE_SECONDS = 5.0
ANSWER_SECONDS = 10.0


class News(NamedTuple):
    """What a connection that waited had to say.

    Args:
        caught: whether it may have caught an id.
        answer: what the call behind the wait answered; None if that is not known: it was not carried out, or the connection broke.
    """

    caught: bool
    answer: Any


@dataclass(slots=True)
class _Line:
    """One waiting connection."""

    queue: str
    queue_key: bytes | str
    caught_key: bytes | str
    connection: Any = None
    read_reply: Callable[[], Any] = field(default=lambda: None)  # an error of the server's is a reply too
    riding: Call[Any] | None = None  # whose reply follows that of the BLMOVE
    armed_until: float | None = None
    is_left_out: bool = False  # its queue is paused
    resting_until: float = 0.0
    rest_seconds: float = RETRY_SECONDS

    def fileno(self) -> int | None:
        # redis-py offers no other way to wait on several connections. There is no socket once it has noticed that it broke.
        return int(self.connection._sock.fileno()) if self.connection._sock else None  # noqa: SLF001

    def has_reply(self) -> bool:
        descriptor = self.fileno()  # asked itself: a parser that is asked may take the reply out of the socket
        return descriptor is None or bool(wait_readable([descriptor], 0))


class QueueWaiter:
    """Waits for a job on any of several queues.

    Args:
        client: the client whose settings the waiting connections use; they are not taken from its pool.
        keyspace: the names of the keys.
        queues: the names of the queues.
    """

    def __init__(self, client: redis.Redis, keyspace: Keyspace, queues: Sequence[str]) -> None:
        self._connection_class = client.connection_pool.connection_class
        self._settings = {**connection_settings(client), "retry": Retry(NoBackoff(), 0)}
        for name in ("socket_timeout", "socket_connect_timeout"):
            self._settings[name] = self._settings.get(name) or ANSWER_SECONDS
        self._watched: dict[int, _Line] = {}
        self._lines = [_Line(queue, wire(keyspace.queue(queue)), wire(keyspace.caught(queue))) for queue in queues]

    def leave_out(self, queues: Container[str]) -> None:
        """Wait on these queues no more, and on all others. A wait that has begun goes on to its end."""
        for line in self._lines:
            line.is_left_out = line.queue in queues

    def arm(self, block_seconds: float, riding: Callable[[], Call[Any]]) -> None:
        """Start waiting on every queue that is not waited on yet; returns at once.

        Args:
            block_seconds: after how long the server ends the wait, so that a dead worker's connection catches nothing later.
            riding: makes the call that the server carries out when the wait on one of the queues ends.

        A line that cannot be armed rests for a second: the caller's own calls meet the same trouble and deal with it.
        """
        now = time.monotonic()
        for line in self._lines:
            if line.armed_until is not None and now > line.armed_until and not line.has_reply():
                self._drop(line)  # no answer long after the server should have given one: a half-open connection
            if line.armed_until is None and not line.is_left_out and now >= line.resting_until and self._connect(line):
                self._arm(line, block_seconds, riding(), now)

    def _connect(self, line: _Line) -> bool:
        if line.connection is None:
            try:
                line.connection = self._connection_class(**self._settings)
                line.connection.connect()
                line.read_reply = _reply_reader(line.connection)
            except (RedisError, OSError):
                self._drop(line)
        return line.connection is not None

    def _arm(self, line: _Line, block_seconds: float, riding: Call[Any], now: float) -> None:
        line.riding = riding
        commands = (("BLMOVE", line.queue_key, line.caught_key, "LEFT", "RIGHT", block_seconds), riding.command())
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

    def is_armed(self) -> bool:
        """Say whether any connection waits, or has an answer that was not read."""
        return any(line.armed_until is not None for line in self._lines)

    def is_fully_armed(self) -> bool:
        """Say whether every queue is waited on that is not left out."""
        return all(line.armed_until is not None or line.is_left_out for line in self._lines)

    def read(self, descriptors: Sequence[int]) -> list[News]:
        """Read what those connections have to say which a wait on the last `filenos` found readable. They wait no more then."""
        watched, self._watched = self._watched, {}  # by the next wait, a descriptor may be somebody else's
        return [self._read(watched[descriptor]) for descriptor in descriptors if descriptor in watched]

    def _read(self, line: _Line) -> News:
        try:
            caught, reply = line.read_reply(), line.read_reply()
        except (RedisError, OSError):
            self._drop(line)
            return News(caught=True, answer=None)
        line.armed_until = None
        if isinstance(caught, ResponseError):
            line.resting_until = time.monotonic() + line.rest_seconds  # the queue's key is no list, or memory is short: leave it alone for a while
            line.rest_seconds = min(2 * line.rest_seconds, LONGEST_RETRY_SECONDS)
        else:
            line.rest_seconds = RETRY_SECONDS
        answer = None if isinstance(reply, ResponseError) or line.riding is None else line.riding.read(reply)
        return News(not (caught is None or isinstance(caught, ResponseError)), answer)

    def _drop(self, line: _Line) -> None:
        if line.connection is not None:
            line.connection.disconnect()
        line.connection = None
        line.armed_until = None
        line.resting_until = time.monotonic() + RETRY_SECONDS

    def close(self) -> None:
        """Close all connections. What they caught goes back with the next claim, or look."""
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


def wait_readable(descriptors: Sequence[int], timeout_seconds: float | None) -> list[int]:
    """Wait until one of the descriptors is readable, or in trouble; returns those that are. None waits for ever. Works for any number of any descriptors."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    # Rounded up: a wait that ends a moment early would be repeated with nothing to do.
    return [descriptor for descriptor, _ in poll.poll(None if timeout_seconds is None else math.ceil(timeout_seconds * 1000))]
