"""The outbox: what is to be sent about an outcome stands in it from the step of the outcome until somebody says that it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.model.settlement import Crash, Fail, Finish, GiveUp, Retry, Stop
from tests.store.harness import MOST_CRASHES, START

if TYPE_CHECKING:
    from rq.model.settlement import Decision
    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

BODY = b"\x00what to send\xff"

DELIVERED: dict[str, Decision] = {
    "finished": Finish(b"1", 500),
    "finished and not kept": Finish(b"1", 0),
    "repeated": Finish(b"1", 500, 60),
    "failed": Fail("no", 1000),
    "failed and not kept": Fail("no", 0),
    "asked once too often": GiveUp(b"asked", 1000),
}
NOT_DELIVERED: dict[str, Decision] = {
    "retried": Retry("no", 0, 3, False, 1000),
    "stopped": Stop("by hand", 1000),
    "crashed": Crash("killed", 1000),
}


def settle(store: Store, decision: Decision, job_id: str = "a") -> AttemptKey:
    attempt = store.start(job_id, retries_left=3, repeats_left=3)
    store.settle(attempt, decision, delivery=BODY)
    return attempt


@pytest.mark.parametrize("name", DELIVERED)
def test_the_outcome_of_a_job_is_told_that(store: Store, name: str):
    attempt = settle(store, DELIVERED[name])
    assert store.take_deliveries() == [(attempt.execution_id, BODY)]


@pytest.mark.parametrize("name", NOT_DELIVERED)
def test_nothing_is_told_of_a_job_that(store: Store, name: str):
    settle(store, NOT_DELIVERED[name])
    assert store.take_deliveries() == []
    assert not store.client.exists(store.keys.outbox, store.keys.deliveries)


def test_a_job_that_crashed_too_often_has_failed_and_is_told_of(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), "x_crashes", MOST_CRASHES)
    store.settle(attempt, Crash("killed", 1000), delivery=BODY)
    assert store.take_deliveries() == [(attempt.execution_id, BODY)]


def test_an_outcome_without_anybody_to_tell_leaves_nothing(store: Store):
    store.finish(store.start("a"))
    assert not store.client.exists(store.keys.outbox, store.keys.deliveries)


def test_an_outcome_sent_again_is_told_once(store: Store):
    attempt = settle(store, DELIVERED["finished"])
    store.settle(attempt, DELIVERED["finished"], delivery=BODY)
    assert len(store.take_deliveries()) == 1
    store.end_delivery(attempt.execution_id)
    store.settle(attempt, DELIVERED["finished"], delivery=BODY)
    assert store.take_deliveries() == []


@pytest.mark.parametrize("name", DELIVERED)
def test_an_attempt_that_lost_its_job_tells_nobody(store: Store, name: str):
    attempt = store.start("a", repeats_left=3)
    store.cancel("a")
    store.settle(attempt, DELIVERED[name], delivery=BODY)
    assert store.take_deliveries() == []


def test_an_attempt_whose_job_was_enqueued_anew_tells_nobody(store: Store):
    attempt = store.start("a")
    store.enqueue("a")
    store.settle(attempt, DELIVERED["finished"], delivery=BODY)
    assert store.take_deliveries() == []


# --- taking and ending ---


def test_what_was_taken_is_not_taken_by_another(store: Store):
    settle(store, DELIVERED["finished"])
    assert len(store.take_deliveries(seconds=60)) == 1
    assert store.take_deliveries() == []


def test_what_nobody_ended_in_time_is_taken_again(store: Store):
    attempt = settle(store, DELIVERED["finished"])
    store.take_deliveries(seconds=60)
    store.turn_clock(59)
    assert store.take_deliveries() == []
    store.turn_clock(1)
    assert store.take_deliveries() == [(attempt.execution_id, BODY)]


def test_the_oldest_are_taken_first_and_no_more_than_asked_for(store: Store):
    attempts = []
    for job_id in "abc":
        attempts.append(settle(store, DELIVERED["finished"], job_id))
        store.turn_clock(1)
    names = [attempt.execution_id for attempt in attempts]
    assert [name for name, _ in store.take_deliveries(2)] == names[:2]
    assert [name for name, _ in store.take_deliveries(2)] == names[2:]


def test_a_delivery_that_was_made_is_done_with(store: Store):
    settle(store, DELIVERED["finished"])
    [(name, _)] = store.take_deliveries()
    assert store.end_delivery(name)
    assert not store.client.exists(store.keys.outbox, store.keys.deliveries)
    store.turn_clock(3600)
    assert store.take_deliveries() == []


def test_what_is_left_of_a_delivery_is_tried_again_later(store: Store):
    settle(store, DELIVERED["finished"])
    [(name, _)] = store.take_deliveries()
    store.end_delivery(name, b"the rest", 30)
    assert store.take_deliveries() == []
    store.turn_clock(30)
    assert store.take_deliveries() == [(name, b"the rest")]


@pytest.mark.parametrize("rest", [b"", b"the rest"])
def test_an_end_sent_again_changes_nothing(store: Store, rest: bytes):
    settle(store, DELIVERED["finished"])
    [(name, _)] = store.take_deliveries()
    store.end_delivery(name, rest, 30)
    before = store.dump()
    store.end_delivery(name, rest, 30)
    assert store.dump() == before


def test_a_sender_that_was_too_slow_does_not_bring_back_what_another_has_done(store: Store):
    settle(store, DELIVERED["finished"])
    [(name, _)] = store.take_deliveries(seconds=60)
    store.turn_clock(60)
    assert len(store.take_deliveries(seconds=60)) == 1
    store.end_delivery(name)
    store.end_delivery(name, b"the rest", 0)
    assert store.take_deliveries() == []
    assert not store.client.exists(store.keys.outbox, store.keys.deliveries)


def test_a_name_without_a_body_is_dropped(store: Store):
    store.client.zadd(store.keys.outbox, {"nothing": START})
    assert store.take_deliveries() == []
    assert not store.client.exists(store.keys.outbox)


def test_bodies_are_opaque(store: Store):
    for number, body in enumerate([b"{", b"null", b"\xff" * 1000, b" "]):
        store.client.hset(store.keys.deliveries, str(number), body)
        store.client.zadd(store.keys.outbox, {str(number): START - 10 + number})
    assert [body for _, body in store.take_deliveries()] == [b"{", b"null", b"\xff" * 1000, b" "]


@pytest.mark.parametrize("key", ["outbox", "deliveries"])
def test_an_outbox_that_is_none_costs_the_delivery_and_nothing_else(store: Store, key: str):
    store.client.set(store.keys.name(key), "text")
    attempt = store.start("a")
    assert store.settle(attempt, DELIVERED["finished"], delivery=BODY).code == "ok"
    assert store.places("a") == ["finished:q"]
    assert store.take_deliveries() == []
    assert store.end_delivery(attempt.execution_id, b"the rest")
    assert store.end_delivery(attempt.execution_id)
    assert store.client.get(store.keys.name(key)) == b"text"
    other = "deliveries" if key == "outbox" else "outbox"
    assert not store.client.exists(store.keys.name(other))
