"""What a reader may ask; nothing of it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.core.errors import NoSuchJobError
from rq.store.fields import write_meta
from rq.store.reads import (
    count_queue,
    count_registry,
    find_position,
    is_suspended,
    job_exists,
    list_queue,
    list_queue_keys,
    list_registry,
    read_job,
    read_meta,
    read_registry_score,
    read_status,
    require_job,
)
from tests.store.harness import START

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_a_queue_can_be_counted_paged_and_searched(store: Store):
    for job_id in "abcd":
        store.enqueue(job_id)
    before = store.dump()
    assert store.run(count_queue(store.scripts, "q")) == 4
    assert store.run(list_queue(store.scripts, "q")) == ["a", "b", "c", "d"]
    assert store.run(list_queue(store.scripts, "q", 1, 2)) == ["b", "c"]
    assert store.run(find_position(store.scripts, "q", "c")) == 2
    assert store.run(find_position(store.scripts, "q", "nothing")) is None
    assert store.run(list_queue_keys(store.scripts)) == [store.keys.queue("q")]
    assert store.dump() == before


def test_a_registry_can_be_counted_paged_and_searched(store: Store):
    for number, job_id in enumerate("abc"):
        store.enqueue(job_id, due=START + number)
    before = store.dump()
    assert store.run(count_registry(store.scripts, "scheduled", "q")) == 3
    assert store.run(list_registry(store.scripts, "scheduled", "q", 0, 1)) == ["a", "b"]
    assert store.run(list_registry(store.scripts, "scheduled", "q", 0, 1, descending=True)) == ["c", "b"]
    assert store.run(read_registry_score(store.scripts, "scheduled", "q", "b")) == START + 1
    assert store.run(read_registry_score(store.scripts, "scheduled", "q", "nothing")) is None
    assert store.dump() == before


def test_a_job_can_be_looked_at(store: Store):
    store.enqueue("a")
    before = store.dump()
    assert store.run(job_exists(store.scripts, "a"))
    assert not store.run(job_exists(store.scripts, "b"))
    assert store.run(read_status(store.scripts, "a")) == "queued"
    assert store.run(read_status(store.scripts, "b")) is None
    assert store.run(read_meta(store.scripts, "a")) is None
    assert store.run(read_job(store.scripts, "b")) is None
    assert store.dump() == before


def test_a_hash_without_data_is_no_job(store: Store):
    store.client.hset(store.keys.job("a"), "status", "queued")
    assert store.run(read_job(store.scripts, "a")) is None


def test_meta_reads_as_it_was_written(store: Store):
    store.enqueue("a")
    store.run(write_meta(store.scripts, "a", b"\x80\xff"))
    assert store.run(read_meta(store.scripts, "a")) == b"\x80\xff"


def test_a_suspended_system_says_so(store: Store):
    assert not store.run(is_suspended(store.scripts))
    store.client.set(store.keys.suspended, 1)
    assert store.run(is_suspended(store.scripts))


def test_ids_that_are_no_utf8_can_be_listed_and_looked_for(store: Store):
    store.client.rpush(store.keys.queue("q"), b"\xff", b"\xfe")
    listed = store.run(list_queue(store.scripts, "q"))
    assert listed == ["\udcff", "\udcfe"]
    assert store.run(find_position(store.scripts, "q", listed[1])) == 1
    assert store.run(read_job(store.scripts, listed[0])) is None


def test_a_job_that_must_exist_and_does_not_is_named(store: Store):
    with pytest.raises(NoSuchJobError, match="No such job: a"):
        require_job(store.run(read_job(store.scripts, "a")), "a")
