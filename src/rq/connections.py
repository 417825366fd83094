"""Connections: made from a URL, and what they are made of. And the stack of connections that RQ had until 1.x."""

from rq.client.connections import REDIS_RUNTIME_CONNECTION_KWARGS, get_connection_kwargs, parse_connection
from rq.client.legacy import Connection, get_current_connection, pop_connection, push_connection, resolve_connection, use_connection
from rq.core.errors import NoRedisConnectionException
from rq.store.servers import connect

__all__ = [
    "REDIS_RUNTIME_CONNECTION_KWARGS",
    "Connection",
    "NoRedisConnectionException",
    "connect",
    "get_connection_kwargs",
    "get_current_connection",
    "parse_connection",
    "pop_connection",
    "push_connection",
    "resolve_connection",
    "use_connection",
]
