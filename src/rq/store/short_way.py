"""The short way to the server: what `redis.Redis.execute_command` does for the call of a script, without what it does for all other commands.

Between a call and its bytes redis-py does a good deal that a script has no use for: it looks for commands of several words, for replies that it makes
something of, for metrics to record. Where nobody wants that, a call goes straight through a connection of the client's pool. Errors, repetitions and the state
in which the connection is left are as ever: as soon as anything goes wrong, the policy of the client decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter, is_
from os import getpid
from types import FunctionType
from typing import Any

import redis
import redis.client
import redis.connection

Meanwhile = Callable[[], object] | None

pack: Callable[[tuple[Any, ...]], bytes] | None
try:
    from hiredis import pack_command as pack  # redis-py would look at each of the many thousand arguments first
except ImportError:
    pack = None

# What the short way leaves out. Where anybody (a subclass, a tracing library) has put something else in the place of one of these, that is to be called.
_OF_CLIENT = frozenset(
    name for name in ("execute_command", "_execute_command", "_send_command_parse_response", "parse_response") if hasattr(redis.Redis, name)
)  # they differ among the versions of redis-py
_OF_CONNECTION = ("send_command", "pack_command", "send_packed_command", "read_response")
# What a pool has that lends its connections as redis-py's do.
_OF_POOL = ("pid", "_lock", "_available_connections", "_in_use_connections")
_ways_of = attrgetter(*(f"__class__.{name}" for name in sorted(_OF_CLIENT)), *(f"connection_pool.connection_class.{name}" for name in _OF_CONNECTION))

# Who records what redis-py does, if this program has asked for that; versions before 8 cannot.
_recorder: Callable[[], object]
try:
    from redis.observability.providers import get_observability_instance
except ImportError:

    def _recorder() -> None:
        """Return None."""

else:
    _recorder = get_observability_instance().get_provider_manager

# Before 5.3, redis-py asked for the name of a command, and made nothing of it.
_WHAT_FOR = ("EVALSHA",) if re.match(r"5\.[012]\b", redis.__version__) else ()


def take_connection(pool: Any) -> Any:
    """Return a connection of a pool, which is to be released."""
    return pool.get_connection(*_WHAT_FOR)


class ShortWay:
    """The short way of one client.

    Args:
        client: a synchronous client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool: Any = getattr(client, "connection_pool", None)
        self._is_plain = (
            type(self._pool) is redis.ConnectionPool  # Sentinel's, a cluster's, a stand-in's: they know better how to connect
            and getattr(self._pool, "cache", None) is None
            and self._pool.connection_kwargs.get("command_packer") is None
            and getattr(client, "connection", None) is None
        )
        self._ways: tuple[Any, ...] = ()
        self._lends = getattr(type(self._pool), "get_connection", None)
        inner = getattr(self._lends, "__wrapped__", self._lends)  # redis-py's own decorator looks for arguments that are out of date
        self._may_reach_into_pool = (
            type(self._lends) is FunctionType
            and getattr(inner, "__globals__", None) is redis.connection.__dict__
            and all(name in vars(self._pool) for name in _OF_POOL)
        )
        if self._is_plain:
            self._ways = _functions_of(client)
            self._is_plain = bool(self._ways) and all(
                type(way) is FunctionType and way.__globals__ in (redis.client.__dict__, redis.connection.__dict__) for way in self._ways
            )

    def is_open(self) -> bool:
        """Say whether the client has nothing of its own to do for a script. That may change: programs are given tracing when they have begun."""
        client = self._client
        return bool(
            self._is_plain
            and client.connection_pool is self._pool
            and all(map(is_, _functions_of(client) or (None,), self._ways))  # whatever they claim to equal
            and _OF_CLIENT.isdisjoint(vars(client))
            and not dict.__contains__(client.response_callbacks, "EVALSHA")  # with its own lower case and upper case are the same
            and _recorder() is None
        )

    def execute(self, command: tuple[Any, ...], meanwhile: Meanwhile = None) -> Any:
        """Send the command of a script, and return its reply as bytes; only while the way is open.

        Args:
            command: the command.
            meanwhile: called at most once, while the server works at it; what it raises is raised.

        Raises:
            redis.exceptions.RedisError: whatever the client would.
        """
        connection = self._take_connection()
        try:
            try:
                return _exchange(connection, command, meanwhile)
            except Exception as error:  # noqa: BLE001 - the policy knows which errors are worth another attempt, and raises all others
                return self._insist(connection, command, error)
        finally:
            self._pool.release(connection)

    def _take_connection(self) -> Any:
        """Return a connection of the pool, which is to be released: the one used last, if it is open and nothing waits in it; else the pool decides."""
        pool = self._pool
        if not self._may_reach_into_pool or type(pool).get_connection is not self._lends or "get_connection" in vars(pool) or pool.pid != getpid():
            return take_connection(pool)
        with pool._lock:  # noqa: SLF001 - asked for a connection, a pool counts, measures and tries for as long as all the rest of a call takes
            available = pool._available_connections  # noqa: SLF001
            if not available or getattr(available[-1], "_sock", None) is None:
                connection = None
            else:
                connection = available.pop()
                pool._in_use_connections.add(connection)  # noqa: SLF001
        if connection is None:
            return take_connection(pool)
        try:
            is_usable = not connection.can_read()
        except (redis.RedisError, OSError):
            is_usable = False
        except BaseException:
            pool.release(connection)
            raise
        if is_usable:
            return connection
        pool.release(connection)  # the server closed it, or said something unasked: the pool knows what to do about that
        return take_connection(pool)

    def _insist(self, connection: Any, command: tuple[Any, ...], error: Exception) -> Any:
        """Go on as after a first attempt that ended with `error`."""
        failed = [error]

        def attempt() -> Any:
            if failed:
                raise failed.pop()
            return _exchange(connection, command)

        def clear_up(error: Exception) -> None:
            raise_or_go_on = getattr(self._client, "_disconnect_raise", None)  # redis-py 5.0 and 5.1 ask there for what errors a call is repeated
            if raise_or_go_on is not None:
                raise_or_go_on(connection, error)
            connection.disconnect()

        return connection.retry.call_with_retry(attempt, clear_up)


def _functions_of(client: Any) -> tuple[Any, ...]:
    """Return what the short way leaves out, as it is now; nothing where connections are not made by a class, say."""
    try:
        found: tuple[Any, ...] = _ways_of(client)
    except AttributeError:
        return ()
    return found


def _exchange(connection: Any, command: tuple[Any, ...], meanwhile: Meanwhile = None) -> Any:
    try:
        connection.send_packed_command([pack(command)] if pack else connection.pack_command(*command))
        if meanwhile is not None:
            meanwhile()
    except BaseException:
        connection.disconnect()  # a reply that nobody read may be on its way
        raise
    try:
        return connection.read_response(disable_decoding=True)
    except redis.ResponseError:
        raise  # a reply like others
    except BaseException:
        connection.disconnect()
        raise
