"""CANCEL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.harness import START

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
    store.enqueue("a")
    store.client.lrem(store.keys.queue("q"), 1, "a")
    store.client.hset(store.keys.job("a"), "status", "deferred")
    store.client.zadd(store.keys.registry("deferred", "q"), {"a": 1})
    assert store.cancel("a") == ("ok", "deferred")
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
