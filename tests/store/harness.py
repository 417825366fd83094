"""A queue system small enough to hold in the hand: store calls with short names, a clock that only moves when told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import redis.asyncio

from rq.core.keys import Keyspace
from rq.model.fate import UNKNOWN, Fate
from rq.model.presence import WorkerIdentity
from rq.model.record import JobRecord
from rq.model.settlement import AskRetry, Crash, Fail, Finish, GiveUp, PutBack, Retry, Stop
from rq.store.aio import AsyncCaller
from rq.store.cancel import cancel_job, stop_job
from rq.store.channels import tell_worker
from rq.store.claim import ClaimRequest, claim_jobs, claim_when_woken
from rq.store.delete import delete_job
from rq.store.dependents import list_releases, release_dependents, sweep_deferred
from rq.store.enqueue import NewJob, enqueue_job, enqueue_jobs, promote_jobs
from rq.store.lease import Beat, extend_leases
from rq.store.outbox import end_delivery, take_deliveries
from rq.store.presence import Birth, register_worker, unregister_worker
from rq.store.purge import purge_queue
from rq.store.reap import Reclaimed, Suspect, reclaim_jobs, reclaim_worker, sweep_queue
from rq.store.requeue import requeue_job
from rq.store.scripts import ScriptLibrary
from rq.store.settle import AttemptKey, settle_attempt
from rq.store.suspension import Pauses, find_pauses, pause, resume
from tests.support.dump import Entry, dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rq.store.calls import Argument, Call
    from rq.store.replies import Claimed, ClaimedJob, Enqueued, Settled

T = TypeVar("T")

START = 1_800_000_000.25
LEASE = 30.0
MOST_CRASHES = 3

TURNED_BY_HAND = "local function server_time() return tonumber(redis.call('GET', test_clock_key())) end"


class RunsCalls(Protocol):
    """What the synchronous and the asyncio caller have in common, as the tests see it."""

    def run(self, call: Call[T]) -> T: ...

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]: ...


class BlockingAsyncCaller:
    """Runs calls through `AsyncCaller`, each to its end."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.Runner()
        self._client = redis.asyncio.Redis.from_url(url)
        self._caller = AsyncCaller(self._client)

    def run(self, call: Call[T]) -> T:
        return self._loop.run(self._caller.run(call))

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        return self._loop.run(self._caller.run_many(calls))

    def close(self) -> None:
        self._loop.run(self._client.aclose())
        self._loop.close()


def scripts_with_a_clock(keys: Keyspace) -> ScriptLibrary:
    """The scripts of a keyspace; instead of the server's time they read the key `test_clock`."""
    return ScriptLibrary(keys, (("server_time", TURNED_BY_HAND),))


@dataclass
class Store:
    """Transitions and what they leave behind. `client` is for looking; `caller` makes the calls."""

    client: redis.Redis
    caller: RunsCalls
    keys: Keyspace = field(default_factory=Keyspace)
    scripts: ScriptLibrary = field(init=False)
    now: float = START

    def __post_init__(self) -> None:
        self.scripts = scripts_with_a_clock(self.keys)
        self._sequences: dict[str, int] = {}
        self._nonces = count(1)
        self.turn_clock(0)

    def turn_clock(self, seconds: float) -> Store:
        """Let time pass."""
        self.now += seconds
        # Not a plain SET: a full server would refuse it.
        set_clock = "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], ARGV[1])"
        self.client.eval(set_clock, 1, self.keys.test_clock, repr(self.now))
        return self

    def run(self, call: Call[T]) -> T:
        return self.caller.run(call)

    # --- transitions ---

    def enqueue(self, job_id: str, queue: str = "q", **options: Any) -> Enqueued:
        return self.run(enqueue_job(self.scripts, self.new_job(job_id, queue, **options)))

    def enqueue_many(self, *jobs: NewJob) -> list[Enqueued]:
        return self.run(enqueue_jobs(self.scripts, jobs))

    def new_job(
        self,
        job_id: str,
        queue: str = "q",
        *,
        nonce: str = "",
        front: bool = False,
        due: float | None = None,
        unique: bool = False,
        after: Sequence[str] = (),
        shared: list[Argument] | None = None,
        **fields: Any,
    ) -> NewJob:
        """A job on its way; `after`: the jobs it depends on; `shared`: what it has in common with others."""
        record = JobRecord(job_id, origin=queue, **{"data": b"payload", "timeout": 180, "dependency_ids": list(after), **fields})
        return NewJob(record, nonce or f"nonce-{next(self._nonces)}", front, due, unique, shared)

    def promote(self, queue: str = "q", limit: int = 500, worker: str = "") -> tuple[int, float | None]:
        return self.run(promote_jobs(self.scripts, queue, limit, worker))

    def birth(self, worker: str = "w", queues: Sequence[str] = ("q",), **options: Any) -> Birth:
        return self.run(self.birth_call(worker, queues, **options))

    def birth_call(self, worker: str = "w", queues: Sequence[str] = ("q",), incarnation: str = "", replaceable: str = "") -> Call[Birth]:
        identity = WorkerIdentity(worker, incarnation or f"{worker}-1", tuple(queues), "host", 42, "boot-7", "127.0.0.1", "1.0", "3.11")
        return register_worker(self.scripts, identity, LEASE, 480, MOST_CRASHES, replaceable)

    def death(self, worker: str = "w", incarnation: str = "") -> int:
        return self.run(unregister_worker(self.scripts, worker, incarnation or f"{worker}-1"))

    def claim_request(
        self,
        worker: str = "w",
        queues: Sequence[str] = ("q",),
        places: int = 1,
        sequence: int | None = None,
        incarnation: str = "",
    ) -> ClaimRequest:
        """The worker's next claim, or again the one with this number; its execution ids follow from worker and number."""
        if sequence is None:
            sequence = self._sequences[worker] = self._sequences.get(worker, 0) + 1
        executions = [f"{worker}x{sequence}x{place}".rjust(32, "0") for place in range(places)]  # as long as real ones
        return ClaimRequest(worker, incarnation or f"{worker}-1", sequence, LEASE, executions, queues)

    def woken_request(self, worker: str = "w", queues: Sequence[str] = ("q",), places: int = 1) -> ClaimRequest:
        """A claim that a worker leaves at the server; its execution ids are its own."""
        executions = [f"{worker}-{next(self._nonces)}".rjust(32, "0") for _ in range(places)]
        return ClaimRequest(worker, f"{worker}-1", 0, LEASE, executions, queues)

    def sequence_is(self, worker: str, number: int) -> bool:
        """A claim that was left at the server got this number: the worker goes on from there. False if it had got there itself."""
        known = self._sequences.get(worker, 0)
        self._sequences[worker] = max(known, number)
        return number > known

    def claim_when_woken(self, worker: str = "w", queues: Sequence[str] = ("q",), places: int = 1) -> Claimed:
        """The claim that the server carries out when the wait of one of a worker's connections has ended."""
        return self.run(claim_when_woken(self.scripts, self.woken_request(worker, queues, places)))

    def catch(self, queue: str = "q") -> None:
        """What the BLMOVE of a waiting connection does."""
        self.client.lmove(self.keys.queue(queue), self.keys.caught(queue), "LEFT", "RIGHT")

    def claim(self, worker: str = "w", queues: Sequence[str] = ("q",), places: int = 1, **options: Any) -> Claimed:
        return self.run(claim_jobs(self.scripts, self.claim_request(worker, queues, places, **options)))

    def start(self, job_id: str = "a", worker: str = "w", queue: str = "q", **fields: Any) -> AttemptKey:
        """Enqueue a job and let a worker (registered if need be) claim it."""
        if not self.client.exists(self.keys.worker(worker)):
            self.birth(worker, (queue,))
        self.enqueue(job_id, queue, **fields)
        return self.take(worker, queue)

    def client_url(self) -> str:
        """Where the server is, for another process."""
        settings = self.client.connection_pool.connection_kwargs
        return f"redis://{settings['host']}:{settings['port']}/{settings.get('db', 0)}"

    def take(self, worker: str = "w", queue: str = "q") -> AttemptKey:
        """Let a worker claim one job that waits."""
        claimed = self.claim(worker, (queue,))
        assert len(claimed.jobs) == 1, claimed
        return self.attempt_of(claimed.jobs[0], worker)

    def beat(self, *attempts: AttemptKey, worker: str = "w", incarnation: str = "", heard: Sequence[str] = ()) -> Beat:
        running = [(attempt.job_id, attempt.execution_id) for attempt in attempts]
        return self.run(extend_leases(self.scripts, worker, incarnation or f"{worker}-1", LEASE, 480, running, heard=heard))

    def settle(
        self, attempt: AttemptKey, decision: Any, claim: ClaimRequest | None = None, delivery: bytes = b"", fate: Fate = UNKNOWN, beside: str = ""
    ) -> Settled:
        return self.run(settle_attempt(self.scripts, attempt, decision, MOST_CRASHES, claim, delivery, fate, beside))

    def finish(self, attempt: AttemptKey, value: bytes | None = b"42", ttl: int = 500, claim: ClaimRequest | None = None) -> Settled:
        return self.settle(attempt, Finish(value, ttl), claim)

    def fail(self, attempt: AttemptKey, ttl: int = 1000) -> Settled:
        return self.settle(attempt, Fail("Traceback\nValueError: no", ttl))

    def retry(self, attempt: AttemptKey, left: int, delay: int = 0, *, front: bool = False) -> Settled:
        return self.settle(attempt, Retry("Traceback\nValueError: no", delay, left, front, 1000))

    def repeat(self, attempt: AttemptKey, delay: int = 0, ttl: int = 500) -> Settled:
        """The function returned, and the job is to be repeated."""
        return self.settle(attempt, Finish(b"42", ttl, delay))

    def ask(self, attempt: AttemptKey, number_of_retries: int = 0, delay: int = 0, *, front: bool = False) -> Settled:
        """The function returned a `Retry`."""
        return self.settle(attempt, AskRetry(b"asked", delay, number_of_retries, front, 1000))

    def give_up(self, attempt: AttemptKey, ttl: int = 1000) -> Settled:
        """The function returned a `Retry` once too often."""
        return self.settle(attempt, GiveUp(b"asked", ttl))

    def stop(self, attempt: AttemptKey) -> Settled:
        return self.settle(attempt, Stop("stopped by hand", 1000))

    def crash(self, attempt: AttemptKey, ttl: int = 1000) -> Settled:
        return self.settle(attempt, Crash("killed by signal 9", ttl))

    def release(self, attempt: AttemptKey) -> Settled:
        return self.settle(attempt, PutBack("a test wants it"))

    def cancel(self, job_id: str = "a", queue: str = "q", **options: bool) -> tuple[str, str]:
        return self.run(cancel_job(self.scripts, job_id, queue, **options))

    def ask_to_stop(self, job_id: str = "a", asked_by: str = "a user") -> tuple[str, str]:
        return self.run(stop_job(self.scripts, job_id, asked_by))

    def tell(self, command: str = "shutdown", command_id: str = "c1", worker: str = "w") -> bool:
        return self.run(tell_worker(self.scripts, worker, {"command": command}, command_id))

    def delete(self, job_id: str = "a", queue: str = "q", nonce: str = "", **options: bool) -> tuple[str, str]:
        return self.run(delete_job(self.scripts, job_id, queue, nonce or f"nonce-{next(self._nonces)}", **options))

    def requeue(self, job_id: str = "a", kind: str = "failed", queue: str = "q", *, nonce: str = "", front: bool = False) -> Enqueued:
        return self.run(requeue_job(self.scripts, job_id, kind, queue, nonce or f"nonce-{next(self._nonces)}", at_front=front))

    def purge(self, queue: str = "q", limit: int = 1000) -> tuple[int, int]:
        return self.run(purge_queue(self.scripts, queue, limit))

    def release_dependents(self, parent: str = "p") -> tuple[bool, int]:
        return self.run(release_dependents(self.scripts, parent))

    def notes(self) -> list[str]:
        """The ended jobs that not all of their dependents have heard of, as a worker lists them."""
        return self.run(list_releases(self.scripts))

    def release_all(self) -> int:
        """Do what workers do about notes until there is none. Answers how many calls it took."""
        calls = 0
        while parents := self.notes():
            for parent in parents:
                calls += 1
                self.release_dependents(parent)
        return calls

    def sweep_deferred(self, queue: str = "q", first: int = 0, limit: int = 100) -> tuple[int, int | None]:
        return self.run(sweep_deferred(self.scripts, queue, first, limit))

    def take_deliveries(self, most: int = 10, seconds: float = 60) -> list[tuple[str, bytes]]:
        return self.run(take_deliveries(self.scripts, most, seconds))

    def end_delivery(self, name: str, rest: bytes = b"", delay_seconds: float = 0) -> bool:
        return self.run(end_delivery(self.scripts, name, rest, delay_seconds))

    def reclaim(self, *suspects: Suspect, queue: str = "q") -> Reclaimed:
        return self.run(reclaim_jobs(self.scripts, queue, suspects, LEASE, MOST_CRASHES))

    def reclaim_all(self, queue: str = "q", seen_seconds: float = 40) -> Reclaimed:
        """Reclaim as a caller that has watched every entry unchanged for this long."""
        watched = [Suspect(member, score, seen_seconds) for member, score in self.reclaim(queue=queue).suspects]
        return self.reclaim(*watched, queue=queue)

    def reclaim_worker(self, worker: str = "w", incarnation: str = "", *, seen_dead: bool = False) -> tuple[str, list[tuple[str, str, str]], int]:
        reason = "its process is gone"
        return self.run(reclaim_worker(self.scripts, worker, incarnation, reason, MOST_CRASHES, seen_dead=seen_dead))

    def sweep(self, queue: str = "q", worker: str = "w") -> tuple[int, int]:
        return self.run(sweep_queue(self.scripts, queue, worker))

    def pause(self, *queues: str, seconds: float | None = None, workers: Sequence[str] = ()) -> int:
        return self.run(pause(self.scripts, seconds, queues, workers))

    def resume(self, *queues: str, workers: Sequence[str] = ()) -> int:
        return self.run(resume(self.scripts, queues, workers))

    def pauses(self, worker: str = "w", queues: Sequence[str] = ("q",)) -> Pauses:
        return self.run(find_pauses(self.scripts, worker, queues))

    @staticmethod
    def attempt_of(job: ClaimedJob, worker: str = "w") -> AttemptKey:
        return AttemptKey(job.job_id, job.execution_id, job.queue, worker)

    # --- what a reader of the server sees ---

    @staticmethod
    def wire(name: str) -> bytes:
        return name.encode(errors="surrogateescape")

    def status(self, job_id: str = "a") -> str | None:
        value: Any = self.client.hget(self.wire(self.keys.job(job_id)), "status")
        return None if value is None else value.decode()

    def hash(self, job_id: str = "a") -> dict[str, str]:
        return _decoded(self.client.hgetall(self.keys.job(job_id)))

    def worker_hash(self, worker: str = "w") -> dict[str, str]:
        return _decoded(self.client.hgetall(self.keys.worker(worker)))

    def waiting(self, queue: str = "q") -> list[str]:
        return _texts(self.client.lrange(self.keys.queue(queue), 0, -1))

    def dependents(self, job_id: str = "p") -> set[str]:
        """Who waits for a job, as the job's own set says."""
        return self._members(self.keys.dependents(job_id))

    def dependencies(self, job_id: str = "c") -> set[str]:
        """RQ's set of what a job depends on."""
        return self._members(self.keys.dependencies(job_id))

    def pending(self, job_id: str = "c") -> set[str]:
        """What a job waits for still."""
        return self._members(self.keys.pending(job_id))

    def group(self, name: str) -> set[str]:
        return self._members(self.keys.group(name))

    def _members(self, key: str) -> set[str]:
        members: Any = self.client.smembers(key)
        return set(_texts(members))

    def bad(self, queue: str = "q") -> list[str]:
        return _texts(self.client.lrange(self.keys.bad(queue), 0, -1))

    def registry(self, kind: str, queue: str = "q") -> dict[str, float]:
        return dict(self.dump().get(self.keys.registry(kind, queue), Entry("zset", {}, has_ttl=False)).value)

    def results(self, job_id: str = "a") -> list[dict[str, str]]:
        """The entries of a job's result stream, oldest first."""
        entries: Any = self.client.xrange(self.keys.results(job_id))
        return [_decoded(fields) for _, fields in entries]

    def places(self, job_id: str = "a") -> list[str]:
        """Every list and registry that names the job, without the prefix; twice if it stands there twice."""
        found = []
        for key, entry in self.dump().items():
            name = key.removeprefix(self.keys.prefix)
            if entry.type in {"list", "zset"} and not name.startswith(("executions:", "x:bad:")):
                found += [name for member in entry.value if member.split(":")[0] == job_id]
        return found

    def traces(self, job_id: str = "a") -> list[str]:
        """Every key that has the job's id in its name, without the prefix."""
        names = (key.removeprefix(self.keys.prefix) for key in self.dump())
        return [name for name in names if job_id in name.split(":")]

    def dump(self) -> dict[str, Entry]:
        """All keys but the clock."""
        return dump(self.client, without=(self.keys.test_clock,))


def suspect(member: str, score: float, seen_seconds: float = 40) -> Suspect:
    """An entry that the caller has watched for this long."""
    return Suspect(member, score, seen_seconds)


def _texts(items: Any) -> list[str]:
    return [item.decode(errors="backslashreplace") for item in items]


def _decoded(fields: Any) -> dict[str, str]:
    return {name.decode(errors="backslashreplace"): value.decode(errors="backslashreplace") for name, value in fields.items()}
