"""ENQUEUE of many jobs in one call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import CorruptDataError
from rq.store.codec import encode_shared
from rq.store.enqueue import MOST_NEW_JOBS, enqueue_jobs
from tests.store.harness import START
from tests.store.situations import SITUATIONS, stands_where_its_status_says
from tests.support.monitor import watched_commands

if TYPE_CHECKING:
    from rq.store.enqueue import NewJob
    from tests.store.harness import Store


def codes(replies) -> list[tuple[str, str]]:
    return [(reply.code, reply.status) for reply in replies]


def test_each_job_goes_where_it_belongs(store: Store):
    replies = store.enqueue_many(
        store.new_job("a"),
        store.new_job("b", "other"),
        store.new_job("c", due=START + 60),
        store.new_job("d", after=["a"]),
        store.new_job("e", front=True),
    )
    assert codes(replies) == [("ok", "queued"), ("ok", "queued"), ("ok", "scheduled"), ("ok", "deferred"), ("ok", "queued")]
    assert store.waiting() == ["e", "a"]
    assert store.waiting("other") == ["b"]
    assert store.registry("scheduled") == {"c": START + 60}
    assert store.registry("deferred") == {"d": int(START)}
    queues = {store.keys.queue(name).encode() for name in ("q", "other")}
    assert store.client.smembers(store.keys.queues) == queues


def test_a_job_alone_is_written_as_the_call_for_one_job_writes_it(plain_store: Store):
    job = plain_store.new_job("a", nonce="n", ttl=60, description="it")
    alone = plain_store.enqueue("a", nonce="n", ttl=60, description="it")
    before = plain_store.dump()
    plain_store.client.delete(*before)
    assert plain_store.enqueue_many(job) == [alone]
    assert plain_store.dump() == before


def test_jobs_keep_their_order(store: Store):
    store.enqueue_many(*(store.new_job(job_id) for job_id in "dacb"))
    assert store.waiting() == ["d", "a", "c", "b"]


def test_a_job_may_depend_on_one_that_stands_before_it(store: Store):
    store.enqueue_many(store.new_job("a"), store.new_job("b", after=["a"]), store.new_job("c", after=["b", "a"]))
    assert store.waiting() == ["a"]
    assert (store.pending("b"), store.pending("c")) == ({"a"}, {"a", "b"})


def test_one_that_stands_behind_it_does_not_exist_yet_and_keeps_nobody_waiting(store: Store):
    replies = store.enqueue_many(store.new_job("b", after=["a"]), store.new_job("a"))
    assert codes(replies) == [("ok", "queued"), ("ok", "queued")]
    assert store.waiting() == ["b", "a"]


def test_of_two_jobs_of_one_name_the_later_one_counts(store: Store):
    store.enqueue_many(store.new_job("a", timeout=1), store.new_job("a", timeout=2))
    assert store.waiting() == ["a"]
    assert store.hash("a")["timeout"] == "2"


def test_jobs_that_would_wait_for_one_another_do_not_both_enter(store: Store):
    store.enqueue("a")
    replies = store.enqueue_many(store.new_job("b", after=["a"]), store.new_job("a", after=["b"]))
    assert [reply.code for reply in replies] == ["ok", "cycle"]
    assert store.places("a") == ["queue:q"]
    assert store.places("b") == ["deferred:q"]


def test_a_call_sent_again_changes_nothing(store: Store):
    SITUATIONS["failed"](store, "gone")
    jobs = [
        store.new_job("a", group_id="g"),
        store.new_job("b", after=["a"]),
        store.new_job("c", due=START + 60),
        store.new_job("d", unique=True),
        store.new_job("e", after=["gone"], dependency_policies={"gone": "cancel"}),
    ]
    first = store.enqueue_many(*jobs)
    before = store.dump()
    store.turn_clock(1)
    again = store.enqueue_many(*jobs)
    assert codes(again) == [("dup", reply.status) for reply in first]
    assert store.dump() == before


def test_a_call_whose_reply_was_lost_is_recognized_though_its_jobs_have_run_and_are_gone(store: Store):
    jobs = [store.new_job("a"), store.new_job("b", after=["a"])]
    store.enqueue_many(*jobs)
    store.birth()
    for _ in jobs:
        store.finish(store.take(), ttl=0)
    before = store.dump()
    assert [reply.code for reply in store.enqueue_many(*jobs)] == ["dup", "dup"]
    assert store.dump() == before


def test_what_refuses_one_job_refuses_no_other(store: Store):
    store.client.set(store.keys.job("broken"), "text")
    jobs = [store.new_job("a"), store.new_job("broken"), store.new_job("b", after=["a"])]
    with pytest.raises(CorruptDataError, match="Job broken was not enqueued"):
        store.enqueue_many(*jobs)
    assert store.places("a") == ["queue:q"]
    assert store.places("b") == ["deferred:q"]
    assert store.client.get(store.keys.job("broken")) == b"text"


@pytest.mark.parametrize("kind", ["queue", "scheduled", "deferred"])
def test_a_place_that_cannot_hold_a_job_refuses_it_before_anything_is_written(store: Store, kind: str):
    store.enqueue("p")
    store.client.delete(store.keys.name(kind, "odd"))
    store.client.set(store.keys.name(kind, "odd"), "text")
    before = store.dump()
    ways: dict[str, dict[str, Any]] = {"queue": {}, "scheduled": {"due": START + 60}, "deferred": {"after": ["p"]}}
    with pytest.raises(CorruptDataError):
        store.enqueue_many(store.new_job("a", "odd", group_id="g", **ways[kind]))
    assert store.dump() == before


@pytest.mark.parametrize("state", SITUATIONS)
def test_a_job_of_any_state_starts_over(store: Store, state: str):
    SITUATIONS[state](store, "a")
    if state == "no hash":
        return
    assert codes(store.enqueue_many(store.new_job("a"))) == [("ok", "queued")]
    if state != "started":
        assert stands_where_its_status_says(store, "a")
    assert store.waiting() == ["a"]


def test_a_new_job_beside_one_that_was_there_is_written_as_ever(store: Store):
    store.enqueue_many(store.new_job("a", nonce="n", ttl=60))
    written = store.hash("a")
    store.client.flushdb()
    store.turn_clock(0)
    store.enqueue("old")
    assert codes(store.enqueue_many(store.new_job("old"), store.new_job("a", nonce="n", ttl=60))) == [("ok", "queued"), ("ok", "queued")]
    assert store.hash("a") == written
    assert store.client.ttl(store.keys.job("a")) > 0
    assert store.waiting() == ["old", "a"]


def test_nothing_is_asked_about_each_of_many_new_jobs(plain_store: Store):
    store = plain_store
    call = enqueue_jobs(store.scripts, [store.new_job(f"job-{number}") for number in range(MOST_NEW_JOBS)])
    with watched_commands(store.client) as watched:
        store.run(call)
    assert watched.inside.count("HSET") == MOST_NEW_JOBS
    assert len(watched.inside) < MOST_NEW_JOBS + 10


def alike(store: Store, *job_ids: str, said_together: bool = True, front: bool = False, **fields: Any) -> list[NewJob]:
    """Jobs that differ in their id, date, payload and description; sent as such, or each in full."""
    jobs = [
        store.new_job(
            job_id,
            nonce="n",
            front=front,
            created_at=datetime(2001, 2, 3, 4, 5, number, tzinfo=UTC),
            data=f"call {number}".encode(),
            description=job_id,
            **fields,
        )
        for number, job_id in enumerate(job_ids)
    ]
    if said_together:
        shared = encode_shared(jobs[0].record)
        for job in jobs:
            job.shared = shared
    return jobs


@pytest.mark.parametrize("options", [{}, {"ttl": 60}, {"front": True}, {"group_id": "g"}, {"failure_ttl": 5, "result_ttl": 0}], ids=str)
@pytest.mark.parametrize("others", ["", "the second one is there", "another one between them"])
def test_jobs_that_are_alike_are_written_as_if_each_were_sent_in_full(plain_store: Store, options: dict[str, Any], others: str):
    store, written = plain_store, []
    for said_together in (False, True):
        store.client.flushdb()
        store.turn_clock(0)
        if others.startswith("the second"):
            store.enqueue("b", nonce="earlier", retries_left=3)
        jobs = alike(store, "a", "b", "c", "d", said_together=said_together, **options)
        if others.startswith("another"):
            jobs.insert(2, store.new_job("x", nonce="n", due=START + 60))
        replies = store.enqueue_many(*jobs)
        written.append((replies, store.dump()))
    assert written[0] == written[1]


def test_jobs_that_are_alike_are_sent_with_what_is_their_own(plain_store: Store):
    jobs = alike(plain_store, "a", "b", "c")
    assert len(enqueue_jobs(plain_store.scripts, jobs).arguments) == len(enqueue_jobs(plain_store.scripts, jobs[:1]).arguments) + 2 * 4


def test_jobs_that_are_alike_and_sent_again_change_nothing(store: Store):
    jobs = alike(store, "a", "b", "c", group_id="g")
    store.enqueue_many(*jobs)
    before = store.dump()
    store.turn_clock(1)
    assert codes(store.enqueue_many(*jobs)) == [("dup", "queued")] * 3
    assert store.dump() == before


def test_a_full_chunk_is_one_round_trip(plain_store: Store):
    store = plain_store
    store.enqueue_many(store.new_job("warm-up", "other"))
    call = enqueue_jobs(store.scripts, [store.new_job(f"job-{number}", group_id="g") for number in range(MOST_NEW_JOBS)])
    with watched_commands(store.client) as watched:
        store.run(call)
    assert watched.sent == ["EVALSHA"]
    assert len(watched.inside) < 15 * MOST_NEW_JOBS
    assert len(store.waiting()) == MOST_NEW_JOBS
