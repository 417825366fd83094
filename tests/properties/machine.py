"""The state machine: Hypothesis chooses who does what next, what becomes of every message, who dies, and how the clock moves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rq.core.keys import Keyspace
from rq.model.record import JobRecord
from rq.store.scripts import ScriptLibrary
from tests.properties.fleet import OUTCOMES, RQ_BEAT_SECONDS, Fleet, Process
from tests.properties.upstream import Noise, RqWorkers
from tests.properties.wire import TURNED_BY_HAND, Fate
from tests.properties.world import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

QUEUES = ("q1", "q2")
JOBS = ("a", "b", "c", "d")
# Name, queues in order, lease: one that listens on one queue, two that disagree about the order, one with a short lease.
WORKERS = (("w1", ("q1",), 30.0), ("w2", ("q1", "q2"), 30.0), ("w3", ("q2", "q1"), 15.0))
MOST_PROCESSES = 4
MOST_ATTEMPTS = 3
MOST_ROUNDS = 12
STEP_SECONDS = 5

NOISE = (
    *(Noise.stray_in_queue, Noise.stray_lease, Noise.delete_job, Noise.break_job, Noise.ask_to_stop),
    *(Noise.stray_in_schedule, Noise.forget_scripts, Noise.forget_worker, Noise.suspend, Noise.expire_execution),
)
Options = tuple[int | None, int | None, tuple[int, list[int] | None], bool, int | None]

fates = st.sampled_from([Fate.OK] * 6 + [Fate.LOST_REPLY, Fate.LOST_REPLY, Fate.LOST_REQUEST, Fate.TWICE])
picks = st.integers(0, 5)
queues = st.sampled_from(QUEUES)
jobs = st.sampled_from(JOBS)
ttls = st.sampled_from([None, None, 0, -1, 90])
retries = st.sampled_from([(0, None), (0, None), (1, None), (2, [20]), (1, [20])])
options = st.tuples(ttls, ttls, retries, st.booleans(), st.sampled_from([None, None, 3600]))
outcomes = st.sampled_from([*OUTCOMES, "returned", "raised", "raised"])


def machine_for(server: redis.Redis, library: ScriptLibrary | None = None) -> type[TransitionMachine]:
    """Return the machine bound to a server, and to a library of scripts other than the shipped one."""

    class Transitions(TransitionMachine):
        client = server
        connection = server.connection_pool.get_connection()
        scripts = library or TransitionMachine.scripts

    return Transitions


class TransitionMachine(RuleBasedStateMachine):
    """Every rule is one client's step. `client`, `connection` and `scripts` are set by whoever runs the machine."""

    client: redis.Redis
    connection: redis.Connection
    examples = 0
    scripts = ScriptLibrary(Keyspace(), (TURNED_BY_HAND,))

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.client.flushdb()
        self.fleet = Fleet(self.client, self.connection, self.scripts)
        self.rq = RqWorkers(self.fleet)
        self.others = Noise(self.fleet)

    def worker(self, pick: int) -> Process | None:
        """One of the living processes that has nothing unanswered; it registers first if it must."""
        free = [process for process in self.fleet.processes if process.alive and not process.unanswered]
        if not free:
            return None
        process = free[pick % len(free)]
        if not process.registered:
            self.fleet.register(process, Fate.OK)
        return process if process.alive else None

    # --- producers and operators --------------------------------------------------------------------------------------

    @initialize()
    def two_workers(self) -> None:
        for name, listens, lease in WORKERS[:2]:
            self.fleet.start(name, listens, lease, Fate.OK)

    @rule(
        job_id=jobs,
        queue=queues,
        options=options,
        where=st.sampled_from(["back", "back", "front", -5, 5, 100, timedelta(seconds=5)]),
        fate=fates,
    )
    def enqueue(self, job_id: str, queue: str, options: Options, where: str | int | timedelta, fate: Fate) -> None:
        result_ttl, failure_ttl, (left, intervals), front_on_retry, ttl = options
        record = JobRecord(job_id, data=b"call", origin=queue, timeout=180, ttl=ttl)
        record.result_ttl, record.failure_ttl = result_ttl, failure_ttl
        record.retries_left, record.retry_intervals = left or None, intervals
        record.enqueue_at_front_on_retry = front_on_retry
        if isinstance(where, str):
            self.fleet.enqueue(record, fate, at_front=where == "front")
        else:
            record.enqueue_at_front = front_on_retry
            due = where if isinstance(where, timedelta) else self.fleet.model.now + where
            self.fleet.enqueue(record, fate, due=due)

    @rule(pick=picks, fate=fates, gives_up=st.booleans())
    def a_producer_sends_again(self, pick: int, fate: Fate, gives_up: bool) -> None:
        if self.fleet.unanswered:
            message = self.fleet.unanswered.pop(pick % len(self.fleet.unanswered))
            if not gives_up:
                self.fleet.send(message, fate)

    @rule(job_id=jobs, fate=fates, seen_in=st.sampled_from([None, None, *QUEUES]))
    def cancel(self, job_id: str, fate: Fate, seen_in: str | None) -> None:
        """`seen_in`: the queue it was in when the operator looked, which may be long ago."""
        self.fleet.cancel(job_id, fate, seen_in)

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

    @rule(pick=picks, places=st.integers(1, 2), fate=fates, only_if_caught=st.sampled_from([False, False, True]))
    def claim(self, pick: int, places: int, fate: Fate, only_if_caught: bool) -> None:
        process = self.worker(pick)
        if process and len(process.attempts) + places <= MOST_ATTEMPTS:
            self.fleet.claim(process, places, fate, only_if_caught=only_if_caught)

    @rule(pick=picks, which=picks, outcome=outcomes, places=st.integers(0, 2), fate=fates)
    def settle(self, pick: int, which: int, outcome: str, places: int, fate: Fate) -> None:
        process = self.worker(pick)
        if process and process.attempts:
            attempt = list(process.attempts.values())[which % len(process.attempts)]
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

    @rule(pick=picks, places=st.integers(1, 2))
    def wait(self, pick: int, places: int) -> None:
        process = self.worker(pick)
        if process and len(process.attempts) + places <= MOST_ATTEMPTS:
            self.fleet.arm(process, places)

    @rule(pick=picks, queue=queues, heard=st.booleans())
    def wake_who_waits(self, pick: int, queue: str, heard: bool) -> None:
        waiting = [process for process in self.fleet.processes if queue in process.lines]
        if waiting:
            self.fleet.wake_armed(waiting[-1 - pick % len(waiting)], queue, heard=heard)

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

    @rule(pick=picks, dies=st.sampled_from([False, False, True]))
    def an_rq_worker_goes_on(self, pick: int, dies: bool) -> None:
        if self.rq.runs:
            run = self.rq.runs[pick % len(self.rq.runs)]
            if dies:
                self.rq.runs.remove(run)
            else:
                self.rq.step(run)

    @rule(queue=queues, job_id=jobs, kind=st.sampled_from(["clean", "requeue", "enqueue again"]))
    def somebody_uses_rq(self, queue: str, job_id: str, kind: str) -> None:
        if kind == "clean":
            self.rq.clean(queue)
        elif kind == "requeue":
            self.rq.requeue(job_id)
        else:
            self.rq.enqueue_again(job_id)

    @rule(
        kind=st.sampled_from(NOISE),
        job_id=jobs,
        queue=queues,
    )
    def noise(self, kind: Callable[[Noise, str, str], None], job_id: str, queue: str) -> None:
        kind(self.others, job_id, queue)

    # --- cycles: what random steps seldom repeat for one job ----------------------------------------------------------

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

    @rule(pick=picks, outcome=outcomes)
    def stop_what_runs(self, pick: int, outcome: str) -> None:
        process = self.worker(pick)
        if not process:
            return
        for attempt in list(process.attempts.values()):
            self.others.ask_to_stop(attempt.key.job_id, attempt.key.queue)
            self.fleet.beat(process)
            if attempt.key.execution_id in process.attempts:
                self.fleet.settle(process, attempt, outcome, 0, Fate.OK)

    @rule(pick=picks, job_id=jobs, queue=queues, dies=st.booleans())
    def rq_runs_what_ours_ran(self, pick: int, job_id: str, queue: str, dies: bool) -> None:
        """Ours runs a job that is enqueued anew and taken by an RQ worker, which dies or not; a lease of nobody is there, too."""
        process = self.worker(pick)
        if process and not process.attempts:
            self._enqueue_and_claim(process, job_id, queue)
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

    @rule(pick=picks, job_id=jobs)
    def run_many_times(self, pick: int, job_id: str) -> None:
        """One job is enqueued and run again and again, as a periodic job with an id of its own is."""
        process = self.worker(pick)
        if process and not process.attempts:
            for _ in range(6):
                self._enqueue_and_claim(process, job_id, "q1")
                for attempt in list(process.attempts.values()):
                    self.fleet.settle(process, attempt, "returned", 0, Fate.OK)

    @rule(pick=picks, job_id=jobs, first=queues, then=queues, by=st.sampled_from(["ours", "ours", "rq"]), canceled=st.booleans())
    def enqueue_what_runs(self, pick: int, job_id: str, first: str, then: str, by: str, canceled: bool) -> None:
        """A job is enqueued anew while it runs, perhaps elsewhere; if by us, the new attempt may start before the old one ends."""
        process = self.worker(pick)
        if process and len(process.attempts) <= 1:
            self._enqueue_and_claim(process, job_id, first)
            if by == "rq":
                self.rq.enqueue_again(job_id)
            else:
                self._enqueue_and_claim(process, job_id, then)
            if canceled:
                self.fleet.cancel(job_id, Fate.OK)

    def _enqueue_and_claim(self, process: Process, job_id: str, queue: str) -> None:
        self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK, at_front=True)
        self.fleet.claim(process, 1, Fate.OK)

    # --- what must always hold ----------------------------------------------------------------------------------------

    @invariant()
    def the_server_holds_what_the_model_says(self) -> None:
        self.fleet.wire.check()

    @invariant()
    def counters_say_how_many_outcomes_counted(self) -> None:
        for name, (succeeded, failed) in self.fleet.counted.items():
            hash_ = self.fleet.wire.snapshot().get(self.scripts.keyspace.worker(name))
            if hash_:
                found = [int(hash_.value.get(f"{kind}_job_count", 0)) for kind in ("successful", "failed")]
                assert found == [succeeded, failed], f"{name} counted {found}, answered {[succeeded, failed]}"

    # --- liveness -----------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Everybody dies. One healthy worker brings every job to an end, and nothing is left over."""
        for process in self.fleet.processes:
            process.die()
        self.rq.runs.clear()
        if self.fleet.model.suspended:
            self.others.suspend("", "")
        for job_id in [job_id for job_id in self.fleet.model.jobs if self.fleet.model.is_broken(job_id)]:
            self.others.delete_job(job_id, "")
        self.fleet.pass_time(200)
        healthy = self.fleet.start("healthy", QUEUES, 30.0, Fate.OK)
        self._drain(healthy)
        self._no_dead_worker_of_ours_has_anything()
        # A clock that was set back makes due dates, and what RQ's workers had, late by as much.
        self.fleet.pass_time(max(self.fleet.latest - self.fleet.model.now, 0) + 200)
        self._drain(healthy)
        self.fleet.leave(healthy, Fate.OK)
        self.fleet.wire.check()
        self._nothing_is_left()

    def _drain(self, healthy: Process) -> None:
        for _ in range(MOST_ROUNDS):
            self._do_every_duty(healthy)
            if not self._is_work_left():
                break

    def _no_dead_worker_of_ours_has_anything(self) -> None:
        """Not even after the clock was set back."""
        assert self.fleet.model.sides.keys() == {"healthy"}, self.fleet.model.presence
        owners = [(i, job.fields.get("x_execution")) for i, job in self.fleet.model.jobs.items() if job.status == "started"]
        held = [(i, owner) for i, owner in owners if owner and owner not in self.fleet.wire.known.touched]
        assert not held, f"{held} were never taken back"

    def _do_every_duty(self, healthy: Process) -> None:
        for queue in QUEUES:
            self.fleet.reclaim(queue, Fate.OK)
            self.fleet.sweep(queue, Fate.OK)
        self.fleet.look_at_workers(Fate.OK)
        self.fleet.claim(healthy, 3, Fate.OK)
        for attempt in list(healthy.attempts.values()):
            self.fleet.settle(healthy, attempt, "returned", 0, Fate.OK)
        self.fleet.pass_time(RQ_BEAT_SECONDS)
        self.fleet.beat(healthy)

    def _is_work_left(self) -> bool:
        """Look at the keys as a janitor could; the model is not asked."""
        prefix = self.scripts.keyspace.prefix
        found = {name.removeprefix(prefix): key for name, key in self.fleet.wire.snapshot().items()}
        if set(found["x:workers"].value) != {"healthy"}:
            return True
        return any(name.startswith(("queue:", "wip:", "scheduled:", "x:caught:")) and key.type != "string" for name, key in found.items())

    def _nothing_is_left(self) -> None:
        model, prefix = self.fleet.model, self.scripts.keyspace.prefix
        for job_id, nonce in self.fleet.accepted.items():
            job, note = model.jobs.get(job_id), model.notes.get(job_id)
            ended = job and job.fields["x_enqueue"] == nonce and job.status in TERMINAL
            assert ended or (note and note.nonce == nonce), f"{job_id} was accepted, and is {job}"
        may_stay = ("job", "results", "finished", "failed", "canceled", "queues", "x:bad")
        for name, key in self.fleet.wire.snapshot().items():
            kind = name.removeprefix(prefix)
            assert kind.startswith(may_stay) or key.ttl is not None, f"{name} is left over: {key}"
