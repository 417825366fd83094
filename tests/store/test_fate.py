"""What is kept of an attempt besides its outcome: what it printed and used, and what put an end to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.model.fate import Fate
from rq.model.settlement import AskRetry, Crash, Fail, Finish, GiveUp, Retry, Stop
from rq.store.reads import list_results
from tests.store.harness import START

if TYPE_CHECKING:
    from rq.model.settlement import Decision
    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

DECISIONS: dict[str, Decision] = {
    "finish": Finish(b"42", 500),
    "finish without a value": Finish(None, 500),
    "fail": Fail("Traceback\nValueError: no", 1000),
    "retry": Retry("Traceback\nValueError: no", 0, 1, False, 1000),
    "ask for a retry": AskRetry(b"asked", 0, 0, False, 1000),
    "ask once too often": GiveUp(b"asked", 1000),
    "stop": Stop("stopped by hand", 1000),
    "die": Crash("killed by signal 9", 1000),
}
HEARD_OF = "last heard of at 2027-01-15T08:00:00.250000Z"


def killed_by(store: Store, job_id: str = "a") -> str:
    return store.run(list_results(store.scripts, job_id))[0].killed_by or ""


@pytest.mark.parametrize("name", DECISIONS)
def test_what_an_attempt_printed_and_used_stands_in_its_result(store: Store, name: str):
    attempt = store.start("a", retries_left=1)
    store.settle(attempt, DECISIONS[name], fate=Fate("", "naïve\n".encode(), 20480, 0.25))
    [result] = store.run(list_results(store.scripts, "a"))
    assert (result.output, result.peak_memory, result.cpu_seconds) == ("naïve\n", 20480, 0.25)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_claim_rides_along_behind_what_is_known_of_the_attempt(store: Store, name: str):
    attempt = store.start("a", retries_left=1)
    store.enqueue("b", "other")
    settled = store.settle(attempt, DECISIONS[name], claim=store.claim_request(queues=["other"]), fate=Fate(output=b"said", cpu_seconds=0.5))
    assert settled.claimed is not None
    assert [job.job_id for job in settled.claimed.jobs] == ["b"]


def test_nothing_is_written_of_what_is_not_known(store: Store):
    store.finish(store.start("a"))
    assert not [name for name in store.results("a")[0] if name.startswith("x_")]
    [result] = store.run(list_results(store.scripts, "a"))
    assert (result.output, result.peak_memory, result.cpu_seconds, result.killed_by) == ("", None, None, None)


def test_an_attempt_that_a_limit_ended_says_which(store: Store):
    store.settle(store.start("a"), Fail("Traceback\nJobTimeoutException", 1000), fate=Fate("its time limit of 3 s"))
    assert killed_by(store) == "its time limit of 3 s"


def test_an_attempt_whose_process_died_says_of_what(store: Store):
    store.crash(store.start("a"))
    assert killed_by(store) == "killed by signal 9"


def test_a_job_that_fails_with_its_parent_was_not_killed(store: Store):
    store.enqueue("p")
    store.enqueue("c", after=["p"], dependency_policies={"p": "fail"})
    store.birth()
    store.fail(store.take())
    assert store.status("c") == "failed"
    assert not killed_by(store, "c")


# --- who stopped it ---


def test_a_stopped_job_says_who_asked_for_it(store: Store):
    attempt = store.start("a")
    store.ask_to_stop("a", "ann@desk (pid 7)")
    store.stop(attempt)
    assert killed_by(store) == "stopped by ann@desk (pid 7)"
    assert store.hash("a")["x_reason"] == "stopped by ann@desk (pid 7)"


def test_a_job_stopped_by_a_mere_command_says_what_its_worker_says(store: Store):
    store.stop(store.start("a"))
    assert killed_by(store) == "stopped by hand"


def test_who_asked_to_stop_one_attempt_did_not_stop_another(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), "x_stop", "another ann@desk")
    assert store.beat(attempt).exceptions == []
    store.stop(attempt)
    assert killed_by(store) == "stopped by hand"


def test_the_last_who_asked_is_named(store: Store):
    attempt = store.start("a")
    store.ask_to_stop("a", "ann")
    store.ask_to_stop("a", "bob")
    assert store.beat(attempt).exceptions == [("a", attempt.execution_id, "stop")]
    store.stop(attempt)
    assert killed_by(store) == "stopped by bob"


# --- its worker is gone ---


def by_its_lease(store: Store) -> None:
    store.turn_clock(3600)
    store.reclaim_all()


def by_its_worker(store: Store) -> None:
    store.reclaim_worker(seen_dead=True)


def by_its_namesake(store: Store) -> None:
    store.birth(incarnation="w-2", replaceable="w-1")


@pytest.mark.parametrize("take_back", [by_its_lease, by_its_worker, by_its_namesake])
def test_a_job_that_was_taken_back_says_where_its_worker_was_and_when_it_was_last_heard_of(store: Store, take_back):
    store.start("a")
    take_back(store)
    assert store.status("a") == "queued"
    assert killed_by(store) == store.hash("a")["x_reason"]
    assert killed_by(store).endswith(f" (w on host, pid 42, {HEARD_OF})")


def test_a_worker_of_which_nothing_is_known_any_more_is_named(store: Store):
    store.start("a")
    store.client.delete(store.keys.worker("w"))
    by_its_lease(store)
    assert killed_by(store).endswith(f" (w, {HEARD_OF})")


def test_a_worker_was_heard_of_when_it_took_the_job(store: Store):
    store.enqueue("a")
    store.birth()
    store.turn_clock(10)
    store.take()
    by_its_lease(store)
    assert killed_by(store).endswith("last heard of at 2027-01-15T08:00:10.250000Z)")


@pytest.mark.parametrize("rubbish", ["", "yesterday", "zzzz"])
def test_what_is_no_date_says_nothing_of_when_a_worker_was_heard_of(store: Store, rubbish):
    store.start("a")
    store.client.hset(store.keys.job("a"), "last_heartbeat", rubbish)
    by_its_lease(store)
    assert killed_by(store).endswith(f"(w on host, pid 42, {HEARD_OF})")


def test_a_worker_that_is_gone_is_named_once(store: Store):
    store.start("a")
    by_its_namesake(store)
    assert killed_by(store) == f"its worker died and started again (w on host, pid 42, {HEARD_OF})"


def test_a_heartbeat_is_the_last_that_was_heard(store: Store):
    attempt: AttemptKey = store.start("a")
    store.turn_clock(10)
    store.beat(attempt)
    by_its_lease(store)
    assert killed_by(store).endswith("last heard of at 2027-01-15T08:00:10.250000Z)")
    assert store.now > START
