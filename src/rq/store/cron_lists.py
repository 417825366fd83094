"""The lists that tell what cron does: the names of cron jobs, the history of each, and the processes. Scripts keep them (see `cron`); this is for who looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rq.core.defaults import DEFAULT_CRON_SCHEDULER_TTL
from rq.store.calls import Call, pairs, text, wire
from rq.store.codec import decode_fields
from rq.store.scripts import ScriptLibrary


def list_jobs_of_name(scripts: ScriptLibrary, name: str, start: int, end: int) -> Call[list[str]]:
    """List the ids of the jobs that the cron jobs of a name became, the latest first; positions as in `ZREVRANGE`."""
    return Call(_read_names, ("ZREVRANGE", wire(scripts.keyspace.cron_history(name)), start, end))


def add_name(scripts: ScriptLibrary, name: str, moment: float) -> Call[int]:
    """Note when a cron job was enqueued last."""
    return Call(int, ("ZADD", scripts.keyspace.cron_jobs, moment, wire(name)))


def list_names(scripts: ScriptLibrary, since: float | None) -> Call[list[str]]:
    """List the names of cron jobs that were enqueued since a moment (None: ever), oldest first."""
    return Call(_read_names, ("ZRANGEBYSCORE", scripts.keyspace.cron_jobs, "-inf" if since is None else since, "+inf"))


def forget_names(scripts: ScriptLibrary, until: float) -> Call[int]:
    """Forget the names of cron jobs that were last enqueued at a moment or before. Returns how many."""
    return Call(int, ("ZREMRANGEBYSCORE", scripts.keyspace.cron_jobs, "-inf", until))


def enlist_process(scripts: ScriptLibrary, process: str, moment: float) -> Call[bool]:
    """Put a cron process on the list, unless it is there. Says whether it was not."""
    return Call(bool, ("ZADD", scripts.keyspace.cron_schedulers, "NX", moment, wire(process)))


def unlist_process(scripts: ScriptLibrary, process: str) -> Call[bool]:
    """Take a cron process off the list. Says whether it was there."""
    return Call(bool, ("ZREM", scripts.keyspace.cron_schedulers, wire(process)))


def forget_processes(scripts: ScriptLibrary, until: float) -> Call[int]:
    """Take the cron processes off the list whose last sign of life was at a moment or before. Returns how many."""
    return Call(int, ("ZREMRANGEBYSCORE", scripts.keyspace.cron_schedulers, "-inf", until))


def list_processes(scripts: ScriptLibrary) -> Call[list[tuple[str, float]]]:
    """List the cron processes, each with the moment of its last sign of life, oldest first."""
    return Call(read_scored, ("ZRANGE", scripts.keyspace.cron_schedulers, 0, -1, "WITHSCORES"))


def read_process(scripts: ScriptLibrary, process: str) -> Call[dict[str, str]]:
    """Read the hash of a cron process; empty if there is none."""
    return Call(read_texts, ("HGETALL", wire(scripts.keyspace.cron_scheduler(process))))


def write_process(scripts: ScriptLibrary, process: str, fields: Mapping[str, str]) -> list[Call[int]]:
    """Write the hash of a cron process, which lasts two minutes without another sign of life."""
    key = wire(scripts.keyspace.cron_scheduler(process))
    items = [wire(part) for item in fields.items() for part in item]
    return [Call(int, ("HSET", key, *items)), Call(int, ("EXPIRE", key, DEFAULT_CRON_SCHEDULER_TTL))]


def read_scored(reply: Any) -> list[tuple[str, float]]:
    """Read members of a sorted set with their scores, whatever shape the client gave the reply."""
    scored = reply if reply and isinstance(reply[0], (list, tuple)) else pairs(reply)
    return [(text(member), float(score)) for member, score in scored]


def read_texts(reply: Any) -> dict[str, str]:
    """Read a hash whose fields and values are texts."""
    return {text(name): text(value) for name, value in decode_fields(reply).items()}


def _read_names(reply: Any) -> list[str]:
    return [text(name) for name in reply]
