"""STOP: the attempt that runs now shall end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.store.situations import SITUATIONS, started

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_the_worker_is_told_over_its_channel_as_rq_tells_it(plain_store: Store):
    store = plain_store
    started(store, "a")
    with store.client.pubsub() as channel:
        channel.subscribe(store.keys.commands("worker-of-a"))
        assert channel.get_message(timeout=5)["type"] == "subscribe"
        assert store.ask_to_stop("a") == ("ok", "worker-of-a")
        message: Any = channel.get_message(timeout=5)
    assert json.loads(message["data"]) == {"command": "stop-job", "job_id": "a"}


def test_the_worker_hears_of_it_at_its_next_heartbeat(store: Store):
    attempt = store.start("a")
    assert store.ask_to_stop("a") == ("ok", "w")
    assert store.beat(attempt).exceptions == [("a", attempt.execution_id, "stop")]
    assert store.status("a") == "started"
    assert store.stop(attempt).detail == "stopped"
    assert "x_stop" not in store.hash("a")


def test_what_was_asked_twice_is_asked_once(store: Store):
    store.start("a")
    store.ask_to_stop("a")
    before = store.dump()
    assert store.ask_to_stop("a") == ("ok", "w")
    assert store.dump() == before


@pytest.mark.parametrize("state", [name for name in SITUATIONS if name != "started"])
def test_a_job_that_does_not_run_is_not_stopped(store: Store, state: str):
    SITUATIONS[state](store, "a")
    before = store.dump()
    expected = {"missing": ("gone", ""), "without data": ("gone", ""), "no hash": ("badtype", ""), "unknown": ("idle", "bogus")}
    assert store.ask_to_stop("a") == expected.get(state, ("idle", state))
    assert store.dump() == before


def test_what_was_asked_ends_no_later_attempt(store: Store):
    attempt = store.start("a")
    store.ask_to_stop("a")
    store.crash(attempt)
    later = store.take()
    assert store.beat(later).exceptions == []
    assert store.finish(later).detail == "finished"


@pytest.mark.parametrize(("name", "detail"), [("finish", "finished"), ("fail", "failed"), ("release", "queued"), ("repeat", "queued")])
def test_an_attempt_that_ended_first_wins(store: Store, name: str, detail: str):
    attempt = store.start("a", repeats_left=1)
    store.ask_to_stop("a")
    assert getattr(store, name)(attempt).detail == detail
    assert "x_stop" not in store.hash("a")


def test_the_worker_of_rq_that_runs_the_job_is_told_over_its_channel(store: Store):
    store.enqueue("a")
    store.client.hset(store.keys.job("a"), mapping={"status": "started", "worker_name": "theirs"})
    assert store.ask_to_stop("a") == ("ok", "theirs")
    assert "x_stop" not in store.hash("a")


def test_a_started_job_without_a_worker_is_not_stopped(store: Store):
    store.start("a")
    store.client.hset(store.keys.job("a"), "worker_name", "")
    assert store.ask_to_stop("a") == ("idle", "started")
