"""A job that is run by hand, and what it knows of its callbacks."""

from __future__ import annotations

import pytest

from rq import get_current_job
from rq.exceptions import DeserializationError, ReferenceNotFound
from rq.job import Callback, Job
from rq.timeouts import JobTimeoutException, TimerDeathPenalty, UnixSignalDeathPenalty
from tests.client import sync_jobs, tasks
from tests.client.sync_jobs import SEEN

NONE_SUCH = "tests.client.sync_jobs.no_such_function"


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def loop_for_ever(job: Job, connection: object, *about: object) -> None:
    while True:
        pass


def test_performing_a_job_calls_its_function_and_writes_nothing(queue, redis_client):
    job = queue.create_job(tasks.add, args=(2,), kwargs={"b": 3})
    assert job.perform() == 5
    assert redis_client.keys() == []


def test_a_job_is_the_current_one_while_it_is_performed(queue):
    job = queue.create_job(sync_jobs.this_job)
    assert job.perform() is job
    assert get_current_job() is None


def test_performing_a_job_runs_a_coroutine_and_raises_what_it_raises(queue):
    assert queue.create_job(sync_jobs.add_slowly, args=(2, 3)).perform() == 5
    with pytest.raises(ZeroDivisionError):
        queue.create_job(sync_jobs.fail).perform()
    assert get_current_job() is None


def test_a_payload_that_cannot_be_loaded_cannot_be_performed(queue):
    job = queue.create_job(tasks.add)
    job.data = b"junk"
    with pytest.raises(DeserializationError):
        job.perform()


def test_a_job_without_callbacks_has_none(queue):
    job = queue.create_job(tasks.add)
    assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)
    assert (job.success_callback_timeout, job.failure_callback_timeout, job.stopped_callback_timeout) == (60, 60, 60)
    job.execute_success_callback(UnixSignalDeathPenalty, 1)
    job.execute_failure_callback(UnixSignalDeathPenalty, ValueError, ValueError(), None)
    job.execute_stopped_callback(UnixSignalDeathPenalty)


def test_a_job_knows_its_callbacks_and_their_time_limits(queue, redis_client):
    job = queue.enqueue(
        tasks.add, 1, on_success=Callback(sync_jobs.succeeded, timeout=5), on_failure=Callback(sync_jobs.failed, timeout="1m"), on_stopped=Callback(NONE_SUCH)
    )
    stored = Job.fetch(job.id, connection=redis_client)
    for same in (job, stored):
        assert (same.success_callback, same.failure_callback) == (sync_jobs.succeeded, sync_jobs.failed)
        assert (same.success_callback_timeout, same.failure_callback_timeout, same.stopped_callback_timeout) == (5, 60, 60)
        with pytest.raises(ReferenceNotFound):
            _ = same.stopped_callback


@pytest.mark.parametrize("penalty", [UnixSignalDeathPenalty, TimerDeathPenalty])
def test_a_callback_runs_under_its_own_time_limit(queue, penalty):
    callback = Callback(loop_for_ever, timeout=1)
    job = queue.create_job(tasks.add, on_success=callback, on_failure=callback, on_stopped=callback)
    with pytest.raises(JobTimeoutException):
        job.execute_success_callback(penalty, 1)


def test_a_callback_is_given_the_job_and_its_connection(queue):
    job = queue.enqueue(tasks.add, 1, on_success=Callback(sync_jobs.succeeded))
    job.execute_success_callback(UnixSignalDeathPenalty, 7)
    assert [("succeeded", job.id, "queued", 7, False)] == SEEN
