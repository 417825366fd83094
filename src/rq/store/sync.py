"""What plain commands can do: write a job, and run it where it is enqueued (`is_async=False`), also on a server without scripts (fakeredis without Lua).

These functions return several calls that belong into one MULTI (`Caller.run_together`). Plain commands cannot ask before they write, so two things are read
first: the server's time, and where a job of the same id stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rq.core.formats import format_date
from rq.model.record import JobRecord
from rq.model.states import REGISTRY_OF, JobStatus
from rq.store.calls import Argument, Call, text, wire
from rq.store.codec import encode_exception, encode_job, encode_return_value
from rq.store.scripts import ScriptLibrary

# The name that a job bears as its worker's while it runs where it was enqueued, as in RQ.
SYNC_WORKER = "sync"
_MOST_RESULTS = 10


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is left of an earlier job of the same id; all empty if there was none."""

    status: str = ""
    queue: str = ""
    attempt: int = 0
    generation: int = 0


def read_time(scripts: ScriptLibrary) -> Call[float]:
    """Read the server's clock, in Unix seconds."""
    del scripts
    return Call(lambda reply: int(reply[0]) + int(reply[1]) / 1_000_000, ("TIME",))


def read_earlier(scripts: ScriptLibrary, job_id: str) -> Call[Earlier]:
    """Read where a job of this id stands."""

    def read(reply: Any) -> Earlier:
        status, queue, attempt, generation = (text(value) for value in reply)
        return Earlier(status, queue, int(attempt or 0), int(generation or 0))

    return Call(read, ("HMGET", wire(scripts.keyspace.job(job_id)), "status", "origin", "x_attempt", "x_generation"))


def enqueue_plainly(scripts: ScriptLibrary, record: JobRecord, earlier: Earlier, now: float, *, at_front: bool = False) -> list[Call[Any]]:
    """Write a job and put it into its queue: what the script `enqueue` does, without its promise to change nothing if it is sent again."""
    fresh = replace(record, started_at=None, ended_at=None, last_heartbeat=None, worker_name=None)
    key = wire(scripts.keyspace.job(record.id))
    calls = _write_job(scripts, fresh, earlier, [*_attempts(earlier.attempt), "status", JobStatus.QUEUED.value, "enqueued_at", format_date(_moment(now))])
    if record.ttl and record.ttl > 0:
        calls.append(_plain("EXPIRE", key, record.ttl))
    return [*calls, _plain("LPUSH" if at_front else "RPUSH", wire(scripts.keyspace.queue(record.origin)), wire(record.id))]


def start_here(scripts: ScriptLibrary, record: JobRecord, earlier: Earlier, moment: datetime) -> list[Call[Any]]:
    """Write a job that is about to be run by whoever enqueues it. It stands in no queue and in no registry, and does not expire."""
    started = replace(record, started_at=moment, ended_at=None, last_heartbeat=moment, worker_name=SYNC_WORKER)
    fields = [*_attempts(earlier.attempt + 1), "status", JobStatus.STARTED.value, "enqueued_at", format_date(moment)]
    return _write_job(scripts, started, earlier, fields)


def finish_here(scripts: ScriptLibrary, record: JobRecord, now: float, return_value: bytes | None, result_ttl: int) -> list[Call[Any]]:
    """Write that a job that was run by whoever enqueued it succeeded: its last state, all at once. The other jobs that wait for it are left alone."""
    if result_ttl == 0:
        return _delete_job(scripts, record.id)
    value = {} if return_value is None else {"return_value": encode_return_value(return_value)}
    return [*_end_job(scripts, record, now, JobStatus.FINISHED, "1", value), *_keep_job(scripts, record, JobStatus.FINISHED, now, result_ttl)]


def fail_here(scripts: ScriptLibrary, record: JobRecord, now: float, exc_text: str, failure_ttl: int) -> list[Call[Any]]:
    """Write that a job that was run by whoever enqueued it failed; as `finish_here`."""
    if failure_ttl == 0:
        return _delete_job(scripts, record.id)
    text_field = {"exc_string": encode_exception(exc_text)}
    return [*_end_job(scripts, record, now, JobStatus.FAILED, "2", text_field), *_keep_job(scripts, record, JobStatus.FAILED, now, failure_ttl)]


def write_fields_plainly(scripts: ScriptLibrary, job_id: str, fields: Sequence[Argument]) -> Call[Any]:
    """Write fields of a job: name, value, name, value, .... If it must exist for that, whether it does has to be asked before."""
    return _plain("HSET", wire(scripts.keyspace.job(job_id)), *fields)


def _write_job(scripts: ScriptLibrary, record: JobRecord, earlier: Earlier, fields: list[Argument]) -> list[Call[Any]]:
    keys = scripts.keyspace
    key = wire(keys.job(record.id))
    return [
        _plain("SADD", wire(keys.queues), wire(keys.queue(record.origin))),
        *_leave_place(scripts, record, earlier),
        _plain("DEL", key),
        _plain("HSET", key, *encode_job(record), "x_generation", earlier.generation + 1, *fields),
        *_join_group(scripts, record),
    ]


def _join_group(scripts: ScriptLibrary, record: JobRecord) -> list[Call[Any]]:
    if not record.group_id:
        return []
    keys, group = scripts.keyspace, record.group_id
    return [_plain("SADD", wire(keys.group(group)), wire(record.id)), _plain("SADD", wire(keys.groups), wire(group))]


def _attempts(count: int) -> list[Argument]:
    return ["x_attempt", count] if count else []


def _leave_place(scripts: ScriptLibrary, record: JobRecord, earlier: Earlier) -> list[Call[Any]]:
    """Take the id out of where an earlier job of it stands. One that runs loses its job: the generation tells."""
    queue = earlier.queue or record.origin
    if earlier.status == JobStatus.QUEUED.value:
        return [_plain("LREM", wire(scripts.keyspace.queue(queue)), 1, wire(record.id))]
    kind = _REGISTRIES.get(earlier.status)
    return [_plain("ZREM", wire(scripts.keyspace.registry(kind, queue)), wire(record.id))] if kind else []


_REGISTRIES = {status.value: kind for status, kind in REGISTRY_OF.items() if status is not JobStatus.STARTED}


def _end_job(scripts: ScriptLibrary, record: JobRecord, now: float, status: JobStatus, result_type: str, result: dict[str, str]) -> list[Call[Any]]:
    keys = scripts.keyspace
    flat = [item for pair in result.items() for item in pair]
    return [
        _plain("HSET", wire(keys.job(record.id)), "status", status.value, "ended_at", format_date(_moment(now))),
        _plain("XADD", wire(keys.results(record.id)), "MAXLEN", _MOST_RESULTS, "*", "type", result_type, "worker_name", "", *flat),
    ]


def _keep_job(scripts: ScriptLibrary, record: JobRecord, status: JobStatus, now: float, ttl: int) -> list[Call[Any]]:
    """Put an ended job into its registry, for so many seconds; negative: for ever."""
    keys = scripts.keyspace
    kept = [keys.job(record.id), keys.results(record.id)]
    registry = wire(keys.registry(REGISTRY_OF[status], record.origin))
    if ttl < 0:
        forever = "+inf" if status is JobStatus.FINISHED else -1  # RQ's scores
        return [_plain("ZADD", registry, forever, wire(record.id)), *(_plain("PERSIST", wire(key)) for key in kept)]
    related = [keys.dependents(record.id), keys.dependencies(record.id)]
    return [_plain("ZADD", registry, math.floor(now) + ttl, wire(record.id)), *(_plain("EXPIRE", wire(key), ttl) for key in (*kept, *related))]


def _delete_job(scripts: ScriptLibrary, job_id: str) -> list[Call[Any]]:
    """Delete a job that is not to be kept. The set of those that wait for it stays: they are still to be told."""
    keys = scripts.keyspace
    return [_plain("DEL", *(wire(key) for key in (keys.job(job_id), keys.dependencies(job_id), keys.results(job_id))))]


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def _plain(*command: Argument) -> Call[Any]:
    return Call(lambda reply: reply, command)
