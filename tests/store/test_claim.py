"""CLAIM."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from tests.store.harness import Store


def ids(claimed) -> list[str]:
    return [job.job_id for job in claimed.jobs]


def test_a_worker_that_is_not_registered_gets_nothing(store: Store):
    store.enqueue("a")
    before = store.dump()
    claimed = store.claim()
    assert (claimed.code, claimed.jobs) == ("unknown", [])
    assert store.dump() == before


def test_a_former_incarnation_of_a_worker_gets_nothing(store: Store):
    store.birth()
    store.enqueue("a")
    assert store.claim(incarnation="earlier").code == "unknown"
    assert store.waiting() == ["a"]


def test_an_empty_queue_gives_no_jobs(store: Store):
    store.birth()
    claimed = store.claim()
    assert (claimed.code, claimed.jobs, claimed.next_due_seconds, claimed.given_back) == ("ok", [], None, 0)


def test_a_claimed_job_is_in_no_queue(store: Store):
    store.start("a")
    assert store.places("a") == ["wip:q"]


def test_a_claimed_job_is_started_by_one_execution_of_the_worker(store: Store):
    attempt = store.start("a")
    fields = store.hash("a")
    assert fields["status"] == "started"
    assert fields["started_at"] == fields["last_heartbeat"] == "2027-01-15T08:00:00.250000Z"
    assert fields["worker_name"] == "w"
    assert fields["x_execution"] == attempt.execution_id
    assert fields["x_attempt"] == "1"


def test_a_claimed_job_has_a_lease_and_an_execution_that_expire_by_themselves(store: Store):
    attempt = store.start("a")
    assert store.registry("wip") == {f"a:{attempt.execution_id}": START + LEASE + 60}
    dump = store.dump()
    execution = dump[store.keys.execution("a", attempt.execution_id)]
    assert execution.has_ttl
    assert execution.value == {
        "id": attempt.execution_id,
        "created_at": "1800000000.250000",
        "last_heartbeat": "1800000000.250000",
        "worker_name": "w",
    }
    executions = dump[store.keys.executions("a")]
    assert executions.has_ttl
    assert executions.value == {attempt.execution_id: START + LEASE + 120}


def test_a_claim_brings_the_whole_hash_of_the_job(store: Store):
    store.birth()
    store.enqueue("a", description="f()")
    job = store.claim().jobs[0]
    assert {name.decode(): value for name, value in job.fields.items()} == {
        name: value.encode("latin-1") if name != "data" else job.fields[b"data"] for name, value in store.hash("a").items()
    }
    assert (job.queue, job.fields[b"status"]) == ("q", b"started")


def test_a_claimed_job_does_not_expire_while_it_runs(store: Store):
    store.start("a", ttl=5)
    assert store.client.ttl(store.keys.job("a")) == -1


def test_a_busy_worker_says_what_it_runs(store: Store):
    store.start("a")
    fields = store.worker_hash()
    assert (fields["state"], fields["current_job"], fields["current_job_working_time"]) == ("busy", "a", "0")


def test_as_many_jobs_are_claimed_as_there_are_places(store: Store):
    store.birth()
    for job_id in "abc":
        store.enqueue(job_id)
    assert ids(store.claim(places=2)) == ["a", "b"]
    assert store.waiting() == ["c"]


def test_queues_are_taken_from_in_their_order(store: Store):
    store.birth(queues=("high", "low"))
    store.enqueue("l1", "low")
    store.enqueue("h1", "high")
    store.enqueue("h2", "high")
    claimed = store.claim(queues=("high", "low"), places=3)
    assert [(job.queue, job.job_id) for job in claimed.jobs] == [("high", "h1"), ("high", "h2"), ("low", "l1")]


def test_a_claim_sent_again_gives_the_same_jobs_in_the_same_order_and_changes_nothing(store: Store):
    store.birth()
    expected = [str(uuid.UUID(int=number)) for number in range(30)]
    for job_id in [*expected, "more"]:
        store.enqueue(job_id)
    first = store.claim(places=30)
    before = store.dump()
    again = store.claim(places=30, sequence=1)
    assert again.code == "replay"
    assert again.jobs == first.jobs
    assert ids(again) == expected
    assert store.dump() == before


def test_a_claim_sent_again_leaves_out_what_is_no_longer_the_workers(store: Store):
    store.birth()
    for job_id in "ab":
        store.enqueue(job_id)
    store.claim(places=2)
    store.client.delete(store.keys.job("a"))
    assert ids(store.claim(places=2, sequence=1)) == ["b"]


def test_a_claim_that_arrives_after_a_later_one_gives_nothing(store: Store):
    store.birth()
    store.claim()
    store.claim()
    store.enqueue("a")
    before = store.dump()
    claimed = store.claim(sequence=1)
    assert (claimed.code, claimed.jobs) == ("stale", [])
    assert store.dump() == before


def test_nothing_is_claimed_while_the_system_is_suspended(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.set(store.keys.suspended, 1)
    assert store.claim().code == "suspended"
    assert store.waiting() == ["a"]
    store.client.delete(store.keys.suspended)
    assert ids(store.claim()) == ["a"]


def test_a_due_job_is_promoted_and_claimed_in_one_call(store: Store):
    store.birth()
    store.enqueue("a", due=START + 5)
    assert store.claim().next_due_seconds == 5.0
    store.turn_clock(5)
    assert ids(store.claim()) == ["a"]


def test_a_claim_tells_when_the_first_scheduled_job_of_any_queue_is_due(store: Store):
    store.birth(queues=("one", "two"))
    store.enqueue("a", "one", due=START + 90)
    store.enqueue("b", "two", due=START + 7)
    assert store.claim(queues=("one", "two")).next_due_seconds == 7.0


def test_of_ids_that_woke_the_worker_on_several_queues_the_first_is_taken_and_the_rest_goes_back(store: Store):
    store.birth(queues=("high", "low"))
    store.enqueue("h", "high")
    store.enqueue("l1", "low")
    store.enqueue("l2", "low")
    for queue in ("high", "low"):
        store.client.lmove(store.keys.queue(queue), store.keys.caught(queue), "LEFT", "RIGHT")
    claimed = store.claim(queues=("high", "low"))
    assert (ids(claimed), claimed.given_back) == (["h"], 1)
    claimed = store.claim_when_woken(queues=("high", "low"))  # the one behind the wait on the other queue
    assert (claimed.code, claimed.given_back) == ("busy", 1)
    assert store.waiting("low") == ["l1", "l2"]


def test_what_woke_the_worker_stands_before_what_is_due_at_the_front(store: Store):
    store.birth()
    store.enqueue("caught")
    store.client.lmove(store.keys.queue("q"), store.keys.caught("q"), "LEFT", "RIGHT")
    store.enqueue("due", due=START - 1, enqueue_at_front=True)
    assert ids(store.claim()) == ["caught"]
    assert store.waiting() == ["due"]


def test_several_caught_ids_go_back_in_their_order(store: Store):
    store.birth(queues=("other",))
    store.client.rpush(store.keys.caught("q"), "a", "b")
    store.client.rpush(store.keys.queue("q"), "c")
    store.client.set(store.keys.suspended, 1)
    assert store.claim().given_back == 2
    assert store.waiting() == ["a", "b", "c"]


def test_an_id_that_stands_three_times_in_a_queue_runs_once(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.rpush(store.keys.queue("q"), "a", "a")
    assert ids(store.claim(places=5)) == ["a"]
    assert store.places("a") == ["wip:q"]


@pytest.mark.parametrize("status", ["started", "finished", "failed", "stopped", "deferred", "scheduled", "canceled"])
def test_a_stray_id_of_a_job_that_does_not_wait_is_dropped(store: Store, status: str):
    store.birth()
    store.enqueue("stray")
    store.client.hset(store.keys.job("stray"), "status", status)
    store.enqueue("b")
    assert ids(store.claim(places=2)) == ["b"]
    assert store.status("stray") == status
    assert store.bad() == []


@pytest.mark.parametrize("status", ["created", "", None])
def test_a_job_that_somebody_pushed_by_hand_runs(store: Store, status: str | None):
    store.birth()
    store.enqueue("a")
    if status is None:
        store.client.hdel(store.keys.job("a"), "status")
    else:
        store.client.hset(store.keys.job("a"), "status", status)
    assert ids(store.claim()) == ["a"]


def test_a_job_is_leased_in_the_queue_that_it_names(store: Store):
    store.birth()
    store.enqueue("a", "home")
    store.client.lmove(store.keys.queue("home"), store.keys.queue("q"), "LEFT", "RIGHT")
    assert [(job.queue, job.job_id) for job in store.claim().jobs] == [("home", "a")]
    assert store.places("a") == ["wip:home"]


def test_a_job_without_an_origin_is_leased_in_the_queue_it_was_taken_from(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.hdel(store.keys.job("a"), "origin")
    assert store.claim().jobs[0].queue == "q"


def test_a_claim_that_met_a_hundred_stray_ids_asks_to_be_called_again_at_once(store: Store):
    store.birth()
    store.client.rpush(store.keys.queue("q"), *(f"stray-{number}" for number in range(150)))
    store.enqueue("a")
    claimed = store.claim()
    assert (claimed.jobs, claimed.next_due_seconds) == ([], 0.0)
    assert ids(store.claim()) == ["a"]


def test_each_claim_of_a_job_has_a_higher_attempt_number(store: Store):
    attempt = store.start("a")
    store.crash(attempt)
    store.take()
    assert store.hash("a")["x_attempt"] == "2"


def test_a_claim_does_not_bring_back_a_worker_hash_that_is_gone(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.delete(store.keys.worker("w"))
    assert ids(store.claim()) == ["a"]
    assert store.worker_hash() == {}
    assert not store.beat().known


# --- what a worker leaves at the server when it waits ---


def wait(store: Store, *queues: str) -> None:
    """Register a worker, and let it find nothing."""
    store.birth(queues=queues or ("q",))
    assert not store.claim(queues=queues or ("q",)).jobs


def test_a_waiting_worker_gets_the_job_that_it_caught(store: Store):
    wait(store)
    store.enqueue("a")
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, ids(claimed), claimed.given_back, claimed.sequence) == ("ok", ["a"], 1, 2)
    assert store.places("a") == ["wip:q"]


def test_a_waiting_worker_that_caught_nothing_gets_nothing(store: Store):
    wait(store)
    before = store.dump()
    assert store.claim_when_woken().code == "idle"
    assert store.dump() == before


def test_a_worker_that_waits_no_more_gives_back_at_once_what_it_catches(store: Store):
    wait(store)
    for job_id in ("a", "b", "c"):
        store.enqueue(job_id)
    store.take()
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, claimed.jobs, claimed.given_back, claimed.sequence) == ("busy", [], 1, 2)
    assert store.waiting() == ["b", "c"]


def test_only_the_first_connection_that_wakes_a_worker_takes_a_job(store: Store):
    wait(store, "high", "low")
    store.enqueue("l", "low")
    store.catch(queue="low")
    assert ids(store.claim_when_woken(queues=("high", "low"))) == ["l"]
    store.enqueue("h", "high")
    store.catch(queue="high")
    assert store.claim_when_woken(queues=("high", "low")).code == "busy"
    assert store.waiting("high") == ["h"]


def test_a_worker_that_found_jobs_or_has_no_places_does_not_wait(store: Store):
    store.start("a")
    store.claim(places=0)
    store.enqueue("b")
    store.catch()
    assert store.claim_when_woken().code == "busy"
    assert store.waiting() == ["b"]


def test_a_woken_worker_gets_no_more_jobs_than_it_waits_for(store: Store):
    wait(store)
    store.enqueue("a")
    store.enqueue("b")
    store.catch()
    assert ids(store.claim_when_woken(places=2)) == ["a"]
    assert store.waiting() == ["b"]


def test_the_next_claim_of_its_own_tells_a_worker_what_woke_it(store: Store):
    wait(store)
    store.enqueue("a")
    store.enqueue("b")
    store.catch()
    [woken] = store.claim_when_woken().jobs
    told = store.claim()
    assert (told.code, told.jobs) == ("replay", [woken])
    assert ids(store.claim()) == ["b"]


def test_a_claim_that_is_sent_again_after_a_job_woke_the_worker_is_stale_and_the_next_one_tells(store: Store):
    wait(store)
    store.enqueue("a")
    store.catch()
    store.claim_when_woken()
    assert store.claim(sequence=1).code == "stale"
    assert ids(store.claim()) == ["a"]


def test_a_stray_id_that_wakes_a_worker_lets_it_wait_on(store: Store):
    wait(store)
    store.client.rpush(store.keys.queue("q"), "stray")
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, claimed.jobs) == ("ok", [])
    store.enqueue("a")
    store.catch()
    assert ids(store.claim_when_woken()) == ["a"]


def test_a_worker_of_a_paused_queue_gives_back_what_wakes_it_and_waits_on(store: Store):
    wait(store)
    store.client.set(store.keys.suspended, 1)
    store.enqueue("a")
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, claimed.jobs, claimed.all_suspended) == ("suspended", [], True)
    assert store.waiting() == ["a"]
    store.client.delete(store.keys.suspended)
    store.catch()
    assert ids(store.claim_when_woken()) == ["a"]


def test_a_worker_that_is_gone_gives_back_what_its_connection_catches(store: Store):
    wait(store)
    store.death()
    store.enqueue("a")
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, claimed.given_back) == ("unknown", 1)
    assert store.waiting() == ["a"]


@pytest.mark.parametrize("text", ["", "1", "1 0", "1 x", "x 1", "0 1", "1 1 1", "\xff"])
def test_a_worker_whose_waiting_is_garbled_does_not_wait(store: Store, text: str):
    wait(store)
    store.client.hset(store.keys.held("w"), "waiting", text)
    store.enqueue("a")
    store.catch()
    assert store.claim_when_woken().code == "busy"
    assert store.waiting() == ["a"]


@pytest.mark.parametrize("looks", ["w", "another", ""])
def test_what_a_busy_worker_has_caught_goes_back_though_the_claim_behind_its_wait_was_not_carried_out(store: Store, looks: str):
    # The interleaving: the server forgets its scripts; a job comes; the connection of a worker that is busy for an hour catches it, and its claim is unknown.
    store.start("long")
    store.enqueue("a")
    store.catch()
    store.promote(worker=looks)
    assert store.waiting() == ["a"]


def test_what_was_caught_goes_back_though_it_is_anothers_turn_to_promote(store: Store):
    for job_id in ("due", "due too"):
        store.enqueue(job_id, due=START - 1)
    store.promote(limit=1, worker="v")
    store.catch()
    store.promote(worker="w")
    assert store.waiting() == ["due"]


def test_a_waiting_worker_takes_what_another_claim_gave_back(store: Store):
    wait(store)
    store.enqueue("a")
    assert ids(store.claim_when_woken()) == ["a"]


def test_what_a_leaving_worker_ran_stands_before_what_was_caught_meanwhile(store: Store):
    store.start("first")
    store.enqueue("second")
    store.catch()
    store.death()
    assert store.waiting() == ["first", "second"]


def test_what_a_dead_worker_ran_stands_before_what_was_caught_meanwhile(store: Store):
    store.start("first")
    store.enqueue("second")
    store.catch()
    store.birth(incarnation="w-2", replaceable="w-1")
    assert store.waiting() == ["first", "second"]


def test_what_one_worker_caught_another_one_takes_that_claims_before(store: Store):
    # The interleaving: a job wakes w; before the claim behind its wait is carried out, v, which has just ended a job, claims.
    wait(store)
    store.birth("v")
    store.enqueue("a")
    store.catch()
    assert ids(store.claim("v")) == ["a"]
    assert store.claim_when_woken().code == "idle"
    store.enqueue("b")
    store.catch()
    assert ids(store.claim_when_woken()) == ["b"]


@pytest.mark.parametrize("workers", [2, 5])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_what_several_busy_workers_caught_at_one_moment_goes_back_in_the_order_in_which_it_stood(store: Store, workers: int, others: int):
    # The interleaving: jobs are enqueued in one call, which serves one waiting connection each; the claims behind them follow. What the first of them gives
    # back serves connections that have waited behind those; their claims come last.
    names = [f"w{number}" for number in range(workers + others)]
    for worker in names:
        store.start(f"long-{worker}", worker)
    store.enqueue_many(*(store.new_job(job_id) for job_id in "abcdefg"))
    for _ in range(workers):
        store.catch()
    assert store.claim_when_woken(names[0]).code == "busy"
    for _ in range(others):
        store.catch()
    for worker in names[1:]:
        assert store.claim_when_woken(worker).code == "busy"
    assert store.waiting() == list("abcdefg")


def test_what_idle_and_busy_workers_caught_at_one_moment_is_taken_in_the_order_in_which_it_stood(store: Store):
    store.start("long", "busy")
    for worker in ("v", "w"):
        store.birth(worker)
        assert not store.claim(worker).jobs
    store.enqueue_many(*(store.new_job(job_id) for job_id in "abcd"))
    for _ in range(3):
        store.catch()
    assert ids(store.claim_when_woken("v")) == ["a"]
    assert store.claim_when_woken("busy").code == "busy"
    assert ids(store.claim_when_woken("w")) == ["b"]
    assert store.waiting() == ["c", "d"]


def test_a_worker_that_put_a_job_back_is_not_woken_by_it_until_it_claims_again(store: Store):
    # The interleaving: a worker of two places has one job that it cannot begin, and has claimed since for the other place.
    attempt = store.start("a")
    assert not store.claim().jobs
    store.release(attempt)
    store.catch()
    assert store.claim_when_woken().code == "busy"
    assert store.waiting() == ["a"]
    assert ids(store.claim()) == ["a"]


def test_a_suspended_worker_that_is_woken_tells_the_number_of_its_claim(store: Store):
    wait(store)
    store.client.set(store.keys.suspended, 1)
    store.enqueue("a")
    store.catch()
    claimed = store.claim_when_woken()
    assert (claimed.code, claimed.sequence) == ("suspended", 2)
    assert store.claim(sequence=2).sequence == 0
