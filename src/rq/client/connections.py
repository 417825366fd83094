"""What a connection is made of (door: `rq.connections`)."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from rq.store.pool_settings import REDIS_RUNTIME_CONNECTION_KWARGS, connection_settings, raw_connection_settings

if TYPE_CHECKING:
    import redis
    from redis.connection import Connection


def get_connection_kwargs(connection: redis.Redis) -> dict[str, Any]:
    """Return the settings with which the same connection can be made again; what belongs to the running client is left out."""
    return connection_settings(connection)


def parse_connection(connection: redis.Redis) -> tuple[type[redis.Redis], type[Connection], dict[str, Any]]:
    """Return the class of a client, the class of its connections, and the settings of `get_connection_kwargs`."""
    return type(connection), connection.connection_pool.connection_class, get_connection_kwargs(connection)


def is_same_server(one: redis.Redis, other: redis.Redis) -> bool:
    """Say whether two clients were made with the same settings."""
    return one is other or get_connection_kwargs(one) == get_connection_kwargs(other)


def reply_timeout_of(connection: redis.Redis) -> float | None:
    """Return how many seconds a client waits for a reply before it gives up; None if for ever."""
    settings = raw_connection_settings(connection)
    timeout: float | None = settings["socket_timeout"] if "socket_timeout" in settings else _default_reply_timeout(connection)
    return timeout


def _default_reply_timeout(connection: Any) -> float | None:
    """Return what connections do whose settings say nothing of a timeout: wait for ever until redis-py 7, five seconds since."""
    pool = getattr(connection, "connection_pool", None)
    for connection_class in type.mro(pool.connection_class) if pool is not None else ():
        parameter = inspect.signature(connection_class).parameters.get("socket_timeout")
        if parameter is not None:
            timeout: float | None = parameter.default
            return timeout
    return None


__all__ = ["REDIS_RUNTIME_CONNECTION_KWARGS", "get_connection_kwargs", "is_same_server", "parse_connection", "reply_timeout_of"]
