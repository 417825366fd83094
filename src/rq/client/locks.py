"""Locks with an owner and an end (door: `rq.scripts`)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, cast

from rq.client.session import session_of
from rq.core.keys import Keyspace
from rq.store import locks
from rq.store.scripts import ScriptLibrary

if TYPE_CHECKING:
    import redis

logger = logging.getLogger("rq.scripts")

# The scripts as texts, for whoever registers them. They name no key, so that they are those of every keyspace.
ACQUIRE_OR_REFRESH_LOCK_SCRIPT = ScriptLibrary(Keyspace()).script("acquire_lock").text
RELEASE_LOCK_SCRIPT = ScriptLibrary(Keyspace()).script("release_lock").text


def acquire_or_refresh_lock(connection: redis.Redis, lock_key: str, owner_token: str, ttl: int) -> Literal["acquired", "refreshed", "taken"]:
    """Take a lock that nobody has, or make one last longer that is the owner's already. One round trip, atomic.

    Args:
        connection: any synchronous redis-py client.
        lock_key: the key of the lock.
        owner_token: who wants it; no two owners share one.
        ttl: after how many seconds it is free by itself, at least 1.

    Returns:
        `acquired`; `refreshed`, if it was the owner's already; `taken`, if it is another's, which stays as it is.
    """
    session = session_of(connection)
    return cast("Literal['acquired', 'refreshed', 'taken']", session.run(locks.acquire_lock(session.scripts, lock_key, owner_token, ttl)))


def release_lock(connection: redis.Redis, lock_key: str, owner_token: str) -> bool:
    """Free a lock if it is the owner's, and say whether it was. One round trip, atomic."""
    session = session_of(connection)
    return session.run(locks.release_lock(session.scripts, lock_key, owner_token))
