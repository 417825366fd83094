"""Executions written by hand, in RQ's way. Workers of this package need none of this: `claim` begins an execution, and the exit of the attempt ends it."""

from __future__ import annotations

from typing import Literal

from rq.core.clock import to_timestamp
from rq.model.execution import ExecutionRecord
from rq.store.calls import Argument, Call, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary


def write_execution(scripts: ScriptLibrary, record: ExecutionRecord, queue: str, seconds: int, how: Literal["create", "save", "beat"] = "create") -> Call[bool]:
    """Write down an execution, for so many seconds (negative: for ever). Returns whether it exists.

    Args:
        scripts: the keyspace's scripts.
        record: the execution.
        queue: the queue of its job.
        seconds: how long it lasts without another beat.
        how: `create` begins it; `save` writes its hash alone; `beat` says that it goes on, and does nothing if it is over.
    """
    keys = scripts.keyspace
    fields = _fields_of(record)
    if how == "beat":
        fields = {"last_heartbeat": fields["last_heartbeat"]}
    flat = [part for field in fields.items() for part in field]
    return Call(
        lambda reply: read_code(reply) == "ok",
        (how, wire(record.job_id), record.id, seconds, *flat),
        scripts.script("write_execution"),
        (keys.execution(record.job_id, record.id), keys.executions(record.job_id), keys.registry("wip", queue)),
    )


def end_executions(scripts: ScriptLibrary, job_id: str, queue: str, execution_id: str = "") -> Call[bool]:
    """Forget one execution of a job, or all of them. Whoever runs it is fenced."""
    return Call(bool, (wire(job_id), wire(queue), execution_id), scripts.script("end_executions"), (scripts.keyspace.executions(job_id),))


def _fields_of(record: ExecutionRecord) -> dict[str, Argument]:
    """Return the hash of an execution, as RQ writes it: moments as seconds."""
    created_at, last_heartbeat = ("" if moment is None else repr(to_timestamp(moment)) for moment in (record.created_at, record.last_heartbeat))
    return {"id": record.id, "created_at": created_at, "last_heartbeat": last_heartbeat, "worker_name": wire(record.worker_name)}
