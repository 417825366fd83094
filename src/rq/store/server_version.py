"""Which version of Redis a server speaks like. Nothing here depends on it; programs ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import redis

# What is taken for the version of a server that does not say: some stand-ins for one know no INFO. RQ's value.
UNKNOWN_VERSION = (5, 0, 9)

_versions: WeakKeyDictionary[redis.Redis, tuple[int, int, int]] = WeakKeyDictionary()


def get_version(connection: redis.Redis) -> tuple[int, int, int]:
    """Return the version of Redis that a server speaks like, Valkey's as it tells it to clients of Redis. Asked of the server once per client.

    Args:
        connection: any synchronous redis-py client.

    Returns:
        The version; (5, 0, 9) for a server that does not know the question, as with RQ.
    """
    version = _versions.get(connection)
    if version is None:
        version = _versions[connection] = _ask(connection)
    return version


def _ask(connection: redis.Redis) -> tuple[int, int, int]:
    from redis.exceptions import ResponseError  # noqa: PLC0415 - loads the client library, which programs that only import `rq.utils` do not need

    try:
        told = str(connection.info("server")["redis_version"])
    except ResponseError:
        return UNKNOWN_VERSION
    major, minor, patch = (*map(int, re.findall(r"\d+", told)[:3]), 0, 0, 0)[:3]
    return major, minor, patch
