"""Sequences that random steps seldom make for one job: it is run, lost, enqueued anew, again and again."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from rq.model.record import JobRecord
from tests.properties.setup import JOBS, fates, jobs, outcomes, picks, queues
from tests.properties.steps import Steps
from tests.properties.wire import Fate


class Cycles(Steps):
    """What one job goes through."""

    @rule(pick=picks, job_id=st.one_of(st.none(), jobs), outcome=outcomes, fate=fates, late=st.booleans())
    def run_and_end(self, pick: int, job_id: str | None, outcome: str, fate: Fate, late: bool) -> None:
        """`late`: the outcome arrives once more when the worker is busy with something else."""
        process = self.worker(pick)
        if process and not process.attempts:
            if job_id:
                record = JobRecord(job_id, data=b"call", origin="q1", retries_left=2, retry_intervals=[5, 0])
                self.fleet.enqueue(record, Fate.OK)
            self.fleet.claim(process, 1, Fate.OK)
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, outcome, 0, fate)
                self.fleet.resend(process, Fate.OK)
                settled = self.fleet.history[-1]
                if late:
                    self.fleet.claim(process, 1, Fate.OK)
                    self.fleet.deliver(settled)

    @rule(pick=picks, job_id=jobs, outcome=st.sampled_from(["returned", "raised", "died"]))
    def a_slow_producer(self, pick: int, job_id: str, outcome: str) -> None:
        """The job has ended, and is deleted, before its producer hears that it was enqueued and asks again."""
        process = self.worker(pick)
        if process and not process.attempts:
            record = JobRecord(job_id, data=b"call", origin="q1", result_ttl=0, failure_ttl=0)
            self.fleet.enqueue(record, Fate.LOST_REPLY, at_front=True)
            self.fleet.claim(process, 1, Fate.OK)
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, outcome, 0, Fate.OK)
            self.fleet.send(self.fleet.unanswered.pop(), Fate.OK)

    @rule(pick=picks, queue=queues)
    def crash_cycle(self, pick: int, queue: str) -> None:
        """A worker takes a job and dies; janitors look, wait, and look again."""
        process = self.worker(pick)
        if process:
            self.fleet.claim(process, 1, Fate.LOST_REPLY)
            process.die()
            self.fleet.pass_time(process.lease + 1)
            self.fleet.reclaim(queue, Fate.OK)
            self.time_passes_and_workers_beat(16)
            self.fleet.reclaim(queue, Fate.OK)

    @rule(queue=queues, job_id=st.one_of(st.none(), jobs))
    def rq_crash_cycle(self, queue: str, job_id: str | None) -> None:
        """An RQ worker takes a job, gets as far as it may, and dies; janitors look, wait, and look again. Twice for a job of its own."""
        if job_id:
            record = JobRecord(job_id, data=b"call", origin=queue, ttl=3600, failure_ttl=-1)
            self.fleet.enqueue(record, Fate.OK, at_front=True)
        for _ in range(2 if job_id else 1):
            self.rq.take(queue, alone=False)
            self.fleet.pass_time(91)
            self.rq.runs.clear()
            self.fleet.reclaim(queue, Fate.OK)
            self.time_passes_and_workers_beat(35)
            self.fleet.reclaim(queue, Fate.OK)

    @rule(queue=queues, seconds=st.sampled_from([31, 91, 3600]))
    def the_clock_jumps_between_two_looks(self, queue: str, seconds: int) -> None:
        self.fleet.reclaim(queue, Fate.OK)
        self.fleet.jump(seconds)
        self.fleet.reclaim(queue, Fate.OK)

    @rule(just_in_time=st.booleans())
    def a_worker_falls_silent(self, just_in_time: bool) -> None:
        """Janitors look at the workers, wait, and look again; those that live after all may beat in between."""
        self.fleet.look_at_workers(Fate.OK)
        self.fleet.pass_time(36)
        self.fleet.look_at_workers(Fate.OK, just_in_time=just_in_time)

    @rule(pick=picks, outcome=outcomes, by_hand=st.booleans())
    def stop_what_runs(self, pick: int, outcome: str, by_hand: bool) -> None:
        process = self.worker(pick)
        if not process:
            return
        for attempt in list(process.attempts.values()):
            if by_hand:
                self.others.ask_to_stop(attempt.key.job_id, attempt.key.queue)
            else:
                self.fleet.stop(attempt.key.job_id, Fate.OK)
            self.fleet.beat(process)
            if attempt.key.execution_id in process.attempts:
                self.fleet.settle(process, attempt, outcome, 0, Fate.OK)

    @rule(pick=picks, job_id=jobs, queue=queues, dies=st.booleans())
    def rq_runs_what_ours_ran(self, pick: int, job_id: str, queue: str, dies: bool) -> None:
        """Ours runs a job that is enqueued anew and taken by an RQ worker, which dies or not; a lease of nobody is there, too."""
        process = self.worker(pick)
        if process and not process.attempts:
            self.enqueue_and_claim(process, job_id, queue)
            self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK, at_front=True)
            self.rq.take(queue, alone=False)
            for run in [run for run in self.rq.runs if run.job_id == job_id and run.stage == "prepared"]:
                self.rq.step(run)
            self.others.stray_lease(job_id, queue)
            if dies:
                self.rq.runs.clear()
            self.time_passes_and_workers_beat(91 if dies else 1)
            self.fleet.reclaim(queue, Fate.OK)
            self.time_passes_and_workers_beat(35)
            self.fleet.reclaim(queue, Fate.OK)

    @rule(queue=queues, seconds=st.sampled_from([0, -31, -3600]))
    def rq_leaves_an_id_behind(self, queue: str, seconds: int) -> None:
        """An RQ worker takes an id and dies; a janitor looks, the clock is set back or not, and a minute later it is time to repair that."""
        self.rq.take(queue, alone=True)
        self.rq.runs.clear()
        self.fleet.sweep(queue, Fate.OK)
        self.fleet.jump(seconds)
        self.fleet.sweep(queue, Fate.OK)
        self.fleet.pass_time(61)
        self.fleet.sweep(queue, Fate.OK)

    @rule(pick=picks, job_id=jobs, by_hand=st.booleans())
    def run_many_times(self, pick: int, job_id: str, by_hand: bool) -> None:
        """One job is enqueued and run again and again, as a periodic job with an id of its own is; perhaps somebody adds results of his own."""
        process = self.worker(pick)
        if process and not process.attempts:
            for _ in range(6):
                self.enqueue_and_claim(process, job_id, "q1")
                for attempt in list(process.attempts.values()):
                    self.fleet.settle(process, attempt, "returned", 0, Fate.OK)
            for _ in range(5 if by_hand else 0):
                self.hands.add_result(job_id, "q2", Fate.OK)

    @rule(pick=picks, job_id=jobs, outcome=st.sampled_from(["asked at once", "asked"]))
    def ask_once_too_often(self, pick: int, job_id: str, outcome: str) -> None:
        process = self.worker(pick)
        if process and not process.attempts:
            self.enqueue_and_claim(process, job_id, "q1")
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, outcome, 0, Fate.OK)
            self.fleet.pass_time(6)
            self.fleet.claim(process, 1, Fate.OK)
            for attempt in list(process.attempts.values()):
                self.fleet.settle(process, attempt, outcome, 0, Fate.OK)

    @rule(queue=queues, limit=st.integers(1, 2), fate=fates, dies=st.booleans(), heeds_turns=st.booleans(), jump=st.sampled_from([0, 0, 1, -31]))
    def more_is_due_than_one_look_moves(self, queue: str, limit: int, fate: Fate, dies: bool, heeds_turns: bool, jump: int) -> None:
        """One worker comes again and again, while another one's looks move nothing; until the first comes no more."""
        due = self.fleet.model.now - 5
        for job_id in JOBS:
            self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK, due=due)
        workers = ("w1", "w2", "w2" if dies else "w1", "w2")
        for worker in workers[: 2 if dies else 4]:
            self.fleet.promote(queue, fate, limit, worker)
        self.fleet.jump(jump)
        for worker in workers[2:]:
            self.fleet.promote(queue, fate, limit, worker if heeds_turns else "")
            self.fleet.pass_time(1)

    @rule(fate=fates)
    def two_send_the_same(self, fate: Fate) -> None:
        """One of them is slow: when it says what is left, somebody else has sent it all."""
        slow = self.fleet.take_deliveries(1, Fate.OK)
        self.fleet.pass_time(31)
        for name in self.fleet.take_deliveries(2, Fate.OK):
            self.fleet.end_delivery(name, fate)
        for name in slow:
            self.fleet.end_delivery(name, fate, "the rest")

    @rule(pick=picks, job_id=jobs, first=queues, then=queues, by=st.sampled_from(["ours", "ours", "rq"]), canceled=st.booleans())
    def enqueue_what_runs(self, pick: int, job_id: str, first: str, then: str, by: str, canceled: bool) -> None:
        """A job is enqueued anew while it runs, perhaps elsewhere; if by us, the new attempt may start before the old one ends."""
        process = self.worker(pick)
        if process and len(process.attempts) <= 1:
            self.enqueue_and_claim(process, job_id, first)
            if by == "rq":
                self.rq.enqueue_again(job_id)
            else:
                self.enqueue_and_claim(process, job_id, then)
            if canceled:
                self.fleet.cancel(job_id, Fate.OK)
