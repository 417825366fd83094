"""What is to be known about a job before one can say why it is not running. Two round trips, three for a job that waits; nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rq.model.presence import WorkerRecord
from rq.model.record import JobRecord
from rq.model.situation import FOR_EVER, Facts, Parent
from rq.model.states import JobStatus
from rq.store.calls import Call, Steps, text, wire
from rq.store.codec import decode_fields, decode_job
from rq.store.presence import list_worker_keys, read_worker
from rq.store.reads import count_queue, is_suspended, list_executions, list_results, read_registry_score
from rq.store.registries import read_server_time
from rq.store.scripts import ScriptLibrary
from rq.store.suspension import read_pause_end

# A search through a longer part of a queue would keep the server from its work.
LONGEST_SEARCH = 100_000
# Of more parents, workers or executions than that, these say enough.
MOST_LOOKED_AT = 100
# Our leases end that much before their entries in the registry of started jobs (see `lua/lib/leases.lua`).
LEASE_MARGIN_SECONDS = 60

_WAITS = (JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED, JobStatus.STARTED)


@dataclass(frozen=True, slots=True)
class _Hash:
    """What the hash of a job says: the job, and what only scripts write."""

    record: JobRecord | None
    reason: str | None = None
    stop: str | None = None


def read_facts(scripts: ScriptLibrary, job_id: str) -> Steps[Facts]:
    """Gather what is known of a job.

    Raises:
        CorruptDataError: if its hash, or one of its results, cannot be read.
    """
    now, found, was_deleted, suspended, results, executions = yield [
        read_server_time(),
        _read_hash(scripts, job_id),
        Call(bool, ("EXISTS", wire(scripts.keyspace.name("ended", job_id)))),
        is_suspended(scripts),
        list_results(scripts, job_id, most=1),
        list_executions(scripts, job_id),
    ]
    facts = Facts(job_id, now, found.record, was_deleted, found.reason, tuple(results), suspended=suspended)
    if found.record is None or found.record.status not in _WAITS:
        return facts
    return (yield from _read_place(scripts, facts, found, executions[:MOST_LOOKED_AT]))


def _read_place(scripts: ScriptLibrary, facts: Facts, found: _Hash, executions: Sequence[str]) -> Steps[Facts]:
    """Look for a job that has not ended where it may be."""
    job_id, job = facts.job_id, facts.job
    parents = job.dependency_ids[:MOST_LOOKED_AT]
    members = _members(job_id, executions) if job.status == JobStatus.STARTED else []
    length, ahead, is_between, set_aside, due, pause_end, worker_keys, *rest = yield [
        count_queue(scripts, job.origin),
        _find(scripts.keyspace.queue(job.origin), job_id),
        _find(scripts.keyspace.intermediate(job.origin), job_id).then(lambda place: place is not None),
        _read_set_aside(scripts, job.origin, job_id),
        read_registry_score(scripts, "scheduled", job.origin, job_id),
        read_pause_end(scripts, queue=job.origin),
        list_worker_keys(scripts, job.origin),
        *(_read_parent(scripts, parent) for parent in parents),
        *(read_registry_score(scripts, "wip", job.origin, member) for member in members),
    ]
    scores = rest[len(parents) :]
    workers, paused = yield from _read_workers(scripts, worker_keys, facts.now)
    return Facts(
        job_id,
        facts.now,
        job,
        reason=facts.reason,
        results=facts.results,
        queue_length=length,
        ahead=ahead,
        was_searched_whole=length <= LONGEST_SEARCH,
        is_between=is_between,
        set_aside=set_aside,
        due=_moment(due) if job.status == JobStatus.SCHEDULED else None,
        parents=tuple(rest[: len(parents)]),
        suspended=facts.suspended,
        queue_paused_until=_moment(pause_end if pause_end is not None and pause_end > facts.now.timestamp() else None),
        workers=workers,
        paused_workers=paused,
        lease_ends=_lease_end(job, dict(zip(members, scores, strict=True))),
        is_to_stop=found.stop is not None and found.stop == job.execution_id,
    )


def _read_workers(scripts: ScriptLibrary, worker_keys: Sequence[str], now: datetime) -> Steps[tuple[tuple[WorkerRecord, ...], tuple[str, ...]]]:
    """Read the living ones of some workers, and which of these are paused. RQ's have no lease; their hash lives as long as they do, and they know no pause."""
    names = [key.removeprefix(scripts.keyspace.worker("")) for key in worker_keys[:MOST_LOOKED_AT]]
    if not names:
        return (), ()
    count, moment = len(names), now.timestamp()
    answers = yield [
        *(read_worker(scripts, name) for name in names),
        *(_read_lease(scripts, name) for name in names),
        *(read_pause_end(scripts, worker=name) for name in names),
    ]
    records, leases, pauses = answers[:count], answers[count : 2 * count], answers[2 * count :]
    living = [
        (record, lease is not None and pause is not None and pause > moment)
        for record, lease, pause in zip(records, leases, pauses, strict=True)
        if record is not None and record.death is None and (lease is None or lease >= moment)
    ]
    return tuple(record for record, _ in living), tuple(record.name for record, is_paused in living if is_paused)


def _read_hash(scripts: ScriptLibrary, job_id: str) -> Call[_Hash]:
    def read(reply: Any) -> _Hash:
        fields = decode_fields(reply)
        if b"data" not in fields:
            return _Hash(None)
        return _Hash(decode_job(job_id, fields), text(fields.get(b"x_reason")) or None, text(fields.get(b"x_stop")).partition(" ")[0] or None)

    return Call(read, ("HGETALL", wire(scripts.keyspace.job(job_id))))


def _read_parent(scripts: ScriptLibrary, job_id: str) -> Call[Parent]:
    def read(reply: Any) -> Parent:
        status, origin = reply
        return Parent(job_id, text(status) or None, text(origin))

    return Call(read, ("HMGET", wire(scripts.keyspace.job(job_id)), "status", "origin"))


def _find(key: str, job_id: str) -> Call[int | None]:
    """Find how many ids stand before this one in a list; None if it is not among the first `LONGEST_SEARCH`."""
    return Call(lambda reply: None if reply is None else int(reply), ("LPOS", wire(key), wire(job_id), "MAXLEN", LONGEST_SEARCH))


def _read_set_aside(scripts: ScriptLibrary, queue: str, job_id: str) -> Call[str | None]:
    """Read why a job was set aside; None if it is not among the last that were."""

    def read(reply: Any) -> str | None:
        notes = dict(text(entry).partition(" ")[::2] for entry in reversed(reply))
        return notes.get(job_id)

    return Call(read, ("LRANGE", wire(scripts.keyspace.bad(queue)), 0, MOST_LOOKED_AT - 1))


def _read_lease(scripts: ScriptLibrary, worker: str) -> Call[float | None]:
    return Call(lambda reply: None if reply is None else float(reply), ("ZSCORE", scripts.keyspace.presence, wire(worker)))


def _members(job_id: str, executions: Sequence[str]) -> list[str]:
    """Return the entries that the registry of started jobs may have for a job; old versions of RQ wrote its id alone."""
    return [*(f"{job_id}:{execution}" for execution in executions), job_id]


def _lease_end(job: JobRecord, scores: dict[str, float | None]) -> datetime | None:
    """Return when the last lease of a job ends; None if it has none."""
    own = f"{job.id}:{job.execution_id}"
    ends = [score - (LEASE_MARGIN_SECONDS if member == own else 0) for member, score in scores.items() if score is not None]
    return _moment(max(ends)) if ends else None


def _moment(timestamp: float | None) -> datetime | None:
    try:
        return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):  # for ever, or longer than a calendar knows
        return FOR_EVER
