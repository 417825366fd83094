"""REQUEUE: a job that ended badly, or was canceled, runs again."""

import pytest

from rq.core.errors import CorruptDataError
from rq.store.cancel import cancel_job
from rq.store.replies import Enqueued
from rq.store.requeue import requeue_job
from tests.store.harness import START, Store
from tests.store.situations import SITUATIONS


def requeue(store: Store, job_id: str = "a", kind: str = "failed", queue: str = "q", *, nonce: str = "again", front: bool = False) -> Enqueued:
    return store.run(requeue_job(store.scripts, job_id, kind, queue, nonce, at_front=front))


def test_a_failed_job_goes_back_to_the_end_of_its_queue(store: Store):
    store.fail(store.start("a"))
    store.enqueue("b")
    assert requeue(store).code == "ok"
    assert store.waiting() == ["b", "a"]
    assert store.places() == ["queue:q"]
    assert store.status() == "queued"


def test_a_job_can_go_to_the_head_of_its_queue(store: Store):
    store.fail(store.start("a"))
    store.enqueue("b")
    requeue(store, front=True)
    assert store.waiting() == ["a", "b"]


def test_a_stopped_job_is_requeued_from_the_failed_registry(store: Store):
    store.stop(store.start("a"))
    assert requeue(store).code == "ok"
    assert store.places() == ["queue:q"]


def test_a_canceled_job_is_requeued_from_the_canceled_registry(store: Store):
    store.enqueue("a")
    store.run(cancel_job(store.scripts, "a", "q"))
    assert requeue(store, kind="canceled").code == "ok"
    assert store.places() == ["queue:q"]
    assert store.status() == "queued"


def test_the_job_looks_as_if_it_had_just_been_enqueued(store: Store):
    store.fail(store.start("a", retries_left=0))
    before = store.hash()
    store.turn_clock(60)
    answer = requeue(store)
    after = store.hash()
    assert (after["started_at"], after["ended_at"]) == ("", "")
    assert after["enqueued_at"] == answer.enqueued_at > before["enqueued_at"]
    assert int(after["x_generation"]) == int(before["x_generation"]) + 1
    assert not {"x_crashes", "x_reason", "x_execution", "exc_info"} & after.keys()
    assert after["x_attempt"] == before["x_attempt"] == "1"
    assert after["retries_left"] == "0"


def test_the_job_does_not_expire_while_it_waits(store: Store):
    store.fail(store.start("a"))
    assert store.client.ttl(store.keys.job("a")) > 0
    requeue(store)
    assert store.client.ttl(store.keys.job("a")) == -1


def test_a_time_to_wait_that_was_asked_for_holds_again(store: Store):
    store.fail(store.start("a", ttl=70))
    requeue(store)
    assert 0 < store.client.ttl(store.keys.job("a")) <= 70


def test_the_job_can_be_claimed_and_run(store: Store):
    store.fail(store.start("a"))
    requeue(store)
    assert store.finish(store.take()).code == "ok"
    assert store.places() == ["finished:q"]


def test_the_results_of_earlier_attempts_stay(store: Store):
    store.fail(store.start("a"))
    requeue(store)
    assert [result["type"] for result in store.results()] == ["2"]


def test_a_call_sent_again_changes_nothing(store: Store):
    store.fail(store.start("a"))
    requeue(store, nonce="n")
    before = store.dump()
    assert requeue(store, nonce="n").code == "dup"
    assert store.dump() == before


def test_two_calls_requeue_once(store: Store):
    store.fail(store.start("a"))
    requeue(store, nonce="one")
    assert requeue(store, nonce="two") == Enqueued("absent", "queued", "")
    assert store.waiting() == ["a"]


@pytest.mark.parametrize("kind", ["failed", "canceled"])
def test_a_job_that_the_registry_does_not_name_stays_as_it_is(store: Store, kind: str):
    store.enqueue("a")
    before = store.dump()
    assert requeue(store, kind=kind) == Enqueued("absent", "queued", "")
    assert store.dump() == before


def test_a_job_that_finished_after_all_is_not_run_again(store: Store):
    store.finish(store.start("a"))
    store.client.zadd(store.keys.registry("failed", "q"), {"a": 1})
    assert requeue(store) == Enqueued("refused", "finished", "")
    assert store.waiting() == []


def test_a_job_that_is_gone_is_reported_and_its_entry_stays(store: Store):
    store.client.zadd(store.keys.registry("failed", "q"), {"a": 1})
    assert requeue(store).code == "gone"
    assert store.registry("failed") == {"a": 1}


def test_the_job_goes_to_the_queue_it_came_from(store: Store):
    store.fail(store.start("a", queue="origin"))
    store.client.rename(store.keys.registry("failed", "origin"), store.keys.registry("failed", "elsewhere"))
    requeue(store, queue="elsewhere")
    assert store.places() == ["queue:origin"]
    assert store.client.sismember(store.keys.queues, store.keys.queue("origin"))


@pytest.mark.parametrize("broken", ["job", "queue"])
def test_a_key_of_another_type_is_reported_before_anything_is_written(store: Store, broken: str):
    store.fail(store.start("a"))
    key = store.keys.job("a") if broken == "job" else store.keys.queue("q")
    store.client.delete(key)
    store.client.set(key, "no such thing")
    before = store.dump()
    with pytest.raises(CorruptDataError, match="another type"):
        requeue(store)
    assert store.dump() == before


# --- from the other registries ---

WAITING = {"finished": "finished", "scheduled": "scheduled", "deferred": "deferred"}


@pytest.mark.parametrize("kind", WAITING)
def test_a_job_can_be_requeued_from_the_registry(store: Store, kind: str):
    SITUATIONS[kind](store, "a")
    assert requeue(store, kind=kind).code == "ok"
    assert store.places() == ["queue:q"]
    assert store.status() == "queued"
    assert store.client.ttl(store.keys.job("a")) == -1


@pytest.mark.parametrize("kind", [*WAITING, "failed", "canceled"])
@pytest.mark.parametrize("state", [name for name in SITUATIONS if name != "no hash"])
def test_a_registry_that_names_a_job_of_another_state_does_not_let_it_run(store: Store, kind: str, state: str):
    SITUATIONS[state](store, "a")
    store.client.zadd(store.keys.registry(kind, "q"), {"a": START})
    before = store.dump()
    reply = requeue(store, kind=kind)
    if state == kind or ({state, kind} <= {"failed", "stopped", "canceled"}):
        assert reply.code == "ok"
    else:
        assert reply.code == ("gone" if state in {"missing", "without data"} else "refused")
        assert store.dump() == before


def test_a_job_that_is_requeued_while_it_waits_for_others_runs_once(store: Store):
    attempt = store.start("p")
    store.enqueue("a", after=["p"])
    requeue(store, kind="deferred")
    assert store.pending("a") == set()
    store.finish(attempt)
    assert store.places() == ["queue:q"]
    assert store.dependents("p") == set()


def test_a_job_that_is_requeued_before_its_time_runs_now_and_not_again_then(store: Store):
    store.enqueue("a", due=START + 60)
    requeue(store, kind="scheduled")
    store.birth()
    store.finish(store.take())
    store.turn_clock(60)
    assert store.promote() == (0, None)
    assert store.places() == ["finished:q"]


def test_a_job_that_was_due_later_and_ended_with_its_parent_runs_at_once_when_requeued(store: Store):
    SITUATIONS["failed"](store, "p")
    store.enqueue("a", after=["p"], due=START + 60, dependency_policies={"p": "cancel"})
    requeue(store, kind="canceled")
    assert store.places() == ["queue:q"]
    assert "x_due" not in store.hash()


def test_a_requeue_whose_reply_was_lost_is_recognized_though_the_job_has_run_and_is_gone(store: Store):
    store.fail(store.start("a"))
    requeue(store, nonce="n")
    store.finish(store.take(), ttl=0)
    assert requeue(store, nonce="n").code == "dup"


def test_those_who_wait_for_a_failed_job_go_on_when_it_succeeds_after_all(store: Store):
    store.fail(store.start("a"), ttl=60)
    store.enqueue("c", after=["a"])
    requeue(store)
    store.finish(store.take())
    assert store.waiting() == ["c"]
