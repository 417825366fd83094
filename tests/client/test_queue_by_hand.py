"""Queues changed by hand: ids and jobs taken out, whole queues deleted, the locks of RQ's maintenance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rq.exceptions import CorruptDataError
from rq.job import Dependency
from rq.queue import EnqueueArgs, Queue
from rq.store.queue_list import MOST_COMPACTED
from tests.client import tasks


def test_an_id_is_removed_from_the_list_and_its_job_stays(queue):
    first, second = queue.enqueue(tasks.add, 1), queue.enqueue(tasks.add, 2)
    assert queue.remove(first) == 1
    assert (queue.job_ids, first.get_status()) == ([second.id], "queued")
    assert (queue.remove(first.id), queue.remove(second.id)) == (0, 1)


def test_only_the_first_entry_of_an_id_is_removed(queue):
    for _ in range(2):
        queue.push_job_id("a")
    queue.remove("a")
    assert queue.job_ids == ["a"]


def test_ids_are_pushed_to_either_end_and_popped_from_the_head(queue):
    queue.push_job_id("b")
    queue.push_job_id("a", at_front=True)
    assert (queue.pop_job_id(), queue.pop_job_id(), queue.pop_job_id()) == ("a", "b", None)


def test_a_pipeline_collects_what_changes_the_list(queue, redis_client):
    pipeline = redis_client.pipeline()
    queue.push_job_id("a", pipeline=pipeline)
    queue.push_job_id("b", pipeline=pipeline)
    assert queue.remove("a", pipeline=pipeline) is None
    assert queue.job_ids == []
    assert pipeline.execute() == [1, 2, 1]
    assert queue.job_ids == ["b"]


def test_a_deleted_queue_is_gone_with_the_jobs_that_waited(queue, redis_client):
    waiting, scheduled = queue.enqueue(tasks.add, 1), queue.enqueue_in(timedelta(hours=1), tasks.add, 1)
    queue.delete()
    assert (Queue.all(redis_client), queue.job_ids) == ([], [])
    assert not waiting.exists(waiting.id, redis_client)
    assert scheduled.get_status() == "scheduled"


def test_a_queue_can_be_deleted_without_its_jobs(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    queue.delete(delete_jobs=False)
    assert (Queue.all(redis_client), queue.job_ids, job.get_status()) == ([], [], "queued")


def test_a_queue_that_never_was_is_deleted_without_complaint(queue):
    queue.delete()


def test_a_compacted_queue_holds_the_ids_of_jobs_in_their_order(queue, redis_client):
    jobs = [queue.enqueue(tasks.add, number) for number in range(5)]
    redis_client.delete(jobs[0].key, jobs[3].key)
    queue.compact()
    assert queue.job_ids == [jobs[1].id, jobs[2].id, jobs[4].id]


def test_a_long_queue_is_compacted_step_by_step(queue):
    kept = [queue.enqueue(tasks.add, number).id for number in range(3)]
    gone = [f"gone-{number}" for number in range(MOST_COMPACTED)]
    for job_id in kept:
        queue.remove(job_id)
    queue.connection.rpush(queue.key, kept[0], *gone, kept[1], *gone, kept[2])
    queue.compact()
    assert queue.job_ids == kept


def test_an_empty_queue_can_be_compacted(queue):
    queue.compact()


def test_compacting_what_is_no_list_says_so(queue, redis_client):
    redis_client.set(queue.key, "text")
    with pytest.raises(CorruptDataError, match="no list"):
        queue.compact()


def test_dependents_go_on_when_they_are_told(queue):
    parent = queue.enqueue(tasks.add, 1)
    child = queue.enqueue(tasks.add, 2, depends_on=parent)
    queue.enqueue_dependents(parent)
    assert (child.get_status(), queue.job_ids) == ("queued", [parent.id, child.id])


@pytest.mark.parametrize(("exclude_itself", "status"), [(False, "deferred"), (True, "queued")])
def test_dependents_of_a_job_that_failed_go_on_if_it_counts_as_ended_well(queue, worker, exclude_itself, status):
    parent = queue.enqueue(tasks.add, 1)
    child = queue.enqueue(tasks.add, 2, depends_on=parent)
    worker.fail()
    queue.enqueue_dependents(parent, exclude_job_id=parent.id if exclude_itself else None)
    assert child.get_status() == status


def test_dependents_go_by_the_status_in_memory_if_the_server_is_not_to_be_asked(queue, worker):
    parent = queue.enqueue(tasks.add, 1)
    tolerant = queue.enqueue(tasks.add, 2, depends_on=Dependency(parent, allow_failure=True))
    strict = queue.enqueue(tasks.add, 2, depends_on=parent)
    parent._status = "failed"
    queue.enqueue_dependents(parent, refresh_job_status=False)
    assert (tolerant.get_status(), strict.get_status()) == ("queued", "deferred")


def test_telling_dependents_can_be_part_of_a_pipeline(queue, redis_client):
    parent = queue.enqueue(tasks.add, 1)
    child = queue.enqueue(tasks.add, 2, depends_on=parent)
    pipeline = redis_client.pipeline()
    queue.enqueue_dependents(parent, pipeline=pipeline)
    assert child.get_status() == "deferred"
    pipeline.execute()
    assert child.get_status() == "queued"


def test_arguments_are_parsed_as_enqueue_takes_them(queue):
    parsed = queue.parse_args(tasks.add, 1, b=2, job_timeout="5s", at_front=True)
    assert parsed == EnqueueArgs(tasks.add, timeout="5s", at_front=True, args=(1,), kwargs={"b": 2})
    assert Queue.parse_args("a.b", args=[1]) == EnqueueArgs("a.b", args=[1], kwargs=None)


def test_the_fields_of_parsed_arguments_stand_in_rqs_order():
    assert ", ".join(EnqueueArgs._fields) == (
        "func, timeout, description, result_ttl, ttl, failure_ttl, depends_on, job_id, at_front, meta, retry, repeat, on_success, on_failure, on_stopped, "
        "pipeline, unique, args, kwargs, webhooks"
    )


def test_a_function_that_no_worker_finds_is_refused_when_it_is_parsed():
    with pytest.raises(ValueError, match="lambda"):
        Queue.parse_args(lambda: None)


# --- RQ's maintenance ---


def test_the_maintenance_lock_has_one_owner(queue, redis_client):
    other = Queue(connection=redis_client)
    assert (queue.acquire_maintenance_lock(), queue.acquire_maintenance_lock(), other.acquire_maintenance_lock()) == (True, False, False)
    assert redis_client.ttl(queue.registry_cleaning_key) == 899
    other.release_maintenance_lock()
    assert not other.acquire_maintenance_lock()
    queue.release_maintenance_lock()
    assert other.acquire_maintenance_lock()


def test_a_lock_that_ran_out_is_not_taken_from_the_next_owner(queue, redis_client):
    other = Queue(connection=redis_client)
    queue.acquire_maintenance_lock()
    redis_client.delete(queue.registry_cleaning_key)
    other.acquire_maintenance_lock()
    queue.release_maintenance_lock()
    assert redis_client.exists("rq:clean_registries:default")


def test_the_scheduler_of_a_queue_is_named_by_its_process(queue, redis_client):
    assert queue.scheduler_pid is None
    redis_client.set("rq:scheduler-lock:default", "somebody")
    assert queue.scheduler_pid is None
    redis_client.hset("rq:scheduler:somebody", "pid", 77)
    assert queue.scheduler_pid == 77


def test_a_queue_knows_its_servers_version(queue):
    assert queue.get_redis_server_version() >= (6, 2, 0)
