"""The list in which RQ's workers keep ids between taking and starting them, as its readers see it. `reap.sweep_queue` repairs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rq.store.calls import Call, text, wire
from rq.store.scripts import ScriptLibrary

_FIRST_SEEN_SECONDS = 86400


def list_intermediate(scripts: ScriptLibrary, queue: str) -> Call[list[str]]:
    """List the ids that were taken and not started yet, the first one in front."""
    return Call(lambda reply: [text(item) for item in reply], ("LRANGE", wire(scripts.keyspace.intermediate(queue)), 0, -1))


def remove_intermediate(scripts: ScriptLibrary, queue: str, job_id: str) -> Call[int]:
    """Take the first entry with this id out of the list. Returns how many entries went: 1 or 0."""
    return Call(int, ("LREM", wire(scripts.keyspace.intermediate(queue)), 1, wire(job_id)))


def read_first_seen(scripts: ScriptLibrary, queue: str, job_id: str) -> Call[datetime | None]:
    """Read when somebody first saw an id in the list; None if nobody noted it."""

    def read(reply: Any) -> datetime | None:
        return datetime.fromtimestamp(float(reply), UTC) if reply else None

    return Call(read, ("GET", _first_seen(scripts, queue, job_id)))


def write_first_seen(scripts: ScriptLibrary, queue: str, job_id: str, seen_at: float) -> Call[bool]:
    """Note for a day when an id was seen in the list, unless that was noted before. Says whether it was."""
    return Call(bool, ("SET", _first_seen(scripts, queue, job_id), repr(seen_at), "NX", "EX", _FIRST_SEEN_SECONDS))


def _first_seen(scripts: ScriptLibrary, queue: str, job_id: str) -> bytes | str:
    return wire(scripts.keyspace.name("first_seen", queue, job_id))
