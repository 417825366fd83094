"""Suspension: no worker begins another job, or none of some queues, or some workers begin none. What runs goes on.

Everything is suspended by RQ's key, which RQ's workers know too. Single queues and workers stand in a set of ours, each with the time at which its pause ends;
the step that claims jobs looks there. So a pause holds from the reply on, for workers that wait already as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rq.store.calls import Argument, Call, text, wire
from rq.store.replies import read_code, read_names
from rq.store.scripts import ScriptLibrary


class Pauses(NamedTuple):
    """What a worker may not begin.

    Args:
        everything: true if it may begin no job at all.
        queues: those of the queues in question that give no jobs.
    """

    everything: bool = False
    queues: tuple[str, ...] = ()


def suspend_workers(scripts: ScriptLibrary, seconds: int | None = None) -> Call[bool]:
    """Let no worker take a job from now on, for `seconds` (at least 1) or until `resume_workers` (None). One command: no crash leaves it without an end."""
    limit = () if seconds is None else ("EX", seconds)
    return Call(bool, ("SET", scripts.keyspace.suspended, "1", *limit))


def resume_workers(scripts: ScriptLibrary) -> Call[bool]:
    """Let workers take jobs again; idle ones notice within a second. Returns whether they were suspended. What was paused by itself stays so."""
    return Call(bool, ("DEL", scripts.keyspace.suspended))


def pause(scripts: ScriptLibrary, seconds: float | None, queues: Sequence[str] = (), workers: Sequence[str] = ()) -> Call[int]:
    """Let no job of these queues begin, and none at these workers, for `seconds` or until `resume` (None). Returns how many were paused: theirs is replaced."""
    return Call(
        lambda reply: int(reply[1]),
        ("" if seconds is None else seconds, *_members(queues, workers)),
        scripts.script("pause"),
        (scripts.keyspace.paused,),
    )


def resume(scripts: ScriptLibrary, queues: Sequence[str] = (), workers: Sequence[str] = ()) -> Call[int]:
    """Let jobs of these queues, and at these workers, begin again; idle workers notice within a second. Returns how many of them were paused."""
    return Call(lambda reply: int(reply[1]), _members(queues, workers), scripts.script("resume"), (scripts.keyspace.paused,))


def pause_for(scripts: ScriptLibrary, ttl: float | None, queues: Sequence[str] = (), workers: Sequence[str] = ()) -> Call[int]:
    """Pause as programs ask for it: a time of 0 or less is over at once."""
    return resume(scripts, queues, workers) if ttl is not None and ttl <= 0 else pause(scripts, ttl, queues, workers)


def find_pauses(scripts: ScriptLibrary, worker: str, queues: Sequence[str]) -> Call[Pauses]:
    """Find what a worker may not begin. `worker` is '' for any: then it counts only whether all workers are suspended."""
    return Call(
        lambda reply: Pauses(read_code(reply) == "suspended", read_names(reply[1])),
        (wire(worker), *(wire(queue) for queue in queues)),
        scripts.script("paused"),
        (scripts.keyspace.paused,),
    )


def read_pause_end(scripts: ScriptLibrary, *, queue: str = "", worker: str = "") -> Call[float | None]:
    """Read when the pause of a queue, or of a worker, ends or ended, in seconds since 1970 (infinite: by hand); None if it was not paused. For readers."""
    [member] = _members([] if worker else [queue], [worker] if worker else [])
    return Call(lambda reply: None if reply is None else float(reply), ("ZSCORE", scripts.keyspace.paused, member))


def list_pauses(scripts: ScriptLibrary, now: float, most: int) -> Call[tuple[tuple[str, str], ...]]:
    """List what is paused by its name, up to `most`: `queue` or `worker`, and the name. For readers."""

    def read(reply: Any) -> tuple[tuple[str, str], ...]:
        members = (text(member).partition(":") for member in reply)
        return tuple(sorted((kind, name) for kind, _, name in members))

    return Call(read, ("ZRANGEBYSCORE", scripts.keyspace.paused, f"({now}", "+inf", "LIMIT", 0, most))


def _members(queues: Sequence[str], workers: Sequence[str]) -> list[Argument]:
    return [*(wire(f"queue:{queue}") for queue in queues), *(wire(f"worker:{worker}") for worker in workers)]
