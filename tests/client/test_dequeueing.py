"""Taking jobs out of queues in RQ's way, and the list that RQ's workers keep them in meanwhile."""

from __future__ import annotations

import pytest

from rq.exceptions import CorruptDataError, DequeueTimeout
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.maintenance import clean_intermediate_queue
from rq.queue import Queue
from rq.serializers import JSONSerializer
from tests.client import tasks


@pytest.fixture
def other(redis_client):
    return Queue("other", connection=redis_client)


class OwnJob(Job):
    """A job class of a program's own."""


class OwnQueue(Queue):
    """A queue class of a program's own."""


class Tidy:
    """A worker, as far as its name goes."""

    name = "tidy"


def test_an_id_is_taken_from_the_first_queue_that_has_one(queue, other, redis_client):
    queue.push_job_id("a")
    other.push_job_id("b")
    keys = [other.key, queue.key]
    taken = [Queue.lpop(keys, None, redis_client) for _ in range(3)]
    assert taken == [(other.key, "b"), (queue.key, "a"), None]


def test_waiting_takes_an_id_too(queue, other, redis_client):
    queue.push_job_id("a")
    assert Queue.lpop([other.key, queue.key], 1, redis_client) == (queue.key, "a")


def test_an_id_is_moved_into_the_intermediate_list(queue, redis_client):
    queue.push_job_id("a")
    queue.push_job_id("b")
    assert Queue.lmove(redis_client, queue.key, None) == (queue.key, "a")
    assert Queue.lmove(redis_client, queue.key, 1) == (queue.key, "b")
    assert Queue.lmove(redis_client, queue.key, None) is None
    assert (queue.job_ids, queue.intermediate_queue.get_job_ids()) == ([], ["a", "b"])


def test_waiting_in_vain_says_for_what(queue, other, redis_client):
    with pytest.raises(DequeueTimeout) as lists:
        Queue.lpop([queue.key, other.key], 1, redis_client)
    assert lists.value.args == (1, [queue.key, other.key])
    with pytest.raises(DequeueTimeout) as one:
        Queue.lmove(redis_client, queue.key, 1)
    assert one.value.args == (1, queue.key)


def test_nobody_waits_for_ever(queue, redis_client):
    for wait in (lambda: Queue.lpop([queue.key], 0, redis_client), lambda: Queue.lmove(redis_client, queue.key, 0)):
        with pytest.raises(ValueError, match="above 0"):
            wait()


def test_a_job_is_taken_with_its_queue(queue, other, redis_client):
    job = queue.enqueue(tasks.add, 1)
    assert Queue.dequeue_any([other, queue], None, redis_client) == (job, queue)
    assert Queue.dequeue_any([other, queue], None, redis_client) is None
    assert job.get_status() == "queued"


def test_ids_without_a_job_are_passed_over(queue, redis_client):
    queue.push_job_id("gone")
    job = queue.enqueue(tasks.add, 1)
    assert Queue.dequeue_any([queue], 1, redis_client) == (job, queue)
    assert queue.intermediate_queue.get_job_ids() == ["gone", job.id]


def test_a_taken_job_is_of_the_class_and_serializer_that_were_named(queue, redis_client):
    Queue(connection=redis_client, serializer="json").enqueue(tasks.add, 1)
    taken = OwnQueue.dequeue_any([queue], None, redis_client, job_class=OwnJob, serializer=JSONSerializer)
    assert taken is not None
    job, its_queue = taken
    assert (type(job), type(its_queue), its_queue.job_class, job.args) == (OwnJob, OwnQueue, OwnJob, [1])


def test_an_error_names_the_job_that_could_not_be_read(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    redis_client.hset(job.key, "timeout", "soon")
    with pytest.raises(CorruptDataError) as raised:
        Queue.dequeue_any([queue], None, redis_client)
    assert (vars(raised.value)["job_id"], vars(raised.value)["queue"]) == (job.id, queue)


# --- the intermediate list ---


def test_the_intermediate_list_has_rqs_keys(queue, redis_client):
    intermediate = queue.intermediate_queue
    assert (intermediate.key, intermediate.get_first_seen_key("a")) == (
        "rq:queue:default:intermediate",
        "rq:queue:default:intermediate:first_seen:a",
    )
    assert intermediate.key == queue.intermediate_queue_key == IntermediateQueue.get_intermediate_queue_key(queue.key)
    with pytest.raises(ValueError, match="Not a key of a queue"):
        IntermediateQueue("rq:job:a", redis_client)


def test_an_id_is_noted_when_it_is_first_seen(queue, redis_client):
    intermediate = queue.intermediate_queue
    assert (intermediate.get_first_seen("a"), intermediate.should_be_cleaned_up("a")) == (None, False)
    assert (intermediate.set_first_seen("a"), intermediate.set_first_seen("a")) == (True, False)
    assert not intermediate.should_be_cleaned_up("a")
    redis_client.incrbyfloat(intermediate.get_first_seen_key("a"), -61)
    assert intermediate.should_be_cleaned_up("a")


def test_an_id_is_removed_from_the_intermediate_list(queue, redis_client):
    queue.push_job_id("a")
    Queue.lmove(redis_client, queue.key, None)
    queue.intermediate_queue.remove("a")
    assert queue.intermediate_queue.get_job_ids() == []


def test_a_job_that_was_taken_and_left_lying_goes_back_to_its_queue(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    Queue.dequeue_any([queue], None, redis_client)
    queue.intermediate_queue.cleanup(Tidy(), queue)
    assert queue.job_ids == []
    redis_client.incrbyfloat(queue.intermediate_queue.get_first_seen_key(job.id), -61)
    with pytest.warns(DeprecationWarning, match="intermediate_queue.cleanup"):
        clean_intermediate_queue(Tidy(), queue)
    assert (queue.job_ids, queue.intermediate_queue.get_job_ids()) == ([job.id], [])
