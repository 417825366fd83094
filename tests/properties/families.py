"""Jobs that belong together: they enter in one call, wait for one another, and end one after the other."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from rq.model.record import JobRecord
from tests.properties.cycles import Cycles
from tests.properties.fleet import Process
from tests.properties.setup import JOBS, Options, fates, jobs, new_record, options, outcomes, picks, queues
from tests.properties.wire import Fate

policies = st.sampled_from(["", "", "run", "cancel", "fail"])
groups = st.sampled_from([None, None, "g1", "g2"])
# Who waits for whom: a chain, a fan, a diamond, two parents.
SHAPES: tuple[dict[str, str], ...] = (
    {"a": "", "b": "a", "c": "b"},
    {"a": "", "b": "a", "c": "a", "d": "a"},
    {"a": "", "b": "a", "c": "a", "d": "bc"},
    {"a": "", "b": "", "c": "ab"},
)
ENDS = ("returned", "raised", "stopped", "died", "canceled", "canceled and let go on", "deleted", "purged", "expired", "rq")


class Families(Cycles):
    """Dependencies and groups."""

    @rule(
        job_id=jobs,
        queue=queues,
        options=options,
        parents=st.lists(jobs, min_size=1, max_size=3, unique=True),
        policy=policies,
        allows_failure=st.booleans(),
        at_front=st.booleans(),
        due=st.sampled_from([None, None, None, 50, timedelta(seconds=50)]),
        group=groups,
        unique=st.sampled_from([False, False, True]),
        fate=fates,
    )
    def enqueue_with_parents(  # noqa: PLR0917 - all that a producer may say
        self,
        job_id: str,
        queue: str,
        options: Options,
        parents: list[str],
        policy: str,
        allows_failure: bool,
        at_front: bool,
        due: int | timedelta | None,
        group: str | None,
        unique: bool,
        fate: Fate,
    ) -> None:
        record = new_record(job_id, queue, options)
        record.dependency_ids, record.allow_dependency_failures, record.enqueue_at_front = parents, allows_failure, at_front
        record.dependency_policies = {parents[0]: policy} if policy else {}
        record.group_id = group
        self.fleet.enqueue(record, fate, due=self.fleet.model.now + due if isinstance(due, int) else due, unique=unique)

    @rule(shape=st.sampled_from(SHAPES), queue=queues, policy=policies, group=groups, failure_ttl=st.sampled_from([None, None, 0, -1]), fate=fates)
    def enqueue_a_family(self, shape: dict[str, str], queue: str, policy: str, group: str | None, failure_ttl: int | None, fate: Fate) -> None:
        self.fleet.enqueue_many(_family(shape, queue, policy, group, failure_ttl), fate)

    @rule(job_ids=st.lists(st.sampled_from(JOBS), min_size=2, max_size=4, unique=True), queue=queues, options=options, group=groups, fate=fates)
    def enqueue_several_alike(self, job_ids: list[str], queue: str, options: Options, group: str | None, fate: Fate) -> None:
        records = [new_record(job_id, queue, options) for job_id in job_ids]
        for record in records:
            record.group_id = group
        self.fleet.enqueue_many(records, fate)

    @rule(
        shape=st.sampled_from(SHAPES),
        policy=policies,
        group=groups,
        ends=st.lists(st.sampled_from(ENDS), min_size=4, max_size=4),
        pick=picks,
        requeued=st.booleans(),
    )
    def a_family_lives(self, shape: dict[str, str], policy: str, group: str | None, ends: list[str], pick: int, requeued: bool) -> None:
        """Its members end one after the other, each in its way; perhaps the first ones are requeued, and succeed."""
        process = self.worker(pick)
        if process and not process.attempts:
            self.fleet.enqueue_many(_family(shape, "q1", policy, group, None), Fate.OK)
            for job_id, how in zip(shape, ends, strict=False):
                self.end_somehow(process, job_id, how)
            if requeued:
                self.fleet.requeue("a", "failed", "q1", Fate.OK, front=True)
                self.fleet.requeue("a", "canceled", "q1", Fate.OK, front=True)
                self.end_somehow(process, "a", "returned")
            self.fleet.carry_out_releases()

    def end_somehow(self, process: Process, job_id: str, how: str) -> None:
        """Bring a job of `q1` to an end, if it is where that can happen."""
        if how.startswith("canceled"):
            self.fleet.cancel(job_id, Fate.OK, lets_go_on=how != "canceled")
        elif how == "deleted":
            self.fleet.delete(job_id, Fate.OK)
        elif how == "expired":
            self.others.expire_job(job_id, "q1")
        elif how == "purged":
            self.fleet.purge("q1", 1, Fate.OK)
        elif how == "rq":
            self.rq.take("q1", alone=False)
            for run in list(self.rq.runs):
                self.rq.step(run, tells=job_id in "ab")
                self.rq.step(run, tells=job_id in "ab")
        else:
            self.fleet.claim(process, 1, Fate.OK)
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, how, 0, Fate.OK)

    @rule(pick=picks, parent=jobs, child=jobs, outcome=outcomes, fate=fates, policy=policies, is_due_later=st.booleans())
    def a_child_waits_for_what_runs(  # noqa: PLR0917 - all that may matter
        self, pick: int, parent: str, child: str, outcome: str, fate: Fate, policy: str, is_due_later: bool
    ) -> None:
        process = self.worker(pick)
        if process and not process.attempts:
            self.enqueue_and_claim(process, parent, "q1")
            record = JobRecord(child, data=b"call", origin="q2", dependency_ids=[parent], dependency_policies={parent: policy} if policy else {})
            self.fleet.enqueue(record, fate, due=timedelta(seconds=50) if is_due_later else None)
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, outcome, 0, fate)

    @rule(parent=jobs, child=jobs, queue=queues)
    def rq_lets_a_job_wait(self, parent: str, child: str, queue: str) -> None:
        """And we look whether it still has to."""
        self.fleet.enqueue(JobRecord(parent, data=b"call", origin=queue), Fate.OK)
        self.fleet.delete(child, Fate.OK)
        self.rq.defer(child, queue, parent)
        self.fleet.sweep_deferred(queue, 0, 100, Fate.OK)

    @rule(pick=picks, outcome=outcomes)
    def a_repeated_parent_ends_badly(self, pick: int, outcome: str) -> None:
        """Its children have been told, or not yet, that it succeeded once."""
        process = self.worker(pick)
        if process and not process.attempts:
            family = _family(SHAPES[1], "q1", "", None, None)
            family[0].repeats_left = 1
            self.fleet.enqueue_many(family, Fate.OK)
            self.end_somehow(process, "a", "returned")
            self.end_somehow(process, "a", outcome)
            self.fleet.carry_out_releases()

    @rule(group=groups, fate=fates)
    def a_group_is_deleted(self, group: str | None, fate: Fate) -> None:
        for job_id in JOBS:
            job = self.fleet.model.job(job_id)
            if group and job and job.fields.get("group_id") == group:
                self.fleet.delete(job_id, fate)


def _family(shape: dict[str, str], queue: str, policy: str, group: str | None, failure_ttl: int | None) -> list[JobRecord]:
    """The members of a family, each after those that it waits for."""
    return [
        JobRecord(
            job_id,
            data=b"call",
            origin=queue,
            failure_ttl=failure_ttl,
            group_id=group,
            dependency_ids=list(parents),
            dependency_policies={parent: policy for parent in parents if policy},
        )
        for job_id, parents in shape.items()
    ]
