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
        sequence: counts the worker's claims; the same number asks for the same jobs again. 0 in one that is left at the server, which gets its number there.
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


def claim_jobs(scripts: ScriptLibrary, request: ClaimRequest) -> Call[Claimed]:
    """Take up to one job per execution id, from the queues in order; promotes what is due first. One round trip for any number of queues.

    Args:
        scripts: the keyspace's scripts.
        request: who claims, and how much.
    """
    return _claim(scripts, request, "always")


def claim_when_woken(scripts: ScriptLibrary, request: ClaimRequest) -> Call[Claimed]:
    """Take jobs if the worker still waits, for no more places than it had when its last claim found nothing; else give back what was caught.

    It looks into the queues, too: another claim may have given back what woke the worker. For a call that waits on the server behind a blocking one: it is
    carried out once at most, and if its answer was lost, the worker's next own claim tells.

    Args:
        scripts: the keyspace's scripts.
        request: who claims, with execution ids that no other request has.
    """
    return _claim(scripts, request, "woken")


def _claim(scripts: ScriptLibrary, request: ClaimRequest, when: str) -> Call[Claimed]:
    keys = scripts.keyspace
    queues = [keys.queue(queue) for queue in request.queues]
    caught = [keys.caught(queue) for queue in request.queues]
    return Call(read_claimed, [when, *request.arguments()], scripts.script("claim"), (keys.held(request.worker), *queues, *caught))
