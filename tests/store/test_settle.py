"""FINISH, FAIL and RELEASE: an attempt ends."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import pytest

from rq.model.settlement import Fail, Finish, PutBack
from tests.store.harness import START

if TYPE_CHECKING:
    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

EXITS = ["finish", "fail", "stop", "ask", "give_up", "crash", "release"]


def exit_by(store: Store, name: str, attempt: AttemptKey):
    return getattr(store, name)(attempt)


# --- finish ---


def test_a_finished_job_stands_among_the_finished_until_its_result_expires(store: Store):
    settled = store.finish(store.start("a"), ttl=500)
    assert (settled.code, settled.detail, settled.claimed) == ("ok", "finished", None)
    assert store.places("a") == ["finished:q"]
    assert store.registry("finished") == {"a": int(START) + 500}
    fields = store.hash("a")
    assert (fields["status"], fields["ended_at"]) == ("finished", "2027-01-15T08:00:00.250000Z")
    assert 0 < store.client.ttl(store.keys.job("a")) <= 500
    assert 0 < store.client.ttl(store.keys.results("a")) <= 500


def test_a_finished_job_has_no_lease_and_no_execution(store: Store):
    store.finish(store.start("a"))
    assert store.traces("a") == ["job:a", "results:a"]
    assert "x_execution" not in store.hash("a")
    assert not any(name.startswith("held:") for name in store.dump()[store.keys.held("w")].value)


def test_the_result_says_who_returned_what_and_when(store: Store):
    attempt = store.start("a")
    store.turn_clock(2.5)
    store.finish(attempt, b"\x00value")
    assert store.results("a") == [
        {
            "type": "1",
            "worker_name": "w",
            "execution_id": attempt.execution_id,
            "execution_started_at": "1800000000.250000",
            "execution_ended_at": "1800000002.750000",
            "return_value": base64.b64encode(b"\x00value").decode(),
        }
    ]


def test_a_job_that_returned_nothing_has_a_result_without_a_value(store: Store):
    store.finish(store.start("a"), None)
    assert "return_value" not in store.results("a")[0]


def test_a_result_without_end_is_kept_for_ever(store: Store):
    store.finish(store.start("a"), ttl=-1)
    assert store.registry("finished") == {"a": float("inf")}
    assert store.client.ttl(store.keys.job("a")) == -1
    assert store.client.ttl(store.keys.results("a")) == -1


def test_a_result_with_no_time_to_live_takes_the_job_with_it(store: Store):
    settled = store.finish(store.start("a"), ttl=0)
    assert (settled.code, settled.detail) == ("ok", "finished")
    assert store.places("a") == []
    assert store.traces("a") == ["x:ended:a"]
    assert store.dump()[store.keys.name("ended", "a")].has_ttl


def test_only_the_last_ten_results_of_a_job_are_kept(store: Store):
    for _ in range(12):
        store.finish(store.start("a"))
    assert len(store.results("a")) == 10


def test_the_worker_counts_what_it_finished(store: Store):
    attempt = store.start("a")
    store.turn_clock(1.5)
    store.finish(attempt)
    fields = store.worker_hash()
    assert fields["successful_job_count"] == "1"
    assert float(fields["total_working_time"]) == 1.5
    assert "current_job" not in fields
    assert fields["state"] == "idle"


@pytest.mark.parametrize("decision", [Finish(b"1", 500), Fail("no", 1000), PutBack("told to stop")], ids=["finish", "fail", "put back"])
def test_a_worker_that_runs_other_jobs_shows_one_of_them(store: Store, decision: Finish | Fail | PutBack):
    attempt = store.start("a")
    store.start("b")
    store.settle(attempt, decision, beside="b")
    assert (store.worker_hash()["state"], store.worker_hash()["current_job"]) == ("busy", "b")


def test_a_worker_whose_hash_is_gone_is_not_counted_and_the_job_is_finished(store: Store):
    attempt = store.start("a")
    store.client.delete(store.keys.worker("w"))
    assert store.finish(attempt).code == "ok"
    assert store.worker_hash() == {}


def test_a_finish_ends_a_request_to_stop(store: Store):
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), "x_stop", attempt.execution_id)
    assert store.finish(attempt).code == "ok"
    assert "x_stop" not in store.hash("a")


# --- fail ---


def test_a_failed_job_stands_among_the_failed_with_the_reason(store: Store):
    attempt = store.start("a")
    settled = store.settle(attempt, Fail("Traceback (most recent call last):\n  ...\nValueError: no\n", 1000))
    assert (settled.code, settled.detail) == ("ok", "failed")
    assert store.places("a") == ["failed:q"]
    assert store.registry("failed") == {"a": int(START) + 1000}
    assert store.hash("a")["x_reason"] == "ValueError: no"
    result = store.results("a")[0]
    assert result["type"] == "2"
    assert zlib.decompress(base64.b64decode(result["exc_string"])).endswith(b"ValueError: no\n")
    assert 0 < store.client.ttl(store.keys.job("a")) <= 1000
    assert 0 < store.client.ttl(store.keys.results("a")) <= 1000


def test_a_failed_job_is_kept_for_ever_if_asked_to(store: Store):
    store.fail(store.start("a"), ttl=-1)
    assert store.registry("failed") == {"a": -1.0}
    assert store.client.ttl(store.keys.job("a")) == -1


def test_a_failed_job_with_no_time_to_live_is_deleted(store: Store):
    settled = store.fail(store.start("a"), ttl=0)
    assert (settled.code, settled.detail) == ("ok", "failed")
    assert store.places("a") == []
    assert store.traces("a") == ["x:ended:a"]


def test_a_failure_that_is_not_recorded_leaves_the_job_and_no_more(store: Store):
    settled = store.settle(store.start("a"), Fail("Traceback\nValueError: no", 1000, is_recorded=False))
    assert (settled.code, settled.detail) == ("ok", "failed")
    assert store.places("a") == []
    assert store.results("a") == []
    assert (store.hash("a")["status"], store.hash("a")["x_reason"]) == ("failed", "ValueError: no")
    assert 0 < store.client.ttl(store.keys.job("a")) <= 1000


def test_a_stopped_job_stands_among_the_failed_with_its_own_status(store: Store):
    settled = store.stop(store.start("a", retries_left=3))
    assert (settled.code, settled.detail) == ("ok", "stopped")
    assert store.status("a") == "stopped"
    assert store.places("a") == ["failed:q"]


def test_a_job_that_is_retried_at_once_waits_again_and_has_one_retry_less(store: Store):
    attempt = store.start("a", retries_left=3)
    store.enqueue("b")
    settled = store.retry(attempt, 3)
    assert (settled.code, settled.detail) == ("ok", "queued")
    assert store.places("a") == ["queue:q"]
    assert store.waiting() == ["b", "a"]
    assert store.hash("a")["retries_left"] == "2"
    assert store.results("a")[0]["type"] == "4"


def test_a_retry_may_go_to_the_front(store: Store):
    attempt = store.start("a", retries_left=3)
    store.enqueue("b")
    store.retry(attempt, 3, front=True)
    assert store.waiting() == ["a", "b"]


def test_a_retry_with_a_delay_is_scheduled(store: Store):
    settled = store.retry(store.start("a", retries_left=3), 3, delay=60)
    assert (settled.code, settled.detail) == ("ok", "scheduled")
    assert store.places("a") == ["scheduled:q"]
    assert store.registry("scheduled") == {"a": START + 60}


def test_a_delayed_retry_that_asked_for_the_front_is_promoted_to_it(store: Store):
    store.retry(store.start("a", retries_left=1, enqueue_at_front_on_retry=True), 1, delay=60)
    store.enqueue("b")
    store.turn_clock(60)
    store.promote()
    assert store.waiting() == ["a", "b"]


def test_a_retry_that_counts_on_other_retries_than_the_job_has_left_fails(store: Store):
    settled = store.retry(store.start("a", retries_left=1), 3)
    assert settled.detail == "failed"
    assert store.places("a") == ["failed:q"]


def test_a_job_whose_process_died_goes_back_to_the_head_of_its_queue(store: Store):
    attempt = store.start("a")
    store.enqueue("b")
    settled = store.crash(attempt)
    assert (settled.code, settled.detail) == ("ok", "queued")
    assert store.waiting() == ["a", "b"]
    fields = store.hash("a")
    assert (fields["status"], fields["x_crashes"], fields["x_reason"]) == ("queued", "1", "killed by signal 9")
    assert store.results("a")[0]["type"] == "4"
    assert store.results("a")[0]["x_reason"] == "killed by signal 9"


def test_a_job_whose_process_died_too_often_is_set_aside_as_failed(store: Store):
    attempt = store.start("a")
    for _ in range(3):
        assert store.crash(attempt).detail == "queued"
        attempt = store.take()
    assert store.crash(attempt).detail == "failed"
    assert store.places("a") == ["failed:q"]
    assert store.status("a") == "failed"
    exc = zlib.decompress(base64.b64decode(store.results("a")[-1]["exc_string"])).decode()
    assert exc.startswith("rq.exceptions.AbandonedJobError: ")
    assert "killed by signal 9" in exc


def test_a_death_costs_no_retry(store: Store):
    store.crash(store.start("a", retries_left=3))
    assert store.hash("a")["retries_left"] == "3"


def test_an_outcome_forgives_earlier_deaths(store: Store):
    store.crash(store.start("a", retries_left=2))
    store.retry(store.take(), 2)
    assert "x_crashes" not in store.hash("a")


def test_the_worker_counts_what_failed(store: Store):
    store.fail(store.start("a"))
    assert store.worker_hash()["failed_job_count"] == "1"


# --- release ---


def test_a_released_job_is_at_the_head_of_its_queue_and_no_crash_is_counted(store: Store):
    attempt = store.start("a")
    store.enqueue("b")
    settled = store.release(attempt)
    assert (settled.code, settled.detail) == ("ok", "queued")
    assert store.waiting() == ["a", "b"]
    assert store.status("a") == "queued"
    assert "x_crashes" not in store.hash("a")
    assert store.results("a") == []
    assert store.traces("a") == ["job:a"]
    assert store.worker_hash()["state"] == "idle"


# --- every exit ---


@pytest.mark.parametrize("name", EXITS)
def test_an_outcome_sent_again_changes_nothing(store: Store, name: str):
    attempt = store.start("a")
    assert exit_by(store, name, attempt).code == "ok"
    before = store.dump()
    store.turn_clock(1)
    settled = exit_by(store, name, attempt)
    assert settled.code == "dup"
    assert store.dump() == before


@pytest.mark.parametrize("name", ["finish", "fail"])
def test_an_outcome_that_deleted_the_job_sent_again_changes_nothing(store: Store, name: str):
    attempt = store.start("a")
    getattr(store, name)(attempt, ttl=0)
    before = store.dump()
    assert getattr(store, name)(attempt, ttl=0).code == "dup"
    assert store.dump() == before


@pytest.mark.parametrize("name", EXITS)
def test_an_attempt_that_lost_its_lease_writes_nothing(store: Store, name: str):
    attempt = store.start("a")
    store.turn_clock(3600)
    store.reclaim_all()
    store.birth("v")
    store.take("v")
    before = store.dump()
    settled = exit_by(store, name, attempt)
    assert (settled.code, settled.detail) == ("fenced", "started")
    del before[store.keys.worker("w")]  # it may say that it is idle
    after = store.dump()
    del after[store.keys.worker("w")]
    assert after == before


@pytest.mark.parametrize("name", EXITS)
def test_an_attempt_whose_job_was_deleted_ends_without_bringing_it_back(store: Store, name: str):
    attempt = store.start("a")
    store.client.delete(store.keys.job("a"))
    assert exit_by(store, name, attempt).code == "gone"
    assert store.places("a") == []
    assert store.traces("a") == []


@pytest.mark.parametrize("name", EXITS)
def test_an_attempt_whose_job_was_enqueued_anew_leaves_the_new_one_waiting(store: Store, name: str):
    attempt = store.start("a")
    store.enqueue("a")
    before = store.hash("a")
    settled = exit_by(store, name, attempt)
    assert (settled.code, settled.detail) == ("superseded", "queued")
    assert store.hash("a") == before
    assert store.places("a") == ["queue:q"]


@pytest.mark.parametrize(("name", "result_type"), [("finish", "1"), ("fail", "2")])
def test_the_result_of_an_attempt_whose_job_was_enqueued_anew_is_kept(store: Store, name: str, result_type: str):
    attempt = store.start("a")
    store.enqueue("a")
    exit_by(store, name, attempt)
    assert [result["type"] for result in store.results("a")] == [result_type]
    exit_by(store, name, attempt)
    assert len(store.results("a")) == 1


@pytest.mark.parametrize("name", EXITS)
def test_an_attempt_whose_job_is_no_hash_any_more_is_told_so(store: Store, name: str):
    attempt = store.start("a")
    store.client.set(store.keys.job("a"), "text")
    before = store.dump()
    assert exit_by(store, name, attempt).code == "badtype"
    after = store.dump()
    del before[store.keys.worker("w")], after[store.keys.worker("w")]
    assert after == before


# --- with a claim of the next jobs ---


@pytest.mark.parametrize("decision", [Finish(b"1", 500), Fail("no", 1000)], ids=["finish", "fail"])
def test_an_exit_can_bring_the_next_job(store: Store, decision: Finish | Fail):
    attempt = store.start("a")
    store.enqueue("b")
    settled = store.settle(attempt, decision, store.claim_request())
    assert settled.code == "ok"
    assert settled.claimed is not None
    assert [job.job_id for job in settled.claimed.jobs] == ["b"]
    assert store.worker_hash()["current_job"] == "b"
    assert store.worker_hash()["state"] == "busy"


@pytest.mark.parametrize("decision", [Finish(b"1", 500), Fail("no", 1000)], ids=["finish", "fail"])
def test_an_exit_with_a_claim_sent_again_gives_the_same_job_and_changes_nothing(store: Store, decision: Finish | Fail):
    attempt = store.start("a")
    store.enqueue("b")
    store.enqueue("c")
    request = store.claim_request()
    first = store.settle(attempt, decision, request)
    before = store.dump()
    again = store.settle(attempt, decision, request)
    assert again.code == "dup"
    assert first.claimed is not None
    assert again.claimed is not None
    assert again.claimed.code == "replay"
    assert again.claimed.jobs == first.claimed.jobs
    assert store.dump() == before


def test_a_fenced_exit_still_brings_the_next_job(store: Store):
    attempt = store.start("a")
    store.cancel("a")
    store.enqueue("b")
    settled = store.finish(attempt, claim=store.claim_request())
    assert settled.code == "fenced"
    assert settled.claimed is not None
    assert [job.job_id for job in settled.claimed.jobs] == ["b"]
