"""CANCEL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.harness import START
from tests.store.situations import FAR, SITUATIONS

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_a_canceled_job_leaves_its_queue(store: Store):
    store.enqueue("a")
    store.enqueue("b")
    assert store.cancel("a") == ("ok", "queued")
    assert store.places("a") == ["canceled:q"]
    assert store.registry("canceled") == {"a": int(START)}
    assert store.status("a") == "canceled"
    assert store.waiting() == ["b"]


def test_a_canceled_job_is_scheduled_no_longer(store: Store):
    store.enqueue("a", due=START + 60)
    assert store.cancel("a") == ("ok", "scheduled")
    assert store.places("a") == ["canceled:q"]


def test_a_canceled_job_is_deferred_no_longer(store: Store):
    store.enqueue("p")
    store.enqueue("a", after=["p"])
    assert store.cancel("a") == ("ok", "deferred")
    assert store.places("a") == ["canceled:q"]
    assert store.pending("a") == set()


def test_a_canceled_job_that_waited_stays_known_to_its_parents_as_in_rq(store: Store):
    store.enqueue("p")
    store.enqueue("a", after=["p"])
    store.cancel("a")
    assert (store.dependents("p"), store.dependencies("a")) == ({"a"}, {"p"})


@pytest.mark.parametrize("state", ["created", "queued", "scheduled", "deferred"])
def test_a_job_can_forget_its_parents_when_it_is_canceled(store: Store, state: str):
    store.enqueue("p", due=FAR)
    store.enqueue("q", due=FAR)
    store.enqueue("a", after=["p", "q"])
    if state != "deferred":
        store.client.zrem(store.keys.registry("deferred", "q"), "a")
        store.client.hset(store.keys.job("a"), "status", state)
    assert store.cancel("a", remove_from_dependencies=True) == ("ok", state)
    assert (store.dependents("p"), store.dependents("q"), store.dependencies("a")) == (set(), set(), set())


@pytest.mark.parametrize("state", ["created", "queued", "started", "scheduled", "deferred"])
def test_those_who_wait_for_a_canceled_job_may_go_on(store: Store, state: str):
    SITUATIONS[state](store, "p")
    store.enqueue("c", after=["p"])
    store.enqueue("later", after=["p"], due=FAR)
    store.enqueue("unlucky", after=["p"], dependency_policies={"p": "cancel"})
    assert store.cancel("p", enqueue_dependents=True) == ("ok", state)
    assert store.places("p") == ["canceled:q"]
    assert [store.status(job_id) for job_id in ("c", "later", "unlucky")] == ["queued", "scheduled", "queued"]


def test_those_who_wait_for_more_than_a_canceled_job_go_on_waiting_for_the_rest(store: Store):
    store.enqueue("p")
    store.enqueue("other")
    store.enqueue("c", after=["p", "other"])
    store.cancel("p", enqueue_dependents=True)
    assert (store.status("c"), store.pending("c")) == ("deferred", {"other"})


def test_a_cancel_sent_again_lets_nobody_go_on_twice(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"])
    store.cancel("p", enqueue_dependents=True)
    before = store.dump()
    assert store.cancel("p", enqueue_dependents=True) == ("dup", "canceled")
    assert store.dump() == before


def test_a_job_of_no_queue_that_says_so_is_canceled_in_the_queue_it_is_asked_for(store: Store):
    store.enqueue("a")
    store.client.hset(store.keys.job("a"), "origin", "")
    assert store.cancel("a") == ("ok", "queued")
    assert store.places("a") == ["canceled:q"]


def test_canceling_a_running_job_fences_its_attempt(store: Store):
    attempt = store.start("a")
    assert store.cancel("a") == ("ok", "started")
    assert store.places("a") == ["canceled:q"]
    assert store.traces("a") == ["job:a"]
    settled = store.finish(attempt)
    assert (settled.code, settled.detail) == ("fenced", "canceled")
    assert store.status("a") == "canceled"
    assert store.results("a") == []


def test_canceling_ends_the_executions_of_rqs_workers_too(store: Store):
    store.enqueue("a")
    store.client.hset(store.keys.job("a"), mapping={"status": "started"})
    store.client.lrem(store.keys.queue("q"), 1, "a")
    store.client.zadd(store.keys.executions("a"), {"theirs": START + 150})
    store.client.hset(store.keys.execution("a", "theirs"), mapping={"id": "theirs", "worker_name": "rq-worker"})
    store.client.zadd(store.keys.registry("wip", "q"), {"a:theirs": START + 90})
    assert store.cancel("a") == ("ok", "started")
    assert store.places("a") == ["canceled:q"]
    assert store.traces("a") == ["job:a"]


def test_a_cancel_sent_again_changes_nothing(store: Store):
    store.start("a")
    store.cancel("a")
    before = store.dump()
    store.turn_clock(1)
    assert store.cancel("a") == ("dup", "canceled")
    assert store.dump() == before


@pytest.mark.parametrize(("ending", "status"), [("finish", "finished"), ("fail", "failed"), ("stop", "stopped")])
def test_an_ended_job_is_not_canceled(store: Store, ending: str, status: str):
    getattr(store, ending)(store.start("a"))
    before = store.dump()
    assert store.cancel("a") == ("terminal", status)
    assert store.dump() == before


def test_a_job_that_does_not_exist_is_not_canceled(store: Store):
    assert store.cancel("a") == ("gone", "")
    assert store.dump() == {}


def test_a_key_that_is_no_hash_is_not_canceled(store: Store):
    store.client.set(store.keys.job("a"), "text")
    assert store.cancel("a") == ("badtype", "")


def test_a_canceled_job_that_is_enqueued_again_runs(store: Store):
    store.enqueue("a")
    store.cancel("a")
    store.birth()
    store.enqueue("a")
    assert store.take().job_id == "a"
