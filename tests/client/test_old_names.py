"""What RQ 0.4 to 1.x called things."""

from __future__ import annotations

import pytest

import rq
from rq.core.clock import utc_now
from rq.exceptions import DeserializationError, InvalidJobOperation, NoQueueError, NoSuchJobError, RQError, UnpickleError
from rq.job import Job, JobStatus, Status
from rq.queue import Queue, get_failed_queue
from rq.utils import ensure_list, first, utcnow
from rq.worker import StopRequested
from tests.client import tasks


class OwnJob(Job):
    """A subclass."""


def old(replacement):
    """The warning that names what to write today."""
    return pytest.warns(DeprecationWarning, match=f"say {replacement}")


@pytest.fixture
def failed(redis_client):
    with old(r"Queue\(\.\.\.\)\.failed_job_registry"):
        return get_failed_queue(redis_client)


@pytest.fixture
def failed_jobs(redis_client, worker):
    """One failed job in each of two queues, and one that waits."""
    jobs = []
    for name in ("high", "low"):
        jobs.append(Queue(name, connection=redis_client).enqueue(tasks.add, 1))
        worker._store.fail(worker.take(name, name), 1000)
    Queue("high", connection=redis_client).enqueue(tasks.add, 2)
    return jobs


def test_the_failed_queue_has_the_failed_jobs_of_all_queues(failed, failed_jobs):
    assert failed.job_ids == [job.id for job in failed_jobs]
    assert failed.jobs == failed_jobs
    assert (failed.count, len(failed), failed.is_empty(), bool(failed), failed.name) == (2, 2, False, True, "failed")
    assert failed_jobs[0] in failed
    assert "nobody" not in failed
    assert repr(failed) == "FailedQueue('failed')"


def test_a_job_of_the_failed_queue_goes_back_to_its_own(failed, failed_jobs, redis_client):
    assert failed.requeue(failed_jobs[1].id) == failed_jobs[1]
    assert Queue("low", connection=redis_client).job_ids == [failed_jobs[1].id]
    assert failed.job_ids == [failed_jobs[0].id]


def test_what_did_not_fail_is_not_requeued(failed, queue):
    with pytest.raises(NoSuchJobError):
        failed.requeue("nobody")
    with pytest.raises(InvalidJobOperation):
        failed.requeue(queue.enqueue(tasks.add, 1).id)


def test_the_failed_queue_of_nothing_is_empty_and_true(failed):
    assert (failed.job_ids, failed.jobs, failed.count, failed.is_empty(), bool(failed)) == ([], [], 0, True, True)


def test_the_failed_queue_makes_jobs_of_the_class_it_is_given(redis_client, failed_jobs):
    with old("Queue"):
        found = rq.get_failed_queue(redis_client, job_class=OwnJob).jobs
    assert {type(job) for job in found} == {OwnJob}


def test_a_job_answers_to_its_old_names_and_says_the_new_ones(queue):
    job = queue.enqueue(tasks.add, 1, job_id="one")
    with old(r"job\.get_status\(\)") as caught:
        assert job.status == "queued"
    assert [warning.filename for warning in caught] == [__file__]
    with old(r"job\.id"):
        assert job.get_id() == "one"
    with old(r"job\.to_dict\(\)"):
        assert job.dump() == job.to_dict()
    with old(r"job\.id = "):
        job.set_id("two")
    assert job.id == "two"


def test_a_program_may_keep_its_own_status_with_a_job(queue):
    job = queue.enqueue(tasks.add, 1)
    vars(job)["status"] = "seen"
    assert job.status == "seen"


def test_return_value_is_still_a_method(queue):
    assert queue.enqueue(tasks.add, 1).return_value() is None


def test_the_errors_and_the_statuses_of_old_are_those_of_today():
    assert Status is JobStatus
    assert UnpickleError is DeserializationError
    assert issubclass(NoQueueError, RQError)
    assert issubclass(StopRequested, RQError)


def test_the_helpers_of_old_do_what_they_did():
    assert ensure_list("word") == ["word"]
    assert ensure_list((1, 2)) == [1, 2]
    assert first([0, None, 3, 4]) == 3
    assert first([0, 1, 5], key=lambda number: number > 2) == 5
    assert first([0], default="none") == "none"
    assert abs((utcnow() - utc_now()).total_seconds()) < 60


def test_a_timeout_beside_all_of_the_functions_arguments_is_the_jobs(queue):
    with pytest.warns(DeprecationWarning, match="job_timeout") as caught:
        job = queue.enqueue(tasks.add, args=(1,), kwargs={"b": 2}, timeout=600)
    assert (job.timeout, job.args, job.kwargs) == (600, (1,), {"b": 2})
    assert [warning.filename for warning in caught] == [__file__]
    assert queue.enqueue(tasks.anything, timeout=600).kwargs == {"timeout": 600}
