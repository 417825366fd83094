"""ENQUEUE and PROMOTE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.core.errors import CorruptDataError
from tests.store.harness import START

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_an_enqueued_job_stands_in_its_queue_and_nowhere_else(store: Store):
    answer = store.enqueue("a")
    assert (answer.code, answer.status, answer.enqueued_at) == ("ok", "queued", "2027-01-15T08:00:00.250000Z")
    assert store.places("a") == ["queue:q"]
    assert store.traces("a") == ["job:a"]


def test_the_hash_of_a_plain_job_has_the_fields_of_rq_and_two_of_ours(store: Store):
    store.enqueue("a", description="f()")
    assert set(store.hash("a")) == {
        *("status", "created_at", "data", "success_callback_name", "failure_callback_name", "stopped_callback_name"),
        *("started_at", "ended_at", "last_heartbeat", "worker_name", "group_id", "origin", "description"),
        *("enqueued_at", "timeout"),
        *("x_enqueue", "x_generation"),
    }
    assert store.hash("a")["enqueued_at"] == "2027-01-15T08:00:00.250000Z"


def test_a_queue_is_known_by_its_key_once_it_held_a_job(store: Store):
    store.enqueue("a")
    assert store.client.smembers(store.keys.queues) == {store.keys.queue("q").encode()}


def test_jobs_wait_in_the_order_in_which_they_came(store: Store):
    for job_id in "abc":
        store.enqueue(job_id)
    assert store.waiting() == ["a", "b", "c"]


def test_a_job_enqueued_at_the_front_is_next(store: Store):
    store.enqueue("a")
    store.enqueue("b", front=True)
    assert store.waiting() == ["b", "a"]


def test_the_same_call_sent_again_changes_nothing(store: Store):
    store.enqueue("a", nonce="n")
    before = store.dump()
    store.turn_clock(1)
    answer = store.enqueue("a", nonce="n")
    assert (answer.code, answer.status) == ("dup", "queued")
    assert store.dump() == before


def test_the_same_call_sent_again_after_the_job_began_does_not_queue_it_twice(store: Store):
    store.start("a", nonce="n")
    assert store.enqueue("a", nonce="n").code == "dup"
    assert store.status("a") == "started"
    assert store.waiting() == []


@pytest.mark.parametrize("ending", ["finish", "fail", "crash"])
def test_the_same_call_sent_again_after_the_job_was_done_and_deleted_does_not_bring_it_back(store: Store, ending: str):
    attempt = store.start("a", nonce="n")
    if ending == "crash":
        for _ in range(3):
            store.crash(attempt)
            attempt = store.take()
    getattr(store, ending)(attempt, ttl=0)
    assert store.enqueue("a", nonce="n").code == "dup"
    assert store.status("a") is None
    assert store.waiting() == []


def test_a_job_enqueued_anew_after_it_was_done_and_deleted_runs_again(store: Store):
    store.finish(store.start("a", nonce="n"), ttl=0)
    assert store.enqueue("a", nonce="other").code == "ok"
    assert store.places("a") == ["queue:q"]


def test_a_waiting_job_enqueued_again_waits_once(store: Store):
    store.enqueue("a")
    store.enqueue("b")
    store.enqueue("a")
    assert store.waiting() == ["b", "a"]
    assert store.hash("a")["x_generation"] == "2"


def test_a_waiting_job_enqueued_into_another_queue_leaves_the_first(store: Store):
    store.enqueue("a", "q")
    store.enqueue("a", "other")
    assert store.places("a") == ["queue:other"]


@pytest.mark.parametrize("ending", ["finish", "fail", "stop"])
def test_an_ended_job_enqueued_again_starts_over(store: Store, ending: str):
    attempt = store.start("a")
    getattr(store, ending)(attempt)
    store.enqueue("a")
    assert store.places("a") == ["queue:q"]
    assert store.hash("a")["ended_at"] == ""
    assert store.client.ttl(store.keys.job("a")) == -1
    assert "x_last" not in store.hash("a")
    assert store.hash("a")["x_attempt"] == "1"


def test_a_running_job_enqueued_again_waits_while_the_old_attempt_goes_on(store: Store):
    attempt = store.start("a")
    store.enqueue("a")
    assert store.status("a") == "queued"
    assert store.places("a") == ["queue:q", "wip:q"]
    assert store.beat(attempt).exceptions == []


def test_a_job_with_a_time_to_live_expires_while_it_waits(store: Store):
    store.enqueue("a", ttl=100)
    assert 0 < store.client.ttl(store.keys.job("a")) <= 100


def test_a_job_with_a_due_time_stands_among_the_scheduled(store: Store):
    answer = store.enqueue("a", due=START + 60)
    assert (answer.code, answer.status) == ("ok", "scheduled")
    assert store.places("a") == ["scheduled:q"]
    assert store.registry("scheduled") == {"a": START + 60}
    assert "enqueued_at" not in store.hash("a")


def test_a_scheduled_job_enqueued_at_once_is_scheduled_no_longer(store: Store):
    store.enqueue("a", due=START + 60)
    store.enqueue("a")
    assert store.places("a") == ["queue:q"]


@pytest.mark.parametrize("due", [None, START + 60])
def test_a_job_whose_key_is_no_hash_is_refused_and_nothing_is_written(store: Store, due: float | None):
    store.client.set(store.keys.job("a"), "text")
    before = store.dump()
    with pytest.raises(CorruptDataError, match="Job a"):
        store.enqueue("a", due=due)
    assert store.dump() == before


@pytest.mark.parametrize(("template", "due"), [("queue", None), ("scheduled", START + 60)])
def test_a_job_for_a_place_that_cannot_hold_it_is_refused_and_nothing_is_written(store: Store, template: str, due: float | None):
    store.client.set(store.keys.name(template, "q"), "text")
    before = store.dump()
    for _ in range(2):
        with pytest.raises(CorruptDataError, match="Job a"):
            store.enqueue("a", due=due, nonce="n")
    assert store.dump() == before


# --- promote ---


def test_nothing_is_promoted_where_nothing_is_scheduled(store: Store):
    assert store.promote() == (0, None)


def test_a_job_that_is_not_due_stays_and_the_seconds_left_are_told(store: Store):
    store.enqueue("a", due=START + 60)
    assert store.promote() == (0, 60.0)
    assert store.places("a") == ["scheduled:q"]


def test_due_jobs_are_queued_in_due_order(store: Store):
    for job_id, seconds in (("c", 3), ("a", 1), ("b", 2), ("late", 90)):
        store.enqueue(job_id, due=START + seconds)
    store.turn_clock(10)
    assert store.promote() == (3, 80.0)
    assert store.waiting() == ["a", "b", "c"]
    assert store.hash("a")["status"] == "queued"
    assert store.hash("a")["enqueued_at"] == "2027-01-15T08:00:10.250000Z"
    assert store.places("a") == ["queue:q"]


def test_while_more_is_due_one_worker_promotes_and_others_come_later(store: Store):
    for number in range(5):
        store.enqueue(f"j{number}", due=START - 1)
    assert store.promote(limit=2, worker="w") == (2, 0)
    assert store.promote(limit=2, worker="v") == (0, 0.05)
    assert store.promote(limit=2, worker="w") == (2, 0)
    assert store.promote(limit=2, worker="w") == (1, None)
    assert (len(store.waiting()), store.registry("scheduled")) == (5, {})


@pytest.mark.parametrize("seconds", [0.06, -3600], ids=["by itself", "with a clock that was set back"])
def test_the_turn_of_a_worker_that_comes_no_more_ends(store: Store, seconds: float):
    for job_id in ("a", "b"):
        store.enqueue(job_id, due=START - 7200)
    store.promote(limit=1, worker="w")
    assert store.promote(worker="v") == (0, 0.05)
    store.turn_clock(seconds)
    assert store.promote(worker="v") == (1, None)
    assert 0 < store.client.ttl(store.keys.name("promoter", "q")) <= 60


def test_who_heeds_no_turn_promotes_and_takes_none(store: Store):
    for number in range(4):
        store.enqueue(f"j{number}", due=START - 1)
    store.promote(limit=1, worker="w")
    assert store.promote(limit=1) == (1, 0)
    assert store.promote(limit=1, worker="w") == (1, 0)


def test_a_turn_that_cannot_be_read_is_nobodys(store: Store):
    for number in range(3):
        store.enqueue(f"j{number}", due=START - 1)
    store.client.lpush(store.keys.name("promoter", "q"), "junk")
    assert store.promote(limit=1, worker="w") == (1, 0)
    assert store.promote(limit=1, worker="v") == (0, 0.05)


def test_a_promotion_sent_again_changes_nothing(store: Store):
    store.enqueue("a", due=START)
    store.promote()
    before = store.dump()
    assert store.promote() == (0, None)
    assert store.dump() == before


def test_a_call_promotes_no_more_than_its_limit_and_says_that_more_is_due(store: Store):
    for number in range(5):
        store.enqueue(f"job-{number}", due=START + number)
    store.turn_clock(10)
    assert store.promote(limit=3) == (3, 0.0)
    assert store.waiting() == ["job-0", "job-1", "job-2"]


def test_a_scheduled_job_that_asked_for_the_front_is_promoted_to_it(store: Store):
    store.enqueue("a")
    store.enqueue("b", due=START, enqueue_at_front=True)
    store.promote()
    assert store.waiting() == ["b", "a"]


def test_an_id_whose_job_is_gone_or_no_longer_scheduled_is_dropped_from_the_scheduled(store: Store):
    store.enqueue("other")
    store.client.zadd(store.keys.registry("scheduled", "q"), {"gone": 1, "other": 2})
    assert store.promote() == (2, None)
    assert store.waiting() == ["other"]


@pytest.mark.parametrize(("score", "wait"), [("+inf", None), ("1e18", None), ("253402300799", 253402300799 - START)])
def test_a_due_time_in_the_far_future_is_no_reason_to_wake(store: Store, score: str, wait: float | None):
    store.client.zadd(store.keys.registry("scheduled", "q"), {"a": score})
    moved, seconds = store.promote()
    assert moved == 0
    assert seconds is not None
    assert seconds > 10**9
    assert wait is None or seconds == wait
