"""Locks with an owner and an end: of whoever wants to be the only one to do something."""

from __future__ import annotations

from rq.store.calls import Call, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary


def acquire_lock(scripts: ScriptLibrary, key: str, owner: str, ttl_seconds: int) -> Call[str]:
    """Take a lock, or prolong it. Returns acquired, refreshed (it is this owner's already) or taken (it is another's, and stays as it is)."""
    return Call(read_code, (wire(owner), ttl_seconds), scripts.script("acquire_lock"), (key,))


def release_lock(scripts: ScriptLibrary, key: str, owner: str) -> Call[bool]:
    """Free a lock. Says whether it was this owner's; another's stays as it is."""
    return Call(lambda reply: read_code(reply) == "ok", (wire(owner),), scripts.script("release_lock"), (key,))
