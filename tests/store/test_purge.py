"""PURGE: a queue is emptied."""

import pytest

from rq.core.errors import CorruptDataError
from rq.store.dependents import list_releases, release_dependents
from rq.store.purge import purge_queue
from tests.store.harness import Store


def purge(store: Store, limit: int = 1000) -> tuple[int, int]:
    return store.run(purge_queue(store.scripts, "q", limit))


def test_waiting_jobs_are_deleted_with_all_that_belongs_to_them(store: Store):
    store.enqueue("a")
    store.enqueue("b")
    store.client.sadd(store.keys.dependencies("a"), "other")
    store.client.xadd(store.keys.results("a"), {"type": 2})
    assert purge(store) == (2, 2)
    assert store.waiting() == []
    assert set(store.dump()) == {store.keys.queues, *(store.keys.name("ended", job_id) for job_id in "ab")}


def test_who_waits_for_a_deleted_job_goes_on_when_a_worker_looks(store: Store):
    store.enqueue("a")
    store.enqueue("child", after=["a"])
    assert purge(store) == (1, 1)
    assert store.run(list_releases(store.scripts)) == ["a"]
    assert store.run(release_dependents(store.scripts, "a")) == (False, 1)
    assert store.places("child") == ["queue:q"]
    assert store.traces("a") == ["x:ended:a"]


def test_at_most_the_limit_is_taken_from_the_head(store: Store):
    for job_id in "abc":
        store.enqueue(job_id)
    assert purge(store, 2) == (2, 2)
    assert store.waiting() == ["c"]
    assert purge(store, 2) == (1, 1)


def test_jobs_of_other_queues_stay(store: Store):
    store.enqueue("a", "other")
    assert purge(store) == (0, 0)
    assert store.waiting("other") == ["a"]


@pytest.mark.parametrize("state", ["started", "finished", "failed", "scheduled"])
def test_a_job_that_is_not_queued_is_never_deleted(store: Store, state: str):
    if state == "scheduled":
        store.enqueue("a", due=store.now + 60)
    else:
        attempt = store.start("a")
        if state == "finished":
            store.finish(attempt)
        elif state == "failed":
            store.fail(attempt)
    store.client.rpush(store.keys.queue("q"), "a")
    before = store.hash()
    assert purge(store) == (1, 0)
    assert store.hash() == before
    assert store.waiting() == []


def test_ids_without_a_job_and_ids_that_stand_there_twice_leave_the_queue(store: Store):
    store.enqueue("a")
    store.client.rpush(store.keys.queue("q"), "a", "ghost")
    assert purge(store) == (3, 1)
    assert store.waiting() == []


def test_an_id_whose_key_is_no_hash_is_set_aside(store: Store):
    store.client.set(store.keys.job("odd"), "text")
    store.client.rpush(store.keys.queue("q"), "odd")
    store.enqueue("a")
    assert purge(store) == (2, 1)
    assert store.bad() == ["odd not a hash"]


def test_a_lost_reply_of_an_enqueue_does_not_bring_the_job_back(store: Store):
    store.enqueue("a", nonce="n")
    purge(store)
    assert store.enqueue("a", nonce="n").code == "dup"
    assert store.waiting() == []


def test_a_queue_that_is_no_list_is_reported(store: Store):
    store.client.set(store.keys.queue("q"), "text")
    with pytest.raises(CorruptDataError, match="no list"):
        purge(store)
