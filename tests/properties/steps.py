"""Single steps of workers, producers, janitors, of the clock, and of other programs."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule

from rq.model.record import JobRecord
from tests.properties.by_hand import BY_HAND, ByHand
from tests.properties.setup import (
    JOBS,
    MOST_ATTEMPTS,
    MOST_PROCESSES,
    NOISE,
    QUEUES,
    REGISTRIES,
    STEP_SECONDS,
    WORKERS,
    Options,
    Setup,
    fates,
    jobs,
    new_record,
    options,
    outcomes,
    picks,
    queues,
)
from tests.properties.upstream import Noise
from tests.properties.wire import Fate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.properties.fleet import Process


STRAY = "stray"  # the id of no job


class Steps(Setup):
    """One client's step each."""

    # --- producers and operators --------------------------------------------------------------------------------------

    @rule(
        job_id=jobs,
        queue=queues,
        options=options,
        where=st.sampled_from(["back", "back", "front", -5, 5, 100, timedelta(seconds=5)]),
        unique=st.sampled_from([False, False, True]),
        fate=fates,
    )
    def enqueue(self, job_id: str, queue: str, options: Options, where: str | int | timedelta, unique: bool, fate: Fate) -> None:
        record = new_record(job_id, queue, options)
        if isinstance(where, str):
            self.fleet.enqueue(record, fate, at_front=where == "front", unique=unique)
        else:
            record.enqueue_at_front = record.enqueue_at_front_on_retry
            due = where if isinstance(where, timedelta) else self.fleet.model.now + where
            self.fleet.enqueue(record, fate, due=due, unique=unique)

    @rule(pick=picks, fate=fates, gives_up=st.booleans())
    def a_producer_sends_again(self, pick: int, fate: Fate, gives_up: bool) -> None:
        if self.fleet.unanswered:
            message = self.fleet.unanswered.pop(pick % len(self.fleet.unanswered))
            if not gives_up:
                self.fleet.send(message, fate)

    @rule(job_id=jobs, fate=fates, seen_in=st.sampled_from([None, None, *QUEUES]), lets_go_on=st.booleans(), forgets_parents=st.booleans())
    def cancel(self, job_id: str, fate: Fate, seen_in: str | None, lets_go_on: bool, forgets_parents: bool) -> None:
        """`seen_in`: the queue it was in when the operator looked, which may be long ago."""
        self.fleet.cancel(job_id, fate, seen_in, lets_go_on=lets_go_on, forgets_parents=forgets_parents)

    @rule(job_id=jobs, fate=fates, stays_listed=st.sampled_from([False, False, True]))
    def delete(self, job_id: str, fate: Fate, stays_listed: bool) -> None:
        self.fleet.delete(job_id, fate, stays_listed=stays_listed)

    @rule(job_id=jobs, kind=st.sampled_from(REGISTRIES), queue=queues, fate=fates, front=st.booleans())
    def requeue(self, job_id: str, kind: str, queue: str, fate: Fate, front: bool) -> None:
        self.fleet.requeue(job_id, kind, queue, fate, front=front)

    @rule(pick=picks, fate=fates, front=st.booleans())
    def requeue_what_a_registry_names(self, pick: int, fate: Fate, front: bool) -> None:
        named = [(job_id, *where) for where, ids in sorted(self.fleet.model.registries.items()) for job_id in sorted(ids)]
        if named:
            job_id, kind, queue = named[pick % len(named)]
            self.fleet.requeue(job_id, kind, queue, fate, front=front)

    @rule(job_id=jobs, fate=fates)
    def stop(self, job_id: str, fate: Fate) -> None:
        self.fleet.stop(job_id, fate)

    @rule(queue=queues, limit=st.integers(1, 3), fate=fates)
    def purge(self, queue: str, limit: int, fate: Fate) -> None:
        self.fleet.purge(queue, limit, fate)

    @rule(queue=queues, fate=fates)
    def promote(self, queue: str, fate: Fate) -> None:
        self.fleet.promote(queue, fate)

    # --- workers ------------------------------------------------------------------------------------------------------

    @rule(pick=picks, fate=fates, told=st.booleans())
    def start_a_worker(self, pick: int, fate: Fate, told: bool) -> None:
        """Perhaps under the name of another one; `told`: it knows that the last one of that name is dead."""
        if sum(process.alive for process in self.fleet.processes) < MOST_PROCESSES:
            name, listens, lease = WORKERS[pick % len(WORKERS)]
            dead = [p.identity.incarnation for p in self.fleet.processes if p.name == name and not p.alive]
            self.fleet.start(name, listens, lease, fate, dead[-1] if dead and told else "")

    @rule(pick=picks, places=st.integers(1, 2), fate=fates)
    def claim(self, pick: int, places: int, fate: Fate) -> None:
        process = self.worker(pick)
        if process and len(process.attempts) + places <= MOST_ATTEMPTS:
            self.fleet.claim(process, places, fate)

    @rule(pick=picks, which=picks, outcome=outcomes, places=st.integers(0, 2), fate=fates, is_unwanted=st.sampled_from([False, False, False, True]))
    def settle(self, pick: int, which: int, outcome: str, places: int, fate: Fate, is_unwanted: bool) -> None:
        """`is_unwanted`: somebody wants the job to stop, a moment too late."""
        process = self.worker(pick)
        if process and process.attempts:
            attempt = list(process.attempts.values())[which % len(process.attempts)]
            if is_unwanted:
                self.fleet.stop(attempt.key.job_id, Fate.OK)
            self.fleet.settle(process, attempt, outcome, places, fate)

    @rule(pick=picks, fate=fates)
    def a_worker_sends_again(self, pick: int, fate: Fate) -> None:
        waiting = [process for process in self.fleet.processes if process.unanswered]
        if waiting:
            self.fleet.resend(waiting[pick % len(waiting)], fate)

    @rule(pick=picks, fate=fates)
    def heartbeat(self, pick: int, fate: Fate) -> None:
        living = [process for process in self.fleet.processes if process.alive]
        if living:
            self.fleet.beat(living[pick % len(living)], fate)

    @rule(pick=picks, queue=queues)
    def wake(self, pick: int, queue: str) -> None:
        listening = [process for process in self.fleet.processes if queue in process.queues]
        if listening:
            self.fleet.wake(listening[pick % len(listening)], queue)

    @rule(pick=picks, places=st.integers(1, 2), left=st.integers(1, 2), fate=fates, asks=st.sampled_from([True, True, False]))
    def wait(self, pick: int, places: int, left: int, fate: Fate, asks: bool) -> None:
        """`asks`: as a worker does before it waits; `left`: for how many places a claim lies behind its connections, of which some may have waited before."""
        process = self.worker(pick)
        if process and len(process.attempts) + places <= MOST_ATTEMPTS:
            if asks:
                self.fleet.claim(process, places, fate)
            self.fleet.arm(process, left)

    @rule(pick=picks, pushed=st.lists(st.sampled_from([*JOBS, STRAY]), max_size=2, unique=True), is_heard=st.booleans(), is_read=st.booleans())
    def wake_who_waits(self, pick: int, pushed: list[str], is_heard: bool, is_read: bool) -> None:
        """`pushed`: what somebody has just put into the queue."""
        waiting = [(process, queue) for process in self.fleet.processes for queue in process.lines]
        if waiting:
            self._wake(*waiting[-1 - pick % len(waiting)], pushed, is_heard=is_heard, is_read=is_read)

    @rule(
        pick=picks,
        places=st.integers(1, 2),
        pushed=st.lists(st.sampled_from(JOBS), min_size=1, max_size=2, unique=True),
        is_read=st.booleans(),
        asks_again=fates,
    )
    def find_nothing_and_be_woken(self, pick: int, places: int, pushed: list[str], is_read: bool, asks_again: Fate) -> None:
        """The life of an idle worker, in one step; `asks_again`: what becomes of the claim after that."""
        process = self.worker(pick)
        if process and len(process.attempts) + places < MOST_ATTEMPTS:
            self.fleet.claim(process, places, Fate.OK)
            self.fleet.arm(process, places)
            queue = next(iter(process.lines))
            self._wake(process, queue, pushed, is_heard=True, is_read=is_read)
            self.fleet.claim(process, 1, asks_again)

    @rule(
        queue=queues,
        pushed=st.lists(st.sampled_from(JOBS), min_size=2, max_size=3, unique=True),
        asks=st.lists(st.booleans(), min_size=3, max_size=3),
        is_read=st.booleans(),
    )
    def a_burst_wakes_all_who_wait(self, queue: str, pushed: list[str], asks: list[bool], is_read: bool) -> None:
        """The connections of busy workers are among them; `asks`: which workers look for jobs before, as one does that is idle."""
        for process, is_idle in zip(self.fleet.processes, cycle(asks), strict=False):
            if process.alive and process.registered:
                if is_idle and not process.unanswered and len(process.attempts) < MOST_ATTEMPTS:
                    self.fleet.claim(process, 1, Fate.OK)
                self.fleet.arm(process, 1)
        for job_id in pushed:
            self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK)
        for process in self.fleet.wake_all_armed(queue):
            if is_read and not process.unanswered:
                self.fleet.read_what_woke(process)

    def _wake(self, process: Process, queue: str, pushed: list[str], *, is_heard: bool, is_read: bool) -> None:
        for job_id in pushed:
            if job_id == STRAY:
                self.others.stray_in_queue(job_id, queue)
            else:
                self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK)
        self.fleet.wake_armed(process, queue, is_heard=is_heard)
        if is_read and not process.unanswered:
            self.fleet.read_what_woke(process)

    @rule(pick=picks)
    def a_worker_reads_what_woke_it(self, pick: int) -> None:
        woken = [process for process in self.fleet.processes if process.unread and not process.unanswered]
        if woken:
            self.fleet.read_what_woke(woken[pick % len(woken)])

    @rule(pick=picks, limit=st.sampled_from([1, 2, 500]), fate=fates)
    def look_out(self, pick: int, limit: int, fate: Fate) -> None:
        """What every worker does once a second, whatever its jobs are doing; it may die with the next step."""
        living = [process for process in self.fleet.processes if process.alive]
        if living:
            process = living[pick % len(living)]
            for queue in process.queues:
                self.fleet.promote(queue, fate, limit, process.name)
            self.fleet.find_pauses(process.name, process.queues)

    @rule(pick=picks)
    def kill(self, pick: int) -> None:
        living = [process for process in self.fleet.processes if process.alive]
        if living:
            living[pick % len(living)].die()

    @rule(pick=picks, fate=fates, caught=st.sampled_from([None, *QUEUES]))
    def leave(self, pick: int, fate: Fate, caught: str | None) -> None:
        """Perhaps with an id that has just woken it."""
        process = self.worker(pick)
        if process:
            if caught in process.queues:
                self.fleet.wake(process, caught)
            self.fleet.leave(process, fate)

    @rule(pick=picks)
    def a_late_duplicate_arrives(self, pick: int) -> None:
        """A message of long ago, answered or not, reaches the server; nobody hears the answer."""
        if self.fleet.history:
            self.fleet.deliver(self.fleet.history[-1 - pick % len(self.fleet.history)])

    # --- janitors -----------------------------------------------------------------------------------------------------

    @rule(queue=queues, fate=fates)
    def reclaim(self, queue: str, fate: Fate) -> None:
        self.fleet.reclaim(queue, fate)

    @rule(fate=fates, just_in_time=st.booleans())
    def look_at_workers(self, fate: Fate, just_in_time: bool) -> None:
        self.fleet.look_at_workers(fate, just_in_time=just_in_time)

    @rule(pick=picks, fate=fates)
    def a_parent_sees_its_worker_dead(self, pick: int, fate: Fate) -> None:
        dead = [process for process in self.fleet.processes if not process.alive]
        if dead:
            identity = dead[-1 - pick % len(dead)].identity
            self.fleet.reclaim_worker(identity.name, identity.incarnation, fate, seen_dead=True)

    @rule(queue=queues, fate=fates)
    def sweep(self, queue: str, fate: Fate) -> None:
        self.fleet.sweep(queue, fate)

    @rule(most=st.integers(1, 2), fate=fates, end_fate=fates, rest=st.sampled_from(["", "", "the rest"]))
    def send_deliveries(self, most: int, fate: Fate, end_fate: Fate, rest: str) -> None:
        for name in self.fleet.take_deliveries(most, fate):
            self.fleet.end_delivery(name, end_fate, rest)

    @rule(parent=jobs, fate=fates)
    def release_dependents(self, parent: str, fate: Fate) -> None:
        self.fleet.release_dependents(parent, fate)

    @rule(queue=queues, first=st.sampled_from([0, 0, 0, 1]), limit=st.sampled_from([1, 2, 100]), fate=fates)
    def sweep_deferred(self, queue: str, first: int, limit: int, fate: Fate) -> None:
        self.fleet.sweep_deferred(queue, first, limit, fate)

    # --- time ---------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 5, 15, 35]))
    def time_passes_and_workers_beat(self, seconds: int) -> None:
        while seconds > 0:
            self.fleet.pass_time(min(seconds, STEP_SECONDS))
            seconds -= STEP_SECONDS
            self.fleet.beat_in_time()
            self.rq.beat()

    @rule(seconds=st.sampled_from([16, 36, 91, 160]))
    def time_passes_and_nobody_beats(self, seconds: int) -> None:
        self.fleet.pass_time(seconds)

    @rule(seconds=st.sampled_from([-3600, -31, 31, 91, 3600]))
    def the_clock_jumps(self, seconds: int) -> None:
        self.fleet.jump(seconds)

    # --- others -------------------------------------------------------------------------------------------------------

    @rule(queue=queues, alone=st.booleans())
    def an_rq_worker_takes_a_job(self, queue: str, alone: bool) -> None:
        self.rq.take(queue, alone=alone)

    @rule(pick=picks, dies=st.sampled_from([False, False, True]), tells=st.booleans())
    def an_rq_worker_goes_on(self, pick: int, dies: bool, tells: bool) -> None:
        """`tells`: it lives long enough to let go on those who wait for the job."""
        if self.rq.runs:
            run = self.rq.runs[pick % len(self.rq.runs)]
            if dies:
                self.rq.runs.remove(run)
            else:
                self.rq.step(run, tells=tells)

    @rule(queue=queues, job_id=jobs, kind=st.sampled_from(["clean", "requeue", "enqueue again", "defer"]), parent=jobs)
    def somebody_uses_rq(self, queue: str, job_id: str, kind: str, parent: str) -> None:
        if kind == "clean":
            self.rq.clean(queue)
        elif kind == "requeue":
            self.rq.requeue(job_id)
        elif kind == "defer":
            self.rq.defer(job_id, queue, parent)
        else:
            self.rq.enqueue_again(job_id)

    @rule(
        kind=st.sampled_from(NOISE),
        job_id=jobs,
        queue=queues,
    )
    def noise(self, kind: Callable[[Noise, str, str], None], job_id: str, queue: str) -> None:
        kind(self.others, job_id, queue)

    @rule(kind=st.sampled_from(BY_HAND), job_id=jobs, queue=queues, fate=fates)
    def by_hand(self, kind: Callable[[ByHand, str, str, Fate], None], job_id: str, queue: str, fate: Fate) -> None:
        kind(self.hands, job_id, queue, fate)
