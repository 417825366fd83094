"""Registries: the jobs of a queue by what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis

from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.queue import Queue
from rq.registry import (
    BaseRegistry,
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from tests.client import tasks

ROWS = {
    StartedJobRegistry: "rq:wip:",
    FinishedJobRegistry: "rq:finished:",
    FailedJobRegistry: "rq:failed:",
    DeferredJobRegistry: "rq:deferred:",
    ScheduledJobRegistry: "rq:scheduled:",
    CanceledJobRegistry: "rq:canceled:",
}


@pytest.mark.parametrize(("registry_class", "prefix"), ROWS.items())
def test_a_registry_has_rqs_key_and_an_own_attribute_of_the_queue(queue, redis_client, registry_class, prefix):
    registry = registry_class("default", redis_client)
    assert (registry.key, registry_class.key_template) == (f"{prefix}default", f"{prefix}{{0}}")
    name = {StartedJobRegistry: "started", FinishedJobRegistry: "finished", FailedJobRegistry: "failed", DeferredJobRegistry: "deferred"}.get(
        registry_class, "scheduled" if registry_class is ScheduledJobRegistry else "canceled"
    )
    assert getattr(queue, f"{name}_job_registry") == registry == registry_class(queue=queue)
    assert type(getattr(queue, f"{name}_job_registry")) is registry_class


@pytest.mark.parametrize("registry_class", ROWS)
def test_an_empty_registry_is_falsy(queue, registry_class):
    registry = registry_class(queue=queue)
    assert not registry
    assert (len(registry), registry.count, registry.get_job_count(), registry.get_job_ids(), "a" in registry) == (0, 0, 0, [], False)


def test_a_registry_needs_a_connection():
    with pytest.raises(TypeError, match="connection"):
        FailedJobRegistry()


def test_the_registry_that_all_others_derive_from_is_empty(redis_client):
    registry = BaseRegistry(connection=redis_client)
    assert (registry.key, BaseRegistry.key_template, len(registry)) == ("rq:registry:default", "rq:registry:{0}", 0)


def test_registries_differ_by_class_queue_and_server(redis_client, redis_url):
    failed = FailedJobRegistry("a", redis_client)
    assert failed == FailedJobRegistry("a", redis.Redis.from_url(redis_url))
    assert failed != FinishedJobRegistry("a", redis_client)
    assert failed != FailedJobRegistry("b", redis_client)
    assert failed != FailedJobRegistry("a", redis.Redis(port=1))
    assert len({failed, FailedJobRegistry("a", redis_client)}) == 1
    assert repr(failed) == "FailedJobRegistry('a')"


def test_a_registry_leads_back_to_its_queue(redis_client):
    queue = Queue("other", connection=redis_client, serializer="json")
    found = queue.failed_job_registry.get_queue()
    assert (found, found.serializer) == (queue, queue.serializer)


def test_a_running_job_is_in_the_registry_of_started_jobs(queue, worker):
    job = queue.enqueue(tasks.add)
    attempt = worker.take()
    registry = queue.started_job_registry
    assert registry.get_job_ids() == [job.id]
    assert registry.get_job_and_execution_ids() == [(job.id, attempt.execution_id)]
    assert job in registry
    assert job.id in registry
    assert "other" not in registry
    assert registry.get_expiration_time(job) > datetime.now(UTC)


def test_ids_come_in_the_order_of_their_score_by_rank(queue):
    jobs = [queue.enqueue_in(timedelta(hours=hours), tasks.add) for hours in (3, 1, 2)]
    one, two, three = jobs[1].id, jobs[2].id, jobs[0].id
    registry = queue.scheduled_job_registry
    assert registry.get_job_ids() == [one, two, three]
    assert registry.get_job_ids(desc=True) == [three, two, one]
    assert registry.get_job_ids(1, 1) == [two]
    assert registry.get_job_ids(0, 0, True, False) == [three]


def test_the_registry_says_when_it_forgets_a_job(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail(ttl=100)
    left = queue.failed_job_registry.get_expiration_time(job) - datetime.now(UTC)
    assert timedelta(seconds=80) < left < timedelta(seconds=120)
    with pytest.raises(TypeError, match="is not in rq:finished:default"):
        queue.finished_job_registry.get_expiration_time(job)


def test_a_job_that_is_kept_for_ever_is_never_forgotten(queue, worker):
    failed, finished = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    worker.fail(ttl=-1)
    worker.finish(ttl=-1)
    assert queue.failed_job_registry.get_expiration_time(failed).year == 9999
    assert queue.finished_job_registry.get_expiration_time(finished).year == 9999


def test_the_time_of_a_job_that_is_not_scheduled_cannot_be_asked(queue):
    with pytest.raises(NoSuchJobError, match="is not in rq:scheduled:default"):
        queue.scheduled_job_registry.get_scheduled_time("nope")


def test_looking_does_not_tidy(queue, redis_client):
    redis_client.zadd("rq:failed:default", {"expired": 1})
    redis_client.zadd("rq:wip:default", {"abandoned:e": 1})
    for registry in (queue.failed_job_registry, queue.started_job_registry):
        assert (registry.count, len(registry.get_job_ids(cleanup=True)), registry.get_job_count(cleanup=True)) == (1, 1, 1)
    assert (redis_client.zcard("rq:failed:default"), redis_client.zcard("rq:wip:default")) == (1, 1)


def test_a_failed_job_is_requeued_by_id_or_as_a_job(queue, worker):
    a, b = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    worker.fail()
    worker.stop()
    registry = queue.failed_job_registry
    assert len(registry) == 2
    assert registry.requeue(a.id) == a
    assert registry.requeue(b, at_front=True) is b
    assert queue.job_ids == [b.id, a.id]


def test_a_canceled_job_is_requeued(queue):
    job = queue.enqueue(tasks.add)
    job.cancel()
    queue.canceled_job_registry.requeue(job)
    assert (queue.job_ids, job.get_status(refresh=False)) == ([job.id], "queued")


def test_a_job_is_requeued_only_from_where_it_is(queue, worker, redis_client):
    job = queue.enqueue(tasks.add)
    worker.fail()
    with pytest.raises(InvalidJobOperation, match="is failed and not in rq:canceled:default"):
        queue.canceled_job_registry.requeue(job)
    with pytest.raises(NoSuchJobError, match="nope"):
        queue.failed_job_registry.requeue("nope")
    running = queue.enqueue(tasks.add)
    attempt = worker.take()
    redis_client.zadd("rq:failed:default", {running.id: 1})
    with pytest.raises(InvalidJobOperation, match="is started; the registry"):
        queue.failed_job_registry.requeue(running)
    assert queue.started_job_registry.get_job_and_execution_ids() == [(running.id, attempt.execution_id)]


def test_requeueing_is_one_round_trip(queue, worker, watched):
    job = queue.enqueue(tasks.add)
    worker.fail()
    job.requeue()
    worker.fail()
    with watched() as seen:
        queue.failed_job_registry.requeue(job)
    assert [command.split(" ")[0] for command in seen.commands] == ["EVALSHA", "HGETALL"]  # the second one brings the handle up to date
