"""PAUSE and RESUME: single queues give no jobs, single workers take none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.store.suspension import Pauses, suspend_workers

if TYPE_CHECKING:
    from rq.store.replies import Claimed
    from tests.store.harness import Store

BOTH = ("q", "other")


def ids(claimed: Claimed) -> list[str]:
    return [job.job_id for job in claimed.jobs]


def test_a_paused_queue_gives_no_jobs_and_others_do(store: Store):
    store.birth(queues=BOTH)
    store.enqueue("a")
    store.enqueue("b", "other")
    assert store.pause("q") == 0
    claimed = store.claim(queues=BOTH, places=2)
    assert (claimed.code, ids(claimed), claimed.paused) == ("ok", ["b"], ("q",))
    assert store.waiting() == ["a"]
    assert store.resume("q") == 1
    claimed = store.claim(queues=BOTH, places=2)
    assert (ids(claimed), claimed.paused) == (["a"], ())


def test_a_worker_all_of_whose_queues_are_paused_is_suspended(store: Store):
    store.birth(queues=BOTH)
    store.enqueue("a")
    store.pause(*BOTH)
    claimed = store.claim(queues=BOTH)
    assert (claimed.code, claimed.jobs, claimed.paused) == ("suspended", [], BOTH)


def test_a_paused_worker_takes_no_jobs_and_others_do(store: Store):
    store.birth("w")
    store.birth("v")
    store.enqueue("a")
    store.pause(workers=["w"])
    claimed = store.claim("w")
    assert (claimed.code, claimed.jobs, claimed.paused) == ("suspended", [], ())
    assert ids(store.claim("v")) == ["a"]


def test_a_queue_and_a_worker_of_one_name_are_paused_apart(store: Store):
    store.birth("q")
    store.enqueue("a")
    store.pause("w", workers=["other"])
    assert ids(store.claim("q")) == ["a"]


def test_what_woke_a_worker_goes_back_to_the_head_of_a_queue_that_was_paused_meanwhile(store: Store):
    store.birth()
    store.enqueue("first")
    store.enqueue("second")
    store.client.lmove(store.keys.queue("q"), store.keys.caught("q"), "LEFT", "RIGHT")
    store.pause("q")
    claimed = store.claim()
    assert (claimed.code, claimed.given_back) == ("suspended", 1)
    assert store.waiting() == ["first", "second"]


def test_an_exit_takes_no_job_of_a_queue_that_was_paused_meanwhile(store: Store):
    attempt = store.start("a")
    store.enqueue("b")
    store.pause("q")
    settled = store.finish(attempt, claim=store.claim_request())
    assert settled.claimed is not None
    assert (settled.code, settled.claimed.code, store.waiting()) == ("ok", "suspended", ["b"])


def test_a_pause_ends_at_its_time_without_anybodys_help(store: Store):
    store.birth()
    store.enqueue("a")
    store.pause("q", seconds=10)
    store.turn_clock(9.9)
    assert store.claim().code == "suspended"
    store.turn_clock(0.2)
    assert ids(store.claim()) == ["a"]
    assert store.resume("q") == 0


def test_pauses_that_all_end_leave_nothing_behind(store: Store):
    store.pause("q", seconds=10)
    store.pause("other", seconds=5)
    assert 5 < store.client.ttl(store.keys.paused) <= 11
    store.pause("third")
    assert store.client.ttl(store.keys.paused) == -1
    store.turn_clock(11)
    store.pause("fourth", seconds=5)
    assert store.client.zcard(store.keys.paused) == 2
    store.resume("third", "fourth")
    assert not store.client.exists(store.keys.paused)


def test_a_new_pause_replaces_the_end_of_an_old_one(store: Store):
    store.pause("q", seconds=10)
    assert store.pause("q") == 1
    store.turn_clock(11)
    assert store.pauses() == Pauses(queues=("q",))
    store.pause("q", seconds=10)
    store.turn_clock(11)
    assert store.pauses() == Pauses()


def test_who_waits_finds_out_what_is_paused_and_writes_nothing(store: Store):
    store.pause("q", "third", workers=["v"])
    before = store.dump()
    assert store.pauses("w", BOTH) == Pauses(queues=("q",))
    assert store.pauses("v", BOTH) == Pauses(everything=True, queues=("q",))
    assert store.pauses("", ()) == Pauses()
    assert store.dump() == before
    store.run(suspend_workers(store.scripts))
    assert store.pauses("w", ("other",)) == store.pauses("", ()) == Pauses(everything=True)


def test_jobs_of_a_paused_queue_become_due(store: Store):
    store.birth(queues=BOTH)
    store.enqueue("a", due=store.now + 5)
    store.pause("q")
    store.turn_clock(6)
    assert store.claim(queues=BOTH).jobs == []
    assert (store.waiting(), store.status("a")) == (["a"], "queued")
