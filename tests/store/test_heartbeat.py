"""HEARTBEAT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from rq.store.settle import AttemptKey
    from tests.store.harness import Store


def exception_of(store: Store, attempt: AttemptKey) -> str | None:
    """The code that a heartbeat answers for an attempt, None if all is well."""
    codes = [code for _, _, code in store.beat(attempt).exceptions]
    return codes[0] if codes else None


def test_a_heartbeat_extends_the_lease_of_the_worker_and_of_its_attempts(store: Store):
    attempt = store.start("a")
    store.turn_clock(10)
    beat = store.beat(attempt)
    assert (beat.known, beat.exceptions) == (True, [])
    assert store.registry("wip") == {f"a:{attempt.execution_id}": START + 10 + LEASE + 60}
    assert store.dump()[store.keys.executions("a")].value == {attempt.execution_id: START + 10 + LEASE + 120}
    assert store.dump()[store.keys.presence].value == {"w": START + 10 + LEASE}
    assert store.hash("a")["last_heartbeat"] == "2027-01-15T08:00:10.250000Z"
    assert store.worker_hash()["last_heartbeat"] == "2027-01-15T08:00:10.250000Z"
    execution = store.dump()[store.keys.execution("a", attempt.execution_id)]
    assert execution.value["last_heartbeat"] == "1800000010.250000"


def test_a_heartbeat_sent_again_changes_nothing(store: Store):
    attempt = store.start("a")
    store.turn_clock(10)
    store.beat(attempt)
    before = store.dump()
    store.beat(attempt)
    assert store.dump() == before


def test_a_worker_that_is_not_registered_is_told_so(store: Store):
    beat = store.beat()
    assert (beat.known, beat.exceptions) == (False, [])
    assert store.dump() == {}


def test_a_former_incarnation_is_told_that_it_is_unknown(store: Store):
    store.birth()
    before = store.dump()
    assert not store.beat(incarnation="earlier").known
    assert store.dump() == before


def test_a_worker_whose_hash_expired_is_told_to_register_anew(store: Store):
    store.birth()
    store.client.delete(store.keys.worker("w"))
    assert not store.beat().known


def test_a_lease_that_ran_out_and_was_not_reclaimed_is_extended(store: Store):
    attempt = store.start("a")
    store.turn_clock(3600)
    assert exception_of(store, attempt) is None
    assert store.registry("wip") == {f"a:{attempt.execution_id}": START + 3600 + LEASE + 60}


def test_an_execution_hash_that_expired_is_not_written_again(store: Store):
    attempt = store.start("a")
    key = store.keys.execution("a", attempt.execution_id)
    store.client.delete(key)
    assert exception_of(store, attempt) is None
    assert key not in store.dump()


def test_an_attempt_that_was_taken_back_is_fenced(store: Store):
    attempt = store.start("a")
    store.turn_clock(3600)
    store.reclaim_all()
    assert exception_of(store, attempt) == "fenced"


def test_an_attempt_whose_job_runs_elsewhere_is_fenced_and_the_other_is_not(store: Store):
    old = store.start("a")
    store.turn_clock(3600)
    store.reclaim_all()
    store.birth("v")
    new = store.take("v")
    assert exception_of(store, old) == "fenced"
    assert store.beat(new, worker="v").exceptions == []


def test_an_attempt_that_wrote_its_outcome_is_a_dup(store: Store):
    attempt = store.start("a")
    store.finish(attempt)
    assert exception_of(store, attempt) == "dup"


@pytest.mark.parametrize("ending", ["finish", "fail"])
def test_an_attempt_whose_outcome_deleted_the_job_is_a_dup(store: Store, ending: str):
    attempt = store.start("a")
    getattr(store, ending)(attempt, ttl=0)
    assert exception_of(store, attempt) == "dup"
    assert store.traces("a") == ["x:ended:a"]


def test_an_attempt_whose_job_was_deleted_is_gone_and_the_hash_stays_away(store: Store):
    attempt = store.start("a")
    store.client.delete(store.keys.job("a"))
    assert exception_of(store, attempt) == "gone"
    assert store.status("a") is None


def test_an_attempt_whose_job_was_canceled_is_told_so(store: Store):
    attempt = store.start("a")
    store.cancel("a")
    assert exception_of(store, attempt) == "canceled"


def test_an_attempt_that_somebody_asked_to_stop_is_told_and_keeps_its_lease(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), "x_stop", attempt.execution_id)
    store.turn_clock(10)
    assert exception_of(store, attempt) == "stop"
    assert store.registry("wip") == {f"a:{attempt.execution_id}": START + 10 + LEASE + 60}


def test_a_stop_meant_for_another_attempt_is_not_told(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), "x_stop", "another")
    assert exception_of(store, attempt) is None


def test_the_attempt_of_a_job_that_was_enqueued_anew_keeps_its_lease_and_leaves_the_hash_alone(store: Store):
    attempt = store.start("a")
    store.enqueue("a")
    before = store.hash("a")
    store.turn_clock(10)
    assert exception_of(store, attempt) is None
    assert store.hash("a") == before
