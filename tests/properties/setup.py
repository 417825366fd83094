"""What the rules of the state machine share: who takes part, what they choose from, and what becomes of their messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from rq.core.keys import Keyspace
from rq.model.record import JobRecord
from rq.store.scripts import ScriptLibrary, script_source
from tests.properties.by_hand import ByHand
from tests.properties.fleet import OUTCOMES, Fleet, Process
from tests.properties.upstream import Noise, RqWorkers
from tests.properties.wire import TURNED_BY_HAND, Fate

if TYPE_CHECKING:
    import redis

QUEUES = ("q1", "q2")
JOBS = ("a", "b", "c", "d")
# Name, queues in order, lease: one that listens on one queue, two that disagree about the order, one with a short lease.
WORKERS = (("w1", ("q1",), 30.0), ("w2", ("q1", "q2"), 30.0), ("w3", ("q2", "q1"), 15.0))
MOST_PROCESSES = 4
MOST_ATTEMPTS = 3
STEP_SECONDS = 5
NOISE = (
    *(Noise.stray_in_queue, Noise.stray_lease, Noise.delete_job, Noise.break_job, Noise.ask_to_stop),
    *(Noise.stray_in_schedule, Noise.forget_scripts, Noise.forget_worker, Noise.expire_execution, Noise.expire_job),
)
Options = tuple[int | None, int | None, tuple[int, list[int] | None], bool, int | None, tuple[int, list[int] | None]]
# So that two dependents are many already, and are told later.
ONE_AT_ONCE = ("dependents", script_source("lib/dependents").replace("MOST_AT_ONCE = 100", "MOST_AT_ONCE = 1"))

REGISTRIES = ("failed", "canceled", "finished", "scheduled", "deferred")

fates = st.sampled_from([Fate.OK] * 6 + [Fate.LOST_REPLY, Fate.LOST_REPLY, Fate.LOST_REQUEST, Fate.TWICE])
picks = st.integers(0, 5)
queues = st.sampled_from(QUEUES)
jobs = st.sampled_from(JOBS)
ttls = st.sampled_from([None, None, 0, -1, 90])
retries = st.sampled_from([(0, None), (0, None), (1, None), (2, [20]), (1, [20])])
repeats = st.sampled_from([(0, None), (0, None), (1, None), (2, [5, 0])])
options = st.tuples(ttls, ttls, retries, st.booleans(), st.sampled_from([None, None, 3600]), repeats)
outcomes = st.sampled_from([*OUTCOMES, "returned", "raised", "raised"])


def new_record(job_id: str, queue: str, options: Options) -> JobRecord:
    """A job as a producer describes it."""
    result_ttl, failure_ttl, (left, intervals), front_on_retry, ttl, (repeats_left, repeat_intervals) = options
    record = JobRecord(job_id, data=b"call", origin=queue, timeout=180, ttl=ttl)
    record.result_ttl, record.failure_ttl = result_ttl, failure_ttl
    record.retries_left, record.retry_intervals = left or None, intervals
    record.repeats_left, record.repeat_intervals = repeats_left or None, repeat_intervals
    record.enqueue_at_front_on_retry = front_on_retry
    return record


class Setup(RuleBasedStateMachine):
    """Who takes part. `client`, `connection` and `scripts` are set by whoever runs the machine."""

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
        self.hands = ByHand(self.fleet)

    def worker(self, pick: int) -> Process | None:
        """One of the living processes that has nothing unanswered; it registers first if it must."""
        free = [process for process in self.fleet.processes if process.alive and not process.unanswered]
        if not free:
            return None
        process = free[pick % len(free)]
        if not process.registered:
            self.fleet.register(process, Fate.OK)
        return process if process.alive else None

    @initialize(are_many=st.booleans())
    def two_workers(self, are_many: bool) -> None:
        """`are_many`: two dependents are more than a job tells in the step in which it ends."""
        if are_many:
            self.fleet.scripts = replace(self.scripts, replaced=(*self.scripts.replaced, ONE_AT_ONCE))
            self.fleet.model.most_at_once = 1
        for name, listens, lease in WORKERS[:2]:
            self.fleet.start(name, listens, lease, Fate.OK)

    def enqueue_and_claim(self, process: Process, job_id: str, queue: str) -> None:
        self.fleet.enqueue(JobRecord(job_id, data=b"call", origin=queue), Fate.OK, at_front=True)
        self.fleet.claim(process, 1, Fate.OK)
