"""RQ's schedulers, as programs start them by hand: the hash of each. Their locks are those of `locks`, what they do is `enqueue.promote_jobs`."""

from __future__ import annotations

from collections.abc import Mapping

from rq.store.calls import Call, wire
from rq.store.cron_lists import read_texts
from rq.store.scripts import ScriptLibrary


def write_scheduler(scripts: ScriptLibrary, name: str, fields: Mapping[str, str], ttl_seconds: int) -> list[Call[int]]:
    """Write the hash of a scheduler, which lasts so long without another sign of life."""
    key = wire(scripts.keyspace.name("scheduler", name))
    items = [wire(part) for item in fields.items() for part in item]
    return [Call(int, ("HSET", key, *items)), Call(int, ("EXPIRE", key, ttl_seconds))]


def read_scheduler(scripts: ScriptLibrary, name: str) -> Call[dict[str, str]]:
    """Read the hash of a scheduler; empty if there is none."""
    return Call(read_texts, ("HGETALL", wire(scripts.keyspace.name("scheduler", name))))


def delete_scheduler(scripts: ScriptLibrary, name: str) -> Call[bool]:
    """Delete the hash of a scheduler. Says whether there was one."""
    return Call(bool, ("DEL", wire(scripts.keyspace.name("scheduler", name))))
