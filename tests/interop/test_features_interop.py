"""Every feature of RQ 2.12, in both directions: what one library enqueues, the other reads, runs, cancels and requeues, and both read the same afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.interop.sides import CallRefused


@pytest.fixture
def let_it_be_due(redis_client):
    """Makes all scheduled jobs of the queue due. A minute after our worker was there, an RQ worker may queue them."""

    def let(*job_ids):
        for job_id in job_ids:
            assert redis_client.zadd("rq:scheduled:shared", {job_id: 1}, xx=True, ch=True) == 1
        redis_client.delete("rq:scheduler-lock:shared")

    return let


def described(sides, job_id):
    """What both say of a job, which must be the same."""
    first, second = (side.describe(job_id) for side in sides)
    assert first == second
    return first


def status(sides, job_id):
    return described(sides, job_id)["status"]


def places(sides):
    """What both say of the queue and its registries, which must be the same; without those that are empty."""
    first, second = (side.registries("shared") for side in sides)
    assert first == second
    return {kind: sorted(ids) for kind, ids in first.items() if ids}


def seconds_until(sides, job_id):
    first, second = (datetime.fromisoformat(side.scheduled_time("shared", job_id)) for side in sides)
    assert abs(first - second) < timedelta(seconds=1)
    return (first - datetime.now(UTC)).total_seconds()


def order(redis_client):
    return [line.decode() for line in redis_client.lrange("order", 0, -1)]


# --- dependencies -------------------------------------------------------------------------------------------------------------------


def test_dependents_run_in_the_order_of_their_dependencies(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "count", job_id="one")
    producer.enqueue("shared", "count", job_id="two", depends_on="one")
    producer.enqueue("shared", "count", job_id="four", depends_on=["two", "one"])
    producer.enqueue("shared", "count", job_id="three", depends_on={"jobs": ["two"], "enqueue_at_front": True})
    read = described(sides, "four")
    assert (read["status"], read["parents"], read["position"]) == ("deferred", ["one", "two"], None)
    assert described(sides, "one")["children"] == ["four", "two"]
    worker.work("shared")
    assert places(sides) == {"finished": ["four", "one", "three", "two"]}
    assert order(redis_client) == ["one 1", "two 1", "three 1", "four 1"]


def test_parents_that_different_libraries_end_let_a_job_go_on(sides):
    producer, worker = sides
    for number, side in enumerate((worker, producer)):
        side.enqueue(f"other{number}", "add", job_id=f"parent{number}")
    producer.enqueue("shared", "add", job_id="child", depends_on=["parent0", "parent1"])
    producer.work("other0")
    assert status(sides, "child") == "deferred"
    worker.work("other1")
    assert places(sides) == {"queued": ["child"]}


def test_only_a_lenient_job_goes_on_when_its_parent_failed(sides):
    producer, worker = sides
    producer.enqueue("shared", "fail", job_id="parent")
    producer.enqueue("shared", "add", job_id="lenient", depends_on={"jobs": ["parent"], "allow_failure": True})
    producer.enqueue("shared", "add", job_id="patient", depends_on="parent")
    worker.work("shared")
    assert places(sides) == {"failed": ["parent"], "finished": ["lenient"], "deferred": ["patient"]}


def test_a_job_goes_on_when_its_failed_parent_was_requeued_and_succeeds(sides):
    producer, worker = sides
    producer.enqueue("shared", "fail_at_first", 1, job_id="parent")
    producer.enqueue("shared", "add", job_id="child", depends_on="parent")
    producer.work("shared")
    assert places(sides) == {"failed": ["parent"], "deferred": ["child"]}
    worker.requeue("parent")
    producer.work("shared")
    assert places(sides) == {"finished": ["child", "parent"]}


# --- retry, repeat ------------------------------------------------------------------------------------------------------------------


def test_a_job_is_retried_at_once(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "fail_at_first", 2, job_id="job", retry={"max": 3}, on_failure={"func": "failed"})
    producer.enqueue("shared", "fail_at_first", 1, job_id="first", retry={"max": 3, "enqueue_at_front": True})
    worker.work("shared")
    assert order(redis_client) == ["job 1", "first 1", "first 2", "job 2", "job 3"]
    assert redis_client.lrange("callbacks", 0, -1) == [b"job failed ValueError run 1", b"job failed ValueError run 2"]
    read = described(sides, "job")
    assert (read["status"], read["return_value"], read["retries_left"], read["results"][0]) == ("finished", 3, 1, ["SUCCESSFUL", 3, ""])


def test_a_job_waits_before_each_retry_whoever_runs_it(sides, let_it_be_due):
    producer, worker = sides
    producer.enqueue("shared", "fail_at_first", 3, job_id="job", retry={"max": 3, "interval": [1000, 3000]})
    for side, seconds, left in ((worker, 1000, 2), (producer, 1000, 1), (worker, 3000, 0)):
        side.work("shared")
        assert places(sides) == {"scheduled": ["job"]}
        assert described(sides, "job")["retries_left"] == left
        assert seconds_until(sides, "job") == pytest.approx(seconds, abs=30)
        let_it_be_due("job")
    producer.work("shared")
    assert (places(sides), described(sides, "job")["return_value"]) == ({"finished": ["job"]}, 4)


def test_a_job_fails_when_no_retries_are_left(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "fail_at_first", 9, job_id="job", retry={"max": 2})
    worker.work("shared")
    read = described(sides, "job")
    assert (read["status"], read["retries_left"], read["results"][0]) == ("failed", 0, ["FAILED", None, "ValueError: run 3"])
    producer.requeue("job")
    assert (status(sides, "job"), described(sides, "job")["retries_left"]) == ("queued", 0)
    worker.work("shared")
    assert (places(sides), len(order(redis_client))) == ({"failed": ["job"]}, 4)


def test_a_job_may_ask_to_be_run_again(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "ask_at_first", 2, 3, job_id="job")
    worker.work("shared")
    read = described(sides, "job")
    assert (read["status"], read["number_of_retries"]) == ("finished", 2)
    assert read["results"] == [["SUCCESSFUL", 3, ""], ["RETRIED", 3, ""], ["RETRIED", 3, ""]]
    assert order(redis_client) == ["job 1", "job 2", "job 3"]


def test_a_job_that_asks_once_too_often_fails(sides):
    producer, worker = sides
    producer.enqueue("shared", "ask_at_first", 9, 1, job_id="job")
    worker.work("shared")
    read = described(sides, "job")
    assert (read["status"], read["number_of_retries"]) == ("failed", 1)
    assert read["results"] == [["MAX_RETRIES_EXCEEDED", 1, ""], ["RETRIED", 1, ""]]


def test_a_job_that_asks_waits_as_it_says_whoever_runs_it(sides, let_it_be_due):
    producer, worker = sides
    producer.enqueue("shared", "ask_at_first", 3, 3, [1000, 3000], job_id="job")
    for side, seconds, count in ((worker, 1000, 1), (producer, 3000, 2), (worker, 3000, 3)):
        side.work("shared")
        assert (places(sides), described(sides, "job")["number_of_retries"]) == ({"scheduled": ["job"]}, count)
        assert seconds_until(sides, "job") == pytest.approx(seconds, abs=30)
        let_it_be_due("job")
    producer.work("shared")
    assert status(sides, "job") == "finished"


def test_a_job_is_repeated(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "count", job_id="job", repeat={"times": 2})
    producer.enqueue("shared", "count", job_id="child", depends_on="job")
    worker.work("shared")
    read = described(sides, "job")
    assert (read["status"], read["repeats_left"]) == ("finished", 0)
    assert read["results"] == [["SUCCESSFUL", number, ""] for number in (3, 2, 1)]
    assert sorted(order(redis_client)) == ["child 1", "job 1", "job 2", "job 3"]
    assert places(sides) == {"finished": ["child", "job"]}


def test_a_job_waits_before_it_is_repeated_whoever_runs_it(sides, let_it_be_due):
    producer, worker = sides
    producer.enqueue("shared", "count", job_id="job", repeat={"times": 2, "interval": 1000})
    for side, left in ((worker, 1), (producer, 0)):
        side.work("shared")
        assert (status(sides, "job"), described(sides, "job")["repeats_left"]) == ("scheduled", left)
        assert seconds_until(sides, "job") == pytest.approx(1000, abs=30)
        let_it_be_due("job")
    worker.work("shared")
    assert (places(sides), described(sides, "job")["return_value"]) == ({"finished": ["job"]}, 3)


# --- what a job says ----------------------------------------------------------------------------------------------------------------


def test_meta_is_read_and_changed_by_both(sides):
    producer, worker = sides
    producer.enqueue("shared", "save_meta", "b", "ü", job_id="job", meta={"a": 1})
    worker.work("shared")
    assert described(sides, "job")["meta"] == {"a": 1, "b": "ü"}
    producer.save_meta("job", c=[None])
    worker.save_meta("job", a=2)
    assert described(sides, "job")["meta"] == {"a": 2, "b": "ü", "c": [None]}


def test_both_write_one_history_of_results(sides):
    producer, worker = sides
    producer.enqueue("shared", "fail_at_first", 2, job_id="job")
    for side, other in ((worker, producer), (producer, worker)):
        side.work("shared")
        assert places(sides) == {"failed": ["job"]}
        other.requeue("job")
        assert places(sides) == {"queued": ["job"]}
    worker.work("shared")
    read = described(sides, "job")
    assert read["results"] == [["SUCCESSFUL", 3, ""], ["FAILED", None, "ValueError: run 2"], ["FAILED", None, "ValueError: run 1"]]
    assert (read["return_value"], places(sides)) == (3, {"finished": ["job"]})


def test_json_is_written_and_read_by_both(sides):
    producer, worker = (side.with_serializer("json") for side in sides)
    producer.enqueue("shared", "save_meta", "b", "ü", job_id="job", meta={"a": 1})
    producer.enqueue("shared", "fail_at_first", 1, job_id="other", retry={"max": 1})
    worker.work("shared")
    read = described((producer, worker), "job")
    assert (read["args"], read["meta"], read["return_value"]) == (["b", "ü"], {"a": 1, "b": "ü"}, "ü")
    assert described((producer, worker), "other")["return_value"] == 2


# --- many, one, none ----------------------------------------------------------------------------------------------------------------


def test_many_jobs_with_options_are_run(sides, redis_client):
    producer, worker = sides
    producer.enqueue("shared", "count", job_id="parent")
    jobs = [
        ["count", [], {"job_id": "child", "depends_on": "parent"}],
        ["fail_at_first", [1], {"job_id": "retried", "retry": {"max": 1}, "meta": {"a": 1}}],
        ["count", [], {"job_id": "repeated", "repeat": {"times": 1}}],
        ["count", [], {"job_id": "first", "at_front": True}],
    ]
    assert sorted(producer.enqueue_many("shared", jobs)) == ["child", "first", "repeated", "retried"]
    assert places(sides) == {"queued": ["first", "parent", "repeated", "retried"], "deferred": ["child"]}
    worker.work("shared")
    assert places(sides) == {"finished": ["child", "first", "parent", "repeated", "retried"]}
    assert order(redis_client)[:2] == ["first 1", "parent 1"]
    assert sorted(order(redis_client)) == ["child 1", "first 1", "parent 1", "repeated 1", "repeated 2", "retried 1", "retried 2"]


def test_both_see_the_same_groups(sides):
    producer, worker = sides
    ids = producer.enqueue_group("shared", "some", [["add", [number], {"job_id": f"job{number}"}] for number in range(3)])
    worker.enqueue_group("shared", "other", [["fail", [], {"job_id": "bad"}]])
    worker.enqueue_group("shared", "some", [["add", [3], {"job_id": "job3"}]])
    worker.work("shared")
    producer.delete("job0")
    for side in sides:
        assert (side.groups(), side.group_ids("some"), side.group_ids("other")) == (["other", "some"], [*ids[1:], "job3"], ["bad"])
    assert described(sides, "job3")["group_id"] == "some"


def test_a_unique_job_is_refused_as_long_as_there_is_one_of_its_id(sides):
    producer, other = sides
    producer.enqueue("shared", "add", job_id="job", unique=True)
    for end in (lambda: None, lambda: other.work("shared")):
        end()
        for side in sides:
            with pytest.raises(CallRefused) as refusal:
                side.enqueue("shared", "add", job_id="job", unique=True)
            assert refusal.value.kind == "DuplicateJobError"
    other.delete("job")
    other.enqueue("shared", "add", job_id="job", unique=True)
    assert places(sides) == {"queued": ["job"]}


def test_a_scheduled_job_is_queued_when_it_is_due(sides, let_it_be_due):
    producer, worker = sides
    producer.enqueue_in("shared", 1000, "add", 1, job_id="soon")
    producer.enqueue_at("shared", "2100-01-02T03:04:05+00:00", "add", 2, job_id="late", at_front=True)
    worker.work("shared")
    assert places(sides) == {"scheduled": ["late", "soon"]}
    assert seconds_until(sides, "soon") == pytest.approx(1000, abs=30)
    assert {side.scheduled_time("shared", "late") for side in sides} == {"2100-01-02T03:04:05+00:00"}
    let_it_be_due("late")
    worker.work("shared")
    assert places(sides) == {"scheduled": ["soon"], "finished": ["late"]}


# --- canceling, requeueing, deleting ------------------------------------------------------------------------------------------------


def test_whatever_has_not_run_is_canceled_by_the_other(sides):
    producer, other = sides
    producer.enqueue("shared", "add", job_id="queued")
    producer.enqueue("shared", "add", job_id="deferred", depends_on="queued")
    producer.enqueue_in("shared", 1000, "add", job_id="scheduled")
    for job_id in ("deferred", "scheduled"):
        other.cancel(job_id)
    other.cancel_by_id("queued")
    assert places(sides) == {"canceled": ["deferred", "queued", "scheduled"]}
    for side in sides:
        with pytest.raises(CallRefused) as refusal:
            side.cancel("queued")
        assert refusal.value.kind == "InvalidJobOperation"
    other.work("shared")
    assert places(sides) == {"canceled": ["deferred", "queued", "scheduled"]}


@pytest.mark.parametrize("lets_go_on", [True, False])
def test_those_who_wait_for_a_canceled_job_go_on_if_that_is_said(sides, lets_go_on):
    producer, other = sides
    producer.enqueue("shared", "add", job_id="parent")
    producer.enqueue("shared", "add", job_id="child", depends_on="parent")
    other.cancel("parent", enqueue_dependents=lets_go_on)
    assert places(sides) == {"canceled": ["parent"], "queued" if lets_go_on else "deferred": ["child"]}
    producer.work("shared")
    assert status(sides, "child") == ("finished" if lets_go_on else "deferred")


def test_a_canceled_job_leaves_its_parents_if_that_is_said(sides):
    producer, other = sides
    producer.enqueue("shared", "add", job_id="parent")
    for job_id in ("stays", "leaves"):
        producer.enqueue("shared", "add", job_id=job_id, depends_on="parent")
        other.cancel(job_id, remove_from_dependencies=job_id == "leaves")
    assert "leaves" not in described(sides, "parent")["children"]
    other.work("shared")
    assert places(sides) == {"canceled": ["leaves", "stays"], "finished": ["parent"]}


def test_a_canceled_job_is_put_back_and_lets_those_go_on_who_wait_for_it(sides):
    producer, other = sides
    producer.enqueue("shared", "add", job_id="parent")
    producer.enqueue("shared", "add", job_id="child", depends_on="parent")
    producer.cancel("parent")
    other.requeue_from("shared", "canceled", "parent")
    assert places(sides) == {"queued": ["parent"], "deferred": ["child"]}
    producer.work("shared")
    assert places(sides) == {"finished": ["child", "parent"]}


def test_a_requeued_job_may_go_to_the_head_of_its_queue(sides):
    producer, other = sides
    producer.enqueue("shared", "fail", job_id="bad")
    other.work("shared")
    producer.enqueue("shared", "add", job_id="waiting")
    other.requeue("bad", at_front=True)
    assert (described(sides, "bad")["position"], described(sides, "waiting")["position"]) == (0, 1)


def test_a_job_that_has_not_failed_is_not_requeued_by_either(sides):
    sides[0].enqueue("shared", "add", job_id="job")
    for side in sides:
        with pytest.raises(CallRefused) as refusal:
            side.requeue("job")
        assert refusal.value.kind == "InvalidJobOperation"


def test_what_one_deletes_is_gone_for_the_other(sides):
    producer, other = sides
    for job_id in ("one", "two", "three"):
        producer.enqueue("shared", "add", job_id=job_id)
    producer.enqueue("shared", "add", job_id="child", depends_on="three")
    other.delete("child")
    other.delete("one")
    assert places(sides) == {"queued": ["three", "two"]}
    assert other.empty("shared") == 2
    for side in sides:
        assert side.registries("shared") == {kind: [] for kind in side.registries("shared")}
        with pytest.raises(CallRefused) as refusal:
            side.describe("one")
        assert refusal.value.kind == "NoSuchJobError"
