"""What a keyspace holds, as plain Python values: the state of the model.

No server, no key names, no transitions. `World.expected()` lists the keys a server must hold if it agrees; the transitions are in `model`.
Texts are str throughout (bytes read as Latin-1), so that a value of the model and a value of a dump compare as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rq.core.keys import Keyspace

START_SECONDS = 1_700_000_000
# Every call happens a little later than the one before. The steps are exact in binary, and more than the half millisecond
# within which `reclaim` takes two scores for the same.
TICK_SECONDS = 1 / 1024
SCORE_MARGIN = 60
PENDING_SECONDS = 60 * 86400
# Who asks for attempts to be stopped.
STOPPER = "ann@desk, pid 7"

Flat = dict[str, str]
TERMINAL = frozenset({"finished", "failed", "stopped", "canceled"})
REGISTRY_OF = {
    "finished": "finished",
    "failed": "failed",
    "stopped": "failed",
    "deferred": "deferred",
    "scheduled": "scheduled",
    "canceled": "canceled",
}
ANY = "any value"
ANY_TTL = -2


class Key(NamedTuple):
    """One key: its type, its value, and the seconds until it expires (None: never; `ANY_TTL`: some time)."""

    type: str
    value: Any
    ttl: float | None = None


@dataclass
class JobHash:
    """The hash of a job. `broken`: something that is no hash stands in its place."""

    fields: Flat
    ttl: float | None = None
    broken: bool = False

    @property
    def status(self) -> str | None:
        return self.fields.get("status")

    def drop(self, *names: str) -> None:
        for name in names:
            self.fields.pop(name, None)


@dataclass
class Side:
    """What the store keeps about a registered worker beside RQ's hash.

    Attributes:
        waiting: the number of the last claim that found nothing, and its places.
        woken: the number that the last claim got which was left at the server, and its executions.
    """

    incarnation: str
    lease: float
    queues: tuple[str, ...]
    sequence: int | None = None
    waiting: tuple[int, int] | None = None
    woken: tuple[int, tuple[str, ...]] | None = None
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class WorkerHash:
    """RQ's hash of a worker."""

    fields: dict[str, str | float]
    ttl: float


@dataclass
class Results:
    """The stream of a job's results: of each entry its type, worker and execution."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    ttl: float | None = None


@dataclass
class Ids:
    """A set of job ids, and how long it stays."""

    ids: set[str] = field(default_factory=set)
    ttl: float | None = None


class Note(NamedTuple):
    """What a job that was deleted leaves for a minute: its last attempt's end, or the nonce of the call that deleted it; and that of its enqueue call."""

    last: str
    nonce: str


@dataclass
class Crons:
    """What a keyspace holds of cron. `made`: which ticks have become a job, and how often."""

    known: dict[str, Flat] = field(default_factory=dict)
    templates: dict[str, Flat] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    switches: dict[str, Flat] = field(default_factory=dict)
    histories: dict[str, dict[str, float]] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=dict)
    processes: dict[str, float] = field(default_factory=dict)
    hashes: dict[str, Flat] = field(default_factory=dict)
    made: list[tuple[str, int]] = field(default_factory=list)

    def expected(self, keys: Keyspace) -> list[tuple[str, Key]]:
        """The keys that a server must hold of it."""
        return [
            *((keys.cron(identity), Key("hash", fields, ANY_TTL)) for identity, fields in self.known.items()),
            *((keys.cron_template(identity), Key("hash", fields, ANY_TTL)) for identity, fields in self.templates.items()),
            (keys.crons, Key("zset", self.heard)),
            *((keys.cron_switch(name), Key("hash", fields, None if "paused" in fields else ANY_TTL)) for name, fields in self.switches.items()),
            *((keys.cron_history(name), Key("zset", ids, ANY_TTL)) for name, ids in self.histories.items()),
            (keys.cron_jobs, Key("zset", self.names)),
            (keys.cron_schedulers, Key("zset", self.processes)),
            *((keys.cron_scheduler(name), Key("hash", fields, ANY_TTL)) for name, fields in self.hashes.items()),
        ]


class World:
    """Everything a keyspace holds, and the clock of its server."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.calls = 0
        self.jobs: dict[str, JobHash] = {}
        self.results: dict[str, Results] = {}
        self.notes: dict[str, Note] = {}
        self.pending: dict[str, set[str]] = {}
        self.dependents: dict[str, Ids] = {}
        self.dependencies: dict[str, Ids] = {}
        self.releases: dict[str, str] = {}
        self.groups: dict[str, set[str]] = {}
        self.outbox: dict[str, float] = {}
        self.bodies: dict[str, str] = {}
        self.known_queues: set[str] = set()
        self.queues: dict[str, list[str]] = {}
        self.intermediate: dict[str, list[str]] = {}
        self.first_seen: dict[tuple[str, str], str] = {}
        self.registries: dict[tuple[str, str], dict[str, float]] = {}
        self.bad: dict[str, list[str]] = {}
        self.wip: dict[str, dict[tuple[str, str], float]] = {}
        self.executions: dict[str, dict[str, float]] = {}
        self.execution: dict[tuple[str, str], Flat] = {}
        self.sides: dict[str, Side] = {}
        self.worker_hashes: dict[str, WorkerHash] = {}
        self.registered: set[str] = set()
        self.listening: dict[str, set[str]] = {}
        self.presence: dict[str, float] = {}
        self.caught: dict[str, list[str]] = {}
        self.suspended = False
        self.paused: dict[str, float] = {}
        self.paused_ttl: float | None = None
        self.locks: dict[str, str] = {}
        self.turns: dict[str, tuple[str, float]] = {}
        self.crons = Crons()

    @property
    def now(self) -> float:
        """The server's time."""
        return START_SECONDS + self.offset + self.calls * TICK_SECONDS

    def job(self, job_id: str) -> JobHash | None:
        """The hash of a job, None if there is none or something else stands there."""
        job = self.jobs.get(job_id)
        return None if job is None or job.broken else job

    def is_broken(self, job_id: str) -> bool:
        return job_id in self.jobs and self.jobs[job_id].broken

    def queue(self, name: str) -> list[str]:
        return self.queues.setdefault(name, [])

    def registry(self, kind: str, queue: str) -> dict[str, float]:
        return self.registries.setdefault((kind, queue), {})

    def has_lease(self, queue: str, job_id: str, execution: str) -> bool:
        return (job_id, execution) in self.wip.get(queue, {})

    def expected(self, keys: Keyspace) -> dict[str, Key]:
        """The keys a server must hold that agrees with this world; empty ones do not exist."""
        found = [
            *self._expected_jobs(keys),
            *self._expected_relations(keys),
            *self._expected_places(keys),
            *self._expected_attempts(keys),
            *self._expected_workers(keys),
            *self.crons.expected(keys),
        ]
        return {name: key for name, key in found if key.value or key.type == "string"}

    def _expected_jobs(self, keys: Keyspace) -> list[tuple[str, Key]]:
        return [
            *((keys.job(i), Key("string", "junk", job.ttl) if job.broken else Key("hash", job.fields, job.ttl)) for i, job in self.jobs.items()),
            *((keys.results(i), Key("stream", results.entries, results.ttl)) for i, results in self.results.items()),
            *((keys.name("ended", i), Key("string", f"{n.last} {n.nonce}", 60)) for i, n in self.notes.items()),
        ]

    def _expected_relations(self, keys: Keyspace) -> list[tuple[str, Key]]:
        return [
            *((keys.pending(i), Key("set", parents, PENDING_SECONDS)) for i, parents in self.pending.items()),
            *((keys.dependents(i), Key("set", children.ids, children.ttl)) for i, children in self.dependents.items()),
            *((keys.dependencies(i), Key("set", parents.ids, parents.ttl)) for i, parents in self.dependencies.items()),
            (keys.releases, Key("hash", {i: f"{ended} 0" for i, ended in self.releases.items()})),
            (keys.groups, Key("set", set(self.groups))),
            *((keys.group(name), Key("set", ids)) for name, ids in self.groups.items()),
            (keys.outbox, Key("zset", self.outbox)),
            (keys.deliveries, Key("hash", self.bodies)),
        ]

    def _expected_places(self, keys: Keyspace) -> list[tuple[str, Key]]:
        return [
            (keys.queues, Key("set", {keys.queue(queue) for queue in self.known_queues})),
            *((keys.queue(queue), Key("list", ids)) for queue, ids in self.queues.items()),
            *((keys.intermediate(queue), Key("list", ids)) for queue, ids in self.intermediate.items()),
            *((keys.name("first_seen", *where), Key("string", seen, 86400)) for where, seen in self.first_seen.items()),
            *((keys.bad(queue), Key("list", lines)) for queue, lines in self.bad.items()),
            *((keys.registry(*where), Key("zset", members)) for where, members in self.registries.items()),
            *((keys.caught(queue), Key("list", ids)) for queue, ids in self.caught.items()),
            *(((keys.suspended, Key("string", ANY)),) if self.suspended else ()),
            *((name, Key("string", value, 60)) for name, value in self.locks.items()),
            *((keys.name("promoter", queue), Key("string", f"{seconds_text(ends)} {worker}", 60)) for queue, (worker, ends) in self.turns.items()),
        ]

    def _expected_attempts(self, keys: Keyspace) -> list[tuple[str, Key]]:
        return [
            *((keys.registry("wip", queue), Key("zset", {f"{i}:{e}": score for (i, e), score in leases.items()})) for queue, leases in self.wip.items()),
            *((keys.executions(i), Key("zset", scores, ANY_TTL)) for i, scores in self.executions.items()),
            *((keys.execution(*where), Key("hash", fields, ANY_TTL)) for where, fields in self.execution.items()),
        ]

    def _expected_workers(self, keys: Keyspace) -> list[tuple[str, Key]]:
        return [
            (keys.workers, Key("set", {keys.worker(name) for name in self.registered})),
            *((keys.queue_workers(queue), Key("set", {keys.worker(name) for name in names})) for queue, names in self.listening.items()),
            (keys.presence, Key("zset", self.presence)),
            (keys.paused, Key("zset", self.paused, self.paused_ttl)),
            *((keys.worker(name), Key("hash", w.fields, w.ttl)) for name, w in self.worker_hashes.items()),
            *((keys.held(name), Key("hash", _side_fields(side))) for name, side in self.sides.items()),
        ]


def _side_fields(side: Side) -> dict[str, str | float]:
    fields: dict[str, str | float] = {"incarnation": side.incarnation, "lease": side.lease}
    if side.sequence is not None:
        fields["sequence"] = str(side.sequence)
    if side.waiting is not None:
        fields["waiting"] = f"{side.waiting[0]} {side.waiting[1]}"
    if side.woken is not None:
        fields["woken"] = " ".join([str(side.woken[0]), *side.woken[1]])
    fields |= {f"queue:{number}": queue for number, queue in enumerate(side.queues, 1)}
    fields |= {f"command:{kind}": " ".join(words) for kind, words in side.commands.items()}
    return fields | {f"held:{job_id}:{execution}": queue for (job_id, execution), queue in side.held.items()}


def iso_date(seconds: float) -> str:
    """A moment as RQ writes it into hashes."""
    whole = math.floor(seconds)
    micros = math.floor((seconds - whole) * 1_000_000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def seconds_text(seconds: float) -> str:
    """A moment as RQ writes it into executions and results."""
    return f"{seconds:.6f}"
