"""What is changed by hand is changed wholly or not at all, whatever else stands at its keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rq.model.execution import ExecutionRecord
from rq.store.executions import write_execution
from rq.store.queue_list import forget_queue
from rq.store.save import register_dependencies
from rq.store.worker_lists import forget_workers, list_worker, unlist_worker

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_a_worker_is_listed_nowhere_if_one_of_the_lists_is_none(store: Store):
    store.client.set(store.keys.queue_workers("two"), "text")
    before = store.dump()
    assert store.run(list_worker(store.scripts, store.keys.worker("w"), ["one", "two"])) == "badtype"
    assert store.dump() == before


def test_a_worker_is_taken_off_all_lists_but_those_that_are_none(store: Store):
    store.run(list_worker(store.scripts, store.keys.worker("w"), ["two"]))
    store.client.set(store.keys.queue_workers("one"), "text")
    store.run(unlist_worker(store.scripts, store.keys.worker("w"), ["one", "two"]))
    assert list(store.dump()) == [store.keys.queue_workers("one")]


def test_workers_are_forgotten_though_the_list_of_their_queue_is_none(store: Store):
    store.client.set(store.keys.queue_workers("q"), "text")
    store.client.sadd(store.keys.workers, store.keys.worker("w"))
    assert store.run(forget_workers(store.scripts, "q", [store.keys.worker("w")])) == 1
    assert not store.client.exists(store.keys.workers)


def test_a_queue_goes_though_the_list_of_queues_is_none(store: Store):
    store.client.set(store.keys.queues, "text")
    store.client.rpush(store.keys.queue("q"), "a")
    assert store.run(forget_queue(store.scripts, "q", drops_ids=True)) is True
    assert store.waiting() == []


@pytest.mark.parametrize("which", ["registry", "dependencies"])
def test_a_job_is_said_to_wait_on_both_sides_or_on_none(store: Store, which: str):
    key = store.keys.registry("deferred", "q") if which == "registry" else store.keys.dependencies("a")
    store.client.set(key, "text")
    before = store.dump()
    assert store.run(register_dependencies(store.scripts, "a", "q", ["p"])) is False
    assert store.dump() == before


def test_a_job_waits_though_the_set_of_those_who_wait_for_the_other_is_none(store: Store):
    store.client.set(store.keys.dependents("p"), "text")
    assert store.run(register_dependencies(store.scripts, "a", "q", ["p"])) is True
    assert (store.dependencies("a"), list(store.registry("deferred"))) == ({"p"}, ["a"])


@pytest.mark.parametrize("how", ["create", "save", "beat"])
def test_an_execution_is_not_written_where_something_else_stands(store: Store, how: str):
    store.client.set(store.keys.execution("a", "e"), "text")
    before = store.dump()
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert store.run(write_execution(store.scripts, ExecutionRecord("e", "a", now, now, "w"), "q", 60, how)) is False  # type: ignore[arg-type]
    assert store.dump() == before
