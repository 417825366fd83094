"""CLAIM: a worker takes jobs for its free places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rq.store.calls import Argument, Call, wire
from rq.store.replies import Claimed, read_claimed
from rq.store.scripts import ScriptLibrary


class ClaimRequest(NamedTuple):
    """What a claim asks for, alone or riding on an exit.

    Args:
        worker: the worker's name.
        incarnation: names this run of the worker.
        sequence: counts the worker's claims; the same number asks for the same jobs again.
        lease_seconds: how long the jobs are the worker's without a heartbeat.
        executions: one fresh execution id per free place.
        queues: names, in order of priority.
    """

    worker: str
    incarnation: str
    sequence: int
    lease_seconds: float
    executions: Sequence[str]
    queues: Sequence[str]

    def arguments(self) -> list[Argument]:
        """Return the request as the tail of a script's ARGV."""
        return [
            wire(self.worker),
            self.incarnation,
            self.sequence,
            self.lease_seconds,
            len(self.executions),
            *self.executions,
            *(wire(queue) for queue in self.queues),
        ]


def claim_jobs(scripts: ScriptLibrary, request: ClaimRequest, *, only_if_caught: bool = False) -> Call[Claimed]:
    """Take up to one job per execution id, from the queues in order; promotes what is due first. One round trip for any number of queues.

    Args:
        scripts: the keyspace's scripts.
        request: who claims, and how much.
        only_if_caught: do nothing (`idle`) unless an id has woken the worker; for a call that waits on the server behind a blocking one.
    """
    keys = scripts.keyspace
    arguments: list[Argument] = ["caught" if only_if_caught else "always", *request.arguments()]
    queues = [keys.queue(queue) for queue in request.queues]
    caught = [keys.caught(request.worker, queue) for queue in request.queues]
    return Call(read_claimed, arguments, scripts.script("claim"), (keys.held(request.worker), *queues, *caught))
