"""Registries changed by hand: entries added and removed, expired ones forgotten. The jobs stay as they are."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rq.exceptions import CorruptDataError, InvalidJobOperation, NoSuchJobError
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import BaseRegistry, FinishedJobRegistry, clean_registries
from rq.store.registries import MOST_FORGOTTEN
from tests.client import tasks

PAST = 1000


@pytest.fixture
def job(queue) -> Job:
    job: Job = queue.enqueue(tasks.add, 1)
    return job


@pytest.fixture
def finished(queue) -> FinishedJobRegistry:
    registry: FinishedJobRegistry = queue.finished_job_registry
    return registry


def score_of(registry: BaseRegistry, job: Job) -> float:
    score: Any = registry.connection.zscore(registry.key, job.id)
    return float(score)


def test_an_entry_is_added_once_and_the_job_stays_as_it_is(queue, finished, job):
    assert (finished.add(job, 100), finished.add(job, 200)) == (1, 0)
    assert (finished.get_job_ids(), job in finished, job.get_status(), queue.job_ids) == ([job.id], True, "queued", [job.id])
    assert finished.get_expiration_time(job) - datetime.now(UTC) > timedelta(seconds=190)


@pytest.mark.parametrize(("ttl", "score"), [(-1, math.inf), (-5, -5)])
def test_an_entry_may_be_without_end(finished, job, ttl, score):
    finished.add(job, ttl)
    assert score_of(finished, job) == score


def test_an_entry_that_is_not_there_is_not_changed(finished, job):
    assert finished.add(job, 5, xx=True) == 0
    assert job not in finished
    finished.add(job, -1)
    finished.add(job, 5, xx=True)
    assert score_of(finished, job) < time.time() + 10


def test_an_entry_is_removed_by_job_or_by_id(finished, job):
    finished.add(job)
    assert (finished.remove(job), finished.remove(job.id)) == (1, 0)
    assert job.get_status() == "queued"


def test_an_entry_can_be_removed_with_its_job(queue, finished, job, redis_client):
    finished.add(job)
    assert finished.remove(job.id, delete_job=True) == 1
    assert (Job.exists(job.id, redis_client), queue.job_ids) == (False, [])
    with pytest.raises(NoSuchJobError, match=job.id):
        finished.remove(job.id, delete_job=True)


def test_a_pipeline_collects_what_changes_a_registry(finished, job, redis_client):
    pipeline = redis_client.pipeline()
    assert (finished.add(job, 5, pipeline), finished.remove(job, pipeline)) == (None, None)
    assert pipeline.execute() == [[b"ok", 1], 1]


def test_a_key_that_holds_no_registry_is_named(finished, job, redis_client):
    redis_client.set(finished.key, "text")
    with pytest.raises(CorruptDataError, match="rq:finished:default"):
        finished.add(job)


def test_no_job_is_requeued_from_a_registry_that_stands_for_no_state(queue, job):
    registry = BaseRegistry(queue=queue)
    registry.add(job, -1)
    with pytest.raises(InvalidJobOperation, match="rq:registry:default"):
        registry.requeue(job)
    assert queue.job_ids == [job.id]


# --- each in its own way ---


def test_a_failed_job_expires_with_its_entry(queue, job, redis_client):
    registry = queue.failed_job_registry
    job.set_status("failed")
    registry.add(job, 100, exc_string="boom")
    assert (registry.get_job_ids(), redis_client.ttl(job.key)) == ([job.id], 100)
    with pytest.warns(DeprecationWarning, match="exc_info"):
        assert job.exc_info == "boom"


@pytest.mark.parametrize(("ttl", "left"), [(None, 365 * 24 * 3600), (-1, -1)])
def test_a_failed_job_stays_a_year_or_for_ever(queue, job, redis_client, ttl, left):
    queue.failed_job_registry.add(job, ttl)
    assert redis_client.ttl(job.key) == left
    assert ttl is None or score_of(queue.failed_job_registry, job) == -1


def test_a_failed_job_that_is_not_to_be_kept_is_gone(queue, job, redis_client):
    queue.failed_job_registry.add(job, 0)
    assert (queue.failed_job_registry.get_job_ids(), Job.exists(job.id, redis_client)) == ([], False)


def test_a_job_that_only_this_program_knew_is_saved_when_it_has_failed(queue, redis_client):
    job = Job.create(tasks.add, id="a", connection=redis_client, origin="default", status=JobStatus.FAILED)
    queue.failed_job_registry.add(job)
    assert Job.fetch("a", redis_client).get_status() == "failed"


def test_a_deferred_job_is_scored_by_when_it_began_to_wait(queue, job):
    registry = queue.deferred_job_registry
    assert registry.add(job, ttl=1000) == 1
    assert abs(score_of(registry, job) - time.time()) < 10


def test_a_job_is_scheduled_from_wherever_it_stands(queue, job):
    registry = queue.scheduled_job_registry
    assert registry.schedule(job, datetime.now(UTC) + timedelta(hours=1)) == 1
    assert (queue.job_ids, registry.get_job_ids(), job.get_status()) == ([], [job.id], "scheduled")


def test_jobs_that_are_due_are_listed(queue, redis_client):
    redis_client.zadd("rq:scheduled:default", {"a": PAST, "b": PAST + 1, "later": time.time() + 1000})
    registry = queue.scheduled_job_registry
    assert (registry.get_jobs_to_schedule(), registry.get_jobs_to_schedule(chunk_size=1)) == (["a", "b"], ["a"])
    assert (registry.get_jobs_to_enqueue(), registry.get_jobs_to_enqueue(PAST)) == (["a", "b"], ["a"])


def test_entries_of_jobs_that_are_due_can_be_removed(queue, redis_client):
    redis_client.zadd("rq:scheduled:default", {"a": PAST, "b": PAST + 1, "c": PAST + 2, "later": time.time() + 1000})
    registry = queue.scheduled_job_registry
    with pytest.warns(DeprecationWarning, match="cancel or delete"):
        assert registry.remove_jobs(PAST) == 1
    pipeline = redis_client.pipeline()
    with pytest.warns(DeprecationWarning, match="cancel or delete"):
        registry.remove_jobs(pipeline=pipeline)
    pipeline.execute()
    assert registry.get_job_ids() == ["later"]


def test_what_has_expired_is_listed(queue, redis_client):
    redis_client.zadd("rq:failed:default", {"a": PAST, "b": PAST + 1, "for ever": -1, "later": time.time() + 1000})
    assert queue.failed_job_registry.get_expired_job_ids() == ["a", "b"]
    assert queue.failed_job_registry.get_expired_job_ids(PAST) == ["a"]
    redis_client.zadd("rq:wip:default", {"a:execution": PAST})
    assert queue.started_job_registry.get_expired_job_ids() == ["a"]
    with pytest.raises(NotImplementedError, match="do not expire"):
        queue.canceled_job_registry.get_expired_job_ids()


def test_what_has_expired_is_forgotten_on_request(queue, redis_client):
    entries = {"a": PAST, "for ever": -1, "later": time.time() + 1000}
    for key in ("finished", "failed", "wip", "deferred", "scheduled", "canceled"):
        redis_client.zadd(f"rq:{key}:default", entries)
    clean_registries(queue)
    queue.scheduled_job_registry.cleanup()
    queue.canceled_job_registry.cleanup()
    left = {key: redis_client.zcard(f"rq:{key}:default") for key in ("finished", "failed", "wip", "deferred", "scheduled", "canceled")}
    assert left == {"finished": 2, "failed": 2, "wip": 3, "deferred": 3, "scheduled": 3, "canceled": 3}


def test_many_entries_are_forgotten_step_by_step(finished, redis_client):
    redis_client.zadd(finished.key, {f"job-{number}": PAST for number in range(MOST_FORGOTTEN + 1)})
    finished.cleanup(PAST - 1)
    assert finished.count == MOST_FORGOTTEN + 1
    finished.cleanup(PAST, exception_handlers=[])
    assert finished.count == 0


# --- executions ---


def test_the_registry_of_started_jobs_takes_executions_only(queue, job):
    with pytest.raises(NotImplementedError, match="add_execution"):
        queue.started_job_registry.add(job)
    with pytest.raises(NotImplementedError, match="remove_execution"):
        queue.started_job_registry.remove(job)


def test_an_execution_is_added_and_removed(queue, job, redis_client):
    registry, execution = queue.started_job_registry, Execution("e", job.id, redis_client)
    assert (registry.add_execution(execution, None, ttl=100, xx=True), registry.add_execution(execution, None, ttl=100)) == (0, 1)
    assert registry.get_job_and_execution_ids() == [(job.id, "e")]
    pipeline = redis_client.pipeline()
    registry.remove_execution(execution, job, pipeline)
    assert registry.count == 1
    pipeline.execute()
    assert registry.count == 0


def test_an_execution_can_be_removed_with_its_job(queue, job, redis_client):
    registry, execution = queue.started_job_registry, Execution("e", job.id, redis_client)
    registry.add_execution(execution, None, ttl=-1)
    registry.remove_execution(execution, delete_job=True)
    assert (registry.count, Job.exists(job.id, redis_client)) == (0, False)
    with pytest.raises(NoSuchJobError):
        registry.remove_execution(execution, delete_job=True)


def test_all_executions_of_a_job_are_removed(queue, job, worker):
    registry = queue.started_job_registry
    registry.remove_executions(job)
    worker.take()
    assert registry.count == 1
    registry.remove_executions(job)
    assert registry.count == 0
