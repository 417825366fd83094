"""What must be true when a plan has been carried out, however often somebody was killed meanwhile: of every job, of what ran when, and of every key."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from rq.store.connection import Caller
from rq.store.reads import list_results, read_job
from tests.faults.families import Plan, PlannedJob
from tests.faults.fleet import KEYS, SCRIPTS, lines_of

if TYPE_CHECKING:
    import redis

    from rq.model.record import JobRecord

MOST_RESULTS = 10
REGISTRY_OF = {"finished": "finished", "failed": "failed", "canceled": "canceled"}
KINDS = ("finished", "failed", "scheduled", "deferred", "canceled", "wip")
# What may be there after all is over; it goes by itself, or belongs to jobs that are kept.
EXPIRING = ("rq:x:ended:", "rq:worker:", "rq:clean_registries:", "rq:scheduler-lock:")
MOST_SECONDS = 60


def statuses_of(client: redis.Redis, plan: Plan) -> dict[str, str]:
    """Return the status of every job of the plan; "gone" for those that do not exist."""
    with client.pipeline(transaction=False) as pipeline:
        for job_id in plan.jobs:
            pipeline.hget(KEYS.job(job_id), "status")
        return {job_id: "gone" if status is None else status.decode() for job_id, status in zip(plan.jobs, pipeline.execute(), strict=True)}


def not_ended(client: redis.Redis, plan: Plan) -> dict[str, str]:
    """Return the jobs that are not where they may be at last, and their statuses."""
    return {job_id: status for job_id, status in statuses_of(client, plan).items() if status not in plan.jobs[job_id].ends}


def assert_each_job_stands_in_one_place(client: redis.Redis, plan: Plan) -> None:
    """Each stands in the registry of its status and nowhere else, and nothing else stands anywhere."""
    expected: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for job_id, status in statuses_of(client, plan).items():
        if status != "gone":
            expected[REGISTRY_OF[status]].add(job_id)
    assert client.lrange(KEYS.queue("faults"), 0, -1) == []
    for kind in KINDS:
        assert set(client.zrange(KEYS.registry(kind, "faults"), 0, -1)) == {job_id.encode() for job_id in expected[kind]}, kind
    assert {name: client.smembers(KEYS.group(name)) for name in plan.groups} == plan.groups


def assert_every_attempt_is_accounted_for(client: redis.Redis, plan: Plan, audit: Path) -> None:
    """Each job succeeded as often as it should, and each attempt at it has left a result that says what became of it."""
    caller = Caller(client)
    begun = Counter(job for word, job, _ in lines_of(audit) if word == "begin")
    meddled_with = {step.jobs[0].id for step in plan.operator if step.deed != "requeue"}
    for job in plan.jobs.values():
        record = caller.run(read_job(SCRIPTS, job.id))
        if record is None:
            continue  # deleted, which only those may be that the operator deleted (see `not_ended`)
        assert record.execution_id is None, job
        assert begun[job.id] <= record.attempt, job
        if job.id not in meddled_with:
            _assert_results(caller, job, record)


def _assert_results(caller: Caller, job: PlannedJob, record: JobRecord) -> None:
    kinds = Counter(result.type.name for result in caller.run(list_results(SCRIPTS, job.id)))
    assert kinds.total() == min(record.attempt, MOST_RESULTS), (job, record, kinds)
    if record.attempt <= MOST_RESULTS:
        assert kinds["SUCCESSFUL"] == (job.successes if record.status == "finished" else 0), (job, kinds)


def assert_no_child_began_before_its_parents_ended(plan: Plan, audit: Path) -> None:
    """A job that waits for others begins when all of them have succeeded; unless the operator, or their failure, let it go on."""
    first: defaultdict[tuple[str, str], int] = defaultdict(lambda: 1 << 60)
    for number, (word, job_id, _) in enumerate(lines_of(audit)):
        first.setdefault((word, job_id), number)
    let_go_on = {step.jobs[0].id for step in plan.operator if step.deed in {"cancel", "delete"}} | {job.id for job in plan.jobs.values() if not job.successes}
    for job in plan.jobs.values():
        for parent in set(job.parents) - let_go_on:
            assert ("begin", job.id) not in first or first["end", parent] < first["begin", job.id], (parent, job)


def assert_no_child_of_the_canceled_ran(client: redis.Redis, plan: Plan, audit: Path) -> None:
    """A job that shares the fate of its parent does not run if that was canceled, and runs if not."""
    begun = {job for word, job, _ in lines_of(audit) if word == "begin"}
    statuses = statuses_of(client, plan)
    for job in plan.jobs.values():
        if job.on_parent_failure == "cancel":
            assert {statuses[parent] for parent in job.parents} == {statuses[job.id]}, job
            assert (job.id in begun) == (statuses[job.id] == "finished"), job


def unexplained_keys(client: redis.Redis, plan: Plan) -> set[str]:
    """Return the keys that neither belong to a job that is kept nor expire soon."""
    kept = [job_id for job_id, status in statuses_of(client, plan).items() if status != "gone"]
    explained = {key for job_id in kept for key in (KEYS.job(job_id), KEYS.results(job_id))}
    explained |= {KEYS.dependencies(job_id) for job_id in kept if plan.jobs[job_id].parents}
    explained |= {KEYS.registry(kind, "faults") for kind in REGISTRY_OF.values()} | {KEYS.queues}
    explained |= {KEYS.groups} | {KEYS.group(name) for name in plan.groups}
    found = {key.decode() for key in client.scan_iter(count=10_000)}
    return {key for key in found - explained if not (key.startswith(EXPIRING) and 0 < client.ttl(key) <= MOST_SECONDS)}
