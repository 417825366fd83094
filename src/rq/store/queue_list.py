"""The list of a queue, changed by hand: ids go in and out, and the jobs themselves stay as they are.

No worker of this package moves an id this way: `claim` takes an id and starts its job in one step. Between an id that was taken here and whatever its taker
does next, only the taker knows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rq.store.calls import Call, text, wire
from rq.store.replies import check_list, read_code
from rq.store.scripts import ScriptLibrary

MOST_COMPACTED = 1000


def push_id(scripts: ScriptLibrary, queue: str, job_id: str, *, at_front: bool = False) -> Call[int]:
    """Put an id into a queue. Returns how many it holds then."""
    return Call(int, ("LPUSH" if at_front else "RPUSH", wire(scripts.keyspace.queue(queue)), wire(job_id)))


def remove_id(scripts: ScriptLibrary, queue: str, job_id: str) -> Call[int]:
    """Take the first entry with this id out of a queue. Returns how many entries went: 1 or 0."""
    return Call(int, ("LREM", wire(scripts.keyspace.queue(queue)), 1, wire(job_id)))


def take_id(key: str) -> Call[str | None]:
    """Take the first id out of the list with this key; None if there is none."""
    return Call(_text_or_none, ("LPOP", wire(key)))


def wait_for_id(keys: Sequence[str], seconds: float) -> Call[tuple[str, str] | None]:
    """Take an id out of the first of these lists that has one, or gets one within so many seconds: the key and the id, None if none does."""
    return Call(lambda reply: (text(reply[0]), text(reply[1])) if reply else None, ("BLPOP", *map(wire, keys), seconds))


def move_id(key: str, into: str) -> Call[str | None]:
    """Move the first id of a list to the end of another; None if there is none."""
    return Call(_text_or_none, ("LMOVE", wire(key), wire(into), "LEFT", "RIGHT"))


def wait_and_move_id(key: str, into: str, seconds: float) -> Call[str | None]:
    """Move the first id of a list to the end of another, as soon as there is one; None if there is none within so many seconds."""
    return Call(_text_or_none, ("BLMOVE", wire(key), wire(into), "LEFT", "RIGHT", seconds))


def compact_queue(scripts: ScriptLibrary, queue: str, first: int = 0, limit: int = MOST_COMPACTED) -> Call[int | None]:
    """Take ids without a job out of a queue, among `limit` entries from rank `first` on. Returns the rank to go on at, None at the end."""

    def read(reply: Any) -> int | None:
        check_list(queue, reply)
        return None if read_code(reply) == "done" else int(reply[1])

    return Call(read, (first, limit), scripts.script("compact"), (scripts.keyspace.queue(queue),))


def forget_queue(scripts: ScriptLibrary, queue: str, *, drops_ids: bool) -> Call[bool]:
    """Take a queue out of the set of queues. Returns whether it went.

    Args:
        scripts: the keyspace's scripts.
        queue: the queue.
        drops_ids: whether it goes although ids wait in it, so that nobody takes them any more; their jobs stay as they are.
    """
    keys = scripts.keyspace
    return Call(lambda reply: read_code(reply) == "ok", ("1" if drops_ids else "",), scripts.script("forget_queue"), (keys.queue(queue), keys.queues))


def _text_or_none(reply: Any) -> str | None:
    return None if reply is None else text(reply)
