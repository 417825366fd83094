"""RECLAIM, RECLAIM_WORKER and EXPIRED_WORKERS: what the dead had goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rq.store.reap import WorkerLease, list_worker_leases
from tests.store.harness import LEASE, START, suspect

if TYPE_CHECKING:
    from tests.store.harness import Store


def started_by_rq(store: Store, job_id: str = "a", execution: str = "theirs", lease_ends: float = START + 90) -> None:
    """A job that a worker of RQ 2.12 runs."""
    store.enqueue(job_id)
    store.client.lrem(store.keys.queue("q"), 1, job_id)
    store.client.hset(store.keys.job(job_id), mapping={"status": "started", "worker_name": "rq-worker"})
    store.client.zadd(store.keys.executions(job_id), {execution: lease_ends + 60})
    entry: dict[Any, Any] = {"id": execution, "created_at": repr(START), "last_heartbeat": repr(START), "worker_name": "rq-worker"}
    store.client.hset(store.keys.execution(job_id, execution), mapping=entry)
    store.client.zadd(store.keys.registry("wip", "q"), {f"{job_id}:{execution}": lease_ends})


# --- jobs whose lease ran out ---


def test_the_leases_that_end_first_are_named_to_watch(store: Store):
    attempt = store.start("a")
    reclaimed = store.reclaim()
    assert reclaimed.jobs == []
    assert reclaimed.suspects == [(f"a:{attempt.execution_id}", START + LEASE + 60)]


def test_a_job_whose_lease_ran_out_goes_back_to_the_head_of_its_queue(store: Store):
    store.start("a")
    store.enqueue("b")
    store.turn_clock(LEASE + 1)
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.waiting() == ["a", "b"]
    assert store.places("a") == ["queue:q"]
    fields = store.hash("a")
    assert (fields["status"], fields["x_crashes"]) == ("queued", "1")
    assert "x_execution" not in fields
    assert store.traces("a") == ["job:a", "results:a"]
    assert not any(name.startswith("held:") for name in store.dump()[store.keys.held("w")].value)


def test_a_reclaim_sent_again_changes_nothing(store: Store):
    attempt = store.start("a")
    store.turn_clock(LEASE + 1)
    entry = suspect(f"a:{attempt.execution_id}", START + LEASE + 60)
    assert store.reclaim(entry).jobs == [("a", "requeued")]
    before = store.dump()
    assert store.reclaim(entry).jobs == []
    assert store.dump() == before


def test_a_lease_that_runs_is_left_alone(store: Store):
    store.start("a")
    store.turn_clock(LEASE - 1)
    before = store.dump()
    assert store.reclaim_all(seen_seconds=1000).jobs == []
    assert store.dump() == before


def test_a_lease_that_was_not_watched_for_long_is_left_alone_though_it_ran_out(store: Store):
    store.start("a")
    store.turn_clock(3600)
    before = store.dump()
    assert store.reclaim_all(seen_seconds=LEASE / 2 - 0.1).jobs == []
    assert store.dump() == before
    assert store.reclaim_all(seen_seconds=LEASE / 2).jobs == [("a", "requeued")]


def test_a_lease_that_was_extended_since_the_caller_looked_is_left_alone(store: Store):
    attempt = store.start("a")
    store.turn_clock(5)
    store.beat(attempt)
    store.turn_clock(3600)
    assert store.reclaim(suspect(f"a:{attempt.execution_id}", START + LEASE + 60)).jobs == []
    assert store.places("a") == ["wip:q"]


def test_a_job_whose_lease_ran_out_too_often_is_set_aside_as_failed(store: Store):
    store.start("a")
    for _ in range(3):
        store.turn_clock(3600)
        assert store.reclaim_all().jobs == [("a", "requeued")]
        store.take()
    store.turn_clock(3600)
    assert store.reclaim_all().jobs == [("a", "failed")]
    assert store.places("a") == ["failed:q"]
    assert store.results("a")[-1]["type"] == "2"
    assert "the lease ran out" in store.hash("a")["x_reason"]


def test_a_job_set_aside_that_is_not_kept_is_deleted(store: Store):
    store.start("a", failure_ttl=0)
    for _ in range(3):
        store.turn_clock(3600)
        store.reclaim_all()
        store.take()
    store.turn_clock(3600)
    assert store.reclaim_all().jobs == [("a", "failed")]
    assert store.traces("a") == ["x:ended:a"]


def test_a_lease_of_a_deleted_job_is_dropped(store: Store):
    store.start("a")
    store.client.delete(store.keys.job("a"))
    store.turn_clock(3600)
    assert store.reclaim_all().jobs == []
    assert store.traces("a") == []
    assert store.places("a") == []


def test_the_lease_of_an_attempt_whose_job_was_enqueued_anew_is_dropped_and_the_job_waits(store: Store):
    store.start("a")
    store.enqueue("a")
    store.turn_clock(3600)
    assert store.reclaim_all().jobs == []
    assert store.places("a") == ["queue:q"]
    assert "x_crashes" not in store.hash("a")


def test_the_lease_of_a_superseded_attempt_does_not_take_the_job_from_its_new_owner(store: Store):
    old = store.start("a")
    store.enqueue("a")
    new = store.take()
    store.turn_clock(3600)
    store.beat(new)
    assert store.reclaim_all().jobs == []
    assert store.places("a") == ["wip:q"]
    assert store.hash("a")["x_execution"] == new.execution_id != old.execution_id


def test_a_job_that_an_rq_worker_left_goes_back_when_its_own_lease_ended(store: Store):
    started_by_rq(store)
    store.turn_clock(89)
    assert store.reclaim_all().jobs == []
    store.turn_clock(1)
    assert store.reclaim_all(seen_seconds=34).jobs == []
    assert store.reclaim_all(seen_seconds=35).jobs == [("a", "requeued")]
    assert store.places("a") == ["queue:q"]
    assert store.traces("a") == ["job:a", "results:a"]


def test_a_job_that_another_rq_execution_still_runs_is_not_put_back(store: Store):
    started_by_rq(store)
    store.client.zadd(store.keys.executions("a"), {"alive": START + 1000})
    store.client.zadd(store.keys.registry("wip", "q"), {"a:alive": START + 1000})
    store.turn_clock(100)
    assert store.reclaim_all().jobs == []
    assert store.status("a") == "started"
    assert store.registry("wip") == {"a:alive": START + 1000}


@pytest.mark.parametrize("member", ["a", "", ":", "x:y:z:exec", "a:unknown", "nothing:", "\udcff:\udcfe"])
def test_a_strange_member_of_the_registry_is_dropped_when_its_time_is_over(store: Store, member: str):
    store.birth()
    wire = member.encode(errors="surrogateescape")
    store.client.zadd(store.keys.registry("wip", "q"), {wire: START - 1000})
    assert store.reclaim_all().jobs == []
    assert store.registry("wip") == {}
    assert store.bad() == []


def test_a_bare_id_as_old_versions_of_rq_wrote_it_goes_back_to_its_queue(store: Store):
    store.enqueue("a")
    store.client.lrem(store.keys.queue("q"), 1, "a")
    store.client.hset(store.keys.job("a"), "status", "started")
    store.client.zadd(store.keys.registry("wip", "q"), {"a": START - 1000})
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.places("a") == ["queue:q"]


def test_a_lease_without_end_is_never_taken_back(store: Store):
    started_by_rq(store, lease_ends=float("inf"))
    store.turn_clock(10**6)
    assert store.reclaim_all().jobs == []
    assert store.status("a") == "started"


# --- all that a worker had ---


def test_all_that_a_dead_worker_had_goes_back_and_its_name_is_free(store: Store):
    store.start("a")
    store.enqueue("b")
    store.take()
    store.enqueue("c")
    store.client.lmove(store.keys.queue("q"), store.keys.caught("q"), "LEFT", "RIGHT")
    store.turn_clock(LEASE + 1)
    code, reclaimed, given_back = store.reclaim_worker()
    assert (code, given_back) == ("ok", 1)
    assert sorted(reclaimed) == [("q", "a", "requeued"), ("q", "b", "requeued")]
    assert sorted(store.waiting()) == ["a", "b", "c"]
    assert store.dump().keys().isdisjoint({store.keys.held("w"), store.keys.presence, store.keys.workers, store.keys.queue_workers("q")})
    assert "death" in store.worker_hash()
    assert 0 < store.client.ttl(store.keys.worker("w")) <= 60


def test_a_living_worker_keeps_what_it_has(store: Store):
    store.start("a")
    before = store.dump()
    assert store.reclaim_worker() == ("alive", [], 0)
    assert store.dump() == before


def test_a_worker_whose_process_was_seen_to_end_need_not_run_out_of_its_lease(store: Store):
    store.start("a")
    code, reclaimed, _ = store.reclaim_worker(incarnation="w-1", seen_dead=True)
    assert (code, reclaimed) == ("ok", [("q", "a", "requeued")])


def test_another_incarnation_of_a_dead_worker_is_left_alone(store: Store):
    store.start("a")
    before = store.dump()
    assert store.reclaim_worker(incarnation="earlier", seen_dead=True) == ("gone", [], 0)
    assert store.dump() == before


def test_a_worker_that_is_unknown_is_gone(store: Store):
    assert store.reclaim_worker("nobody") == ("gone", [], 0)
    assert store.dump() == {}


def test_reclaiming_a_worker_again_changes_nothing(store: Store):
    store.start("a")
    store.reclaim_worker(seen_dead=True)
    before = store.dump()
    assert store.reclaim_worker(seen_dead=True) == ("gone", [], 0)
    assert store.dump() == before


def test_an_attempt_that_was_canceled_is_not_reclaimed_with_its_worker(store: Store):
    store.start("a")
    store.cancel("a")
    assert store.reclaim_worker(seen_dead=True) == ("ok", [], 0)
    assert store.places("a") == ["canceled:q"]


def test_the_late_outcome_of_a_reclaimed_worker_is_fenced(store: Store):
    attempt = store.start("a")
    store.reclaim_worker(seen_dead=True)
    assert store.finish(attempt).code == "fenced"
    assert store.status("a") == "queued"


# --- leases of workers ---


def test_workers_are_listed_with_their_leases_those_that_ran_out_first(store: Store):
    store.birth("early")
    store.turn_clock(20)
    store.birth("late")
    store.turn_clock(15)
    assert store.run(list_worker_leases(store.scripts)) == [
        WorkerLease("early", "early-1", START + LEASE, LEASE, expired=True),
        WorkerLease("late", "late-1", START + 20 + LEASE, LEASE, expired=False),
    ]


def test_a_worker_whose_side_hash_is_gone_is_listed_without_an_incarnation(store: Store):
    store.birth()
    store.client.delete(store.keys.held("w"))
    assert store.run(list_worker_leases(store.scripts)) == [WorkerLease("w", "", START + LEASE, None, expired=False)]


def test_listing_leases_writes_nothing(store: Store):
    store.birth()
    before = store.dump()
    store.run(list_worker_leases(store.scripts))
    assert store.dump() == before
