"""Results written by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from rq.exceptions import CorruptDataError
from rq.job import Job, Retry
from rq.results import UNSERIALIZABLE_RETURN_VALUE_PAYLOAD, Result
from tests.client import tasks

EARLIER, LATER = datetime(2030, 1, 2, 3, 4, 5, 250000, tzinfo=UTC), datetime(2030, 1, 2, 3, 4, 6, tzinfo=UTC)


@pytest.fixture
def job(queue) -> Job:
    job: Job = queue.enqueue(tasks.add, 1)
    return job


def test_a_result_is_stored_with_all_that_is_known_of_the_attempt(job, redis_client):
    result = Result.create(job, Result.Type.SUCCESSFUL, 100, {"a": 1}, None, "w", None, "e", EARLIER, LATER)
    [read] = job.results()
    assert read == result
    assert bool(read)
    described = (read.type, read.return_value, read.exc_string, read.worker_name, read.execution_id, read.execution_started_at, read.execution_ended_at)
    assert described == (Result.Type.SUCCESSFUL, {"a": 1}, None, "w", "e", EARLIER, LATER)
    assert read.serialize() == result.serialize()
    assert (job.return_value(), job.get_status(), redis_client.ttl(Result.get_key(job.id))) == ({"a": 1}, "queued", 100)


def test_what_is_known_of_an_attempt_besides_its_outcome_can_be_stored_by_hand(job):
    result = Result(job.id, Result.Type.FAILED, job.connection, exc_string="boom", execution_id="e")
    result.output, result.killed_by, result.peak_memory, result.cpu_seconds = "said\n", "a limit", 1024, 0.5
    result.save(100)
    [read] = job.results()
    assert (read.output, read.killed_by, read.peak_memory, read.cpu_seconds) == ("said\n", "a limit", 1024, 0.5)
    assert read.serialize() == result.serialize()


def test_what_is_not_known_is_left_out(job):
    assert Result.create(job, Result.Type.SUCCESSFUL, None).serialize() == {"type": 1, "worker_name": ""}


@pytest.mark.parametrize(
    ("create", "type_", "value"),
    [
        (lambda job: Result.create_failure(job, 10, "boom", "w", None, "e", EARLIER, LATER), Result.Type.FAILED, None),
        (lambda job: Result.create_retried(job, 10, Retry(1), "w", "e", EARLIER, LATER), Result.Type.RETRIED, Retry),
        (lambda job: Result.create_max_retries_exceeded(job, 10, Retry(1), "w", "e", EARLIER, LATER), Result.Type.MAX_RETRIES_EXCEEDED, Retry),
    ],
)
def test_a_result_is_created_for_each_end(job, create, type_, value):
    create(job)
    latest = job.latest_result()
    assert (latest.type, latest.worker_name, latest.execution_id, latest.exc_string) == (type_, "w", "e", None if value else "boom")
    assert value is None or type(latest.return_value) is value


def test_a_value_that_cannot_be_serialized_is_replaced(job):
    Result.create(job, Result.Type.SUCCESSFUL, 10, threading.Lock())
    assert job.return_value() == UNSERIALIZABLE_RETURN_VALUE_PAYLOAD


@pytest.mark.parametrize(("ttl", "left"), [(100, 100), (-1, -1), (None, 50), (0, -2)])
def test_results_expire_as_the_newest_says(job, redis_client, ttl, left):
    Result.create_failure(job, 50, "boom")
    Result.create_failure(job, ttl, "boom")
    assert redis_client.ttl(Result.get_key(job.id)) == left


def test_the_ten_newest_results_are_kept(job):
    for number in range(11):
        Result.create(job, Result.Type.SUCCESSFUL, 10, number)
    assert [result.return_value for result in job.results()] == list(range(10, 0, -1))


def test_a_pipeline_collects_a_result(job, redis_client):
    pipeline = redis_client.pipeline()
    result = Result.create_failure(job, None, "boom", pipeline=pipeline)
    assert (result.id, job.results()) == (None, [])
    pipeline.execute()
    assert job.latest_result().exc_string == "boom"


def test_a_result_that_was_read_can_be_saved_again(job):
    Result.create(job, Result.Type.SUCCESSFUL, 10, "value")
    latest = job.latest_result()
    former = latest.id
    assert latest.save(10) == latest.id != former
    assert [result.return_value for result in job.results()] == ["value", "value"]


def test_all_results_of_a_job_are_deleted(job):
    Result.create_failure(job, 10, "boom")
    Result.delete_all(job)
    assert (Result.count(job), Result.fetch(job)) == (0, None)


def test_a_result_is_restored_from_an_entry_of_the_stream(job, redis_client):
    Result.create(job, Result.Type.SUCCESSFUL, 10, [1])
    [(entry_id, fields)] = redis_client.xrange(Result.get_key(job.id))
    result = Result.restore(job.id, entry_id.decode(), fields, redis_client)
    assert (result, result.return_value, result.job_id) == (job.latest_result(), [1], job.id)


def test_a_key_that_holds_no_results_is_named(job, redis_client):
    redis_client.set(Result.get_key(job.id), "text")
    with pytest.raises(CorruptDataError, match="no stream"):
        Result.create_failure(job, 10, "boom")
