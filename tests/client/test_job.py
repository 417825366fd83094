"""Jobs: what a handle knows, what it asks the server, what it may do."""

from __future__ import annotations

import pickle
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from rq.exceptions import DeserializationError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus, cancel_job, parse_job_id, requeue_job
from rq.queue import Queue
from tests.client import tasks

# --- making and finding ---


def test_a_job_needs_a_connection():
    with pytest.raises(TypeError, match="connection"):
        Job("a")
    with pytest.raises(TypeError, match="connection"):
        Job.create(tasks.add)


@pytest.mark.parametrize("job_id", ["a b", "a:b", "ä", "x" * 256])
def test_an_id_that_cannot_stand_in_a_key_is_refused(redis_client, job_id):
    with pytest.raises(ValueError, match="job id"):
        Job(job_id, connection=redis_client)


def test_a_new_job_has_an_id_and_a_date_and_is_created(redis_client):
    job = Job.create(tasks.add, (1,), connection=redis_client)
    assert len(job.id) == 36
    assert job.get_status(refresh=False) == JobStatus.CREATED
    assert job.created_at.tzinfo is UTC
    assert (job.origin, job.timeout, job.meta, job.enqueued_at) == ("", None, {}, None)


def test_a_fetched_job_is_the_job_that_was_enqueued(queue, redis_client):
    job = queue.enqueue(tasks.add, 1, b=2, meta={"a": 1})
    found = Job.fetch(job.id, connection=redis_client)
    assert found == job
    assert hash(found) == hash(job)
    assert (found.func, found.args, found.kwargs, found.meta, found.origin) == (tasks.add, (1,), {"b": 2}, {"a": 1}, "default")
    assert found.created_at == job.created_at
    assert found.to_dict() == job.to_dict()


def test_a_job_is_found_by_one_of_its_executions(queue, redis_client):
    job = queue.enqueue(tasks.add)
    assert Job.fetch(f"{job.id}:execution", connection=redis_client) == job
    assert parse_job_id(f"{job.id}:execution") == parse_job_id(job.id) == job.id


def test_a_job_that_does_not_exist_is_not_found(redis_client):
    with pytest.raises(NoSuchJobError, match="nope"):
        Job.fetch("nope", connection=redis_client)
    assert not Job.exists("nope", redis_client)


def test_what_is_no_id_is_refused_as_such(queue, redis_client):
    for wrong in (None, 5, queue.enqueue(tasks.add)):
        with pytest.raises(TypeError, match="A job id is a str, not"):
            Job.fetch(wrong, connection=redis_client)  # type: ignore[arg-type]


def test_a_hash_without_a_payload_is_no_job(redis_client):
    redis_client.hset("rq:job:stub", "last_heartbeat", "")
    with pytest.raises(NoSuchJobError):
        Job.fetch("stub", connection=redis_client)


def test_many_jobs_are_fetched_in_one_round_trip(queue, redis_client, watched):
    a, b = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    with watched() as seen:
        found = Job.fetch_many([b.id, "nope", a.id], connection=redis_client)
    assert found == [b, None, a]
    assert len(seen.commands) == 3  # one pipeline
    assert Job.fetch_many([], connection=redis_client) == []


def test_exists_says_whether_there_is_a_job(queue, redis_client):
    assert Job.exists(queue.enqueue(tasks.add).id, redis_client)


def test_jobs_are_equal_by_id_and_class(redis_client):
    class OwnJob(Job):
        pass

    assert Job("a", connection=redis_client) == Job("a", connection=redis_client)
    assert Job("a", connection=redis_client) != Job("b", connection=redis_client)
    assert Job("a", connection=redis_client) != "a"
    assert OwnJob("a", connection=redis_client) != Job("a", connection=redis_client)


def test_a_job_prints_as_rqs_does(redis_client):
    job = Job.create("tasks.add", (1,), id="a", connection=redis_client)
    assert (repr(job), str(job)) == ("Job('a', enqueued_at=None)", "<Job a: tasks.add(1)>")


# --- the call ---


def test_the_call_can_be_changed_until_it_is_enqueued(queue, redis_client):
    job = queue.create_job(tasks.add, (1,))
    job.args, job.kwargs = (5,), {"b": 6}
    queue.enqueue_job(job)
    assert pickle.loads(Job.fetch(job.id, connection=redis_client).data) == ("tests.client.tasks.add", None, (5,), {"b": 6})


def test_setting_the_payload_replaces_the_call(redis_client):
    job = Job.create(tasks.add, connection=redis_client)
    job.data = pickle.dumps(("other.function", None, (), {"c": 1}))
    assert (job.func_name, job.kwargs) == ("other.function", {"c": 1})


def test_a_job_without_anything_to_call_has_no_payload(redis_client):
    job = Job("a", connection=redis_client)
    with pytest.raises(ValueError, match="Job a has no payload"):
        _ = job.data
    job.func_name = "some.function"
    assert pickle.loads(job.data) == ("some.function", None, (), {})


def test_an_unreadable_payload_is_reported_when_it_is_asked_for(queue, redis_client):
    job = queue.enqueue(tasks.add)
    redis_client.hset(job.key, "data", zlib.compress(b"no pickle"))
    found = Job.fetch(job.id, connection=redis_client)
    assert found.description == "tests.client.tasks.add()"
    with pytest.raises(DeserializationError, match=job.id) as raised:
        _ = found.args
    assert isinstance(raised.value.__cause__, pickle.UnpicklingError)


def test_a_function_that_is_not_here_is_reported_when_it_is_asked_for(queue):
    job = queue.enqueue("nowhere.function")
    with pytest.raises(ValueError, match=r"nowhere\.function"):
        _ = job.func


# --- where it stands ---


def test_a_job_knows_its_status_by_asking(queue, worker):
    job = queue.enqueue(tasks.add)
    assert job.is_queued
    worker.finish()
    assert job.get_status(refresh=False) == JobStatus.QUEUED
    assert job.is_finished
    assert not job.is_queued
    assert job.get_status(refresh=False) == JobStatus.FINISHED


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_has_a_question(queue, redis_client, status):
    job = queue.enqueue(tasks.add)
    redis_client.hset(job.key, "status", status.value)
    asked = {name: getattr(job, f"is_{name.value}") for name in JobStatus if name is not JobStatus.CREATED}
    assert [name for name, answer in asked.items() if answer] == ([] if status is JobStatus.CREATED else [status])


def test_a_status_of_a_later_version_is_given_as_it_is(queue, redis_client):
    job = queue.enqueue(tasks.add)
    redis_client.hset(job.key, "status", "resting")
    assert job.get_status() == "resting"
    assert Job.fetch(job.id, connection=redis_client).get_status(refresh=False) == "resting"


def test_the_status_of_a_job_that_is_gone_cannot_be_asked(queue, redis_client):
    job = queue.enqueue(tasks.add)
    redis_client.delete(job.key)
    with pytest.raises(InvalidJobOperation, match=job.id):
        job.get_status()
    with pytest.raises(NoSuchJobError):
        job.refresh()


def test_refresh_reads_what_others_wrote(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.finish()
    job.refresh()
    assert job.started_at <= job.ended_at
    assert (job.worker_name, job.attempt) == ("hand", 1)


def test_a_waiting_job_has_a_position(queue, worker):
    first, second = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    assert (first.get_position(), second.get_position()) == (0, 1)
    worker.take()
    assert (first.get_position(), second.get_position()) == (None, 0)


def test_a_job_knows_its_keys(redis_client):
    job = Job("a", connection=redis_client)
    assert (job.key, job.dependents_key, job.dependencies_key) == ("rq:job:a", "rq:job:a:dependents", "rq:job::a:dependencies")
    assert (Job.key_for("a"), Job.dependents_key_for("a"), Job.redis_job_namespace_prefix) == (job.key, job.dependents_key, "rq:job:")


def test_a_job_knows_the_registries_of_its_queue(queue):
    job = queue.enqueue(tasks.add)
    assert job.started_job_registry == queue.started_job_registry
    assert job.finished_job_registry == queue.finished_job_registry
    assert job.failed_job_registry == queue.failed_job_registry


def test_times_to_live_have_defaults(redis_client):
    job = Job.create(tasks.add, connection=redis_client, ttl=5)
    assert (job.get_ttl(), job.get_ttl(9), job.get_result_ttl(500)) == (5, 5, 500)
    job = Job.create(tasks.add, connection=redis_client, result_ttl=0)
    assert (job.get_ttl(), job.get_ttl(9), job.get_result_ttl(500)) == (None, 9, 0)


# --- meta ---


def test_meta_is_written_by_itself(queue, redis_client):
    job = queue.enqueue(tasks.add, meta={"a": 1})
    job.meta["b"] = 2
    job.description = "not written"
    job.save_meta()
    found = Job.fetch(job.id, connection=redis_client)
    assert (found.meta, found.description) == ({"a": 1, "b": 2}, "tests.client.tasks.add()")


def test_meta_can_be_read_anew(queue, redis_client):
    job = queue.enqueue(tasks.add)
    other = Job.fetch(job.id, connection=redis_client)
    other.meta["a"] = 1
    other.save_meta()
    assert job.get_meta(refresh=False) == {}
    assert job.get_meta() == job.meta == {"a": 1}


def test_unreadable_meta_is_shown_as_it_is_stored(queue, redis_client):
    job = queue.enqueue(tasks.add)
    redis_client.hset(job.key, "meta", b"no pickle")
    assert Job.fetch(job.id, connection=redis_client).meta == {"unserialized": b"no pickle"}


# --- cancel ---


def test_a_canceled_job_is_in_no_queue(queue):
    job = queue.enqueue(tasks.add)
    job.cancel()
    assert job.get_status(refresh=False) == job.get_status() == JobStatus.CANCELED
    assert (queue.job_ids, queue.canceled_job_registry.get_job_ids()) == ([], [job.id])


def test_a_scheduled_job_can_be_canceled(queue):
    job = queue.enqueue_in(timedelta(1), tasks.add)
    job.cancel()
    assert (len(queue.scheduled_job_registry), job.is_canceled) == (0, True)


def test_a_running_job_can_be_canceled_and_its_outcome_does_not_count(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.take()
    job.cancel()
    assert (len(queue.started_job_registry), job.is_canceled) == (0, True)


def test_a_job_cannot_be_canceled_twice(queue):
    job = queue.enqueue(tasks.add)
    job.cancel()
    with pytest.raises(InvalidJobOperation, match=f"Job {job.id} is canceled already"):
        job.cancel()


def test_a_job_that_has_ended_cannot_be_canceled(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.finish()
    with pytest.raises(InvalidJobOperation, match="is finished; only jobs that have not ended"):
        job.cancel()
    assert job.is_finished


def test_a_job_that_is_gone_cannot_be_canceled(redis_client):
    with pytest.raises(InvalidJobOperation, match="does not exist"):
        Job("a", connection=redis_client).cancel()
    with pytest.raises(NoSuchJobError):
        cancel_job("a", redis_client)


def test_a_pipeline_cancels_when_it_is_executed(queue, redis_client):
    job = queue.enqueue(tasks.add)
    with redis_client.pipeline() as pipeline:
        job.cancel(pipeline=pipeline)
        assert job.is_queued
        pipeline.execute()
    assert job.is_canceled


def test_a_job_is_canceled_by_id(queue, redis_client):
    job = queue.enqueue(tasks.add)
    cancel_job(job.id, connection=redis_client)
    assert job.is_canceled


# --- requeue ---


def test_a_failed_job_is_requeued(queue, worker, redis_client):
    first, second = queue.enqueue(tasks.add), queue.enqueue(tasks.add)
    worker.fail()
    assert requeue_job(first.id, connection=redis_client) == first
    assert queue.job_ids == [second.id, first.id]
    assert len(queue.failed_job_registry) == 0


def test_requeueing_brings_the_handle_up_to_date(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail()
    job.refresh()
    assert job.ended_at is not None
    assert job.requeue(at_front=True) is job
    assert (job.get_status(refresh=False), job.ended_at) == (JobStatus.QUEUED, None)


def test_only_failed_jobs_are_requeued_this_way(queue, worker):
    waiting = queue.enqueue(tasks.add)
    with pytest.raises(InvalidJobOperation, match="is queued"):
        waiting.requeue()
    waiting.cancel()
    with pytest.raises(InvalidJobOperation, match="is canceled"):
        waiting.requeue()
    done = queue.enqueue(tasks.add)
    worker.finish()
    with pytest.raises(InvalidJobOperation, match="is finished"):
        done.requeue()


# --- the wire ---


def test_a_job_is_what_a_raw_hash_describes(queue, redis_client):
    job = queue.enqueue(tasks.add, 1)
    other = Job(job.id, connection=redis_client)
    other.restore(redis_client.hgetall(job.key))
    assert (other.args, other.origin) == ((1,), "default")
    with pytest.raises(NoSuchJobError):
        other.restore({})


def test_data_of_old_versions_is_readable(redis_client):
    payload = pickle.dumps(("tests.client.tasks.add", None, (1,), {}))
    redis_client.hset("rq:job:old", mapping={"data": payload, "created_at": "2014-01-02T03:04:05Z", "result": pickle.dumps(7), "exc_info": b"Traceback"})
    job = Job.fetch("old", connection=redis_client)
    assert (job.args, job.created_at) == ((1,), datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert job.get_status(refresh=False) == JobStatus.CREATED
    with pytest.warns(DeprecationWarning, match=r"use job.return_value\(\)"):
        assert job.result == 7
    with pytest.warns(DeprecationWarning, match="use job.latest_result"):
        assert job.exc_info == "Traceback"


def test_to_dict_leaves_out_what_is_not_wanted(redis_client):
    job = Job.create(tasks.add, connection=redis_client, meta={"a": 1}, description="ü")
    assert {"meta", "data", "status", "description"} <= job.to_dict().keys()
    assert job.to_dict()["description"] == "ü"
    assert "meta" not in job.to_dict(include_meta=False)


def test_looking_at_a_job_changes_nothing(queue, worker, redis_client):
    job = queue.enqueue(tasks.add, meta={"a": 1})
    worker.fail()
    keys = sorted(redis_client.keys())
    before = {key: redis_client.dump(key) for key in keys}
    job.refresh(), job.get_status(), job.get_meta(), job.get_position(), job.results(), job.latest_result(), job.return_value(), job.get_executions()
    Queue.all(redis_client), queue.count, len(queue), queue.jobs, queue.job_ids, list(queue), repr(queue), repr(job), queue.fetch_job(job.id)
    for registry in (queue.started_job_registry, queue.failed_job_registry, queue.finished_job_registry, queue.canceled_job_registry):
        len(registry), registry.count, registry.get_job_ids(), job in registry, registry.get_job_count(cleanup=True)
    assert {key: redis_client.dump(key) for key in sorted(redis_client.keys())} == before


def test_the_keys_of_a_job_are_those_of_its_session_and_of_its_class_those_of_the_environment(queue, monkeypatch):
    job = queue.enqueue(tasks.add)
    keys = (job.key, job.dependents_key, job.dependencies_key)
    monkeypatch.setenv("RQ_KEY_PREFIX", "other:")
    assert (job.key, job.dependents_key, job.dependencies_key) == keys
    assert Job.key_for(job.id) == f"other:job:{job.id}"
