"""Jobs that wait for others, as producers say it."""

from __future__ import annotations

import pytest

from rq.core.errors import DuplicateJobError, InvalidJobDependency, InvalidOptionError
from rq.job import Dependency, JobStatus
from rq.queue import Queue
from tests.client import tasks


def test_a_job_waits_for_the_job_it_depends_on_and_goes_on_when_that_has_finished(queue, worker):
    parent = queue.enqueue(tasks.add, 1, 2)
    child = queue.enqueue(tasks.add, depends_on=parent)
    assert child.get_status() == JobStatus.DEFERRED
    assert (parent.dependent_ids, child.dependency_ids) == ([child.id], [parent.id])
    assert child.id in queue.deferred_job_registry
    worker.finish()
    assert child.get_status() == JobStatus.QUEUED
    assert queue.job_ids == [child.id]


def test_a_job_that_depends_on_nothing_unfinished_is_queued_at_once(queue, worker):
    parent = queue.enqueue(tasks.add)
    worker.finish()
    assert queue.enqueue(tasks.add, depends_on=[parent, "never-enqueued"]).get_status() == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("on_failure", "status"), [(None, JobStatus.DEFERRED), ("run", JobStatus.QUEUED), ("cancel", JobStatus.CANCELED), ("fail", JobStatus.FAILED)]
)
def test_a_job_may_say_what_becomes_of_it_when_its_parent_fails(queue, worker, on_failure, status):
    parent = queue.enqueue(tasks.add)
    child = queue.enqueue(tasks.add, depends_on=Dependency(parent, on_failure=on_failure))
    worker.fail()
    assert child.get_status() == status
    assert queue.enqueue(tasks.add, depends_on=Dependency(parent, on_failure=on_failure)).get_status() == status


def test_a_job_says_by_the_same_rule_whether_what_it_waits_for_has_ended(queue, worker):
    one, other = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    ways = [None, "run", "cancel", "fail"]
    children = [queue.enqueue(tasks.add, depends_on=Dependency([one, other], on_failure=way)) for way in ways]
    worker.fail()
    assert [child.dependencies_are_met() for child in children] == [False] * 4
    assert [child.dependencies_are_met(parent_job=other) for child in children] == [False, True, False, False]
    other.cancel()
    assert [child.dependencies_are_met() for child in children] == [False, True, False, False]


def test_a_job_that_would_wait_for_itself_is_refused(queue, redis_client):
    with pytest.raises(InvalidJobDependency, match="itself"):
        queue.enqueue(tasks.add, job_id="a", depends_on="a")
    first = queue.enqueue(tasks.add, job_id="a")
    queue.enqueue(tasks.add, job_id="b", depends_on=first)
    with pytest.raises(InvalidJobDependency, match="waits for it"):
        queue.enqueue(tasks.add, job_id="a", depends_on="b")
    assert queue.job_ids == ["a"]


def test_jobs_of_one_call_may_depend_on_one_another_in_any_order(queue):
    datas = [Queue.prepare_data(tasks.add, job_id=name, depends_on=parents) for name, parents in (("c", ["a", "b"]), ("a", None), ("b", ["a"]))]
    jobs = queue.enqueue_many(datas)
    assert [(job.id, job.get_status(refresh=False)) for job in jobs] == [("c", "deferred"), ("a", "queued"), ("b", "deferred")]
    assert queue.job_ids == ["a"]


def test_jobs_of_one_call_that_wait_for_one_another_are_refused_before_anything_is_written(queue, redis_client):
    datas = [Queue.prepare_data(tasks.add, job_id=name, depends_on=parent) for name, parent in (("a", "b"), ("b", "c"), ("c", "a"))]
    with pytest.raises(InvalidJobDependency):
        queue.enqueue_many(datas)
    assert redis_client.keys() == []


def test_a_unique_job_is_refused_while_there_is_one_of_its_id(queue, worker):
    queue.enqueue(tasks.add, job_id="a", unique=True)
    for enqueue in (queue.enqueue, lambda *args, **options: queue.enqueue_in(60, *args, **options)):
        with pytest.raises(DuplicateJobError, match="exists already and is queued"):
            enqueue(tasks.add, job_id="a", unique=True)
    worker.finish()
    with pytest.raises(DuplicateJobError, match="is finished"):
        queue.enqueue(tasks.add, job_id="a", unique=True, depends_on="b")
    queue.fetch_job("a").delete()
    assert queue.enqueue(tasks.add, job_id="a", unique=True).get_status() == JobStatus.QUEUED


def test_a_unique_job_of_many_needs_an_id_as_one_alone_does(queue, redis_client):
    with pytest.raises(InvalidOptionError, match="needs a job_id"):
        queue.enqueue_many([Queue.prepare_data(tasks.add, unique=True)])
    assert redis_client.keys() == []
