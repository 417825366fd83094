"""DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.harness import START
from tests.store.situations import HOME, SITUATIONS, deferred_by_rq, started

if TYPE_CHECKING:
    from tests.store.harness import Store

STATUSES = {"without data": "", "no hash": "", "unknown": "bogus"}


@pytest.mark.parametrize("state", [name for name in SITUATIONS if name != "missing"])
def test_nothing_but_a_note_is_left_of_a_deleted_job(store: Store, state: str):
    SITUATIONS[state](store, "a")
    assert store.delete("a") == ("ok", STATUSES.get(state, state))
    assert store.places("a") == []
    assert store.traces("a") == ["x:ended:a"]
    assert 0 < store.client.ttl(store.keys.name("ended", "a")) <= 60


@pytest.mark.parametrize("state", SITUATIONS)
def test_a_delete_sent_again_says_so_and_changes_nothing(store: Store, state: str):
    SITUATIONS[state](store, "a")
    first = store.delete("a", nonce="n")
    before = store.dump()
    assert store.delete("a", nonce="n")[0] == ("gone" if first[0] == "gone" else "dup")
    assert store.dump() == before


def test_another_delete_finds_nothing(store: Store):
    store.enqueue("a")
    store.delete("a")
    assert store.delete("a") == ("gone", "")


def test_a_job_that_does_not_exist_is_not_deleted(store: Store):
    assert store.delete("a") == ("gone", "")
    assert store.dump() == {}


@pytest.mark.parametrize("name", ["finish", "fail", "stop", "crash", "release"])
def test_a_running_attempt_is_fenced(store: Store, name: str):
    attempt = store.start("a")
    store.delete("a")
    assert store.beat(attempt).exceptions == [("a", attempt.execution_id, "fenced")]
    assert getattr(store, name)(attempt).code == "fenced"
    assert store.traces("a") == ["x:ended:a"]
    assert store.places("a") == []


def test_the_executions_of_rqs_workers_end_too(store: Store):
    store.enqueue("a")
    store.client.lrem(store.keys.queue("q"), 1, "a")
    store.client.hset(store.keys.job("a"), "status", "started")
    store.client.zadd(store.keys.executions("a"), {"theirs": START + 150})
    store.client.hset(store.keys.execution("a", "theirs"), mapping={"id": "theirs", "worker_name": "rq-worker"})
    store.client.zadd(store.keys.registry("wip", "q"), {"a:theirs": START + 90})
    store.delete("a")
    assert store.traces("a") == ["x:ended:a"]
    assert store.places("a") == []


def test_the_id_may_stay_in_the_queue_and_whoever_takes_it_drops_it(store: Store):
    store.birth()
    store.enqueue("a")
    store.enqueue("b")
    assert store.delete("a", remove_from_queue=False) == ("ok", "queued")
    assert store.waiting() == ["a", "b"]
    assert store.take().job_id == "b"
    assert store.waiting() == []


@pytest.mark.parametrize("state", [name for name in HOME if name != "queued"])
def test_a_job_that_is_not_queued_leaves_its_registry_all_the_same(store: Store, state: str):
    SITUATIONS[state](store, "a")
    store.delete("a", remove_from_queue=False)
    assert store.places("a") == []


def test_a_job_leaves_the_registries_in_which_only_rq_leaves_it(store: Store):
    """RQ's finished job that is repeated stands among the finished and the scheduled."""
    SITUATIONS["scheduled"](store, "a")
    for kind in ("finished", "failed", "canceled", "deferred"):
        store.client.zadd(store.keys.registry(kind, "q"), {"a": START})
    store.delete("a")
    assert store.places("a") == []


def test_a_job_is_deleted_from_the_queue_it_came_from(store: Store):
    store.enqueue("a", "origin")
    assert store.delete("a", "elsewhere") == ("ok", "queued")
    assert store.places("a") == []


def test_a_job_that_waits_is_named_by_none_of_its_parents(store: Store):
    store.enqueue("one")
    store.enqueue("two")
    store.enqueue("c", after=["one", "two"])
    store.delete("c")
    assert (store.dependents("one"), store.dependents("two")) == (set(), set())
    assert store.traces("c") == ["x:ended:c"]


@pytest.mark.parametrize("writer", ["ours", "rq"])
def test_who_waits_for_a_deleted_job_goes_on(store: Store, writer: str):
    store.enqueue("p")
    if writer == "ours":
        store.enqueue("c", after=["p"])
    else:
        deferred_by_rq(store, "c", ["p"])
    store.delete("p")
    assert store.places("c") == ["queue:q"]
    assert store.traces("p") == ["x:ended:p"]


def test_a_parent_that_failed_and_is_then_deleted_keeps_nobody_waiting(store: Store):
    attempt = started(store, "p")
    store.enqueue("c", after=["p"])
    store.fail(attempt)
    assert store.status("c") == "deferred"
    store.delete("p")
    assert store.places("c") == ["queue:q"]


def test_an_enqueue_sent_again_does_not_bring_a_deleted_job_back(store: Store):
    store.enqueue("a", nonce="n")
    store.delete("a")
    assert store.enqueue("a", nonce="n").code == "dup"
    assert store.places("a") == []


def test_a_delete_sent_again_after_a_lost_reply_spares_the_new_job_of_the_same_id(store: Store):
    store.enqueue("a")
    store.delete("a", nonce="n")
    store.enqueue("a")
    assert store.delete("a", nonce="n")[0] == "dup"
    assert store.places("a") == ["queue:q"]
