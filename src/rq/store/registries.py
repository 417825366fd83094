"""Registries changed by hand: entries come and go, and the jobs they name stay as they are. Each step that changes a job's state puts it into its registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rq.core.errors import CorruptDataError
from rq.store.calls import Argument, Call, text, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary

FOR_EVER = "+inf"
MOST_FORGOTTEN = 1000
_ENTRY_OUTLIVES_SECONDS = 60


def enlist(scripts: ScriptLibrary, key: str, member: str, score: int | str, *, from_now: bool = False, only_if_there: bool = False) -> Call[int]:
    """Put an entry into a registry, or give it another score. Returns how many entries are new: 1 or 0.

    Args:
        scripts: the keyspace's scripts.
        key: the key of the registry.
        member: the entry.
        score: seconds since 1970, or from the server's now; or `FOR_EVER`.
        from_now: which of the two.
        only_if_there: whether nothing is done if the registry does not have the entry.
    """
    arguments: list[Argument] = [wire(member), "now" if from_now else 0, score, "1" if only_if_there else ""]
    return Call(_reader(key), arguments, scripts.script("enlist"), (key,))


def enlist_failed(scripts: ScriptLibrary, queue: str, job_id: str, seconds: int) -> Call[int]:
    """Put a job into the registry of failed jobs for so many seconds, after which it expires; negative: for ever."""
    keys = scripts.keyspace
    key = keys.registry("failed", queue)
    if seconds < 0:
        return enlist(scripts, key, job_id, seconds)
    expiring = (keys.job(job_id), keys.dependents(job_id), keys.dependencies(job_id))
    return Call(_reader(key), (wire(job_id), "now", seconds, "", seconds), scripts.script("enlist"), (key, *expiring))


def enlist_execution(scripts: ScriptLibrary, job_id: str, execution_id: str, seconds: int) -> Call[int]:
    """Put an execution into the registry of its job, for so many seconds and the minute by which its entry outlives it. Returns how many are new: 1 or 0."""
    key = scripts.keyspace.executions(job_id)
    lasts = seconds + _ENTRY_OUTLIVES_SECONDS
    return Call(_reader(key), (execution_id, "now", lasts, "", lasts), scripts.script("enlist"), (key, key))


def delist(scripts: ScriptLibrary, kind: str, queue: str, *members: str) -> Call[int]:
    """Take entries, at least one, out of a registry. Returns how many were there."""
    return Call(int, ("ZREM", wire(scripts.keyspace.registry(kind, queue)), *map(wire, members)))


def list_expired(scripts: ScriptLibrary, kind: str, queue: str, timestamp: float, most: int | None = None) -> Call[list[str]]:
    """List the entries of a registry that are scored between 1970 and a moment, in the order of their score."""
    limit = () if most is None else ("LIMIT", 0, most)
    return Call(lambda reply: [text(item) for item in reply], ("ZRANGEBYSCORE", wire(scripts.keyspace.registry(kind, queue)), 0, timestamp, *limit))


def forget_expired(scripts: ScriptLibrary, kind: str, queue: str, timestamp: float | None = None, most: int = MOST_FORGOTTEN) -> Call[int]:
    """Take some entries out of a registry that are scored between 1970 and a moment, None for the server's now. Returns how many went (`most`: maybe more)."""
    moment: Argument = "" if timestamp is None else timestamp
    return Call(lambda reply: int(reply[1]), (moment, most), scripts.script("forget_expired"), (scripts.keyspace.registry(kind, queue),))


def read_server_time() -> Call[datetime]:
    """Read the server's clock."""
    return Call(lambda reply: datetime.fromtimestamp(int(reply[0]) + int(reply[1]) / 1_000_000, UTC), ("TIME",))


def _reader(key: str) -> Callable[[Any], int]:
    def read(reply: Any) -> int:
        if read_code(reply) == "badtype":
            message = f"The key {key} holds something that is no sorted set; delete that key"
            raise CorruptDataError(message)
        return int(reply[1])

    return read
