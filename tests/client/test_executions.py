"""Executions written by hand, in RQ's way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rq.executions import Execution, ExecutionRegistry, cleanup_execution, prepare_execution
from rq.job import Job
from rq.worker import WorkerStatus
from tests.client import tasks

if TYPE_CHECKING:
    import redis


class OwnWorker:
    """A worker of a program's own that runs jobs in RQ's way."""

    def __init__(self, connection: redis.Redis) -> None:
        self.name = "own"
        self.connection = connection
        self.execution: Execution | None = None

    def get_heartbeat_ttl(self, job: Job) -> int:
        return 90

    def set_state(self, state: str, pipeline: Any = None) -> None:
        pipeline.hset("rq:worker:own", "state", WorkerStatus(state).value)

    def set_current_job_id(self, job_id: str | None = None, pipeline: Any = None) -> None:
        pipeline.hdel("rq:worker:own", "current_job")


@pytest.fixture
def job(queue) -> Job:
    job: Job = queue.enqueue(tasks.add, 1)
    return job


def test_an_execution_is_created_in_every_place_that_names_one(queue, job, redis_client):
    execution = Execution.create(job, 100, None, worker_name="w")
    assert Execution.fetch(execution.id, job.id, redis_client).serialize() == execution.serialize()
    assert set(execution.serialize()) == {"id", "created_at", "last_heartbeat", "worker_name"}
    assert queue.started_job_registry.get_job_and_execution_ids() == [(job.id, execution.id)]
    assert job.execution_registry.get_executions() == job.get_executions() == [execution]
    assert (redis_client.ttl(execution.key), redis_client.ttl(f"rq:executions:{job.id}")) == (100, 160)
    assert job.get_status() == "queued"


def test_a_pipeline_collects_what_becomes_of_an_execution(queue, job, redis_client):
    pipeline = redis_client.pipeline()
    execution = Execution.create(job, 100, pipeline)
    execution.heartbeat(queue.started_job_registry, 50, pipeline)
    assert job.get_executions() == []
    pipeline.execute()
    assert redis_client.ttl(execution.key) == 50


def test_an_execution_without_end_stays(job, redis_client):
    execution = Execution.create(job, -1, None)
    assert (redis_client.ttl(execution.key), redis_client.ttl(f"rq:executions:{job.id}")) == (-1, -1)


def test_a_heartbeat_prolongs_an_execution(queue, job, redis_client):
    execution = Execution.create(job, 10, None)
    before = execution.last_heartbeat
    execution.heartbeat(queue.started_job_registry, 500, None)
    assert before is not None
    assert execution.last_heartbeat is not None
    assert execution.last_heartbeat > before
    assert Execution.fetch(execution.id, job.id, redis_client).last_heartbeat == execution.last_heartbeat
    assert redis_client.ttl(execution.key) == 500
    assert redis_client.zscore("rq:wip:default", execution.composite_key) > time.time() + 400


def test_an_execution_that_is_over_does_not_come_back(queue, job, redis_client):
    execution = Execution.create(job, 10, None)
    execution.delete(job, None)
    execution.heartbeat(queue.started_job_registry, 500, None)
    assert (job.get_executions(), queue.started_job_registry.count, redis_client.exists(execution.key)) == ([], 0, 0)


def test_the_hash_of_an_execution_can_be_saved_alone(queue, job, redis_client):
    execution = Execution("e", job.id, redis_client, worker_name="w")
    execution.save(30)
    assert (Execution.fetch("e", job.id, redis_client).worker_name, redis_client.ttl(execution.key)) == ("w", 30)
    assert (queue.started_job_registry.count, job.execution_registry.count) == (0, 0)


def test_the_executions_of_a_job_have_a_registry(job, redis_client):
    registry, execution = ExecutionRegistry(job.id, redis_client), Execution("e", job.id, redis_client)
    assert registry == job.execution_registry
    assert (registry.key, registry.job_id, len(registry)) == (f"rq:executions:{job.id}", job.id, 0)
    assert registry.add(execution, 100, None) == 1
    assert (registry.get_execution_ids(), registry.get_executions(), redis_client.ttl(registry.key)) == (["e"], [], 160)
    assert (registry.remove(execution, None), registry.remove(execution, None)) == (1, 0)


def test_all_executions_of_a_job_end_at_once(queue, job, worker, redis_client):
    attempt = worker.take()
    other = Execution.create(job, 100, None)
    assert set(job.execution_registry.get_execution_ids()) == {attempt.execution_id, other.id}
    job.execution_registry.delete(job, None)
    assert (job.execution_registry.count, queue.started_job_registry.count, redis_client.exists(other.key)) == (0, 0, 0)


def test_a_worker_of_a_programs_own_has_an_execution_while_it_runs_a_job(queue, job, redis_client):
    worker: Any = OwnWorker(redis_client)
    execution = prepare_execution(worker, job)
    assert (worker.execution, job.get_executions()) == (execution, [execution])
    assert (redis_client.hget("rq:worker:own", "state"), execution.worker_name) == (b"busy", "own")
    for _ in range(2):
        with redis_client.pipeline() as pipeline:
            cleanup_execution(worker, job, pipeline)
            pipeline.execute()
    assert (worker.execution, job.get_executions(), queue.started_job_registry.count) == (None, [], 0)
