"""The short way to the server: what `redis.Redis.execute_command` does for the call of a script, without what it does for all other commands.

Between a call and its bytes redis-py does a good deal that a script has no use for: it looks for commands of several words, for replies that it makes
something of, for metrics to record. Where nothing of that is wanted, a call goes straight through a connection of the client's pool. Errors, repetitions and
the state in which the connection is left are as ever: as soon as anything goes wrong, the connection's own policy of repetition decides.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
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

# What the short way leaves out. Where anybody (a subclass, a tracer) has replaced one of these, it is to be called.
_LEFT_OUT_BY_CLIENT = ("execute_command", "_execute_command", "_send_command_parse_response", "parse_response")
_LEFT_OUT_BY_CONNECTION = ("send_command", "pack_command", "send_packed_command", "read_response")


def short_way(client: Any) -> Callable[[tuple[Any, ...], Meanwhile], Any] | None:
    """Return what sends the command of a script and returns its reply as bytes; None if this client has something of its own to do for it.

    Args:
        client: a synchronous client.

    Returns:
        A function of the command, and of what is to be called, at most once, while the server works at it; None for nothing.
    """
    pool: Any = getattr(client, "connection_pool", None)
    is_plain = (
        type(pool) is redis.ConnectionPool  # Sentinel's, a cluster's, a stand-in's: they know better how to connect
        and getattr(pool, "cache", None) is None
        and getattr(client, "connection", None) is None
        and _are_of(redis.client, client, _LEFT_OUT_BY_CLIENT)
        and _are_of(redis.connection, pool.connection_class, _LEFT_OUT_BY_CONNECTION)
        and "EVALSHA" not in client.response_callbacks
        and not _is_observed()
    )
    if not is_plain:
        return None

    def execute(command: tuple[Any, ...], meanwhile: Meanwhile = None) -> Any:
        connection = take_connection(pool)
        try:
            try:
                return _exchange(connection, command, meanwhile)
            except Exception as error:  # noqa: BLE001 - the policy knows which errors are worth another attempt, and raises all others
                return _insist(connection, command, error)
        finally:
            pool.release(connection)

    return execute


def take_connection(pool: Any) -> Any:
    """Return a connection of a pool, which is to be released."""
    return pool.get_connection(*_WHAT_FOR)


# Before 5.3, redis-py asked for the name of a command, and made nothing of it.
_WHAT_FOR = () if tuple(map(int, redis.__version__.split(".")[:2])) >= (5, 3) else ("EVALSHA",)


def _exchange(connection: Any, command: tuple[Any, ...], meanwhile: Meanwhile = None) -> Any:
    try:
        connection.send_packed_command([pack(command)] if pack else connection.pack_command(*command))
        if meanwhile is not None:
            meanwhile()
        return connection.read_response(disable_decoding=True)
    except redis.ResponseError:
        raise
    except BaseException:
        connection.disconnect()  # a reply that nobody read is on its way
        raise


def _insist(connection: Any, command: tuple[Any, ...], error: Exception) -> Any:
    """Go on as after a first attempt that ended with `error`."""
    failed = [error]

    def attempt() -> Any:
        if failed:
            raise failed.pop()
        return _exchange(connection, command)

    return connection.retry.call_with_retry(attempt, lambda _error: connection.disconnect())


def _are_of(module: Any, owner: Any, names: tuple[str, ...]) -> bool:
    """Say whether these methods are those of redis-py's own module, as far as there are such."""
    found = (getattr(owner, name, None) for name in names)
    functions = (getattr(method, "__func__", method) for method in found if method is not None)
    return all(type(function) is FunctionType and function.__globals__ is module.__dict__ for function in functions)


def _is_observed() -> bool:
    """Say whether redis-py records metrics in this program."""
    providers: Any = sys.modules.get("redis.observability.providers")
    return providers is not None and providers.get_observability_instance().get_provider_manager() is not None
