"""Connections: made from a URL, and what they are made of."""

from rq.client.connections import REDIS_RUNTIME_CONNECTION_KWARGS, get_connection_kwargs, parse_connection
from rq.store.servers import connect

__all__ = ["REDIS_RUNTIME_CONNECTION_KWARGS", "connect", "get_connection_kwargs", "parse_connection"]
