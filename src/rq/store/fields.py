"""Fields that are written on their own, because no state depends on them. A hash that is gone stays gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rq.core.errors import CorruptDataError
from rq.store.calls import Argument, Call
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary


def write_meta(scripts: ScriptLibrary, job_id: str, meta: bytes) -> Call[bool]:
    """Write a job's serialized meta. Says whether the job exists. CorruptDataError if its key holds something else."""
    return write_job_fields(scripts, job_id, ("meta", meta))


def write_job_fields(scripts: ScriptLibrary, job_id: str, fields: Sequence[Argument]) -> Call[bool]:
    """Write fields of a job: name, value, name, value, .... Says whether it exists. CorruptDataError if its key holds something else."""
    key = scripts.keyspace.job(job_id)

    def read(reply: Any) -> bool:
        code = read_code(reply)
        if code == "badtype":
            message = f"Job {job_id}: the key {key} holds something that is no job; delete that key"
            raise CorruptDataError(message)
        return code == "ok"

    return Call(read, tuple(fields), scripts.script("update_hash"), (key,))


def set_worker_fields(scripts: ScriptLibrary, worker: str, fields: Sequence[tuple[str, Argument]]) -> Call[bool]:
    """Write what a worker says of itself (its state while suspended, the date of a stop request). Says whether it is registered."""
    return _update_hash(scripts, scripts.keyspace.worker(worker), [part for field in fields for part in field])


def forget_current_job(scripts: ScriptLibrary, worker: str) -> Call[bool]:
    """Let a worker show no job. Says whether it showed one."""
    return Call(bool, ("HDEL", scripts.keyspace.worker(worker), "current_job"))


def count_for_worker(scripts: ScriptLibrary, worker: str, counter: str, amount: float) -> Call[bool]:
    """Add to a number that a worker keeps of its jobs by hand. Not idempotent: sent again, it counts again."""
    command = "HINCRBY" if isinstance(amount, int) else "HINCRBYFLOAT"
    return Call(lambda _: True, (command, scripts.keyspace.worker(worker), counter, amount))


def expire_worker(scripts: ScriptLibrary, worker: str, ttl_seconds: int) -> Call[bool]:
    """Let a worker's hash live for so long. Says whether it is registered."""
    return Call(bool, ("EXPIRE", scripts.keyspace.worker(worker), ttl_seconds))


def _update_hash(scripts: ScriptLibrary, key: str, arguments: Sequence[Argument]) -> Call[bool]:
    return Call(lambda reply: read_code(reply) == "ok", arguments, scripts.script("update_hash"), (key,))
