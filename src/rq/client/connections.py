"""What a connection is made of (door: `rq.connections`)."""

from __future__ import annotations

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
    timeout: float | None = raw_connection_settings(connection).get("socket_timeout")
    return timeout


__all__ = ["REDIS_RUNTIME_CONNECTION_KWARGS", "get_connection_kwargs", "is_same_server", "parse_connection", "reply_timeout_of"]
