"""HEARTBEAT: a worker keeps its leases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rq.store.calls import Argument, Call, wire
from rq.store.replies import read_code, read_triples
from rq.store.scripts import ScriptLibrary


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat.

    Args:
        known: false if the worker is not registered any more and must register again.
        exceptions: (job id, execution id, code) for every execution whose lease was not extended or that somebody wants ended: dup (its outcome is written),
            fenced, gone, canceled, stop.
    """

    known: bool
    exceptions: list[tuple[str, str, str]]


def extend_leases(  # noqa: PLR0913 - each is one argument of the script
    scripts: ScriptLibrary,
    worker: str,
    incarnation: str,
    lease_seconds: float,
    ttl_seconds: int,
    running: Sequence[tuple[str, str]],
    *,
    working_seconds: float = 0.0,
) -> Call[Beat]:
    """Extend a worker's own lease and those of all executions it runs, in one call.

    Args:
        scripts: the keyspace's scripts.
        worker: the worker's name.
        incarnation: names this run of the worker.
        lease_seconds: how long the leases last from now.
        ttl_seconds: after how many seconds the worker's hash expires.
        running: job id and execution id of each attempt.
        working_seconds: how long the current job has run; readers of the worker's hash see it.
    """
    keys = scripts.keyspace
    arguments: list[Argument] = [wire(worker), incarnation, lease_seconds, ttl_seconds, working_seconds]
    for job_id, execution_id in running:
        arguments += [wire(job_id), execution_id]
    return Call(
        lambda reply: Beat(read_code(reply) == "ok", read_triples(reply[1]) if len(reply) > 1 else []),
        arguments,
        scripts.script("heartbeat"),
        (keys.presence, keys.held(worker), keys.worker(worker)),
    )
