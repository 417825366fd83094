"""Queues: as handles, as values, as lists of jobs."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from rq.job import Job
from rq.queue import Queue
from tests.client import tasks


class OwnJob(Job):
    """A job class of a program's own."""


def test_a_queue_needs_a_connection():
    with pytest.raises(TypeError, match="connection"):
        Queue("a")


@pytest.mark.parametrize("name", [5, 0, None, b"a", ["a"]])
def test_the_name_of_a_queue_is_a_text(redis_client, name):
    with pytest.raises(TypeError, match=f"The name of a queue is a str, not {type(name).__name__}"):
        Queue(name, connection=redis_client)


def test_a_queue_ignores_keywords_that_it_does_not_know(redis_client):
    assert Queue(connection=redis_client, unknown=1).is_async
    old: dict[str, Any] = {"async": True}
    with pytest.warns(DeprecationWarning, match="is_async"):
        assert Queue(connection=redis_client, **old).is_async


def test_a_time_limit_that_is_no_duration_is_refused(redis_client):
    with pytest.raises(ValueError, match="soon"):
        Queue(connection=redis_client, default_timeout="soon")


def test_a_job_class_may_be_a_path(redis_client):
    assert Queue(connection=redis_client, job_class="tests.client.test_queue.OwnJob").job_class.__name__ == "OwnJob"
    with pytest.raises(ValueError, match="not a subclass"):
        Queue(connection=redis_client, job_class="tests.client.tasks.Greeter")


def test_queues_are_equal_and_ordered_by_name(redis_client):
    a, b = Queue("a", connection=redis_client), Queue("b", connection=redis_client)
    assert a == Queue("a", connection=redis_client)
    assert a != b
    assert a != "a"
    assert sorted([b, a]) == [a, b]
    assert a <= b
    assert len({a, b, Queue("a", connection=redis_client)}) == 2
    with pytest.raises(TypeError):
        _ = a < "b"


def test_an_empty_queue_is_true_and_a_queue_is_a_list_of_itself(queue):
    assert bool(queue)
    assert list(queue) == [queue]
    assert (repr(queue), str(queue)) == ("Queue('default')", "<Queue default>")


def test_a_queue_has_rqs_keys(queue):
    assert (queue.key, queue.intermediate_queue_key) == ("rq:queue:default", "rq:queue:default:intermediate")
    assert (Queue.redis_queue_namespace_prefix, Queue.redis_queues_keys) == ("rq:queue:", "rq:queues")


def test_a_queue_is_found_by_its_key(redis_client):
    assert Queue.from_queue_key("rq:queue:a:b", redis_client) == Queue("a:b", connection=redis_client)
    assert Queue.from_queue_key("rq:queue:a", redis_client, job_class=OwnJob).job_class is OwnJob
    with pytest.raises(ValueError, match="Not a key of a queue"):
        Queue.from_queue_key("rq:job:a", redis_client)


def test_all_queues_are_listed_in_order(redis_client):
    for name in ("b", "ü", "a"):
        Queue(name, connection=redis_client).enqueue(tasks.add)
    assert [queue.name for queue in Queue.all(redis_client)] == ["a", "b", "ü"]


def test_waiting_jobs_are_counted(queue):
    assert queue.is_empty()
    queue.enqueue(tasks.add)
    assert (len(queue), queue.count, queue.is_empty()) == (1, 1, False)


def test_a_part_of_the_waiting_jobs_can_be_listed(queue):
    ids = [queue.enqueue(tasks.add, number).id for number in range(5)]
    assert queue.get_job_ids() == queue.job_ids == ids
    assert queue.get_job_ids(1) == ids[1:]
    assert queue.get_job_ids(1, 2) == ids[1:3]
    assert queue.get_job_ids(length=0) == []
    assert [job.args for job in queue.get_jobs(3, 9)] == [(3,), (4,)]


def test_ids_without_a_job_of_this_queue_are_left_out_and_left_alone(queue, redis_client):
    job = queue.enqueue(tasks.add)
    other = Queue("other", connection=redis_client).enqueue(tasks.add)
    redis_client.rpush(queue.key, "gone", other.id)
    assert queue.jobs == [job]
    assert len(queue) == 3


def test_a_job_is_fetched_from_its_own_queue_only(queue, redis_client):
    job = queue.enqueue(tasks.add)
    assert queue.fetch_job(job.id) == job
    assert queue.fetch_job("nope") is None
    assert Queue("other", connection=redis_client).fetch_job(job.id) is None


def test_a_job_has_a_position_and_is_in_the_queue_while_it_waits(queue, worker):
    job = queue.enqueue(tasks.add)
    last = queue.enqueue(tasks.add)
    assert (queue.get_job_position(job), queue.get_job_position(last.id)) == (0, 1)
    assert job in queue
    worker.take()
    assert queue.get_job_position(job) is None
    assert job.id not in queue


def test_emptying_deletes_the_jobs_that_wait_and_no_others(queue, worker, redis_client):
    done = queue.enqueue(tasks.add)
    worker.finish()
    waiting = [queue.enqueue(tasks.add) for _ in range(3)]
    assert queue.empty() == 3
    assert queue.is_empty()
    assert not any(Job.exists(job.id, redis_client) for job in waiting)
    assert done.is_finished


def test_emptying_a_long_queue_takes_a_round_trip_per_thousand(queue, redis_client, watched):
    with redis_client.pipeline(transaction=False) as pipeline:
        for number in range(2001):
            pipeline.hset(f"rq:job:j{number}", mapping={"status": "queued", "data": "x"})
            pipeline.rpush(queue.key, f"j{number}")
        pipeline.execute()
    queue.empty()
    with redis_client.pipeline(transaction=False) as pipeline:
        for number in range(2001):
            pipeline.hset(f"rq:job:j{number}", mapping={"status": "queued", "data": "x"})
            pipeline.rpush(queue.key, f"j{number}")
        pipeline.execute()
    with watched() as seen:
        assert queue.empty() == 2001
    assert len(seen.commands) == 3
    assert redis_client.keys("rq:job:*") == []


def test_every_count_is_one_read(queue, watched):
    questions = [functools.partial(len, queue), queue.is_empty, queue.get_job_ids, functools.partial(len, queue.failed_job_registry)]
    with watched() as seen:
        for ask in questions:
            ask()
    assert [command.split(" ")[0] for command in seen.commands] == ["LLEN", "LLEN", "LRANGE", "ZCARD"]
