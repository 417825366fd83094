"""The connection stack of RQ 0.4 to 1.x (doors: `rq.connections`, `rq`).

Programs of that time name their server once and leave `connection=` out afterwards. RQ 2 dropped that: without a connection, a TypeError. Here the stack is
asked exactly where RQ 2 would raise that error, and nowhere else, so that it cannot change what a program of today does.

Each thread, greenlet and task has a stack of its own, as with RQ: a connection that the main thread pushed is not seen by a thread it starts. A job that runs
finds the connection of its worker below whatever it pushes itself.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

from rq.client.attempt import connection_of_running_job
from rq.core.errors import ConnectionStackError, NoRedisConnectionException
from rq.core.local import LocalStack

if TYPE_CHECKING:
    from types import TracebackType

    import redis

_connections = LocalStack()


# --- what the handles ask -----------------------------------------------------------------------------------------------------------


def current_connection() -> redis.Redis | None:
    """Return the connection on top of the stack, or in a job that of its worker; None if there is neither."""
    return cast("redis.Redis | None", _connections.top) or connection_of_running_job()


def require_connection() -> redis.Redis:
    """Return `current_connection()` to a caller who was given none.

    Raises:
        NoRedisConnectionException: if there is none either (a TypeError, as with RQ 2).
    """
    connection = current_connection()
    if connection is None:
        message = 'A connection is needed: pass connection=rq.connect("redis://..."), or any redis.Redis(...)'
        raise NoRedisConnectionException(message)
    return connection


# --- what old programs call ---------------------------------------------------------------------------------------------------------


def use_connection(connection: redis.Redis | None = None) -> None:
    """Make a connection the only one of this context. Deprecated: `Queue(connection=...)`.

    Args:
        connection: any synchronous redis-py client; None for `redis.Redis()`, a server on this machine.

    Raises:
        ConnectionStackError: if several connections are pushed.
    """
    _warn("use_connection()")
    if len(_connections) > 1:
        message = "use_connection() is for programs with one connection, and several are pushed; pop them, or pass connection= instead"
        raise ConnectionStackError(message)
    _connections.pop()
    _connections.push(connection or _local_client())


def push_connection(connection: redis.Redis) -> None:
    """Put a connection on top of this context's stack. Deprecated: `Queue(connection=...)`."""
    _warn("push_connection()")
    _connections.push(connection)


def pop_connection() -> redis.Redis | None:
    """Take the connection off the top of this context's stack and return it; None if there is none. Deprecated: `Queue(connection=...)`."""
    _warn("pop_connection()")
    return cast("redis.Redis | None", _connections.pop())


def get_current_connection() -> redis.Redis | None:
    """Return the connection on top of this context's stack, or in a job that of its worker; None if there is neither. Deprecated: `Queue(connection=...)`."""
    _warn("get_current_connection()")
    return current_connection()


def resolve_connection(connection: redis.Redis | None = None) -> redis.Redis:
    """Return `connection`, or without one what `get_current_connection` does. Deprecated: `Queue(connection=...)`.

    Raises:
        NoRedisConnectionException: if there is none (a TypeError).
    """
    _warn("resolve_connection()")
    return connection or require_connection()


class Connection:
    """A context manager inside which a connection is on top of this context's stack. Deprecated: `Queue(connection=...)`.

    Args:
        connection: any synchronous redis-py client; None for `redis.Redis()`, a server on this machine.

    Raises:
        ConnectionStackError: at the end, if another connection is on top.
    """

    __module__ = "rq.connections"

    def __init__(self, connection: redis.Redis | None = None) -> None:
        _warn("Connection()")
        self._connection = connection or _local_client()

    def __enter__(self) -> None:
        _connections.push(self._connection)

    def __exit__(self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        popped = _connections.pop()
        if popped is not self._connection and error is None:
            message = "Another connection was pushed inside `with Connection(...)` and not popped; each push needs its pop, or pass connection= instead"
            raise ConnectionStackError(message)


def _warn(name: str) -> None:
    message = f"{name} is how RQ 1 named its server; say Queue(connection=...), Job.fetch(id, connection=...), Worker(..., connection=...) instead"
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def _local_client() -> redis.Redis:
    import redis  # noqa: PLC0415 - loads the client library, which jobs that only ask who they are do not need

    return redis.Redis()
