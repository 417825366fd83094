"""What the connections of a client are made of. Needs no client library, so that asking does not load one."""

from __future__ import annotations

from typing import Any

# What redis-py 8 keeps among the settings of a pool though it belongs to the running client.
REDIS_RUNTIME_CONNECTION_KWARGS = frozenset(
    {
        "event_dispatcher",
        "himport_registry",
        "maint_notifications_config",
        "maint_notifications_pool_handler",
        "orig_host_address",
        "orig_socket_connect_timeout",
        "orig_socket_timeout",
    }
)


def raw_connection_settings(client: Any) -> dict[str, Any]:
    """Return the settings of a client's connections as they stand; of a cluster's, those that every node's pool is made with."""
    pool = getattr(client, "connection_pool", None)
    settings: dict[str, Any] = pool.connection_kwargs if pool is not None else client.get_connection_kwargs()
    return settings


def connection_settings(client: Any) -> dict[str, Any]:
    """Return the settings with which the same connections can be made again, without what belongs to the running client."""
    settings = raw_connection_settings(client)
    return {name: value for name, value in settings.items() if name not in REDIS_RUNTIME_CONNECTION_KWARGS and type(value) is not object}
