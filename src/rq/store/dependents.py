"""RELEASE_DEPENDENTS and SWEEP_DEFERRED: jobs that waited for others go on.

The exit of a job lets its dependents go on in the same step if they are few. If they are many it leaves a note, and any worker carries it out, some hundred
dependents a call, until all have been told. A worker also looks, in turn, at the deferred jobs of its queues: for the parents that RQ's workers ended, or
that expired, nobody else tells them.
"""

from __future__ import annotations

from rq.store.calls import Call, text, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary

MOST_NOTES = 100
MOST_DEFERRED = 100


def list_releases(scripts: ScriptLibrary) -> Call[list[str]]:
    """List some of the ended jobs that not all of their dependents have heard of."""
    return Call(
        lambda reply: [text(job_id) for job_id in (reply[1] if isinstance(reply[1], dict) else reply[1][::2])],
        ("HSCAN", scripts.keyspace.releases, 0, "COUNT", MOST_NOTES),
    )


def note_release(scripts: ScriptLibrary, parent: str, ended: str) -> Call[bool]:
    """Note that a job ended, as what, and that those who wait for it have not heard of it: for an end that no script wrote."""
    return Call(bool, ("HSET", scripts.keyspace.releases, wire(parent), f"{ended} 0"))


def release_dependents(scripts: ScriptLibrary, parent: str) -> Call[tuple[bool, int]]:
    """Tell some more of those who wait for an ended job. Returns whether there are more, and how many went on."""
    keys = scripts.keyspace
    return Call(
        lambda reply: (read_code(reply) == "more", int(reply[1])),
        (wire(parent),),
        scripts.script("release_dependents"),
        (keys.dependents(parent), keys.releases),
    )


def sweep_deferred(scripts: ScriptLibrary, queue: str, first: int = 0, limit: int = MOST_DEFERRED) -> Call[tuple[int, int | None]]:
    """Look at the deferred jobs of a queue from rank `first` on. Returns how many left the registry, and the rank to go on at (None: that was the end)."""
    return Call(
        lambda reply: (int(reply[1]), None if reply[2] in {b"", ""} else int(reply[2])),
        (first, limit),
        scripts.script("sweep_deferred"),
        (scripts.keyspace.registry("deferred", queue),),
    )
