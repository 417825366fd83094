"""Families of jobs for tests that kill: what is enqueued, by whom, what an operator does to it meanwhile, and how each job may have ended at last.

A plan is made of rounds; it is the same in every process that makes it from the same number of rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rq import Queue, Repeat, Retry
from rq.client.grouping import completion_job_id
from rq.job import Dependency
from rq.webhook import Webhook
from tests.faults import fault_jobs

PRODUCERS = 2
FINISHED = frozenset({"finished"})
# More dependents than the exit of a job tells in one step, so that workers tell them later, from a note.
MANY_CHILDREN = 300
# Not every round has so many: they would be most of the jobs.
ROUNDS_PER_CROWD = 5
FEW_CHILDREN = 20


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job of the plan.

    Args:
        id: its id.
        function: one of `fault_jobs`, called with the audit, the id and `argument`.
        argument: what else it is called with: seconds, or how many times it does not succeed.
        parents: the ids it depends on.
        on_parent_failure: what becomes of it when one of these ends badly; None: it waits until that one succeeds after all.
        options: further options of `Queue.enqueue`, which every process makes anew.
        webhook: the end that a receiver is to be told of, if any.
        ends: the statuses in which it may be found at last; "gone" if it may have been deleted.
        successes: how often it succeeds.
    """

    id: str
    function: str = "take_time"
    argument: float = 0.05
    parents: tuple[str, ...] = ()
    on_parent_failure: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    webhook: str | None = None
    ends: frozenset[str] = FINISHED
    successes: int = 1

    def prepared(self, audit: str, receiver: str) -> Any:
        """Return the job as `Queue.enqueue_many` takes it. It is unique, so that a call which is made again does not run it again."""
        depends_on = Dependency(list(self.parents), on_failure=self.on_parent_failure) if self.parents else None
        webhooks = [Webhook(receiver, self.webhook, method="POST")] if self.webhook else None
        function = getattr(fault_jobs, self.function)
        arguments = (audit, self.id, self.argument)
        always: dict[str, Any] = {"job_id": self.id, "result_ttl": -1, "failure_ttl": -1, "unique": True}
        return Queue.prepare_data(function, arguments, depends_on=depends_on, webhooks=webhooks, **always, **self.options)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does.

    `enqueue` one job, `enqueue many` at once, or `enqueue group`: jobs and, last, the one that runs when all have ended. Or `cancel`, `cancel for good`,
    `restore`, `delete` or `requeue` the first job, when all jobs of the step are enqueued: who depends on it waits by then.
    """

    deed: str
    jobs: tuple[PlannedJob, ...]
    group: str | None = None

    @property
    def members(self) -> tuple[PlannedJob, ...]:
        """Those of its jobs that are in the group."""
        return self.jobs[:-1] if self.deed == "enqueue group" else self.jobs

    @property
    def name(self) -> str:
        """What it is known by when it was done."""
        return f"{self.deed}:{self.jobs[0].id}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What every producer and the operator do, in order."""

    producers: tuple[tuple[Step, ...], ...]
    operator: tuple[Step, ...]

    @property
    def jobs(self) -> dict[str, PlannedJob]:
        """All jobs by id."""
        return {job.id: job for steps in self.producers for step in steps for job in step.jobs}

    @property
    def groups(self) -> dict[str, set[bytes]]:
        """The ids of each group."""
        return {step.group: {job.id.encode() for job in step.members} for steps in self.producers for step in steps if step.group}

    def of(self, role: str) -> tuple[Step, ...]:
        """Return the steps of `operator` or of a producer, by number."""
        return self.operator if role == "operator" else self.producers[int(role)]


def make_plan(rounds: int) -> Plan:
    """Return a plan of that many rounds, one after the other with different producers."""
    producers: list[list[Step]] = [[] for _ in range(PRODUCERS)]
    for number in range(rounds):
        producers[number % PRODUCERS] += _round_of(number)
        for steps in producers:
            steps.extend(_one_by_one(_unique_jobs(number)))
    meddling = (step for number in range(rounds) for step in _meddling(number))
    patience = (step for number in range(rounds) for step in _operator_steps("requeue", _requeued, number))
    return Plan(tuple(map(tuple, producers)), (*meddling, *patience))


def _round_of(number: int) -> Iterator[Step]:
    mark = f"r{number}"
    yield from _one_by_one(_chain(f"{mark}-chain"))
    yield Step("enqueue many", _chain(f"{mark}-whole-chain"), f"{mark}-chained")
    yield from _one_by_one(_diamond(f"{mark}-diamond"))
    yield Step("enqueue many", _fan_out(f"{mark}-out", FEW_CHILDREN if number % ROUNDS_PER_CROWD else MANY_CHILDREN))
    yield Step("enqueue many", _fan_in(f"{mark}-in"))
    yield Step("enqueue group", _group(f"{mark}-group"), f"{mark}-group")
    for family in (_retried, _asking, _repeated, _failing, _requeued, _canceled, _canceled_for_good, _restored, _deleted):
        yield from _one_by_one(family(_name_of(family, number)))


def _meddling(number: int) -> Iterator[Step]:
    for deed, family in {"cancel": _canceled, "cancel for good": _canceled_for_good, "delete": _deleted, "restore": _restored}.items():
        yield from _operator_steps(deed, family, number)


def _operator_steps(deed: str, family: Callable[[str], tuple[PlannedJob, ...]], number: int) -> Iterator[Step]:
    jobs = family(_name_of(family, number))
    for pair in zip(jobs[::2], jobs[1::2], strict=True):
        yield Step(deed, pair)


def _name_of(family: Callable[[str], tuple[PlannedJob, ...]], number: int) -> str:
    return f"r{number}-{family.__name__[1:]}"


def _one_by_one(jobs: tuple[PlannedJob, ...]) -> Iterator[Step]:
    for job in jobs:
        yield Step("enqueue", (job,))


def _chain(name: str) -> tuple[PlannedJob, ...]:
    return tuple(PlannedJob(f"{name}{n}", parents=(f"{name}{n - 1}",) if n else (), webhook=None if n % 3 else "finished") for n in range(6))


def _diamond(name: str) -> tuple[PlannedJob, ...]:
    top, left, right, bottom = (f"{name}-{place}" for place in ("top", "left", "right", "bottom"))
    return PlannedJob(top), PlannedJob(left, parents=(top,)), PlannedJob(right, parents=(top,)), PlannedJob(bottom, parents=(left, right))


def _fan_out(name: str, children: int) -> tuple[PlannedJob, ...]:
    return (PlannedJob(name), *(PlannedJob(f"{name}-{n}", argument=0.02, parents=(name,)) for n in range(children)))


def _fan_in(name: str) -> tuple[PlannedJob, ...]:
    parents = tuple(PlannedJob(f"{name}-{n}", argument=0.0) for n in range(15))
    return (*parents, PlannedJob(name, parents=tuple(parent.id for parent in parents)))


def _group(name: str) -> tuple[PlannedJob, ...]:
    members = (*(PlannedJob(f"{name}-{n}", argument=0.0) for n in range(4)), _never_succeeds(f"{name}-bad"))
    return (*members, PlannedJob(completion_job_id(name), parents=tuple(job.id for job in members), on_parent_failure="run"))


def _never_succeeds(job_id: str) -> PlannedJob:
    return PlannedJob(job_id, "fail_at_first", 1_000_000, webhook="failed", ends=frozenset({"failed"}), successes=0)


def _unique_jobs(number: int) -> tuple[PlannedJob, ...]:
    return tuple(PlannedJob(f"u{number}-{n}") for n in range(4))


def _with_children(*parents: PlannedJob, **of_children: Any) -> tuple[PlannedJob, ...]:
    """Return each parent with a child behind it."""
    return tuple(job for parent in parents for job in (parent, PlannedJob(f"{parent.id}-child", parents=(parent.id,), **of_children)))


def _retried(name: str) -> tuple[PlannedJob, ...]:
    parents = (PlannedJob(f"{name}{n}", "fail_at_first", 2, options={"retry": Retry(max=2, interval=[1, 0])}, webhook="finished") for n in range(2))
    return _with_children(*parents)


def _asking(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}", "ask_at_first", 2) for n in range(2)))


def _repeated(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}", options={"repeat": Repeat(times=2, interval=[0, 1])}, successes=3) for n in range(2)))


def _failing(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(_never_succeeds(f"{name}{n}") for n in range(2)), on_parent_failure="run")


def _requeued(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}", "fail_at_first", 1) for n in range(2)))


def _canceled(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}", ends=frozenset({"finished", "canceled"})) for n in range(2)))


def _canceled_for_good(name: str) -> tuple[PlannedJob, ...]:
    ends = frozenset({"finished", "canceled"})
    return _with_children(*(PlannedJob(f"{name}{n}", ends=ends) for n in range(2)), on_parent_failure="cancel", ends=ends)


def _restored(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}") for n in range(2)))


def _deleted(name: str) -> tuple[PlannedJob, ...]:
    return _with_children(*(PlannedJob(f"{name}{n}", ends=frozenset({"gone"})) for n in range(2)))
