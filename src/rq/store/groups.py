"""Groups: sets of the ids of jobs that were enqueued together, and SWEEP_GROUPS, which takes out those that exist no more.

The step that enqueues a job adds it to its group, and the step that deletes it takes it out. A job whose time has passed leaves its id behind, until somebody
sweeps; a group without jobs does not exist. Apart from the sweep and `leave_group`, nothing here writes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rq.store.calls import Call, text, wire
from rq.store.scripts import ScriptLibrary

MOST_MEMBERS = 500
# Where a sweep of all groups begins; what such a tuple means is between `sweep_groups` and its script.
BEGINNING = ("0", "0")


class Standing(NamedTuple):
    """Where a job of a group stands. `status` is None if the job exists no more; `origin` is its queue."""

    job_id: str
    status: str | None
    origin: str


def list_groups(scripts: ScriptLibrary) -> Call[list[str]]:
    """List the names of all groups, sorted; also of those whose jobs are all gone, until somebody sweeps."""
    return Call(lambda reply: sorted(text(item) for item in reply), ("SMEMBERS", scripts.keyspace.groups))


def group_exists(scripts: ScriptLibrary, group: str) -> Call[bool]:
    """Say whether a group has jobs."""
    return Call(bool, ("EXISTS", wire(scripts.keyspace.group(group))))


def scan_group(scripts: ScriptLibrary, group: str, cursor: int = 0) -> Call[tuple[list[str], int]]:
    """List some ids of a group, an id perhaps on two pages. Returns them, and the cursor to go on at (0: that was the end)."""

    def read(reply: Any) -> tuple[list[str], int]:
        return [text(item) for item in reply[1]], int(reply[0])

    return Call(read, ("SSCAN", wire(scripts.keyspace.group(group)), cursor, "COUNT", MOST_MEMBERS))


def read_standing(scripts: ScriptLibrary, job_id: str) -> Call[Standing]:
    """Read where a job stands. A hash without status and queue is no job."""

    def read(reply: Any) -> Standing:
        status, origin = (text(value) for value in reply)
        return Standing(job_id, status or ("created" if origin else None), origin)

    return Call(read, ("HMGET", wire(scripts.keyspace.job(job_id)), "status", "origin"))


def leave_group(scripts: ScriptLibrary, group: str, job_id: str) -> Call[bool]:
    """Take a job out of a group; the job stays what it is. Returns whether it was in it."""
    return Call(bool, ("SREM", wire(scripts.keyspace.group(group)), wire(job_id)))


def sweep_groups(scripts: ScriptLibrary, cursor: tuple[str, ...] = BEGINNING, limit: int = MOST_MEMBERS) -> Call[tuple[int, tuple[str, ...]]]:
    """Take the ids of jobs that exist no more out of groups, and forget groups without jobs; look at about `limit` ids, and go on in a later call.

    Args:
        scripts: the keyspace's scripts.
        cursor: where to begin: the answer to the call before; `cursor_of` for one group alone.
        limit: so many ids, and a hundred or two beyond.

    Returns:
        How many ids were taken out, and the cursor to go on at; after the end that is `BEGINNING`.
    """
    return Call(
        lambda reply: (int(reply[1]), tuple(text(part) for part in reply[2:]) or BEGINNING),
        (limit, *map(wire, cursor)),
        scripts.script("sweep_groups"),
        (scripts.keyspace.groups,),
    )


def cursor_of(group: str) -> tuple[str, ...]:
    """Return where a sweep of one group begins; it ends with that group."""
    return (*BEGINNING, group)
