"""Other programs at the same keys: RQ 2.12 as its specification describes what it writes, operators, and Redis's own expiry.

Each writes keys directly and tells the model what it wrote. RQ's workers know nothing of executions' owners, leases or fencing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rq.model.record import JobRecord
from rq.store.codec import encode_job
from tests.properties.places import RESULT_FAILED, RESULT_SUCCESSFUL, take_out
from tests.properties.world import Ids, JobHash, iso_date, seconds_text

if TYPE_CHECKING:
    from rq.store.calls import Argument
    from tests.properties.fleet import Fleet

RQ_LEASE_SECONDS = 90
RQ_INTERVAL_SECONDS = 30
RQ_NAME = "rqworker"
Command = tuple["Argument", ...]


@dataclass
class Run:
    """A job in the hands of an RQ worker: popped (in the intermediate list), prepared (has an execution) or started."""

    job_id: str
    execution: str
    queue: str
    stage: str


class RqWorkers:
    """RQ 2.12's workers and dashboards."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._model = fleet.model
        self._keys = fleet.scripts.keyspace
        self.runs: list[Run] = []

    def take(self, queue: str, *, alone: bool) -> None:
        """A worker pops a job. `alone`: it listens on one queue, so the id goes to the intermediate list; otherwise it is nowhere until prepared."""
        ids = self._model.queue(queue)
        job = self._model.job(ids[0]) if ids else None
        if job is None or job.status != "queued" or job.fields["origin"] != queue:
            return
        run = Run(ids.pop(0), self._fleet.next("rq"), queue, "popped")
        self.runs.append(run)
        if alone:
            self._model.intermediate.setdefault(queue, []).append(run.job_id)
            lists = (self._keys.queue(queue), self._keys.intermediate(queue))
            self._fleet.wire.write(("LMOVE", *lists, "LEFT", "RIGHT"))
        else:
            self._fleet.wire.write(("LPOP", self._keys.queue(queue)))
            self.step(run)

    def step(self, run: Run, *, tells: bool = False) -> None:
        """The worker goes on: prepares the execution, starts the job, ends it. One that lost its job vanishes. `tells`: see `_tell_dependents`."""
        job = self._model.job(run.job_id)
        status = {"popped": "queued", "prepared": "queued", "started": "started"}[run.stage]
        leased = run.stage == "popped" or self._model.has_lease(run.queue, run.job_id, run.execution)
        if run not in self.runs:
            return
        if job is None or job.status != status or job.fields["origin"] != run.queue or not leased:
            self.runs.remove(run)
        elif run.stage == "popped":
            self._prepare(run)
        elif run.stage == "prepared":
            self._start(run, job)
        elif job.fields["worker_name"] == RQ_NAME:
            self._end(run, job)
            if tells and run.job_id in self._model.dependents and job.status == "finished":
                self._tell_dependents(run.job_id)

    def _tell_dependents(self, parent: str) -> None:
        """Those go on whose parents all have finished or are gone. RQ knows nothing of pending sets and due dates, and leaves them."""
        model, keys = self._model, self._keys
        for child in sorted(model.dependents[parent].ids):
            job = model.job(child)
            if job is None or job.status != "deferred" or child not in model.registry("deferred", job.fields["origin"]):
                continue
            others = model.dependencies.get(child, Ids()).ids
            if any(model.jobs[other].status != "finished" for other in others if other in model.jobs):
                continue
            self._fleet.wire.known.let_go_by_rq.add(child)
            queue, front = job.fields["origin"], job.fields.get("enqueue_at_front") == "1"
            written = {"status": "queued", "enqueued_at": iso_date(model.now)}
            job.fields |= written
            del model.registry("deferred", queue)[child]
            model.push(queue, child, front=front)
            take_out(model.dependents, parent, child)
            self._fleet.wire.write(
                ("ZREM", keys.registry("deferred", queue), child),
                self._hset(child, written),
                ("LPUSH" if front else "RPUSH", keys.queue(queue), child),
                ("SREM", keys.dependents(parent), child),
            )

    def defer(self, job_id: str, queue: str, parent: str) -> None:
        """A producer lets a new job wait for another one with RQ, which knows nothing of pending sets."""
        model, keys, ended = self._model, self._keys, self._model.job(parent)
        if job_id in model.jobs or ended is None or ended.status == "finished" or job_id == parent or job_id in model.dependents:
            return
        self._fleet.forgive_entries_out_of_reach(job_id)
        record = JobRecord(job_id, data=b"call", origin=queue, dependency_ids=[parent], allow_dependency_failures=True)
        flat = [*encode_job(record), "status", "deferred"]
        model.jobs[job_id] = JobHash(dict(zip(map(_text, flat[::2]), map(_text, flat[1::2]), strict=True)))
        model.registry("deferred", queue)[job_id] = math.floor(model.now)
        model.dependencies.setdefault(job_id, Ids()).ids.add(parent)
        model.dependents.setdefault(parent, Ids()).ids.add(job_id)
        model.known_queues.add(queue)
        self._fleet.accepted.pop(job_id, None)
        self._fleet.wire.write(
            ("HSET", keys.job(job_id), *flat),
            ("ZADD", keys.registry("deferred", queue), math.floor(model.now), job_id),
            ("SADD", keys.dependents(parent), job_id),
            ("SADD", keys.dependencies(job_id), parent),
            ("SADD", keys.queues, keys.queue(queue)),
        )

    def _prepare(self, run: Run) -> None:
        run.stage = "prepared"
        model, time = self._model, seconds_text(self._model.now)
        entry = {"id": run.execution, "created_at": time, "last_heartbeat": time, "worker_name": RQ_NAME}
        model.execution[run.job_id, run.execution] = entry
        key = self._keys.execution(run.job_id, run.execution)
        flat = [item for pair in entry.items() for item in pair]
        self._fleet.wire.write(("HSET", key, *flat), ("EXPIRE", key, RQ_LEASE_SECONDS + 60), *self._leased(run))

    def _leased(self, run: Run) -> list[Command]:
        model, ends_at = self._model, self._model.now + RQ_LEASE_SECONDS
        self._fleet.beaten[run.execution] = self._fleet.monotonic
        model.wip.setdefault(run.queue, {})[run.job_id, run.execution] = ends_at
        model.executions.setdefault(run.job_id, {})[run.execution] = ends_at
        return [
            ("ZADD", self._keys.registry("wip", run.queue), ends_at, f"{run.job_id}:{run.execution}"),
            ("ZADD", self._keys.executions(run.job_id), ends_at, run.execution),
            ("EXPIRE", self._keys.executions(run.job_id), RQ_LEASE_SECONDS + 60),
        ]

    def beat(self) -> None:
        """Every worker whose turn it is extends its lease, if it has one."""
        for run in self.runs:
            due = self._fleet.monotonic - self._fleet.beaten.get(run.execution, 0) >= RQ_INTERVAL_SECONDS
            if due and run.stage != "popped" and self._model.has_lease(run.queue, run.job_id, run.execution):
                self._fleet.wire.write(*self._leased(run))

    def _start(self, run: Run, job: JobHash) -> None:
        """No check that the job is still the one that was popped: if it was enqueued anew meanwhile, its new entry is a stray from now on."""
        run.stage = "started"
        if run.job_id in self._model.queue(run.queue):
            self._fleet.wire.known.strays.add(run.job_id)
        date = iso_date(self._model.now)
        written = {"status": "started", "started_at": date, "last_heartbeat": date, "worker_name": RQ_NAME}
        job.fields |= written
        job.ttl = None
        if run.job_id in self._model.intermediate.get(run.queue, []):
            self._model.intermediate[run.queue].remove(run.job_id)
        self._fleet.wire.write(
            self._hset(run.job_id, written),
            ("LREM", self._keys.intermediate(run.queue), 1, run.job_id),
            ("PERSIST", self._keys.job(run.job_id)),
        )

    def _hset(self, job_id: str, fields: dict[str, str]) -> Command:
        return ("HSET", self._keys.job(job_id), *(item for pair in fields.items() for item in pair))

    def _end(self, run: Run, job: JobHash) -> None:
        """Odd executions succeed, even ones fail. Times to live of 0 are left to our workers: RQ deletes other keys for them."""
        self.runs.remove(run)
        succeeds = int(run.execution.removeprefix("rq")) % 2 == 1
        status, kind = ("finished", RESULT_SUCCESSFUL) if succeeds else ("failed", RESULT_FAILED)
        asked = job.fields.get("result_ttl" if succeeds else "failure_ttl")
        ttl = int(asked) if asked is not None else 500 if succeeds else 365 * 24 * 60 * 60
        if ttl == 0:
            return
        model, keys = self._model, self._keys
        written = {"status": status, "ended_at": iso_date(model.now)}
        job.fields |= written
        model.wip[run.queue].pop((run.job_id, run.execution))
        model.executions.get(run.job_id, {}).pop(run.execution, None)
        model.execution.pop((run.job_id, run.execution), None)
        model._record(run.job_id, kind, RQ_NAME, run.execution, ttl)
        expiries = self._keep(run.job_id, status, run.queue, ttl, math.inf if succeeds else -1)
        score = model.registry(status, run.queue)[run.job_id]
        result = ("type", kind, "worker_name", RQ_NAME, "execution_id", run.execution)
        results = keys.results(run.job_id)
        self._fleet.wire.write(
            self._hset(run.job_id, written),
            ("XADD", results, "MAXLEN", 10, "*", *result),
            ("ZADD", keys.registry(status, run.queue), "+inf" if score == math.inf else score, run.job_id),
            ("ZREM", keys.registry("wip", run.queue), f"{run.job_id}:{run.execution}"),
            ("DEL", keys.execution(run.job_id, run.execution)),
            ("ZREM", keys.executions(run.job_id), run.execution),
            *expiries,
            ("EXPIRE", results, ttl) if ttl > 0 else ("PERSIST", results),
        )

    def _keep(self, job_id: str, status: str, queue: str, ttl: int, forever: float) -> list[Command]:
        """The job stays for a while, and so do the sets of those who wait for it, and for whom it waited."""
        model, keys = self._model, self._keys
        self._fleet.wire.known.untold.add(job_id)
        model.registry(status, queue)[job_id] = forever if ttl < 0 else math.floor(model.now) + ttl
        if ttl < 0:
            return []
        model.jobs[job_id].ttl = ttl
        for sets in (model.dependents, model.dependencies):
            sets.get(job_id, Ids()).ttl = ttl
        return [("EXPIRE", key, ttl) for key in (keys.job(job_id), keys.dependents(job_id), keys.dependencies(job_id))]

    def clean(self, queue: str) -> None:
        """Somebody looks at the started jobs with RQ: those whose score passed become failed jobs. The execution's own keys have expired by then."""
        model, keys = self._model, self._keys
        for (job_id, execution), score in list(model.wip.get(queue, {}).items()):
            job = model.job(job_id)
            if not 0 <= score <= model.now or job is None or job.status != "started" or job.fields["origin"] != queue:
                continue
            if any(other == job_id for other, run in model.wip[queue] if run != execution):
                continue
            self._fleet.wire.known.touched.add(execution)
            ttl = int(job.fields.get("failure_ttl", 365 * 24 * 60 * 60)) or 60
            written = {"status": "failed", "ended_at": iso_date(model.now), "failure_ttl": str(ttl)}
            job.fields |= written
            model.wip[queue].pop((job_id, execution))
            model.execution.pop((job_id, execution), None)
            model.executions.get(job_id, {}).pop(execution, None)
            expiries = self._keep(job_id, "failed", queue, ttl, -1)
            self._fleet.wire.write(
                self._hset(job_id, written),
                ("ZREM", keys.registry("wip", queue), f"{job_id}:{execution}"),
                ("ZADD", keys.registry("failed", queue), model.registry("failed", queue)[job_id], job_id),
                ("DEL", keys.execution(job_id, execution)),
                ("ZREM", keys.executions(job_id), execution),
                *expiries,
            )

    def enqueue_again(self, job_id: str) -> None:
        """A producer enqueues with RQ an id that one of our workers runs: RQ writes its own fields and leaves the others."""
        job = self._model.job(job_id)
        if job is None or job.status != "started" or "x_execution" not in job.fields:
            return
        queue = job.fields["origin"]
        self._fleet.wire.known.touched.add(job.fields["x_execution"])
        written = {"status": "queued", "enqueued_at": iso_date(self._model.now)}
        job.fields |= written
        self._model.push(queue, job_id, front=False)
        self._fleet.wire.write(self._hset(job_id, written), ("RPUSH", self._keys.queue(queue), job_id))

    def requeue(self, job_id: str) -> None:
        """Somebody requeues a failed job with RQ."""
        model, keys, job = self._model, self._keys, self._model.job(job_id)
        if job is None or job.status != "failed" or job_id not in model.registry("failed", job.fields["origin"]):
            return
        queue = job.fields["origin"]
        written = {"status": "queued", "enqueued_at": iso_date(model.now), "started_at": "", "ended_at": ""}
        job.fields |= written
        job.ttl = None
        del model.registry("failed", queue)[job_id]
        model.push(queue, job_id, front=False)
        self._fleet.wire.write(
            ("ZREM", keys.registry("failed", queue), job_id),
            self._hset(job_id, written),
            ("PERSIST", keys.job(job_id)),
            ("RPUSH", keys.queue(queue), job_id),
        )


class Noise:
    """What nobody should do and somebody does."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._model = fleet.model
        self._keys = fleet.scripts.keyspace

    def stray_in_queue(self, job_id: str, queue: str) -> None:
        """A client library repeats an RPUSH."""
        self._fleet.wire.known.strays.add(job_id)
        self._model.push(queue, job_id, front=False)
        self._fleet.wire.write(("RPUSH", self._keys.queue(queue), job_id))

    def stray_lease(self, job_id: str, queue: str) -> None:
        """An entry among the started jobs that belongs to nobody."""
        execution, score = self._fleet.next("stray"), self._model.now - 1
        self._model.wip.setdefault(queue, {})[job_id, execution] = score
        self._fleet.wire.write(("ZADD", self._keys.registry("wip", queue), score, f"{job_id}:{execution}"))

    def stray_in_schedule(self, job_id: str, queue: str) -> None:
        """RQ's scheduler and somebody's cancel cross: an id is scheduled whose job is not."""
        if job_id not in self._model.registry("scheduled", queue):
            self._fleet.wire.known.strays.add(job_id)
            self._model.registry("scheduled", queue)[job_id] = self._model.now - 1
            self._fleet.wire.write(("ZADD", self._keys.registry("scheduled", queue), self._model.now - 1, job_id))

    def delete_job(self, job_id: str, queue: str) -> None:
        """An operator, an eviction or an expiry takes the hash away."""
        self._fleet.wire.known.strays.add(job_id)
        self._fleet.accepted.pop(job_id, None)
        self._model.jobs.pop(job_id, None)
        self._fleet.wire.write(("DEL", self._keys.job(job_id)))

    def expire_job(self, job_id: str, queue: str) -> None:
        """The time of an ended or a waiting job is over: its keys go that were to go."""
        model, keys, job = self._model, self._keys, self._model.jobs.get(job_id)
        if job is None or job.ttl is None:
            return
        self._fleet.wire.known.strays.add(job_id)
        self._fleet.accepted.pop(job_id, None)
        del model.jobs[job_id]
        gone = [keys.job(job_id)]
        kept = ((model.results, keys.results), (model.dependents, keys.dependents), (model.dependencies, keys.dependencies))
        for belongings, key in kept:
            if job_id in belongings and belongings[job_id].ttl is not None:
                del belongings[job_id]
                gone.append(key(job_id))
        self._fleet.wire.write(("DEL", *gone))

    def break_job(self, job_id: str, queue: str) -> None:
        """Something that is no hash stands where a job's hash was."""
        if job_id in self._model.jobs:
            self.delete_job(job_id, queue)
            self._model.jobs[job_id] = JobHash({}, broken=True)
            self._fleet.wire.write(("SET", self._keys.job(job_id), "junk"))

    def ask_to_stop(self, job_id: str, queue: str) -> None:
        """Somebody asks for the running attempt to be stopped."""
        job = self._model.job(job_id)
        if job and "x_execution" in job.fields and job.status == "started":
            job.fields["x_stop"] = job.fields["x_execution"]
            self._fleet.wire.write(("HSET", self._keys.job(job_id), "x_stop", job.fields["x_stop"]))

    def forget_scripts(self, job_id: str, queue: str) -> None:
        """SCRIPT FLUSH, or a new server."""
        self._fleet.wire.forget_scripts()

    def forget_worker(self, job_id: str, queue: str) -> None:
        """The hash of a worker is deleted."""
        for name in sorted(self._model.worker_hashes)[:1]:
            del self._model.worker_hashes[name]
            self._fleet.wire.write(("DEL", self._keys.worker(name)))

    def expire_execution(self, job_id: str, queue: str) -> None:
        """Redis was away so long that the hash of an execution expired."""
        for execution in list(self._model.executions.get(job_id, {}))[:1]:
            self._fleet.wire.known.touched.add(execution)
            self._model.execution.pop((job_id, execution), None)
            self._fleet.wire.write(("DEL", self._keys.execution(job_id, execution)))


def _text(value: Argument) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
