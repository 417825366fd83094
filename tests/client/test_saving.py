"""Jobs written by hand: what is saved, what never is, and what RQ's workers do to the jobs that they run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rq.exceptions import CorruptDataError, InvalidJobOperation
from rq.job import Dependency, Job, JobStatus, Retry
from rq.queue import Queue
from rq.webhook import Webhook
from tests.client import tasks

LATER = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def made(redis_client, **options) -> Job:
    """A job that only this program knows."""
    return Job.create(tasks.add, (1,), connection=redis_client, id="a", origin="default", **options)


def test_a_job_that_only_this_program_knew_is_saved_whole(redis_client):
    job = made(redis_client, result_ttl=5, meta={"k": 1}, retry=Retry(2), description="adds")
    job.save()
    saved = Job.fetch("a", redis_client)
    assert (saved.args, saved.result_ttl, saved.meta, saved.retries_left, saved.description) == ((1,), 5, {"k": 1}, 2, "adds")
    assert saved.get_status() == "created"
    assert redis_client.keys() == [b"rq:job:a"]


def test_a_saved_job_can_be_enqueued(queue, redis_client):
    job = made(redis_client)
    job.save()
    queue.enqueue_job(job)
    assert (queue.job_ids, job.get_status()) == (["a"], "queued")


def test_a_saved_job_runs_when_its_id_is_pushed(queue, redis_client, worker):
    job = made(redis_client)
    job.save()
    queue.push_job_id("a")
    worker.finish(2)
    assert (job.get_status(), job.return_value()) == ("finished", 2)


def test_what_was_changed_is_saved(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    job.description, job.timeout, job.ended_at, job.meta["k"] = "adds", 7, LATER, 1
    job.save()
    saved = Job.fetch(job.id, redis_client)
    assert (saved.description, saved.timeout, saved.ended_at, saved.meta) == ("adds", 7, LATER, {"k": 1})


def test_an_old_copy_overwrites_nothing_that_it_did_not_change(queue, redis_client, worker):
    job = queue.enqueue(tasks.add, 1)
    copy = Job.fetch(job.id, redis_client)
    worker.take()
    copy.description = "adds"
    copy.save()
    assert (job.get_status(), redis_client.hget(job.key, "worker_name"), redis_client.hget(job.key, "description")) == ("started", b"hand", b"adds")


def test_a_list_that_was_changed_in_place_is_saved(queue, redis_client):
    job = queue.enqueue(tasks.add, 1, retry=Retry(3, interval=[1, 2]))
    job.retry_intervals.append(3)
    job.save()
    assert Job.fetch(job.id, redis_client).retry_intervals == [1, 2, 3]


def test_saving_twice_writes_what_was_changed_in_between(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    job.description = "one"
    job.save()
    redis_client.hset(job.key, "description", "somebody's")
    job.timeout = 5
    job.save()
    assert (redis_client.hget(job.key, "description"), redis_client.hget(job.key, "timeout")) == (b"somebody's", b"5")


def test_saving_what_was_not_changed_asks_nobody(queue, watched):
    job = queue.enqueue(tasks.add, 1)
    with watched() as watch:
        job.save()
    assert watch.commands == []


@pytest.mark.parametrize("write", [Job.save, lambda job: job.set_status("failed"), lambda job: job.heartbeat(LATER, 5), lambda job: job.cleanup(5)])
def test_a_job_that_was_deleted_stays_deleted(queue, redis_client, write):
    job = queue.enqueue(tasks.add, 1)
    Job.fetch(job.id, redis_client).delete()
    job.description = "adds"
    write(job)
    assert not redis_client.exists(job.key)


def test_meta_and_old_results_can_be_left_out(queue, redis_client):
    redis_client.hset("rq:job:a", mapping={"data": "", "result": "before"})
    job = queue.enqueue(tasks.add, 1)
    job.meta["k"], job.record.legacy_result = 1, b"old"
    job.save(include_meta=False, include_result=False)
    assert redis_client.hmget(job.key, "meta", "result") == [None, None]


def test_a_pipeline_collects_what_is_written_to_a_job(redis_client):
    job = made(redis_client)
    pipeline = redis_client.pipeline()
    job.save(pipeline)
    job.set_status(JobStatus.FAILED, pipeline)
    job.heartbeat(LATER, 5, pipeline)
    job.prepare_for_execution("w", pipeline)
    job.cleanup(50, pipeline)
    job.register_dependency(pipeline)
    assert not redis_client.exists(job.key)
    pipeline.execute()
    assert (job.get_status(), redis_client.ttl(job.key)) == ("started", 50)


def test_a_key_that_holds_no_hash_is_named(redis_client):
    redis_client.set("rq:job:a", "text")
    with pytest.raises(CorruptDataError, match="delete that key"):
        made(redis_client).save()


# --- status ---


def test_a_status_is_written_alone(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    job.description = "not yet"
    job.set_status(JobStatus.FAILED)
    assert (job.get_status(refresh=False), job.is_failed, queue.job_ids) == (JobStatus.FAILED, True, [job.id])
    assert Job.fetch(job.id, redis_client).description != "not yet"


def test_a_job_that_only_this_program_knew_is_saved_with_its_status(redis_client):
    made(redis_client).set_status("scheduled")
    assert Job.fetch("a", redis_client).get_status() == "scheduled"


def test_a_status_does_not_make_a_job_of_an_id(redis_client):
    Job("a", redis_client).set_status("failed")
    assert redis_client.keys() == []


def test_there_are_no_other_statuses(queue):
    with pytest.raises(ValueError, match="asleep"):
        queue.enqueue(tasks.add, 1).set_status("asleep")


# --- how long it stays ---


@pytest.mark.parametrize(("ttl", "left"), [(50, 50), (None, -1), (-1, -1)])
def test_a_job_expires_when_it_is_told_to(queue, redis_client, ttl, left):
    parent = queue.enqueue(tasks.add, 1)
    job = queue.enqueue(tasks.add, 1, depends_on=parent)
    job.cleanup(ttl)
    parent.cleanup(ttl)
    assert [redis_client.ttl(key) for key in (job.key, job.dependencies_key, parent.dependents_key)] == [left] * 3


def test_a_job_that_expires_at_once_is_deleted(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    job.cleanup(0)
    assert (job.exists(job.id, redis_client), queue.job_ids) == (False, [])
    with pytest.raises(InvalidJobOperation):
        job.cleanup(0)


# --- what RQ's workers do ---


def test_a_job_is_prepared_for_execution(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    pipeline = redis_client.pipeline()
    job.prepare_for_execution("w", pipeline)
    assert job.get_status() == "queued"
    pipeline.execute()
    job.refresh()
    assert (job.get_status(), job.worker_name, job.started_at) == ("started", "w", job.last_heartbeat)


def test_a_heartbeat_is_written(queue):
    job = queue.enqueue(tasks.add, 1)
    job.heartbeat(LATER, 5, xx=True)
    job.refresh()
    assert job.last_heartbeat == LATER


def test_a_job_is_retried_at_once(queue, redis_client):
    job = queue.enqueue(tasks.add, 1, retry=Retry(2, enqueue_at_front=True))
    other = queue.enqueue(tasks.add, 2)
    queue.remove(job)
    queue.enqueue_job(other)
    job.retry(queue, None)
    job.refresh()
    assert (queue.job_ids, job.retries_left) == ([job.id, other.id], 1)


def test_a_job_is_retried_later(queue, redis_client):
    job = queue.enqueue(tasks.add, 1, retry=Retry(2, interval=[60, 120], enqueue_at_front=True))
    pipeline = redis_client.pipeline()
    job.retry(queue, pipeline)
    pipeline.execute()
    job.refresh()
    assert (job.get_status(), job.retries_left, job.should_enqueue_at_front()) == ("scheduled", 1, True)
    due = queue.scheduled_job_registry.get_scheduled_time(job) - datetime.now(UTC)
    assert timedelta(seconds=55) < due <= timedelta(seconds=60)


@pytest.mark.parametrize(("left", "interval"), [(3, 1), (2, 2), (1, 3)])
def test_the_intervals_of_retries_are_counted_from_their_end(redis_client, left, interval):
    job = made(redis_client, retry=Retry(max=3, interval=[1, 2, 3]))
    job.retries_left = left
    assert job.get_retry_interval() == interval


def test_a_job_without_intervals_is_retried_at_once(redis_client):
    assert made(redis_client).get_retry_interval() == 0


@pytest.mark.parametrize(("on_retry", "ended_at", "at_front", "expected"), [(True, LATER, None, True), (True, None, None, False), (False, None, True, True)])
def test_a_job_knows_where_in_its_queue_it_goes(redis_client, on_retry, ended_at, at_front, expected):
    job = made(redis_client)
    job.enqueue_at_front_on_retry, job.ended_at, job.enqueue_at_front = on_retry, ended_at, at_front
    assert job.should_enqueue_at_front() is expected


# --- what it waits for, and who hears of it ---


def test_dependencies_are_taken_in_memory(redis_client):
    job = made(redis_client)
    job.process_dependencies(Dependency(["b", "c"], allow_failure=True, enqueue_at_front=True))
    assert (job._dependency_ids, job.allow_dependency_failures, job.enqueue_at_front) == (["b", "c"], True, True)
    job.process_dependencies("d")
    assert (job._dependency_ids, job.allow_dependency_failures, job._dependency_id) == (["d"], True, "d")
    assert redis_client.keys() == []


def test_a_job_is_listed_among_those_that_wait(queue, redis_client, worker):
    parent = queue.enqueue(tasks.add, 1)
    job = made(redis_client)
    job.process_dependencies(parent)
    job.set_status("deferred")
    job.register_dependency()
    assert (queue.deferred_job_registry.get_job_ids(), parent.dependent_ids, job.dependency_ids) == (["a"], ["a"], [parent.id])
    worker.finish()
    assert (job.get_status(), queue.job_ids) == ("queued", ["a"])


def test_webhooks_are_objects(queue, redis_client):
    webhook = Webhook("http://localhost/a", "finished", method="POST")
    job = queue.enqueue(tasks.add, 1, webhooks=[webhook])
    assert Job.fetch(job.id, redis_client).webhooks == [webhook]
    job.webhooks = [Webhook("http://localhost/b", "failed")]
    job.save()
    assert [item.url for item in Job.fetch(job.id, redis_client).webhooks] == ["http://localhost/b"]


def test_a_webhook_that_makes_no_sense_is_left_out(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    redis_client.hset(job.key, "webhooks", '[{"url": "nowhere", "job_status": "finished"}, {"url": "http://localhost/b", "job_status": "failed"}]')
    assert [item.url for item in Job.fetch(job.id, redis_client).webhooks] == ["http://localhost/b"]


def test_webhooks_of_another_status_are_not_sent(queue, redis_client):
    sent: list[str] = []

    class Noted(Webhook):
        """Says that it was sent."""

        def send(self, job, *, exc_string=None):
            sent.append(f"{self.url} {job.id} {exc_string}")

    class NotingJob(Job):
        """Its webhooks note that they were sent."""

        webhooks = [Noted("http://localhost/a", "finished"), Noted("http://localhost/b", "failed")]  # noqa: RUF012 - as the attribute of a job

    NotingJob("a", redis_client).send_webhooks("failed", exc_string="boom")
    assert sent == ["http://localhost/b a boom"]
    assert Queue.all(redis_client) == []
