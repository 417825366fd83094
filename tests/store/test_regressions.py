"""Interleavings that once broke the contract, as the model test shrank them. Each is written as what happened, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq.store.reap import list_worker_leases
from rq.store.settle import AttemptKey
from tests.store.harness import LEASE, START, suspect

if TYPE_CHECKING:
    from tests.store.harness import Store

RQ_NAME = "rq-worker"
FAR = 1000.0


def popped_by_rq(store: Store, job_id: str = "a", queue: str = "q") -> None:
    """A worker of RQ 2.12 that listens on several queues pops an id (BLPOP): it is in no list from now on."""
    assert store.client.lrem(store.keys.queue(queue), 1, job_id) == 1


def prepared_by_rq(store: Store, job_id: str = "a", queue: str = "q", ends_at: float = START + 90) -> None:
    """It writes the execution and its lease; the job is queued still."""
    entry: dict[Any, Any] = {"id": "theirs", "created_at": repr(store.now), "worker_name": RQ_NAME}
    store.client.hset(store.keys.execution(job_id, "theirs"), mapping=entry)
    store.client.zadd(store.keys.executions(job_id), {"theirs": ends_at})
    store.client.zadd(store.keys.registry("wip", queue), {f"{job_id}:theirs": ends_at})


def started_by_rq(store: Store, job_id: str = "a", queue: str = "q", ends_at: float = START + 90) -> None:
    """A worker of RQ 2.12 runs a job that waited."""
    popped_by_rq(store, job_id, queue)
    prepared_by_rq(store, job_id, queue, ends_at)
    store.client.hset(store.keys.job(job_id), mapping={"status": "started", "worker_name": RQ_NAME})


def failed_by_rq(store: Store, attempt: AttemptKey) -> None:
    """Somebody lists the started jobs with RQ when a lease of ours has long run out: RQ sets the job aside, and leaves what it does not know."""
    job_id, execution = attempt.job_id, attempt.execution_id
    store.client.zrem(store.keys.registry("wip", "q"), f"{job_id}:{execution}")
    store.client.delete(store.keys.execution(job_id, execution), store.keys.executions(job_id))
    store.client.hset(store.keys.job(job_id), mapping={"status": "failed"})
    store.client.zadd(store.keys.registry("failed", "q"), {job_id: store.now + 1000})


def reclaim_worker_expired(store: Store, worker: str = "w") -> str:
    return store.reclaim_worker(worker)[0]


# --- RQ's workers beside ours ---


def test_a_job_whose_rq_worker_died_between_preparing_and_starting_it_goes_back(store: Store):
    store.enqueue("a")
    popped_by_rq(store)
    prepared_by_rq(store)
    store.turn_clock(100)
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.places("a") == ["queue:q"]


def test_an_ended_lease_of_rq_puts_no_second_entry_of_a_waiting_job_into_its_queue(store: Store):
    store.enqueue("a")
    prepared_by_rq(store)
    store.turn_clock(100)
    assert store.reclaim_all().jobs == []
    assert store.places("a") == ["queue:q"]


def test_an_id_in_the_intermediate_list_stays_there_for_the_sweep_when_its_lease_ended(store: Store):
    store.enqueue("a")
    store.client.lmove(store.keys.queue("q"), store.keys.intermediate("q"))
    prepared_by_rq(store)
    store.turn_clock(100)
    assert store.reclaim_all().jobs == []
    assert store.places("a") == ["queue:q:intermediate"]


def test_a_superseded_attempt_of_ours_does_not_keep_the_job_of_a_dead_rq_worker(store: Store):
    attempt = store.start("a")
    store.enqueue("a")
    started_by_rq(store)
    store.turn_clock(100)
    store.beat(attempt)
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.status("a") == "queued"
    assert store.finish(attempt).code == "superseded"


def test_the_lease_of_a_superseded_attempt_in_another_queue_takes_nothing_from_an_rq_worker(store: Store):
    store.start("a")
    store.enqueue("a", "other")
    started_by_rq(store, queue="other", ends_at=START + FAR)
    store.turn_clock(100)
    assert store.reclaim_all().jobs == []
    assert (store.status("a"), store.waiting("q"), store.waiting("other")) == ("started", [], [])


def test_a_job_that_rq_set_aside_stands_in_one_place_when_our_dead_worker_is_reclaimed(store: Store):
    attempt = store.start("a")
    store.turn_clock(100)
    failed_by_rq(store, attempt)
    assert store.reclaim_worker() == ("ok", [], 0)
    assert (store.status("a"), store.places("a")) == ("failed", ["failed:q"])


def test_a_job_that_rq_set_aside_stands_in_one_place_when_our_worker_leaves(store: Store):
    attempt = store.start("a")
    store.turn_clock(100)
    failed_by_rq(store, attempt)
    assert store.death() == 0
    assert (store.status("a"), store.places("a")) == ("failed", ["failed:q"])


def test_a_job_that_rq_set_aside_and_started_again_goes_back_when_its_rq_worker_dies(store: Store):
    attempt = store.start("a")
    store.turn_clock(100)
    failed_by_rq(store, attempt)
    store.client.zrem(store.keys.registry("failed", "q"), "a")
    store.client.hset(store.keys.job("a"), mapping={"status": "queued"})
    store.client.rpush(store.keys.queue("q"), "a")
    started_by_rq(store, ends_at=store.now + 90)
    store.turn_clock(100)
    assert store.reclaim_all().jobs == [("a", "requeued")]
    assert store.places("a") == ["queue:q"]


def test_a_job_that_an_rq_producer_enqueues_while_ours_runs_is_run_again(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), mapping={"status": "queued"})
    store.client.rpush(store.keys.queue("q"), "a")
    assert store.finish(attempt).code == "superseded"
    assert store.status("a") == "queued"
    assert store.finish(store.take()).code == "ok"


def test_a_job_that_an_rq_producer_enqueues_while_ours_runs_is_not_lost_with_an_rq_worker(store: Store):
    store.start("a")
    store.client.hset(store.keys.job("a"), mapping={"status": "queued"})
    prepared_by_rq(store)
    store.turn_clock(100)
    watched = store.reclaim().suspects
    theirs = [suspect(member, score) for member, score in watched if member == "a:theirs"]
    assert store.reclaim(*theirs).jobs == [("a", "requeued")]


def test_an_rq_worker_that_beats_every_half_minute_keeps_its_job_when_the_clock_jumps(store: Store):
    store.enqueue("a")
    started_by_rq(store)
    store.turn_clock(3600)
    assert store.reclaim_all(seen_seconds=31).jobs == []
    assert store.status("a") == "started"


# --- clocks ---


def test_a_dead_worker_is_found_though_the_clock_was_set_back(store: Store):
    store.start("a")
    store.turn_clock(-3600)
    assert store.run(list_worker_leases(store.scripts))[0].expired
    assert reclaim_worker_expired(store) == "ok"
    assert store.places("a") == ["queue:q"]


def test_a_lease_that_ends_later_than_any_could_is_taken_back_after_the_clock_was_set_back(store: Store):
    store.start("a")
    store.turn_clock(-3600)
    assert store.reclaim_all(seen_seconds=LEASE / 2 - 1).jobs == []
    assert store.reclaim_all(seen_seconds=LEASE / 2).jobs == [("a", "requeued")]


def test_a_worker_that_beats_after_the_clock_was_set_back_keeps_everything(store: Store):
    attempt = store.start("a")
    store.turn_clock(-3600)
    store.beat(attempt)
    assert store.reclaim_all().jobs == []
    assert reclaim_worker_expired(store) == "alive"
    assert not store.run(list_worker_leases(store.scripts))[0].expired


# --- messages that come late ---


def test_a_registration_that_arrives_twice_keeps_the_counters(store: Store):
    store.finish(store.start("a"))
    store.birth()
    assert store.worker_hash()["successful_job_count"] == "1"


def test_a_late_heartbeat_does_not_lengthen_the_memory_of_a_worker_that_left(store: Store):
    store.birth()
    store.death()
    assert not store.beat().known
    assert store.client.ttl(store.keys.worker("w")) <= 60


def test_a_late_release_leaves_the_worker_as_it_is(store: Store):
    attempt = store.start("a")
    store.release(attempt)
    store.take()
    before = store.dump()
    assert store.release(attempt).code == "dup"
    assert store.dump() == before


def test_a_late_cancel_names_the_job_in_the_registry_of_the_queue_it_is_in_now(store: Store):
    store.enqueue("a", "other")
    assert store.cancel("a", "q") == ("ok", "queued")
    assert store.places("a") == ["canceled:other"]


# --- jobs enqueued anew ---


def test_a_cancel_ends_the_lease_of_a_superseded_attempt_in_another_queue(store: Store):
    attempt = store.start("a")
    store.enqueue("a", "other")
    assert store.cancel("a", "other") == ("ok", "queued")
    assert store.places("a") == ["canceled:other"]
    assert store.beat(attempt).exceptions == [("a", attempt.execution_id, "fenced")]


def test_a_job_that_is_kept_for_ever_does_not_expire_as_it_would_have_while_it_waited(store: Store):
    store.enqueue("a", ttl=3600, failure_ttl=-1)
    for _ in range(4):
        popped_by_rq(store)
        prepared_by_rq(store, ends_at=store.now - 1)
        store.reclaim_all()
    assert (store.status("a"), store.client.ttl(store.keys.job("a"))) == ("failed", -1)
