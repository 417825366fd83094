"""HEARTBEAT: a worker keeps its leases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rq.store.calls import Argument, Call, pairs, text, wire
from rq.store.replies import read_code, read_triples
from rq.store.scripts import ScriptLibrary


@dataclass(frozen=True, slots=True)
class KeptCommand:
    """What somebody told the worker, and was kept until it hears of it.

    Args:
        kind: shutdown, or kill.
        command_id: names the command.
        executions: those that are to be killed.
    """

    kind: str
    command_id: str
    executions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat.

    Args:
        known: false if the worker is not registered any more and must register again.
        exceptions: (job id, execution id, code) for every execution whose lease was not extended or that somebody wants ended: dup (its outcome is written),
            fenced, gone, canceled, stop.
        commands: what the worker was told and has not said yet that it heard.
    """

    known: bool
    exceptions: list[tuple[str, str, str]]
    commands: list[KeptCommand] = field(default_factory=list)


def extend_leases(  # noqa: PLR0913 - each is one argument of the script
    scripts: ScriptLibrary,
    worker: str,
    incarnation: str,
    lease_seconds: float,
    ttl_seconds: int,
    running: Sequence[tuple[str, str]],
    *,
    working_seconds: float = 0.0,
    heard: Sequence[str] = (),
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
        heard: the ids of commands that need not be kept any longer.
    """
    keys = scripts.keyspace
    arguments: list[Argument] = [wire(worker), incarnation, lease_seconds, ttl_seconds, working_seconds, " ".join(heard)]
    for job_id, execution_id in running:
        arguments += [wire(job_id), execution_id]
    return Call(
        lambda reply: Beat(True, read_triples(reply[1]), _read_commands(reply[2])) if read_code(reply) == "ok" else Beat(False, []),
        arguments,
        scripts.script("heartbeat"),
        (keys.presence, keys.held(worker), keys.worker(worker)),
    )


def _read_commands(reply: Any) -> list[KeptCommand]:
    kept = [(text(kind), text(words).split(" ")) for kind, words in pairs(reply)]
    return [KeptCommand(kind, command_id, tuple(executions)) for kind, (command_id, *executions) in kept]
