"""What a reader may ask: counts, pages, jobs, results. Nothing here writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rq.core.errors import CorruptDataError, NoSuchJobError
from rq.model.execution import ExecutionRecord
from rq.model.record import JobRecord
from rq.model.result import ResultRecord
from rq.store.calls import Call, pairs, text, wire
from rq.store.codec import decode_fields, decode_job, decode_result
from rq.store.scripts import ScriptLibrary


def read_job(scripts: ScriptLibrary, job_id: str) -> Call[JobRecord | None]:
    """Read a job; None if there is none (a hash without `data` is none)."""

    def read(reply: Any) -> JobRecord | None:
        fields = decode_fields(reply)
        return decode_job(job_id, fields) if b"data" in fields else None

    return Call(read, ("HGETALL", wire(scripts.keyspace.job(job_id))))


def read_status(scripts: ScriptLibrary, job_id: str) -> Call[str | None]:
    """Read a job's status; None if the job or the field is missing."""
    return Call(lambda reply: text(reply) or None, ("HGET", wire(scripts.keyspace.job(job_id)), "status"))


def job_exists(scripts: ScriptLibrary, job_id: str) -> Call[bool]:
    """Say whether a job's hash exists."""
    return Call(bool, ("EXISTS", wire(scripts.keyspace.job(job_id))))


def read_meta(scripts: ScriptLibrary, job_id: str) -> Call[bytes | None]:
    """Read a job's serialized meta; None if there is none."""
    return Call(lambda reply: reply, ("HGET", wire(scripts.keyspace.job(job_id)), "meta"))


def count_queue(scripts: ScriptLibrary, queue: str) -> Call[int]:
    """Count the jobs that wait in a queue."""
    return Call(int, ("LLEN", scripts.keyspace.queue(queue)))


def list_queue(scripts: ScriptLibrary, queue: str, first: int = 0, last: int = -1) -> Call[list[str]]:
    """List the ids that wait in a queue, next one first; `first` and `last` are inclusive, -1 is the end."""
    return Call(lambda reply: [text(item) for item in reply], ("LRANGE", scripts.keyspace.queue(queue), first, last))


def list_queue_keys(scripts: ScriptLibrary) -> Call[list[str]]:
    """List the keys of all queues that ever held a job, sorted."""
    return Call(lambda reply: sorted(text(item) for item in reply), ("SMEMBERS", scripts.keyspace.queues))


def find_position(scripts: ScriptLibrary, queue: str, job_id: str) -> Call[int | None]:
    """Find how many jobs stand before this one in its queue; None if it is not there. Takes time in proportion to the answer."""
    return Call(lambda reply: None if reply is None else int(reply), ("LPOS", scripts.keyspace.queue(queue), wire(job_id)))


def count_registry(scripts: ScriptLibrary, kind: str, queue: str) -> Call[int]:
    """Count the entries of a registry; expired ones count until a worker sweeps them, which takes seconds."""
    return Call(int, ("ZCARD", scripts.keyspace.registry(kind, queue)))


def list_registry(scripts: ScriptLibrary, kind: str, queue: str, first: int = 0, last: int = -1, *, descending: bool = False) -> Call[list[str]]:
    """List the members of a registry in the order of their score; `first` and `last` are inclusive, -1 is the end."""
    command = "ZREVRANGE" if descending else "ZRANGE"
    return Call(lambda reply: [text(item) for item in reply], (command, scripts.keyspace.registry(kind, queue), first, last))


def read_registry_score(scripts: ScriptLibrary, kind: str, queue: str, member: str) -> Call[float | None]:
    """Read the score of a member of a registry; None if it is not in it."""
    return Call(lambda reply: None if reply is None else float(reply), ("ZSCORE", scripts.keyspace.registry(kind, queue), wire(member)))


def list_results(scripts: ScriptLibrary, job_id: str, most: int | None = None) -> Call[list[ResultRecord]]:
    """List the results of a job, newest first."""
    limit = () if most is None else ("COUNT", most)
    return Call(_read_results, ("XREVRANGE", wire(scripts.keyspace.results(job_id)), "+", "-", *limit))


def wait_for_result(scripts: ScriptLibrary, job_id: str, milliseconds: int) -> Call[ResultRecord | None]:
    """Wait until a job has a result, and read the newest one; None if it has none when the time is over. One blocking read, at once if there is a result.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        milliseconds: how long the server may wait, at least 1; less than the client's own time limit for a reply.
    """

    def read(reply: Any) -> ResultRecord | None:
        if not reply:
            return None
        [(_, entries)] = pairs(reply) if isinstance(reply, dict) else reply
        entry_id, fields = entries[-1] if isinstance(reply, list) else entries[0][-1]
        return decode_result(text(entry_id), decode_fields(fields))

    return Call(read, ("XREAD", "BLOCK", milliseconds, "STREAMS", wire(scripts.keyspace.results(job_id)), "0-0"), blocks=True)


def list_dependencies(scripts: ScriptLibrary, job_id: str) -> Call[list[str]]:
    """List the ids that a job was deferred for, sorted."""
    return Call(_read_sorted, ("SMEMBERS", wire(scripts.keyspace.dependencies(job_id))))


def list_dependents(scripts: ScriptLibrary, job_id: str) -> Call[list[str]]:
    """List the ids of the jobs that wait for a job, sorted."""
    return Call(_read_sorted, ("SMEMBERS", wire(scripts.keyspace.dependents(job_id))))


def _read_sorted(reply: Any) -> list[str]:
    return sorted(text(item) for item in reply)


def count_results(scripts: ScriptLibrary, job_id: str) -> Call[int]:
    """Count the results of a job."""
    return Call(int, ("XLEN", wire(scripts.keyspace.results(job_id))))


def list_executions(scripts: ScriptLibrary, job_id: str) -> Call[list[str]]:
    """List the ids of a job's executions, the one whose lease ends first in front; an entry can outlive its execution's hash by a minute."""
    return Call(lambda reply: [text(item) for item in reply], ("ZRANGE", wire(scripts.keyspace.executions(job_id)), 0, -1))


def read_execution(scripts: ScriptLibrary, job_id: str, execution_id: str) -> Call[ExecutionRecord | None]:
    """Read one execution of a job; None if it is over."""

    def read(reply: Any) -> ExecutionRecord | None:
        fields = decode_fields(reply)
        if not fields:
            return None
        return ExecutionRecord(
            execution_id,
            job_id,
            created_at=_read_moment(fields, job_id, execution_id, b"created_at"),
            last_heartbeat=_read_moment(fields, job_id, execution_id, b"last_heartbeat"),
            worker_name=text(fields.get(b"worker_name")),
        )

    return Call(read, ("HGETALL", wire(scripts.keyspace.execution(job_id, execution_id))))


def _read_moment(fields: dict[bytes, bytes], job_id: str, execution_id: str, name: bytes) -> datetime | None:
    value = fields.get(name)
    try:
        return datetime.fromtimestamp(float(value), UTC) if value else None
    except (ValueError, OverflowError) as error:
        message = f"Execution {execution_id} of job {job_id}: the field {text(name)} holds {value!r}, which is no time"
        raise CorruptDataError(message) from error


def _read_results(reply: Any) -> list[ResultRecord]:
    return [decode_result(text(entry[0]), decode_fields(entry[1])) for entry in reply or []]


def read_scheduler_name(scripts: ScriptLibrary, queue: str) -> Call[str | None]:
    """Read who holds the lock under which RQ schedules a queue; None if nobody does."""
    return Call(lambda reply: text(reply) or None, ("GET", scripts.keyspace.name("scheduler_lock", queue)))


def read_scheduler_pid(scripts: ScriptLibrary, scheduler: str) -> Call[int | None]:
    """Read the process id of one of RQ's schedulers; None if it does not say."""
    return Call(lambda reply: int(reply) if reply else None, ("HGET", wire(scripts.keyspace.name("scheduler", scheduler)), "pid"))


def is_suspended(scripts: ScriptLibrary) -> Call[bool]:
    """Say whether workers are told to take no new jobs."""
    return Call(bool, ("EXISTS", scripts.keyspace.suspended))


def require_job(record: JobRecord | None, job_id: str) -> JobRecord:
    """Return the record, or say that there is no such job.

    Raises:
        NoSuchJobError: if `record` is None.
    """
    if record is None:
        raise no_such_job(job_id)
    return record


def no_such_job(job_id: str) -> NoSuchJobError:
    """Return the error for a job that does not exist."""
    return NoSuchJobError(f"No such job: {job_id}; it was never enqueued here, was deleted, or its time to live passed")
