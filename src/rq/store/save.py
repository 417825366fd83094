"""SAVE: a job is written as somebody has it in memory. Enqueueing, running, canceling and the rest do not need it: each writes what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from rq.core.errors import CorruptDataError
from rq.store.calls import Argument, Call, wire
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary


def save_job(scripts: ScriptLibrary, job_id: str, fields: Sequence[Argument], how: Literal["create", "update", "new"] = "update") -> Call[str]:
    """Write fields of a job.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        fields: name, value, name, value, ...; at least one.
        how: `create` writes in any case; `update` leaves a job alone that is gone, `new` one that exists.

    Returns:
        A code: ok, gone, exists.

    Raises:
        CorruptDataError: if the job's key holds something else.
    """

    def read(reply: Any) -> str:
        code = read_code(reply)
        if code == "badtype":
            message = f"Job {job_id} was not saved: its key holds something that is no hash; delete that key"
            raise CorruptDataError(message)
        return code

    return Call(read, (how, *fields), scripts.script("save"), (scripts.keyspace.job(job_id),))


def expire_job(scripts: ScriptLibrary, job_id: str, seconds: int) -> Call[bool]:
    """Let a job expire, with the sets of those it waits for and of those that wait for it."""
    keys = scripts.keyspace
    return Call(bool, (seconds,), scripts.script("expire"), (keys.job(job_id), keys.dependents(job_id), keys.dependencies(job_id)))


def register_dependencies(scripts: ScriptLibrary, job_id: str, queue: str, parents: Sequence[str]) -> Call[bool]:
    """List a job among the deferred ones of its queue, and with each job that it waits for. Says whether the keys of these lists can hold it."""
    keys = scripts.keyspace
    return Call(
        lambda reply: read_code(reply) == "ok",
        (wire(job_id), *map(wire, parents)),
        scripts.script("register_dependencies"),
        (keys.registry("deferred", queue), keys.dependencies(job_id)),
    )
