"""ENQUEUE of a job that depends on others: it waits for those that have not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.core.errors import CorruptDataError
from tests.store.harness import START
from tests.store.situations import POLICIES, SITUATIONS, deferred_by_rq, stands_where_its_status_says, started

if TYPE_CHECKING:
    from tests.store.harness import Store

# What becomes of the child, by the state of its parent when it is enqueued, and by what it is to do when a parent ended badly.
WAITS = dict.fromkeys(POLICIES, "deferred")
GOES_ON = dict.fromkeys(POLICIES, "queued")
AT_ENQUEUE = {
    "missing": GOES_ON,
    "created": WAITS,
    "queued": WAITS,
    "started": WAITS,
    "scheduled": WAITS,
    "deferred": WAITS,
    "finished": GOES_ON,
    "failed": {"wait": "deferred", "allow_failure": "queued", "run": "queued", "cancel": "canceled", "fail": "failed"},
    "stopped": {"wait": "deferred", "allow_failure": "deferred", "run": "queued", "cancel": "canceled", "fail": "failed"},
    "canceled": {"wait": "deferred", "allow_failure": "deferred", "run": "queued", "cancel": "canceled", "fail": "failed"},
    "without data": GOES_ON,
    "no hash": GOES_ON,
    "unknown": WAITS,
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("parent", SITUATIONS)
def test_what_becomes_of_a_job_whose_parent_is(store: Store, parent: str, policy: str):
    SITUATIONS[parent](store, "p")
    expected = AT_ENQUEUE[parent][policy]
    enqueued = store.enqueue("c", after=["p"], **POLICIES[policy])
    assert (enqueued.code, enqueued.status) == ("ok", expected)
    assert store.status("c") == expected
    assert stands_where_its_status_says(store, "c")
    assert store.pending() == ({"p"} if expected == "deferred" else set())
    assert ("c" in store.dependents()) == (expected == "deferred")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("parent", ["queued", "finished", "failed"])
def test_such_a_call_sent_again_changes_nothing(store: Store, parent: str, policy: str):
    SITUATIONS[parent](store, "p")
    first = store.enqueue("c", nonce="n", after=["p"], **POLICIES[policy])
    before = store.dump()
    again = store.enqueue("c", nonce="n", after=["p"], **POLICIES[policy])
    assert (again.code, again.status) == ("dup", first.status)
    assert store.dump() == before


def test_a_job_that_waits_is_in_no_queue_and_both_sides_know_of_each_other(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"])
    assert store.waiting() == ["p"]
    assert store.registry("deferred") == {"c": int(START)}
    assert store.dependents("p") == {"c"}
    assert store.dependencies("c") == {"p"}
    assert "enqueued_at" not in store.hash("c")
    assert store.client.ttl(store.keys.pending("c")) > 50 * 86400
    assert store.client.sismember(store.keys.queues, store.keys.queue("q"))


def test_a_job_waits_for_those_of_its_parents_that_have_not_ended(store: Store):
    SITUATIONS["finished"](store, "done")
    store.enqueue("one")
    store.enqueue("two")
    store.enqueue("c", after=["done", "one", "missing", "two"])
    assert store.pending() == {"one", "two"}
    assert store.dependencies() == {"done", "one", "two"}
    assert store.dependents("done") == set()


def test_one_parent_that_ended_badly_decides_even_if_others_still_run(store: Store):
    SITUATIONS["failed"](store, "p")
    store.enqueue("other")
    assert store.enqueue("c", after=["other", "p"], dependency_policies={"p": "cancel"}).status == "canceled"
    assert store.pending() == set()


def test_a_child_may_stand_in_another_queue_than_its_parent(store: Store):
    attempt = started(store, "p")
    store.enqueue("c", "other", after=["p"])
    assert store.places("c") == ["deferred:other"]
    store.finish(attempt)
    assert store.waiting("other") == ["c"]


def test_a_job_that_ends_at_once_and_is_not_kept_is_gone_and_the_call_sent_again_says_so(store: Store):
    SITUATIONS["failed"](store, "p")
    assert store.enqueue("c", nonce="n", after=["p"], failure_ttl=0, **POLICIES["fail"]).status == "failed"
    assert store.traces("c") == ["x:ended:c"]
    assert store.enqueue("c", nonce="n", after=["p"], failure_ttl=0, **POLICIES["fail"]).code == "dup"
    assert store.traces("c") == ["x:ended:c"]


def test_a_job_that_fails_with_its_parent_says_why(store: Store):
    SITUATIONS["failed"](store, "p")
    store.enqueue("c", after=["p"], failure_ttl=70, **POLICIES["fail"])
    assert store.hash("c")["x_reason"] == "job p, which it waits for, ended without success"
    assert [result["type"] for result in store.results("c")] == ["2"]
    assert store.registry("failed")["c"] == int(START) + 70
    assert 0 < store.client.ttl(store.keys.job("c")) <= 70


# --- enqueued anew ---


def test_a_waiting_job_that_is_enqueued_anew_waits_for_its_new_parents_alone(store: Store):
    store.enqueue("old")
    store.enqueue("new")
    store.enqueue("c", after=["old"])
    store.enqueue("c", after=["new"])
    assert (store.pending(), store.dependencies()) == ({"new"}, {"new"})
    assert store.places("c") == ["deferred:q"]


@pytest.mark.parametrize("state", SITUATIONS)
def test_a_job_of_any_state_can_be_enqueued_to_wait(store: Store, state: str):
    store.enqueue("p", due=START + 60)
    store.enqueue("first", due=START + 60)
    store.enqueue("c", after=["first"])
    SITUATIONS[state](store, "c")
    if state == "no hash":
        with pytest.raises(CorruptDataError):
            store.enqueue("c", after=["p"])
        return
    assert store.enqueue("c", after=["p"]).status == "deferred"
    assert (store.pending(), store.dependencies()) == ({"p"}, {"p"})
    if state == "started":
        assert sorted(store.places("c")) == ["deferred:q", "wip:q"]  # its attempt runs on, superseded
    else:
        assert stands_where_its_status_says(store, "c")


def test_a_job_that_expired_while_it_waited_leaves_nothing_to_a_new_one_of_its_name(store: Store):
    store.enqueue("old")
    store.enqueue("new")
    store.enqueue("c", after=["old"], ttl=60)
    store.client.delete(store.keys.job("c"))  # the server does this when the time is over
    store.enqueue("c", after=["new"])
    assert (store.pending(), store.dependencies()) == ({"new"}, {"new"})


def test_a_waiting_job_that_is_enqueued_without_parents_runs_once(store: Store):
    attempt = started(store, "p")
    store.enqueue("c", after=["p"])
    store.enqueue("c")
    assert store.places("c") == ["queue:q"]
    store.finish(attempt)
    assert store.places("c") == ["queue:q"]
    assert store.dependents() == set()


def test_a_job_that_rq_deferred_can_be_enqueued_anew(store: Store):
    store.enqueue("p")
    deferred_by_rq(store, "c", ["p"])
    store.enqueue("c", after=["p"])
    assert store.places("c") == ["deferred:q"]
    assert store.pending() == {"p"}


# --- scheduled and waiting ---


def test_a_job_that_is_due_later_waits_for_its_parents_first(store: Store):
    store.enqueue("p")
    assert store.enqueue("c", after=["p"], due=START + 60).status == "deferred"
    assert store.places("c") == ["deferred:q"]


def test_a_job_that_is_due_later_is_scheduled_if_its_parents_have_ended(store: Store):
    SITUATIONS["finished"](store, "p")
    assert store.enqueue("c", after=["p"], due=START + 60).status == "scheduled"
    assert store.registry("scheduled") == {"c": START + 60}


# --- cycles ---


@pytest.mark.parametrize("state", [name for name in SITUATIONS if name != "no hash"])
def test_a_job_that_would_wait_for_itself_is_refused(store: Store, state: str):
    SITUATIONS[state](store, "a")
    before = store.dump()
    assert store.enqueue("a", after=["a"]).code == "cycle"
    assert store.dump() == before


@pytest.mark.parametrize("length", [2, 3, 50])
def test_jobs_that_would_wait_for_one_another_are_refused(store: Store, length: int):
    store.enqueue("job-0")
    for number in range(1, length):
        store.enqueue(f"job-{number}", after=[f"job-{number - 1}"])
    before = store.dump()
    assert store.enqueue("job-0", after=[f"job-{length - 1}"]).code == "cycle"
    assert store.dump() == before


def test_a_cycle_through_jobs_that_rq_deferred_is_refused(store: Store):
    store.enqueue("a")
    deferred_by_rq(store, "b", ["a"])
    deferred_by_rq(store, "c", ["b"])
    assert store.enqueue("a", after=["c"]).code == "cycle"


def test_a_job_may_wait_again_for_one_that_waited_for_it_and_has_ended(store: Store):
    attempt = started(store, "a")
    store.enqueue("b", after=["a"])
    store.finish(attempt)
    store.enqueue("a", after=["b"])
    assert store.status("a") == "deferred"
    store.finish(store.take("worker-of-a"))
    assert store.waiting() == ["a"]


def test_two_jobs_that_wait_for_the_same_two_are_no_cycle(store: Store):
    store.enqueue_many(store.new_job("a"), store.new_job("b"), store.new_job("c", after=["a", "b"]), store.new_job("d", after=["a", "b"]))
    assert store.enqueue("b", after=["a"]).code == "ok"
    assert store.pending("b") == {"a"}


def test_a_chain_too_long_to_be_followed_is_refused(plain_store: Store):
    store = plain_store
    store.enqueue("job-0")
    store.enqueue("end", after=["job-0"])  # so that job-0 is waited for
    script = """
    for number = 1, 10002 do
      redis.call('SADD', ARGV[1] .. 'x:pending:job-' .. number, 'job-' .. (number + 1))
    end
    """
    store.client.eval(script, 0, store.keys.prefix)
    before = store.hash("job-0")
    assert store.enqueue("job-0", after=["job-1"]).code == "deep"
    assert store.hash("job-0") == before
    assert store.waiting() == ["job-0"]
