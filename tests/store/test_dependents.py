"""The end of a parent: those who wait for it go on, in the same step or, if they are many, by and by. And the sweep, for parents that told nobody."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from rq.model.settlement import Finish
from tests.store.harness import MOST_CRASHES, START, Store
from tests.store.situations import FAR, POLICIES, deferred_by_rq, ended_by_rq, stands_where_its_status_says
from tests.support.budget import is_thorough
from tests.support.monitor import watched_commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.store.settle import AttemptKey

WORKER = "worker-of-p"
MANY = 250
LARGE = 100_000


def crash_too_often(store: Store, attempt: AttemptKey) -> None:
    for _ in range(MOST_CRASHES):
        store.crash(attempt)
        attempt = store.take(WORKER)
    store.crash(attempt)


def be_reclaimed_too_often(store: Store, attempt: AttemptKey) -> None:
    store.client.hset(store.keys.job(attempt.job_id), "x_crashes", MOST_CRASHES)
    store.turn_clock(3600)
    store.reclaim_all()


def be_purged(store: Store, attempt: AttemptKey) -> None:
    store.release(attempt)
    store.purge(limit=1)
    store.release_all()


def run_again(store: Store, attempt: AttemptKey) -> None:
    """Free the worker for another job."""
    store.retry(attempt, 3)


ENDS: dict[str, Callable[[Store, AttemptKey], object]] = {
    "finishes": lambda store, attempt: store.finish(attempt),
    "finishes and is not kept": lambda store, attempt: store.finish(attempt, ttl=0),
    "finishes and is repeated": lambda store, attempt: store.repeat(attempt, 60),
    "fails": lambda store, attempt: store.fail(attempt),
    "fails and is not kept": lambda store, attempt: store.fail(attempt, ttl=0),
    "asked for one retry too many": lambda store, attempt: store.give_up(attempt),
    "crashes too often": crash_too_often,
    "is reclaimed too often": be_reclaimed_too_often,
    "is stopped": lambda store, attempt: store.stop(attempt),
    "is canceled": lambda store, _: store.cancel("p"),
    "is canceled for its dependents' sake": lambda store, _: store.cancel("p", enqueue_dependents=True),
    "is deleted": lambda store, _: store.delete("p"),
    "is purged": be_purged,
    "is retried": lambda store, attempt: store.retry(attempt, 3),
    "is retried later": lambda store, attempt: store.retry(attempt, 3, 60),
    "asks for a retry": lambda store, attempt: store.ask(attempt),
    "crashes": lambda store, attempt: store.crash(attempt),
    "is put back": lambda store, attempt: store.release(attempt),
}

GOES_ON = dict.fromkeys(POLICIES, "queued")
WAITS = dict.fromkeys(POLICIES, "deferred")
FAILED = {"wait": "deferred", "allow_failure": "queued", "run": "queued", "cancel": "canceled", "fail": "failed"}
BROKEN_OFF = FAILED | {"allow_failure": "deferred"}
AT_THE_END = {
    "finishes": GOES_ON,
    "finishes and is not kept": GOES_ON,
    "finishes and is repeated": GOES_ON,
    "fails": FAILED,
    "fails and is not kept": FAILED,
    "asked for one retry too many": FAILED,
    "crashes too often": FAILED,
    "is reclaimed too often": FAILED,
    "is stopped": BROKEN_OFF,
    "is canceled": BROKEN_OFF,
    "is canceled for its dependents' sake": GOES_ON,
    "is deleted": GOES_ON,
    "is purged": GOES_ON,
    "is retried": WAITS,
    "is retried later": WAITS,
    "asks for a retry": WAITS,
    "crashes": WAITS,
    "is put back": WAITS,
}


def parent(store: Store, **fields: Any) -> AttemptKey:
    """A parent that runs, with retries and repeats left."""
    return store.start("p", WORKER, retries_left=3, repeats_left=3, **fields)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("ending", ENDS)
def test_what_becomes_of_a_job_whose_parent(store: Store, ending: str, policy: str):
    attempt = parent(store)
    store.enqueue("c", after=["p"], **POLICIES[policy])
    ENDS[ending](store, attempt)
    expected = AT_THE_END[ending][policy]
    assert store.status("c") == expected
    assert stands_where_its_status_says(store, "c")
    if expected != "deferred":
        assert (store.pending(), store.dependents()) == (set(), set())


@pytest.mark.parametrize("ending", ENDS)
def test_a_job_that_rq_deferred_goes_on_as_ours_does_when_its_parent(store: Store, ending: str):
    attempt = parent(store)
    deferred_by_rq(store, "c", ["p"])
    deferred_by_rq(store, "lenient", ["p"], allow_dependency_failures="1")
    ENDS[ending](store, attempt)
    assert store.status("c") == AT_THE_END[ending]["wait"]
    assert store.status("lenient") == AT_THE_END[ending]["allow_failure"]
    assert stands_where_its_status_says(store, "c")
    assert store.pending() == set()


@pytest.mark.parametrize("ending", ["finishes", "fails", "is stopped", "is canceled", "is deleted"])
def test_an_end_that_is_told_twice_lets_nobody_go_on_twice(store: Store, ending: str):
    attempt = parent(store)
    for policy, fields in POLICIES.items():
        store.enqueue(policy, after=["p"], **fields)
    ENDS[ending](store, attempt)
    before = store.dump()
    store.turn_clock(1)
    ENDS[ending](store, attempt)
    assert store.dump() == before


def test_children_go_on_in_the_order_in_which_they_began_to_wait(store: Store):
    attempt = parent(store)
    for job_id in ("z", "m", "a"):
        store.turn_clock(1)
        store.enqueue(job_id, after=["p"])
    store.finish(attempt)
    assert store.waiting() == ["z", "m", "a"]


def test_a_child_that_asked_for_it_goes_to_the_head(store: Store):
    attempt = parent(store)
    store.enqueue("other")
    store.enqueue("c", after=["p"], enqueue_at_front=True)
    store.finish(attempt)
    assert store.waiting() == ["c", "other"]


def test_the_child_can_come_with_the_exit_of_its_parent(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"])
    claimed = store.finish(attempt, claim=store.claim_request(WORKER)).claimed
    assert claimed is not None
    assert [job.job_id for job in claimed.jobs] == ["c"]


# --- several parents, and more than one generation ---


def test_a_job_goes_on_after_the_last_of_its_parents(store: Store):
    one, two = store.start("one", "v"), store.start("two", "w")
    store.enqueue("c", after=["one", "two"])
    store.finish(one)
    assert (store.status("c"), store.pending()) == ("deferred", {"two"})
    store.finish(two)
    assert store.places("c") == ["queue:q"]
    assert store.pending() == set()


@pytest.mark.parametrize("policy", ["cancel", "fail"])
def test_a_job_shares_the_fate_of_the_first_parent_that_ends_badly_though_another_still_runs(store: Store, policy: str):
    one, two = store.start("one", "v"), store.start("two", "w")
    store.enqueue("c", after=["one", "two"], dependency_policies={"one": policy})
    store.fail(one)
    assert store.status("c") == {"cancel": "canceled", "fail": "failed"}[policy]
    store.finish(two)
    assert stands_where_its_status_says(store, "c")
    assert store.dependents("two") == set()


def test_each_parent_has_a_policy_of_its_own(store: Store):
    one, two = store.start("one", "v"), store.start("two", "w")
    store.enqueue("c", after=["one", "two"], dependency_policies={"one": "run", "two": "cancel"})
    store.fail(one)
    assert store.status("c") == "deferred"
    store.fail(two)
    assert store.status("c") == "canceled"


def test_a_parent_that_failed_keeps_the_job_waiting_until_it_succeeds_after_all(store: Store):
    one, two = store.start("one", "v"), store.start("two", "w")
    store.enqueue("c", after=["one", "two"])
    store.fail(one)
    store.finish(two)
    assert store.status("c") == "deferred"
    store.requeue("one")
    store.finish(store.take("v"))
    assert store.places("c") == ["queue:q"]


@pytest.mark.parametrize("again", ["requeue", "enqueue"])
def test_who_still_hopes_is_not_forgotten_while_the_failed_parent_waits_to_run_again(store: Store, again: str):
    store.fail(parent(store), ttl=60)
    store.enqueue("c", after=["p"])
    store.client.expire(store.keys.dependents("p"), 60)
    getattr(store, again)("p")
    assert store.client.ttl(store.keys.dependents("p")) == -1
    store.finish(store.take(WORKER))
    assert store.places("c") == ["queue:q"]


def test_a_diamond_runs_from_top_to_bottom_once(store: Store):
    store.enqueue_many(
        store.new_job("top"), *(store.new_job(side, after=["top"]) for side in ("left", "right")), store.new_job("bottom", after=["left", "right"])
    )
    store.birth()
    order = []
    while store.waiting():
        attempt = store.take()
        order.append(attempt.job_id)
        store.finish(attempt)
    assert order == ["top", "left", "right", "bottom"]


@pytest.mark.parametrize(("policy", "status"), [("cancel", "canceled"), ("fail", "failed")])
def test_a_bad_end_goes_down_a_chain_step_by_step(store: Store, policy: str, status: str):
    attempt = parent(store)
    names = ["p", "a", "b", "c"]
    for above, job_id in pairwise(names):
        store.enqueue(job_id, after=[above], dependency_policies={above: policy})
    store.fail(attempt)
    assert [store.status(job_id) for job_id in "abc"] == [status, "deferred", "deferred"]
    assert store.release_all() == 2
    assert [store.status(job_id) for job_id in "abc"] == [status] * 3
    assert all(stands_where_its_status_says(store, job_id) for job_id in "abc")


def test_a_bad_end_stops_at_a_child_that_runs_all_the_same(store: Store):
    attempt = parent(store)
    store.enqueue("a", after=["p"], dependency_policies={"p": "cancel"})
    store.enqueue("b", after=["a"], dependency_policies={"a": "run"})
    store.fail(attempt)
    store.release_all()
    assert (store.status("a"), store.status("b")) == ("canceled", "queued")


def test_a_child_that_fails_and_is_not_kept_still_tells_its_own_children(store: Store):
    attempt = parent(store)
    store.enqueue("a", after=["p"], dependency_policies={"p": "fail"}, failure_ttl=0)
    store.enqueue("b", after=["a"], dependency_policies={"a": "cancel"})
    store.fail(attempt)
    store.release_all()
    assert store.traces("a") == ["x:ended:a"]
    assert store.status("b") == "canceled"


# --- what became of the child meanwhile ---

MEANWHILE: dict[str, Callable[[Store], object]] = {
    "was canceled": lambda store: store.cancel("c"),
    "was deleted": lambda store: store.delete("c"),
    "was enqueued anew": lambda store: store.enqueue("c"),
    "was scheduled anew": lambda store: store.enqueue("c", due=FAR),
    "was requeued": lambda store: store.requeue("c", "deferred"),
    "expired": lambda store: store.client.delete(store.keys.job("c")),
    "became something else": lambda store: (store.client.delete(store.keys.job("c")), store.client.set(store.keys.job("c"), "text")),
    "waits for another": lambda store: (store.enqueue("other", due=FAR), store.enqueue("c", after=["other"])),
    "runs": lambda store: (store.requeue("c", "deferred"), store.birth(), store.take()),
    "finished": lambda store: (store.requeue("c", "deferred"), store.birth(), store.finish(store.take())),
}


@pytest.mark.parametrize("ending", ["finishes", "fails", "is canceled for its dependents' sake", "is deleted"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_the_end_of_a_parent_changes_nothing_for_a_child_that(store: Store, meanwhile: str, ending: str):
    attempt = parent(store)
    store.enqueue("c", after=["p"], **POLICIES["run"])
    MEANWHILE[meanwhile](store)
    before = {key: entry for key, entry in store.dump().items() if "c" in key.split(":")}
    places = store.places("c")
    ENDS[ending](store, attempt)
    assert {key: entry for key, entry in store.dump().items() if "c" in key.split(":")} == before
    assert store.places("c") == places


def test_a_canceled_child_that_was_made_to_forget_its_parents_is_named_by_none(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"])
    store.cancel("c", remove_from_dependencies=True)
    assert (store.dependents(), store.dependencies(), store.pending()) == (set(), set(), set())


def test_a_parent_that_ends_twice_lets_its_child_go_on_once(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"])
    store.finish(attempt)
    store.finish(store.take(WORKER))
    assert store.status("c") == "finished"
    store.enqueue("p")
    store.finish(store.take(WORKER))
    assert store.places("c") == ["finished:q"]


# --- due later ---


def test_a_child_that_is_due_later_is_scheduled_when_its_parent_ended(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"], due=START + 60)
    store.finish(attempt)
    assert store.registry("scheduled") == {"c": START + 60}
    assert store.places("c") == ["scheduled:q"]
    assert "x_due" not in store.hash("c")


def test_a_child_whose_time_has_come_is_queued_when_its_parent_ended(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"], due=START + 60)
    store.turn_clock(60)
    store.finish(attempt)
    assert store.places("c") == ["queue:q"]
    assert "x_due" not in store.hash("c")


@pytest.mark.parametrize("garbage", ["", "soon", "nan", "-1", "1e400x", "[]"])
def test_a_due_time_that_is_none_keeps_no_child_waiting(plain_store: Store, garbage: str):
    attempt = parent(plain_store)
    plain_store.enqueue("c", after=["p"], due=START + 60)
    plain_store.client.hset(plain_store.keys.job("c"), "x_due", garbage)
    plain_store.finish(attempt)
    assert plain_store.places("c") == ["queue:q"]


def test_a_child_whose_schedule_is_no_sorted_set_is_set_aside_and_does_not_run_early(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"], due=START + 60)
    store.client.set(store.keys.registry("scheduled", "q"), "text")
    store.finish(attempt)
    assert store.status("c") == "scheduled"
    assert store.waiting() == []
    assert store.bad() == ["c its registry of scheduled jobs is not a sorted set"]


@pytest.mark.parametrize("garbage", ["", "p", "p=", "=", "p=nonsense", "p=cancelx", "xp=cancel", "q=cancel p", "{}", "\udcff"])
def test_a_policy_that_is_none_leaves_the_child_waiting(plain_store: Store, garbage: str):
    attempt = parent(plain_store)
    plain_store.enqueue("c", after=["p"])
    plain_store.client.hset(plain_store.keys.job("c"), "x_on_parent_failure", garbage.encode(errors="surrogateescape"))
    plain_store.fail(attempt)
    assert plain_store.status("c") == "deferred"
    assert plain_store.places("c") == ["deferred:q"]


# --- many children ---


def with_many_children(store: Store, count: int = MANY, **fields: Any) -> AttemptKey:
    attempt = parent(store)
    for first in range(0, count, 250):
        store.enqueue_many(*(store.new_job(f"c{number}", after=["p"], **fields) for number in range(first, min(first + 250, count))))
    return attempt


def count_statuses(store: Store, count: int = MANY) -> dict[str | None, int]:
    statuses = [store.status(f"c{number}") for number in range(count)]
    return {status: statuses.count(status) for status in set(statuses)}


@pytest.mark.parametrize("ending", [name for name, row in AT_THE_END.items() if row is not WAITS and name != "is purged"])
@pytest.mark.parametrize("policy", POLICIES)
def test_many_children_are_told_by_and_by_that_their_parent(plain_store: Store, ending: str, policy: str):
    store = plain_store
    attempt = with_many_children(store, **POLICIES[policy])
    ENDS[ending](store, attempt)
    assert store.notes() == ["p"]
    assert store.release_all() >= 2
    assert count_statuses(store) == {AT_THE_END[ending][policy]: MANY}
    assert not store.client.exists(store.keys.releases)


@pytest.mark.parametrize("name", ["finish", "fail", "stop", "give_up"])
def test_an_exit_says_that_some_still_have_to_be_told(store: Store, name: str):
    assert getattr(store, name)(with_many_children(store)).leaves_dependents


def test_a_job_that_crashed_too_often_says_that_some_still_have_to_be_told(store: Store):
    attempt = with_many_children(store)
    store.client.hset(store.keys.job("p"), "x_crashes", MOST_CRASHES)
    assert store.crash(attempt).leaves_dependents


def test_an_exit_that_told_all_says_so(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"])
    assert not store.finish(attempt).leaves_dependents


def test_a_job_that_is_gone_keeps_its_many_children_until_they_are_told(store: Store):
    store.finish(with_many_children(store), ttl=0)
    assert sorted(store.traces("p")) == ["job:p:dependents", "x:ended:p"]
    store.release_all()
    assert store.traces("p") == ["x:ended:p"]
    assert len(store.waiting()) == MANY


def test_the_children_of_a_kept_job_expire_only_after_they_are_told(store: Store):
    store.fail(with_many_children(store), ttl=60)
    assert store.client.ttl(store.keys.dependents("p")) == -1
    store.release_all()
    assert 0 < store.client.ttl(store.keys.dependents("p")) <= 60


def test_any_number_of_workers_may_tell_at_once(plain_store: Store):
    store = plain_store
    store.finish(with_many_children(store))
    other = Store(store.client, store.caller, store.keys)
    more, went = True, 0
    while more:
        for one in (store, other):
            more, count = one.release_dependents()
            went += count
    assert went == MANY
    assert len(set(store.waiting())) == len(store.waiting()) == MANY


def test_a_call_to_tell_that_is_sent_again_after_the_end_changes_nothing(store: Store):
    store.finish(with_many_children(store))
    store.release_all()
    before = store.dump()
    assert store.release_dependents() == (False, 0)
    assert store.dump() == before


@pytest.mark.parametrize("again", ["enqueue", "requeue"])
def test_those_who_begin_to_wait_for_a_new_run_are_not_told_of_the_earlier_one(store: Store, again: str):
    store.finish(with_many_children(store))
    store.release_dependents()
    store.enqueue("p") if again == "enqueue" else store.requeue("p", "finished")
    store.enqueue("late", after=["p"])
    store.release_all()
    store.sweep_deferred()
    assert store.status("late") == "deferred"
    store.client.lrem(store.keys.queue("q"), 1, "p")
    store.client.lpush(store.keys.queue("q"), "p")
    store.finish(store.take(WORKER))
    store.release_all()
    assert store.status("late") == "queued"
    assert count_statuses(store) == {"queued": MANY}


def test_a_new_job_of_the_name_of_a_deleted_one_is_not_taken_for_it(store: Store):
    with_many_children(store)
    store.delete("p")
    store.enqueue("p")
    store.enqueue("late", after=["p"])
    store.release_all()
    assert store.status("late") == "deferred"


def test_a_repeated_job_that_fails_before_all_heard_of_its_success_has_succeeded_for_them(store: Store):
    store.repeat(with_many_children(store, **POLICIES["cancel"]))
    store.release_dependents()
    store.fail(store.take(WORKER))
    store.release_all()
    assert count_statuses(store) == {"queued": MANY}


@pytest.mark.parametrize("garbage", ["", "finished", "finished x", "0", "finished 0 0", "nonsense 0", "finished " + "9" * 40, "finished 99999", "\udcff"])
def test_a_note_that_cannot_be_read_goes_and_the_sweep_finds_the_children(plain_store: Store, garbage: str):
    store = plain_store
    store.finish(with_many_children(store))
    store.client.hset(store.keys.releases, "p", garbage.encode(errors="surrogateescape"))
    store.release_all()
    sweep_all(store)
    assert count_statuses(store) == {"queued": MANY}
    assert not store.client.exists(store.keys.releases)


def test_notes_that_cannot_be_written_cost_a_sweep_and_nothing_else(store: Store):
    store.client.set(store.keys.releases, "text")
    attempt = with_many_children(store)
    assert store.finish(attempt).code == "ok"
    sweep_all(store)
    assert count_statuses(store) == {"queued": MANY}


def test_no_call_tells_more_than_the_server_hands_out_at_once(plain_store: Store):
    """The server keeps up to 512 ids that are numbers in one piece; that is the most that one call has to do with."""
    store = plain_store
    attempt = parent(store)
    for first in (1, 251):
        store.enqueue_many(*(store.new_job(str(number), after=["p"]) for number in range(first, first + 250)))
    store.finish(attempt)
    with watched_commands(store.client) as watched:
        store.release_dependents()
    assert len(watched.inside) < 14 * 512
    store.release_all()
    assert len(store.waiting()) == 500


def test_a_great_many_children_go_on_by_small_steps(plain_store: Store):
    store = plain_store
    count = LARGE if is_thorough() else LARGE // 5
    store.settle(with_many_children(store, count), Finish(None, 500))
    before = store.client.info("stats")["total_commands_processed"]
    most, calls, more = 0, 0, True
    while more:
        more, went = store.release_dependents()
        most, calls = max(most, went), calls + 1
    commands = store.client.info("stats")["total_commands_processed"] - before
    assert len(store.waiting()) == count
    assert not store.client.exists(store.keys.registry("deferred", "q"), store.keys.dependents("p"), store.keys.releases)
    assert most < 1000  # while the server makes the set smaller it hands out some hundreds
    assert commands / count < 20
    assert calls > count / 300


def test_each_link_of_a_long_chain_costs_the_same(plain_store: Store):
    store = plain_store
    length = 10_000
    for first in range(0, length, 250):
        store.enqueue_many(*(store.new_job(f"job-{number}", after=[f"job-{number - 1}"] if number else ()) for number in range(first, first + 250)))
    assert store.waiting() == ["job-0"]
    store.birth()
    work = []
    for number in range(20):
        attempt = store.take()
        assert attempt.job_id == f"job-{number}"
        with watched_commands(store.client) as watched:
            store.finish(attempt)
        work.append(len(watched.inside))
    assert len(set(work[1:])) == 1
    assert work[1] < 60


# --- the sweep ---


def sweep_all(store: Store) -> int:
    """Look at every deferred job of the queue once."""
    gone, rank = store.sweep_deferred()
    while rank is not None:
        went, rank = store.sweep_deferred(first=rank)
        gone += went
    return gone


@pytest.mark.parametrize("writer", ["ours", "rq"])
def test_the_sweep_lets_go_on_whose_parent_an_rq_worker_ended(store: Store, writer: str):
    store.enqueue("p")
    if writer == "ours":
        store.enqueue("c", after=["p"])
    else:
        deferred_by_rq(store, "c", ["p"])
    assert store.sweep_deferred() == (0, None)
    assert store.status("c") == "deferred"
    ended_by_rq(store, "p")
    assert store.sweep_deferred() == (1, None)
    assert store.places("c") == ["queue:q"]
    assert store.pending() == set()


@pytest.mark.parametrize(("policy", "status"), FAILED.items())
def test_the_sweep_knows_what_is_to_become_of_the_child_of_a_parent_that_an_rq_worker_failed(store: Store, policy: str, status: str):
    store.enqueue("p")
    store.enqueue("c", after=["p"], **POLICIES[policy])
    ended_by_rq(store, "p", "failed")
    store.sweep_deferred()
    assert store.status("c") == status
    assert stands_where_its_status_says(store, "c")


def test_the_sweep_lets_go_on_whose_parent_expired(store: Store):
    store.enqueue("p", ttl=60)
    store.enqueue("c", after=["p"])
    store.client.delete(store.keys.job("p"), store.keys.dependents("p"))
    assert store.sweep_deferred() == (1, None)
    assert store.places("c") == ["queue:q"]


def test_the_sweep_schedules_a_child_that_is_due_later(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"], due=FAR)
    ended_by_rq(store, "p")
    store.sweep_deferred()
    assert store.registry("scheduled") == {"c": FAR}


@pytest.mark.parametrize("ending", ["finish", "fail"])
def test_a_child_that_an_rq_worker_let_go_on_leaves_nothing_of_ours_behind(store: Store, ending: str):
    store.enqueue("p")
    store.enqueue("c", after=["p"])
    ended_by_rq(store, "p")
    store.client.zrem(store.keys.registry("deferred", "q"), "c")
    store.client.hset(store.keys.job("c"), "status", "queued")
    store.client.rpush(store.keys.queue("q"), "c")
    store.birth()
    getattr(store, ending)(store.take())
    assert store.pending() == set()


def test_the_sweep_forgets_jobs_that_expired_while_they_waited(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"], ttl=60)
    store.client.delete(store.keys.job("c"))
    assert store.sweep_deferred() == (1, None)
    assert store.traces("c") == []
    assert store.dependents() == set()


def test_the_sweep_forgets_entries_of_jobs_that_do_not_wait_and_touches_nothing_else(store: Store):
    store.enqueue("a")
    before = store.dump()
    store.client.zadd(store.keys.registry("deferred", "q"), {"a": 1})
    assert store.sweep_deferred() == (1, None)
    assert store.dump() == before


def test_the_sweep_goes_through_the_registry_in_steps(store: Store):
    store.enqueue("p", due=FAR)
    store.enqueue_many(*(store.new_job(f"c{number}", after=["p"]) for number in range(25)))
    assert store.sweep_deferred(limit=10) == (0, 10)
    assert store.sweep_deferred(first=10, limit=10) == (0, 20)
    assert store.sweep_deferred(first=20, limit=10) == (0, None)
    store.client.hset(store.keys.job("p"), "status", "finished")
    assert store.sweep_deferred(limit=10) == (10, 0)
    assert sweep_all(store) == 15


def test_a_sweep_of_nothing_does_nothing(store: Store):
    assert store.sweep_deferred() == (0, None)
    assert store.dump() == {}


def test_a_job_with_more_parents_than_one_look_takes_in_goes_on_after_some_sweeps(store: Store):
    parents = [f"p{number}" for number in range(250)]
    store.enqueue_many(*(store.new_job(job_id) for job_id in parents))
    deferred_by_rq(store, "c", parents)
    for job_id in parents:
        ended_by_rq(store, job_id)
    assert [store.sweep_deferred()[0] for _ in range(3)] == [0, 0, 1]
    assert store.places("c") == ["queue:q"]


def test_a_child_whose_set_of_parents_is_no_set_waits_for_what_rqs_set_says(store: Store):
    attempt = parent(store)
    store.enqueue("c", after=["p"])
    store.client.delete(store.keys.pending("c"))
    store.client.set(store.keys.pending("c"), "text")
    store.sweep_deferred()
    assert store.status("c") == "deferred"
    store.finish(attempt)
    assert store.places("c") == ["queue:q"]
