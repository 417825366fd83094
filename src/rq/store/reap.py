"""RECLAIM and SWEEP: what dead workers left goes back to its queue, and registries forget what expired. Any worker may call these at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.store.calls import Argument, Call, pairs, text, wire
from rq.store.codec import encode_exception
from rq.store.replies import read_code, read_triples
from rq.store.scripts import ScriptLibrary
from rq.store.settle import crash_text

MOST_SUSPECTS = 100
MOST_SWEPT = 500


@dataclass(frozen=True, slots=True)
class Suspect:
    """An entry of a registry of started jobs: the member ID:EXECUTION, its score, and for how many seconds the caller has seen that score unchanged."""

    member: str
    score: float
    seen_seconds: float


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What one call took back: (job id, requeued | failed); the entries to watch, those whose lease ends first; and how many of them have run out."""

    jobs: list[tuple[str, str]]
    suspects: list[tuple[str, float]]
    overdue: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class WorkerLease:
    """How a worker's lease stands. `lease_seconds` is None if the worker never said."""

    worker: str
    incarnation: str
    ends_at: float
    lease_seconds: float | None
    expired: bool


def reclaim_jobs(scripts: ScriptLibrary, queue: str, suspects: Sequence[Suspect], own_lease_seconds: float, most_crashes: int) -> Call[Reclaimed]:
    """Take back the jobs of a queue whose lease ran out and whose entry the caller has seen unchanged for at least half a lease.

    Two observations, because a jump of the server's clock makes every lease look expired at once: whoever lives has written a new score by then.
    """
    keys = scripts.keyspace
    reason = "the lease ran out: its worker or machine is gone"
    arguments: list[Argument] = [wire(queue), MOST_SUSPECTS, most_crashes, reason, encode_exception(crash_text(reason)), DEFAULT_FAILURE_TTL, own_lease_seconds]
    for suspect in suspects:
        arguments += [wire(suspect.member), suspect.score, suspect.seen_seconds]
    return Call(
        lambda reply: Reclaimed(
            [(text(job_id), text(code)) for job_id, code in pairs(reply[1])],
            [(text(member), float(score)) for member, score in pairs(reply[2])],
            int(reply[3]),
        ),
        arguments,
        scripts.script("reclaim"),
        (keys.registry("wip", queue), keys.queue(queue), keys.registry("failed", queue)),
    )


def list_worker_leases(scripts: ScriptLibrary) -> Call[list[WorkerLease]]:
    """List the workers whose lease ends first."""
    return Call(
        lambda reply: [
            WorkerLease(text(flat[0]), text(flat[1]), float(flat[2]), float(flat[3]) if flat[3] else None, text(flat[4]) == "expired")
            for flat in (reply[1][at : at + 5] for at in range(0, len(reply[1]), 5))
        ],
        (MOST_SUSPECTS,),
        scripts.script("expired_workers"),
        (scripts.keyspace.presence,),
    )


def reclaim_worker(
    scripts: ScriptLibrary, worker: str, incarnation: str, reason: str, most_crashes: int, *, seen_dead: bool = False
) -> Call[tuple[str, list[tuple[str, str, str]], int]]:
    """Take back all that a dead worker had, and unregister it.

    Args:
        scripts: the keyspace's scripts.
        worker: its name.
        incarnation: the run of it that is meant; '' for whichever it is.
        reason: a sentence for people: how we know.
        most_crashes: see `settle`.
        seen_dead: the caller saw the process end, so that its lease need not run out.

    Returns:
        A code (ok, alive, gone), the reclaimed jobs (queue, job id, requeued | failed), and how many caught ids went back to its queues.
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (read_code(reply), read_triples(reply[1]), int(reply[2])) if len(reply) > 1 else (read_code(reply), [], 0),
        (
            *(wire(worker), incarnation, "dead" if seen_dead else "expired", most_crashes),
            *(reason, encode_exception(crash_text(reason)), DEFAULT_FAILURE_TTL),
        ),
        scripts.script("reclaim_worker"),
        (keys.presence, keys.held(worker), keys.worker(worker)),
    )


def sweep_queue(scripts: ScriptLibrary, queue: str, worker: str) -> Call[tuple[int, int]]:
    """Forget expired registry entries, repair RQ's intermediate list, hold RQ's maintenance locks. Returns how many were forgotten and repaired."""
    keys = scripts.keyspace
    return Call(
        lambda reply: (int(reply[1]), int(reply[2])),
        (wire(queue), MOST_SWEPT, wire(worker)),
        scripts.script("sweep"),
        (keys.registry("finished", queue), keys.registry("failed", queue), keys.intermediate(queue), keys.queue(queue)),
    )
