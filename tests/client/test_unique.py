"""Jobs of which there may be only one, by RQ's own functions; and which jobs could go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.commands.core import Script

from rq.dependency import Dependency
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.queue import Dependency as DependencyOfQueues
from rq.queue import Queue
from rq.scripts import (
    UNIQUE_ENQUEUE_SCRIPT,
    UNIQUE_SCHEDULE_SCRIPT,
    get_unique_enqueue_script,
    get_unique_schedule_script,
    save_unique_job,
    schedule_unique_job,
)
from tests.client import tasks


def made(redis_client, job_id="a") -> Job:
    return Job.create(tasks.add, (1,), connection=redis_client, id=job_id)


def test_a_unique_job_is_enqueued_once(queue, redis_client):
    queue.enqueue(tasks.add, 1)
    job = made(redis_client)
    assert save_unique_job(redis_client, queue.key, job, at_front=True)
    assert (queue.job_ids[0], job.origin, job.get_status(), Queue.all(redis_client)) == ("a", "default", "queued", [queue])
    with pytest.raises(DuplicateJobError, match="a exists"):
        save_unique_job(redis_client, queue.key, made(redis_client))


def test_a_unique_job_can_be_saved_without_being_enqueued(queue, redis_client):
    job = made(redis_client)
    save_unique_job(redis_client, queue.key, job, enqueue=False)
    assert (queue.job_ids, Job.fetch("a", redis_client).get_status()) == ([], "created")
    with pytest.raises(DuplicateJobError, match="a exists"):
        save_unique_job(redis_client, queue.key, made(redis_client), enqueue=False)


def test_a_unique_job_is_scheduled_once(queue, redis_client):
    registry, due = queue.scheduled_job_registry, datetime.now(UTC) + timedelta(hours=1)
    assert schedule_unique_job(redis_client, queue.key, registry.key, made(redis_client), due)
    assert registry.get_scheduled_time("a") == due
    with pytest.raises(DuplicateJobError, match="a exists"):
        schedule_unique_job(redis_client, queue.key, registry.key, made(redis_client), due)


def test_a_unique_job_goes_into_queues_only(redis_client):
    with pytest.raises(ValueError, match="Not a key of a queue"):
        save_unique_job(redis_client, "rq:job:a", made(redis_client))


def test_the_scripts_can_be_had_as_texts_and_as_objects_of_redis_py(redis_client):
    scripts = get_unique_enqueue_script(redis_client), get_unique_schedule_script(redis_client)
    assert all(isinstance(script, Script) for script in scripts)
    assert [script.script for script in scripts] == [UNIQUE_ENQUEUE_SCRIPT, UNIQUE_SCHEDULE_SCRIPT]


def test_jobs_are_told_apart_by_whether_they_could_go_on(queue, redis_client, worker):
    parents = [queue.enqueue(tasks.add, number) for number in range(2)]
    children = [queue.enqueue(tasks.add, 1, depends_on=parent) for parent in parents]
    worker.finish()
    assert Dependency.get_jobs_with_met_dependencies(children, redis_client.pipeline()) == ([children[0]], [children[1]])
    assert DependencyOfQueues is Dependency
