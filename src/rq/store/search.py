"""Looking for keys by what they look like: for people, who mistype ids. In bounded steps, between which the server answers others; nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rq.store.calls import Call, text
from rq.store.connection import Caller
from rq.store.scripts import ScriptLibrary

# Keys that the server looks at in one step; well under a millisecond.
STEP = 1000
_MOST_LIKE = 5
# Of an id that was cut off or mistyped, its beginning is usually right.
_SAME_BEGINNING = 4


def scan_keys(caller: Caller, pattern: str, most_searched: int, kind: str | None = None) -> Iterator[str]:
    """Return keys that match a pattern, as far as they are among about `most_searched` keys of the server. A key may come twice.

    Args:
        caller: runs the calls.
        pattern: as Redis understands it; names in it are to be escaped (`escape_pattern`).
        most_searched: after how many keys the search is given up.
        kind: only keys of this type, such as `hash`.
    """
    cursor, searched = "0", 0
    while searched < most_searched:
        cursor, keys = caller.run(_scan(cursor, pattern, kind))
        searched += STEP
        yield from keys
        if cursor == "0":
            return


def find_job_ids(caller: Caller, scripts: ScriptLibrary, job_id: str, most_searched: int) -> list[str]:
    """Return ids of jobs that begin like one that does not exist, sorted, a few at most."""
    prefix = scripts.keyspace.job("")
    pattern = f"{escape_pattern(prefix + job_id[:_SAME_BEGINNING])}*"
    found = {key.removeprefix(prefix) for key in scan_keys(caller, pattern, most_searched, "hash")}
    return sorted(found - {job_id})[:_MOST_LIKE]


def escape_pattern(name: str) -> str:
    """Return a name as a pattern that matches nothing else."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", name)


def _scan(cursor: str, pattern: str, kind: str | None) -> Call[tuple[str, list[str]]]:
    def read(reply: Any) -> tuple[str, list[str]]:
        after, keys = reply
        return text(after), [text(key) for key in keys]

    of_kind = () if kind is None else ("TYPE", kind)
    return Call(read, ("SCAN", cursor, "MATCH", pattern, "COUNT", STEP, *of_kind))
