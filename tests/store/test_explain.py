"""What is read of a job before one can say why it is not running."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from rq.model.explanation import explain
from rq.model.situation import Explanation, Situation
from rq.store.connection import Caller
from rq.store.explain import LONGEST_SEARCH, read_facts
from rq.store.search import escape_pattern, find_job_ids, scan_keys
from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis

    from rq.store.calls import Call
    from tests.store.harness import Store


class CountingCaller(Caller):
    """Counts round trips."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client)
        self.round_trips = 0

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to several calls."""
        self.round_trips += 1
        return super().run_many(calls)


def look_at(store: Store, job_id: str = "a", most_round_trips: int = 3) -> Explanation:
    """Return what is told of a job; looking must change nothing."""
    before = store.dump()
    caller = CountingCaller(store.client)
    found = explain(caller.follow(read_facts(store.scripts, job_id)))
    assert store.dump() == before
    assert caller.round_trips <= most_round_trips
    return found


def test_a_job_that_does_not_exist_takes_one_round_trip(store: Store):
    assert look_at(store, most_round_trips=1).situation is Situation.ABSENT


def test_a_job_that_was_deleted_this_minute_is_remembered(store: Store):
    store.enqueue("a")
    store.delete("a")
    assert look_at(store).situation is Situation.DELETED


def test_a_job_that_waits_knows_how_many_stand_before_it(store: Store):
    for job_id in "abc":
        store.enqueue(job_id)
    found = look_at(store, "c")
    assert (found.situation, found.ahead) == (Situation.NO_WORKER, 2)


def test_only_living_workers_count(store: Store):
    store.enqueue("a")
    store.birth("dead")
    store.client.zadd(store.keys.presence, {"dead": 1})
    store.client.sadd(store.keys.queue_workers("q"), store.keys.worker("ghost"))
    assert look_at(store).situation is Situation.NO_WORKER
    store.client.sadd(store.keys.queue_workers("q"), store.keys.worker("of-rq"))
    store.client.hset(store.keys.worker("of-rq"), mapping={"queues": "q", "state": "idle"})
    found = look_at(store)
    assert (found.situation, found.workers) == (Situation.WAITING, ("of-rq",))


def test_workers_of_other_queues_do_not_count(store: Store):
    store.enqueue("a")
    store.birth("w", ("other",))
    assert look_at(store).situation is Situation.NO_WORKER


def test_a_suspension_is_seen(store: Store):
    store.enqueue("a")
    store.birth()
    store.client.set(store.keys.suspended, 1)
    assert look_at(store).situation is Situation.SUSPENDED


def test_pauses_are_seen_while_they_last(store: Store):
    store.enqueue("a")
    store.birth()
    seconds, _ = store.client.time()
    store.client.zadd(store.keys.paused, {"queue:q": "inf", "worker:w": seconds + 100, "worker:v": "inf"})
    assert look_at(store).situation is Situation.QUEUE_PAUSED
    store.client.zadd(store.keys.paused, {"queue:q": seconds - 1})
    assert look_at(store).situation is Situation.WORKERS_PAUSED
    store.client.zadd(store.keys.paused, {"worker:w": seconds - 1})
    assert look_at(store).situation is Situation.WAITING


def test_a_worker_of_rq_knows_no_pause(store: Store):
    store.enqueue("a")
    store.client.zadd(store.keys.paused, {"worker:of-rq": "inf"})
    store.client.sadd(store.keys.queue_workers("q"), store.keys.worker("of-rq"))
    store.client.hset(store.keys.worker("of-rq"), mapping={"queues": "q", "state": "idle"})
    assert look_at(store).situation is Situation.WAITING


def test_busy_workers_are_seen_with_their_jobs(store: Store):
    store.start("running")
    store.enqueue("a")
    found = look_at(store)
    assert (found.situation, found.workers) == (Situation.WORKERS_BUSY, ("w",))
    assert "running" in found.sentence


def test_a_job_that_stands_nowhere_is_told_so(store: Store):
    store.enqueue("a")
    store.client.delete(store.keys.queue("q"))
    assert look_at(store).situation is Situation.MISPLACED


def test_a_search_through_a_long_queue_is_given_up(store: Store):
    store.birth()
    store.client.rpush(store.keys.queue("q"), *["other"] * (LONGEST_SEARCH + 1))
    store.enqueue("a")
    found = look_at(store)
    assert (found.situation, found.ahead) == (Situation.WAITING, None)


def test_a_job_between_queue_and_worker_of_rq_is_seen(store: Store):
    store.enqueue("a")
    store.client.lmove(store.keys.queue("q"), store.keys.intermediate("q"))
    assert look_at(store).situation is Situation.TAKEN


def test_a_job_that_was_set_aside_is_seen_with_the_reason(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.set(store.keys.registry("wip", "q"), "no registry")
    store.claim()
    found = look_at(store)
    assert found.situation is Situation.SET_ASIDE
    assert "the registry of started jobs is not a sorted set" in found.sentence


def test_a_scheduled_job_knows_its_time(store: Store):
    store.enqueue("a", due=4_000_000_000.5)
    found = look_at(store)
    assert (found.situation, found.due) == (Situation.SCHEDULED, datetime.fromtimestamp(4_000_000_000.5, UTC))
    store.enqueue("b", due=float("inf"))
    assert look_at(store, "b").situation is Situation.SCHEDULED


def test_a_job_that_is_due_and_has_no_worker_is_told_so(store: Store):
    store.enqueue("a", due=1)
    assert look_at(store).situation is Situation.NO_WORKER


def test_a_deferred_job_knows_how_those_it_waits_for_stand(store: Store):
    failed = store.start("failed")
    store.fail(failed)
    store.start("running")
    store.enqueue("a", after=["failed", "running", "never-there"])
    found = look_at(store)
    assert found.situation is Situation.FAILED_DEPENDENCIES
    assert found.waits_for == ("failed", "running")


def test_a_started_job_knows_its_worker(store: Store):
    store.start("a")
    found = look_at(store)
    assert (found.situation, found.workers) == (Situation.STARTED, ("w",))


def test_a_job_that_is_to_stop_is_told_so(store: Store):
    store.start("a")
    store.ask_to_stop("a")
    assert look_at(store).situation is Situation.STOPPING


@pytest.mark.parametrize(("margin", "situation"), [(61, Situation.STARTED), (59, Situation.LEASE_OVERDUE)])
def test_a_lease_ends_a_minute_before_its_entry(store: Store, margin: int, situation: Situation):
    attempt = store.start("a")
    seconds, _ = store.client.time()
    store.client.zadd(store.keys.registry("wip", "q"), {f"a:{attempt.execution_id}": seconds + margin})
    assert look_at(store).situation is situation


def test_an_attempt_of_rq_counts_as_its_entry_says(store: Store):
    store.enqueue("a")
    store.client.hset(store.keys.job("a"), mapping={"status": "started", "worker_name": "of-rq"})
    store.client.zadd(store.keys.executions("a"), {"execution": START + LEASE})
    seconds, _ = store.client.time()
    store.client.zadd(store.keys.registry("wip", "q"), {"a:execution": seconds + 30})
    assert look_at(store).situation is Situation.STARTED
    store.client.zadd(store.keys.registry("wip", "q"), {"a:execution": 1})
    assert look_at(store).situation is Situation.LEASE_OVERDUE
    store.client.zrem(store.keys.registry("wip", "q"), "a:execution")
    assert look_at(store).situation is Situation.LOST
    store.client.zadd(store.keys.registry("wip", "q"), {"a": "inf"})
    assert look_at(store).situation is Situation.STARTED


def test_a_failed_job_knows_what_it_failed_of(store: Store):
    store.fail(store.start("a"))
    found = look_at(store, most_round_trips=1)
    assert found.situation is Situation.FAILED
    assert "at its 1st attempt" in found.sentence
    assert found.sentence.endswith("ValueError: no")


def test_a_job_that_came_back_says_why(store: Store):
    store.crash(store.start("a"))
    assert "killed by signal 9" in (look_at(store).remark or "")


# --- searching ----------------------------------------------------------------------------------------------------------------


def test_ids_that_begin_alike_are_found(store: Store):
    for job_id in ("report-1", "report-2", "rest"):
        store.enqueue(job_id)
    assert find_job_ids(Caller(store.client), store.scripts, "report-3", 1000) == ["report-1", "report-2"]


def test_what_stands_beside_a_job_is_no_job(store: Store):
    store.enqueue("parent")
    store.enqueue("child", after=["parent"])
    assert find_job_ids(Caller(store.client), store.scripts, "pare", 1000) == ["parent"]


def test_a_search_is_given_up(store: Store):
    store.client.mset({f"{{rq}}key-{number}": 1 for number in range(5000)})
    assert 0 < len([*scan_keys(Caller(store.client), "{rq}key-*", 1000)]) < 5000


def test_a_pattern_of_a_name_matches_nothing_else(store: Store):
    store.client.mset({"{rq}a*[b]": 1, "{rq}axx": 1, "{rq}ab": 1})
    assert [*scan_keys(Caller(store.client), escape_pattern("{rq}a*[b]"), 1000)] == ["{rq}a*[b]"]
