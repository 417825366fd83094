"""SWEEP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.store.harness import START

if TYPE_CHECKING:
    from tests.store.harness import Store


def stuck(store: Store, *job_ids: str) -> None:
    """Ids that an RQ worker popped and did not start."""
    for job_id in job_ids:
        store.enqueue(job_id)
        store.client.lmove(store.keys.queue("q"), store.keys.intermediate("q"), "LEFT", "RIGHT")


def test_expired_entries_of_the_finished_and_failed_are_forgotten(store: Store):
    store.client.zadd(store.keys.registry("finished", "q"), {"old": START - 1, "new": START + 9, "ever": float("inf")})
    store.client.zadd(store.keys.registry("failed", "q"), {"old": START - 1, "new": START + 9, "ever": -1})
    assert store.sweep() == (2, 0)
    assert store.registry("finished") == {"new": START + 9, "ever": float("inf")}
    assert store.registry("failed") == {"new": START + 9, "ever": -1.0}


def test_a_waiting_job_stuck_between_pop_and_start_goes_back_after_a_minute(store: Store):
    stuck(store, "a")
    store.enqueue("b")
    assert store.sweep() == (0, 0)
    store.turn_clock(59)
    assert store.sweep() == (0, 0)
    store.turn_clock(2)
    assert store.sweep() == (0, 1)
    assert store.waiting() == ["a", "b"]
    assert store.places("a") == ["queue:q"]
    assert store.traces("a") == ["job:a"]


def test_an_id_of_a_job_that_does_not_wait_leaves_the_intermediate_list_at_once(store: Store):
    stuck(store, "finished", "gone")
    store.client.hset(store.keys.job("finished"), "status", "finished")
    store.client.delete(store.keys.job("gone"))
    assert store.sweep() == (0, 2)
    assert store.places("finished") == []
    assert store.places("gone") == []


def test_a_job_that_an_rq_worker_runs_stays_in_the_intermediate_list(store: Store):
    stuck(store, "a")
    store.client.zadd(store.keys.executions("a"), {"theirs": START + 150})
    store.client.zadd(store.keys.registry("wip", "q"), {"a:theirs": START + 90})
    store.turn_clock(70)
    assert store.sweep() == (0, 0)
    store.turn_clock(70)
    assert store.sweep() == (0, 0)
    assert store.places("a") == ["queue:q:intermediate", "wip:q"]


def test_rqs_maintenance_and_scheduling_are_held_for_a_minute(store: Store):
    store.sweep(worker="w")
    for name, value in (("maintenance_lock", "1"), ("scheduler_lock", "w")):
        key = store.keys.name(name, "q")
        assert store.dump()[key].value == value
        assert 0 < store.client.ttl(key) <= 60


def test_a_scheduler_lock_that_somebody_else_holds_is_theirs(store: Store):
    store.client.set(store.keys.name("scheduler_lock", "q"), "rq-scheduler")
    store.sweep(worker="w")
    assert store.dump()[store.keys.name("scheduler_lock", "q")].value == "rq-scheduler"


def test_our_own_scheduler_lock_is_extended(store: Store):
    key = store.keys.name("scheduler_lock", "q")
    store.client.set(key, "w", ex=5)
    store.sweep(worker="w")
    assert store.client.ttl(key) > 5


def test_a_sweep_sent_again_changes_nothing(store: Store):
    stuck(store, "a", "finished")
    store.client.hset(store.keys.job("finished"), "status", "finished")
    store.sweep()
    before = store.dump()
    assert store.sweep() == (0, 0)
    assert store.dump() == before
