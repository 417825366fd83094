"""PURGE: a queue is emptied."""

from __future__ import annotations

from typing import Any

from rq.store.calls import Call, wire
from rq.store.replies import check_list
from rq.store.scripts import ScriptLibrary

MOST_PURGED = 1000


def purge_queue(scripts: ScriptLibrary, queue: str, limit: int = MOST_PURGED) -> Call[tuple[int, int]]:
    """Delete the jobs that wait at the head of a queue, and what belongs to them. Jobs that are not queued are left alone, even if the queue lists them.

    Returns:
        How many ids were taken out of the queue (fewer than `limit`: it is empty now), and how many jobs were deleted.
    """

    def read(reply: Any) -> tuple[int, int]:
        check_list(queue, reply)
        return int(reply[1]), int(reply[2])

    keys = scripts.keyspace
    return Call(read, (wire(queue), limit), scripts.script("purge"), (keys.queue(queue),))
