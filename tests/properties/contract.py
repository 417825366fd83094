"""What must hold whatever the model says: the contract, read off the raw keys of a server.

The model may repeat a mistake of the scripts; these rules do not know how a transition works.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.properties.world import REGISTRY_OF, TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.properties.snapshot import Snapshot
    from tests.properties.world import Flat, Key

DEFAULT_RESULT_TTL = 500
DEFAULT_FAILURE_TTL = 365 * 24 * 60 * 60
FOREIGN = ("rq", "stray")


@dataclass
class Known:
    """What the test did beside the store, and so must be forgiven.

    Attributes:
        strays: ids that were put into lists, or whose hash was taken away, behind the store's back.
        touched: executions whose keys RQ, an operator or the server's expiry removed.
        untold: jobs that RQ ended, or that had gone and entered again while somebody waited: those who wait for them are told by a sweep.
        let_go_by_rq: jobs that waited for others and that RQ let go on; it leaves their pending sets.
        expiring: jobs that a program let expire, in a time of its own.
        unrecorded: jobs of which a worker was told to keep no record if they fail.
    """

    strays: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)
    let_go_by_rq: set[str] = field(default_factory=set)
    expiring: set[str] = field(default_factory=set)
    unrecorded: set[str] = field(default_factory=set)


class Facts:
    """A snapshot, sorted by what its keys are."""

    def __init__(self, snapshot: Snapshot, prefix: str) -> None:
        self.jobs: dict[str, Flat] = {}
        self.ttl: dict[str, float | None] = {}
        self.lists: list[tuple[str, str]] = []
        self.zsets: dict[tuple[str, str], dict[str, float]] = {}
        self.held: dict[str, Flat] = {}
        self.execution: dict[str, Flat] = {}
        self.results: dict[str, int] = {}
        self.pending: dict[str, set[str]] = {}
        self.dependents: dict[str, set[str]] = {}
        self.releases: set[str] = set()
        for name, key in snapshot.items():
            kind, _, rest = name.removeprefix(prefix).partition(":")
            if kind == "x":
                self._sort_ours(rest, key)
            elif kind == "job" and rest.endswith(":dependents"):
                self.dependents[rest.removesuffix(":dependents")] = key.value
            elif kind == "job" and key.type == "hash":
                self.jobs[rest], self.ttl[rest] = key.value, key.ttl
            elif key.type == "list":
                self.lists += [(name, job_id) for job_id in key.value]
            elif key.type == "zset":
                self.zsets[kind, rest] = key.value
            elif kind == "execution" and key.type == "hash":
                self.execution[rest] = key.value
            elif kind == "results":
                self.results[rest] = len(key.value)

    def _sort_ours(self, name: str, key: Key) -> None:
        """What this package keeps beside RQ's keys."""
        kind, _, rest = name.partition(":")
        if kind == "pending":
            self.pending[rest] = key.value
        elif kind == "releases":
            self.releases = set(key.value)
        elif kind == "caught":
            self.lists += [(name, job_id) for job_id in key.value]
        elif kind == "worker":
            self.held[rest] = key.value

    def members(self, kind: str, queue: str) -> dict[str, float]:
        return self.zsets.get((kind, queue), {})

    def leases(self) -> Iterator[tuple[str, str, str]]:
        """Yield queue, job id and execution of every entry among the started jobs."""
        for (kind, queue), members in self.zsets.items():
            if kind == "wip":
                for member in members:
                    job_id, _, execution = member.rpartition(":")
                    yield queue, job_id, execution


def broken_rules(snapshot: Snapshot, prefix: str, known: Known) -> Iterator[str]:
    """Yield a sentence for every rule that does not hold."""
    facts = Facts(snapshot, prefix)
    for job_id, fields in facts.jobs.items():
        yield from _place_of_a_job(facts, job_id, fields, known)
        if fields["status"] in TERMINAL:
            yield from _end_of_a_job(facts, job_id, fields, known)
    yield from _no_id_in_two_places(facts, known)
    yield from _registries_agree_with_jobs(facts, known)
    yield from _leases_agree_with_jobs_and_workers(facts, known)
    yield from _those_who_wait_may_hope(facts, known)
    yield from (f"{job_id} has {count} results" for job_id, count in facts.results.items() if count > 10)


def _place_of_a_job(facts: Facts, job_id: str, fields: Flat, known: Known) -> Iterator[str]:
    status, origin = fields["status"], fields["origin"]
    runs = {execution for queue, i, execution in facts.leases() if i == job_id and queue == origin}
    if status == "queued":
        in_a_list = any(i == job_id for _, i in facts.lists)
        if not in_a_list and not any(run.startswith(FOREIGN) for run in runs):
            yield f"{job_id} is queued, and nobody will ever find it"
    elif status == "started":
        owner = fields.get("x_execution")
        if not runs or (owner and owner not in runs and owner not in known.touched):
            yield f"{job_id} is started, and nobody holds its lease: {owner} of {runs}"
    elif job_id not in facts.members(REGISTRY_OF[status], origin) and facts.ttl[job_id] is None and job_id not in known.unrecorded:
        yield f"{job_id} is {status}, and no registry names it"
    if "x_execution" in fields and status != "started" and fields["x_execution"] not in known.touched:
        yield f"{job_id} is {status}, and {fields['x_execution']} still owns it"


def _end_of_a_job(facts: Facts, job_id: str, fields: Flat, known: Known) -> Iterator[str]:
    status = fields["status"]
    if status == "canceled" or job_id in known.expiring:
        return
    name, default = ("result_ttl", DEFAULT_RESULT_TTL) if status == "finished" else ("failure_ttl", DEFAULT_FAILURE_TTL)
    asked, ttl = int(fields.get(name, default)), facts.ttl[job_id]
    if (ttl is None) != (asked < 0) or (ttl is not None and not asked - 30 <= ttl <= asked):
        yield f"{job_id} is {status} and expires in {ttl}, asked {asked}"


def _no_id_in_two_places(facts: Facts, known: Known) -> Iterator[str]:
    for job_id, count in Counter(job_id for _, job_id in facts.lists).items():
        status = facts.jobs.get(job_id, {}).get("status", "queued")
        if job_id not in known.strays and (count > 1 or status != "queued"):
            yield f"{job_id} is {status} and stands in {[name for name, i in facts.lists if i == job_id]}"


def _registries_agree_with_jobs(facts: Facts, known: Known) -> Iterator[str]:
    for (kind, queue), members in facts.zsets.items():
        if kind not in REGISTRY_OF.values():
            continue
        for job_id in members:
            fields = facts.jobs.get(job_id)
            if fields and job_id not in known.strays and (REGISTRY_OF.get(fields["status"]) != kind or fields["origin"] != queue):
                yield f"{job_id} is {fields['status']} in {fields['origin']}, and {kind}:{queue} names it"


def _leases_agree_with_jobs_and_workers(facts: Facts, known: Known) -> Iterator[str]:
    held = {(queue, field_.removeprefix("held:")) for side in facts.held.values() for field_, queue in side.items() if field_.startswith("held:")}
    leases = set()
    for queue, job_id, execution in facts.leases():
        if execution.startswith(FOREIGN) or execution in known.touched:
            continue
        leases.add((queue, f"{job_id}:{execution}"))
        owner = facts.jobs.get(job_id, {}).get("x_execution")
        if owner == execution and execution not in facts.members("executions", job_id):
            yield f"executions of {job_id} lack {execution}"
        if f"{job_id}:{execution}" not in facts.execution:
            yield f"{job_id} has a lease of {execution}, of which nothing is known"
    held = {entry for entry in held if entry[1].rpartition(":")[2] not in known.touched}
    if held != leases:
        yield f"workers hold {sorted(held)}, leases are {sorted(leases)}"


def _those_who_wait_may_hope(facts: Facts, known: Known) -> Iterator[str]:
    """A deferred job waits for something that can still come, and will be told; nobody else waits."""
    for job_id in facts.pending.keys() - known.strays - known.let_go_by_rq:
        status = facts.jobs.get(job_id, {}).get("status")
        if status != "deferred":
            yield f"{job_id} is {status}, and is said to wait for {facts.pending[job_id]}"
    for job_id, fields in facts.jobs.items():
        if fields["status"] == "deferred" and "x_enqueue" in fields and job_id not in known.strays:
            pending = facts.pending.get(job_id, set())
            if not pending:
                yield f"{job_id} is deferred, and waits for nothing"
            for parent in pending - known.strays - facts.releases:
                yield from _a_child_may_hope(facts, job_id, parent, known)


def _a_child_may_hope(facts: Facts, child: str, parent: str, known: Known) -> Iterator[str]:
    if parent not in facts.jobs:
        return  # it failed and was not to be kept: the sweep finds the child
    status, fields = facts.jobs[parent]["status"], facts.jobs[child]
    if parent not in known.untold and child not in facts.dependents.get(parent, set()):
        yield f"{child} waits for {parent}, which will not tell it"
    allowed = fields.get("allow_dependency_failures") == "1" and status == "failed"
    decided = allowed or f"{parent}=" in fields.get("x_on_parent_failure", "")
    if parent not in known.untold and (status == "finished" or (status in TERMINAL and decided)):
        yield f"{child} waits for {parent}, which is {status}"
