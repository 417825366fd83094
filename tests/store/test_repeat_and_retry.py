"""FINISH of a job that is to be repeated, FAIL of one that is to be retried, and what a returned `Retry` does."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from rq.model.settlement import AskRetry, Fail, Finish
from tests.store.harness import START

if TYPE_CHECKING:
    from tests.store.harness import Store

GARBAGE = ["", "many", "1.5", "1e3", "0x5", " 2", "-1", "9" * 40, "nan", "\udcff"]
STATUSES = {"queued", "scheduled", "finished", "failed"}


def spoil(store: Store, field: str, text: str) -> None:
    store.client.hset(store.keys.job("a"), field, text.encode(errors="surrogateescape"))


# --- repeat ---


def test_a_job_that_is_repeated_at_once_waits_at_the_end_of_its_queue(store: Store):
    attempt = store.start("a", repeats_left=2)
    store.enqueue("b")
    settled = store.repeat(attempt)
    assert (settled.code, settled.detail) == ("ok", "queued")
    assert store.waiting() == ["b", "a"]
    assert store.places("a") == ["queue:q"]
    assert (store.hash("a")["repeats_left"], store.hash("a")["x_repeats_done"]) == ("1", "1")


def test_a_job_that_is_repeated_later_is_scheduled(store: Store):
    assert store.repeat(store.start("a", repeats_left=2), 60).detail == "scheduled"
    assert store.registry("scheduled") == {"a": START + 60}
    assert store.places("a") == ["scheduled:q"]
    store.turn_clock(60)
    store.promote()
    assert store.places("a") == ["queue:q"]


def test_a_job_runs_once_and_as_often_as_it_is_repeated(store: Store):
    attempt = store.start("a", repeats_left=2)
    assert [store.repeat(attempt).detail, store.repeat(store.take()).detail, store.repeat(store.take()).detail] == ["queued", "queued", "finished"]
    assert store.places("a") == ["finished:q"]
    assert [result["type"] for result in store.results("a")] == ["1", "1", "1"]
    assert store.hash("a")["repeats_left"] == "0"


def test_a_job_that_is_repeated_does_not_expire_meanwhile(store: Store):
    store.repeat(store.start("a", repeats_left=2), 60, ttl=5)
    assert store.client.ttl(store.keys.job("a")) == -1


def test_a_job_whose_results_are_not_kept_is_repeated_and_then_gone(store: Store):
    assert store.repeat(store.start("a", repeats_left=1), ttl=0).detail == "queued"
    assert store.results("a") == []
    assert store.finish(store.take(), ttl=0).detail == "finished"
    assert store.traces("a") == ["x:ended:a"]


@pytest.mark.parametrize("delay", [0, 60])
def test_a_repeat_sent_again_counts_once(store: Store, delay: int):
    attempt = store.start("a", repeats_left=2)
    store.repeat(attempt, delay)
    before = store.dump()
    store.turn_clock(1)
    assert store.repeat(attempt, delay).code == "dup"
    assert store.dump() == before


def test_a_repeat_sent_again_after_the_job_ran_anew_counts_once(store: Store):
    attempt = store.start("a", repeats_left=2)
    store.repeat(attempt)
    store.take()
    assert store.repeat(attempt).code == "dup"
    assert store.hash("a")["repeats_left"] == "1"
    assert store.status("a") == "started"


def test_a_repeat_can_bring_the_same_job_again(store: Store):
    attempt = store.start("a", repeats_left=2)
    claimed = store.settle(attempt, Finish(b"1", 500, 0), store.claim_request()).claimed
    assert claimed is not None
    assert [job.job_id for job in claimed.jobs] == ["a"]


def test_who_waits_for_a_repeated_job_goes_on_after_its_first_success(store: Store):
    attempt = store.start("a", repeats_left=2)
    store.enqueue("c", after=["a"])
    store.repeat(attempt, 60)
    assert store.places("c") == ["queue:q"]


@pytest.mark.parametrize("field", ["repeats_left", "x_repeats_done"])
@pytest.mark.parametrize("text", GARBAGE)
def test_a_count_of_repeats_that_is_none_does_not_keep_the_job_running(plain_store: Store, field: str, text: str):
    attempt = plain_store.start("a", repeats_left=2)
    spoil(plain_store, field, text)
    settled = plain_store.repeat(attempt, 60)
    assert settled.code == "ok"
    assert settled.detail == plain_store.status("a")
    assert plain_store.places("a") == [f"{settled.detail}:q"]
    assert settled.detail in STATUSES


def test_a_job_that_was_enqueued_anew_is_not_repeated_by_its_old_attempt(store: Store):
    attempt = store.start("a", repeats_left=2)
    store.enqueue("a", repeats_left=2)
    assert store.repeat(attempt).code == "superseded"
    assert store.hash("a")["repeats_left"] == "2"
    assert store.places("a") == ["queue:q"]


# --- retry after an exception ---


def test_the_last_retry_that_fails_fails_the_job(store: Store):
    attempt = store.start("a", retries_left=1)
    assert store.retry(attempt, 1).detail == "queued"
    assert store.fail(store.take()).detail == "failed"
    assert store.hash("a")["retries_left"] == "0"
    assert [result["type"] for result in store.results("a")] == ["4", "2"]


def test_the_results_of_a_retried_job_do_not_expire_while_it_waits(store: Store):
    store.retry(store.start("a", retries_left=1), 1)
    assert store.client.ttl(store.keys.results("a")) == -1
    assert store.client.ttl(store.keys.job("a")) == -1


@pytest.mark.parametrize("delay", [0, 60])
def test_a_retry_sent_again_uses_up_one(store: Store, delay: int):
    attempt = store.start("a", retries_left=3)
    store.retry(attempt, 3, delay)
    before = store.dump()
    store.turn_clock(1)
    assert store.retry(attempt, 3, delay).code == "dup"
    assert store.dump() == before


@pytest.mark.parametrize("text", GARBAGE)
def test_a_count_of_retries_that_is_none_fails_the_job(plain_store: Store, text: str):
    attempt = plain_store.start("a", retries_left=2)
    spoil(plain_store, "retries_left", text)
    assert plain_store.retry(attempt, 2).detail == "failed"
    assert plain_store.places("a") == ["failed:q"]


@pytest.mark.parametrize("name", ["retry", "ask"])
def test_a_schedule_that_is_no_sorted_set_costs_the_place_and_not_the_job(store: Store, name: str):
    attempt = store.start("a", retries_left=2)
    store.client.set(store.keys.registry("scheduled", "q"), "text")
    settled = store.retry(attempt, 2, 60) if name == "retry" else store.ask(attempt, delay=60)
    assert (settled.code, settled.detail) == ("ok", "scheduled")
    assert store.bad() == ["a its registry of scheduled jobs is not a sorted set"]


# --- a returned Retry ---


def test_a_job_that_asked_for_a_retry_waits_again_and_the_server_counts(store: Store):
    attempt = store.start("a")
    store.enqueue("b")
    settled = store.ask(attempt)
    assert (settled.code, settled.detail) == ("ok", "queued")
    assert store.waiting() == ["b", "a"]
    assert store.hash("a")["number_of_retries"] == "1"
    result = store.results("a")[0]
    assert (result["type"], base64.b64decode(result["return_value"])) == ("4", b"asked")
    assert "exc_string" not in result


def test_it_may_ask_for_the_head_of_the_queue(store: Store):
    attempt = store.start("a")
    store.enqueue("b")
    store.ask(attempt, front=True)
    assert store.waiting() == ["a", "b"]


def test_it_may_ask_for_a_later_time(store: Store):
    assert store.ask(store.start("a"), delay=60).detail == "scheduled"
    assert store.registry("scheduled") == {"a": START + 60}


def test_it_costs_no_retry_after_an_exception(store: Store):
    store.ask(store.start("a", retries_left=3))
    assert store.hash("a")["retries_left"] == "3"


def test_it_may_ask_again_and_again(store: Store):
    attempt = store.start("a")
    for number in range(3):
        assert store.ask(attempt, number).detail == "queued"
        attempt = store.take()
    assert store.hash("a")["number_of_retries"] == "3"


def test_a_job_that_asked_once_too_often_has_failed(store: Store):
    settled = store.give_up(store.start("a"))
    assert (settled.code, settled.detail) == ("ok", "failed")
    assert store.places("a") == ["failed:q"]
    result = store.results("a")[0]
    assert (result["type"], base64.b64decode(result["return_value"])) == ("5", b"asked")
    assert store.hash("a")["x_reason"] == "it asked for one retry too many"


def test_such_a_job_is_gone_if_failures_are_not_kept(store: Store):
    assert store.give_up(store.start("a"), ttl=0).detail == "failed"
    assert store.traces("a") == ["x:ended:a"]


@pytest.mark.parametrize("name", ["ask", "give_up"])
def test_what_a_job_asked_for_is_done_once_though_it_is_sent_again(store: Store, name: str):
    attempt = store.start("a")
    getattr(store, name)(attempt)
    before = store.dump()
    store.turn_clock(1)
    assert getattr(store, name)(attempt).code == "dup"
    assert store.dump() == before


@pytest.mark.parametrize("text", GARBAGE)
def test_a_number_of_retries_that_is_none_does_not_keep_the_job_running(plain_store: Store, text: str):
    attempt = plain_store.start("a")
    spoil(plain_store, "number_of_retries", text)
    settled = plain_store.ask(attempt)
    assert (settled.code, settled.detail) == ("ok", "failed")
    assert plain_store.places("a") == ["failed:q"]


@pytest.mark.parametrize(("name", "result_type"), [("ask", "2"), ("give_up", "5")])
def test_an_attempt_whose_job_was_enqueued_anew_leaves_its_result_only(store: Store, name: str, result_type: str):
    attempt = store.start("a")
    store.enqueue("a")
    assert getattr(store, name)(attempt).code == "superseded"
    assert [result["type"] for result in store.results("a")] == [result_type]
    assert store.places("a") == ["queue:q"]


@pytest.mark.parametrize("decision", [Finish(b"1", 500, 60), AskRetry(b"asked", 60, 0, False, 1000), Fail("no", 0)], ids=["repeat", "ask", "fail"])
def test_an_exit_can_bring_the_next_job(store: Store, decision: Finish | AskRetry | Fail):
    attempt = store.start("a", repeats_left=1)
    store.enqueue("b")
    claimed = store.settle(attempt, decision, store.claim_request()).claimed
    assert claimed is not None
    assert [job.job_id for job in claimed.jobs] == ["b"]
