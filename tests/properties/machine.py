"""The state machine: Hypothesis chooses who does what next, what becomes of every message, who dies, and how the clock moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import invariant

from tests.properties.crons import Crons
from tests.properties.fleet import RQ_BEAT_SECONDS, Process
from tests.properties.setup import QUEUES, WORKERS
from tests.properties.wire import Fate
from tests.properties.world import TERMINAL

if TYPE_CHECKING:
    import redis

    from rq.store.scripts import ScriptLibrary

MOST_ROUNDS = 12


def machine_for(server: redis.Redis, library: ScriptLibrary | None = None) -> type[TransitionMachine]:
    """Return the machine bound to a server, and to a library of scripts other than the shipped one."""

    class Transitions(TransitionMachine):
        client = server
        connection = server.connection_pool.get_connection()
        scripts = library or TransitionMachine.scripts

    return Transitions


class TransitionMachine(Crons):
    """All rules, what must always hold, and what must be so at the end."""

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
            self.hands.resume("", "", Fate.OK)
        self.fleet.resume(QUEUES, [*(name for name, _, _ in WORKERS), "nobody"], Fate.OK)
        for job_id in [job_id for job_id in self.fleet.model.jobs if self.fleet.model.is_broken(job_id)]:
            self.others.delete_job(job_id, "")
        for queue in QUEUES:
            self.hands.unlist_worker("", queue, Fate.OK)
        self.fleet.pass_time(200)
        healthy = self.fleet.start("healthy", QUEUES, 30.0, Fate.OK)
        self._drain(healthy)
        self._no_dead_worker_of_ours_has_anything()
        if self.fleet.latest > self.fleet.model.now:
            # A clock that was set back makes due dates, and what RQ's workers had, late by as much.
            self.fleet.pass_time(self.fleet.latest - self.fleet.model.now + 200)
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
            self._sweep_all_deferred(queue)
        self.fleet.look_at_workers(Fate.OK)
        self.fleet.carry_out_releases()
        for name in self.fleet.take_deliveries(100, Fate.OK):
            self.fleet.end_delivery(name, Fate.OK)
        self.fleet.claim(healthy, 3, Fate.OK)
        for attempt in list(healthy.attempts.values()):
            self.fleet.settle(healthy, attempt, "returned", 0, Fate.OK)
        self.fleet.pass_time(RQ_BEAT_SECONDS)
        self.fleet.beat(healthy)

    def _sweep_all_deferred(self, queue: str) -> None:
        rank = self.fleet.sweep_deferred(queue, 0, 2, Fate.OK)
        while rank is not None:
            rank = self.fleet.sweep_deferred(queue, rank, 2, Fate.OK)

    def _is_work_left(self) -> bool:
        """Look at the keys as a janitor could; the model is not asked."""
        prefix = self.scripts.keyspace.prefix
        found = {name.removeprefix(prefix): key for name, key in self.fleet.wire.snapshot().items()}
        if set(found["x:workers"].value) != {"healthy"}:
            return True
        places = ("queue:", "wip:", "scheduled:", "x:caught:", "x:releases", "x:outbox")
        return any(name.startswith(places) and key.type != "string" for name, key in found.items())

    def _nothing_is_left(self) -> None:
        model, prefix = self.fleet.model, self.scripts.keyspace.prefix
        for job_id, nonce in self.fleet.accepted.items():
            job, note = model.jobs.get(job_id), model.notes.get(job_id)
            ended = job and job.fields["x_enqueue"] == nonce and (job.status in TERMINAL or self._is_blocked(job_id, frozenset()))
            assert ended or (note and note.nonce == nonce), f"{job_id} was accepted, and is {job}"
        may_stay = ("job", "results", "finished", "failed", "canceled", "deferred", "group", "queues", "cron", "x:bad", "x:pending", "x:cron")
        known = self.fleet.wire.known
        for name, key in self.fleet.wire.snapshot().items():
            kind = name.removeprefix(prefix)
            assert kind.startswith(may_stay) or key.ttl is not None, f"{name} is left over: {key}"
            if kind.startswith("x:pending:"):
                job_id = kind.removeprefix("x:pending:")
                waits = job_id in model.jobs and model.jobs[job_id].status == "deferred"
                assert waits or job_id in known.let_go_by_rq, f"{job_id} waits no more, and {name} is left over"
            elif key.type == "set" and kind.startswith("job:"):
                job_id = kind.removeprefix("job:").lstrip(":").partition(":")[0]
                assert job_id in model.jobs or job_id in known.strays or key.ttl is not None, f"{job_id} is gone, and {name} is left over: {key}"

    def _is_blocked(self, job_id: str, seen: frozenset[str]) -> bool:
        """Whether a job waits, as it was told to, for one that ended badly, or for one that does so."""
        job = self.fleet.model.job(job_id)
        if job_id in seen:  # waited for by a child that it did not know of when it entered
            return job_id in self.fleet.wire.known.untold
        if job is None or job.status != "deferred":
            return False
        parents = {parent: self.fleet.model.job(parent) for parent in self.fleet.model.pending.get(job_id, ())}
        ended_badly = [parent for parent, found in parents.items() if found and found.status in {"failed", "stopped", "canceled"}]
        return bool(ended_badly) or any(self._is_blocked(parent, seen | {job_id}) for parent in parents)
