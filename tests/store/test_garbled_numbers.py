"""Whatever stands where a number should: no step breaks off half way, and nobody is taken for dead, or left for dead, because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.store.reap import list_worker_leases
from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from tests.store.harness import Store

NO_NUMBERS = ["NaN", "-nan", "inf", "-inf", "1e400", "x", "", "1_000"]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_job_that_is_set_aside_is_kept_as_usual_if_its_failure_ttl_is_no_number(store: Store, text: str):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), mapping={"failure_ttl": text, "x_crashes": "9"})
    store.turn_clock(LEASE + 1)
    assert store.reclaim_all().jobs == [("a", "failed")]
    assert (store.status(), store.places()) == ("failed", ["failed:q"])
    assert store.registry("failed") == {"a": int(START + LEASE + 1) + DEFAULT_FAILURE_TTL}
    assert store.finish(attempt).code == "fenced"


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_job_that_shares_the_fate_of_another_is_kept_as_usual_if_its_failure_ttl_is_no_number(store: Store, text: str):
    attempt = store.start("p")
    store.enqueue("a", after=["p"], dependency_policies={"p": "fail"})
    store.client.hset(store.keys.job("a"), "failure_ttl", text)
    store.fail(attempt)
    assert (store.status(), store.places()) == ("failed", ["failed:q"])


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_an_outcome_counts_though_the_working_time_of_its_worker_is_no_number(store: Store, text: str):
    attempt = store.start("a")
    store.client.hset(store.keys.worker("w"), "total_working_time", text)
    assert store.finish(attempt).code == "ok"
    assert store.worker_hash()["successful_job_count"] == "1"


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_an_outcome_counts_though_nobody_can_say_when_the_attempt_began(store: Store, text: str):
    attempt = store.start("a")
    store.client.hset(store.keys.execution("a", attempt.execution_id), "created_at", text)
    assert store.finish(attempt).code == "ok"
    assert store.worker_hash()["state"] == "idle"


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_worker_whose_lease_is_no_number_is_neither_taken_for_dead_nor_left_for_dead(store: Store, text: str):
    store.start("a")
    store.client.hset(store.keys.held("w"), "lease", text)
    assert store.reclaim_worker()[0] == "alive"
    assert [lease.expired for lease in store.run(list_worker_leases(store.scripts))] == [False]
    store.turn_clock(LEASE + 1)
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.reclaim_worker()[0] == "ok"


@pytest.mark.parametrize("text", ["x", "", "NaN"])
def test_a_worker_goes_on_though_the_number_of_its_last_claim_is_none(store: Store, text: str):
    store.birth()
    store.enqueue("a")
    store.client.hset(store.keys.held("w"), "sequence", text)
    assert [job.job_id for job in store.claim().jobs] == ["a"]


def test_a_pause_of_nothing_is_none(store: Store):
    assert store.pause() == 0
    assert store.dump() == {}


def test_an_id_that_was_seen_before_the_clock_was_set_back_does_not_wait_for_it_to_catch_up(store: Store):
    store.enqueue("a")
    store.client.lmove(store.keys.queue("q"), store.keys.intermediate("q"), "LEFT", "RIGHT")
    store.sweep()
    store.turn_clock(-3600).sweep()
    store.turn_clock(61)
    assert store.sweep() == (0, 1)
    assert store.waiting() == ["a"]
