"""Suspension: no worker begins another job. What runs goes on."""

from __future__ import annotations

from rq.store.calls import Call
from rq.store.scripts import ScriptLibrary


def suspend_workers(scripts: ScriptLibrary, seconds: int | None = None) -> Call[bool]:
    """Let no worker take a job from now on, for `seconds` (at least 1) or until `resume_workers` (None). One command: no crash leaves it without an end."""
    limit = () if seconds is None else ("EX", seconds)
    return Call(bool, ("SET", scripts.keyspace.suspended, "1", *limit))


def resume_workers(scripts: ScriptLibrary) -> Call[bool]:
    """Let workers take jobs again; idle ones notice within a second. Returns whether they were suspended."""
    return Call(bool, ("DEL", scripts.keyspace.suspended))
