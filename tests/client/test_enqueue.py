"""Enqueueing: what a producer says and what stands on the server then."""

from __future__ import annotations

import functools
import pickle
import threading
import zlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import redis

from rq.decorators import job as decorate
from rq.exceptions import TimeoutFormatError
from rq.job import Job, JobStatus
from rq.queue import Queue
from tests.client import tasks


@pytest.fixture(params=["the first", "another"])
def queue(request, redis_client):
    """A queue; one that has had jobs sends those that are like others before it makes them."""
    queue = Queue(connection=redis_client)
    if request.param == "another":
        for _ in range(2):
            queue.enqueue(tasks.add, 1, 2)
        redis_client.flushdb()
    return queue


def payload_of(redis_client, job):
    return pickle.loads(zlib.decompress(redis_client.hget(f"rq:job:{job.id}", "data")))


# --- what is called ---


@pytest.mark.parametrize(
    ("func", "func_name"),
    [
        (tasks.add, "tests.client.tasks.add"),
        ("some.module.function", "some.module.function"),
        (tasks.Greeter.shout, "tests.client.tasks.Greeter.shout"),
        (len, "builtins.len"),
    ],
)
def test_a_function_travels_by_name(queue, redis_client, func, func_name):
    job = queue.enqueue(func, 1, b=2)
    assert payload_of(redis_client, job) == (func_name, None, (1,), {"b": 2})


def test_a_method_travels_with_its_object(queue, redis_client):
    job = queue.enqueue(tasks.Greeter("ahoy").greet, "sea")
    name, instance, args, kwargs = payload_of(redis_client, job)
    assert (name, instance.greeting, args, kwargs) == ("greet", "ahoy", ("sea",), {})
    func = Job.fetch(job.id, connection=redis_client).func
    assert func is not None
    assert func("sea") == "ahoy sea"


@pytest.mark.parametrize("callable_object", [tasks.Greeter(), functools.partial(tasks.add, 1)])
def test_an_object_that_can_be_called_travels_itself(queue, redis_client, callable_object):
    job = queue.enqueue(callable_object, 3)
    assert payload_of(redis_client, job)[0] == "__call__"


def test_what_no_worker_could_import_is_refused(queue, redis_client):
    def inner():
        pass

    for func in (lambda: None, inner):
        with pytest.raises(ValueError, match="worker"):
            queue.enqueue(func)
    for not_callable in (tasks.Greeter, 3, None):
        with pytest.raises(TypeError):
            queue.enqueue(not_callable)
    assert redis_client.keys() == []


# --- its arguments ---


@pytest.mark.parametrize("path", ["", "tasks.", ".x", "a b", "tasks.add "])
@pytest.mark.parametrize(
    "enqueue",
    [
        lambda queue, path: queue.enqueue(path, 1),
        lambda queue, path: queue.enqueue_call(path, (1,)),
        lambda queue, path: queue.enqueue_in(60, path, 1),
        lambda queue, path: queue.enqueue_many([queue.prepare_data(tasks.add, (1,)), queue.prepare_data(path, (1,))]),
        lambda queue, path: queue.create_job(path, (1,)),
        lambda queue, path: queue.parse_args(path, 1),
    ],
)
def test_a_path_that_is_none_is_refused(queue, redis_client, enqueue, path):
    with pytest.raises(ValueError, match="is no dotted path of a function"):
        enqueue(queue, path)
    assert redis_client.keys("rq:*") == []


def test_arguments_can_be_given_all_together(queue):
    job = queue.enqueue(tasks.anything, args=(1, 2), kwargs={"timeout": 3, "job_timeout": 4, "args": 5})
    assert (job.args, job.kwargs) == ((1, 2), {"timeout": 3, "job_timeout": 4, "args": 5})


def test_args_alone_mean_no_keyword_arguments(queue):
    assert queue.enqueue(tasks.anything, args=[1]).kwargs == {}
    assert queue.enqueue(tasks.anything, kwargs={"a": 1}).args == ()


@pytest.mark.parametrize(("positional", "keyword"), [((1,), {}), ((), {"lost": 1})])
def test_arguments_that_would_be_lost_are_refused(queue, redis_client, positional, keyword):
    with pytest.raises(ValueError, match="lost"):
        queue.enqueue(tasks.anything, *positional, args=(2,), **keyword)
    assert redis_client.keys() == []


def test_arguments_of_the_wrong_kind_are_refused(queue):
    with pytest.raises(TypeError, match="tuple"):
        queue.enqueue(tasks.anything, args="text")
    with pytest.raises(TypeError, match="dict"):
        queue.enqueue(tasks.anything, kwargs=[1])


def test_timeout_is_an_argument_of_the_function(queue):
    job = queue.enqueue(tasks.anything, timeout=7)
    assert (job.kwargs, job.timeout) == ({"timeout": 7}, 180)
    assert queue.enqueue("tests.client.tasks.add", timeout=7).kwargs == {"timeout": 7}


def test_timeout_is_the_time_limit_if_the_function_cannot_take_it(queue):
    with pytest.warns(DeprecationWarning, match="job_timeout") as warnings:
        job = queue.enqueue(tasks.add, 1, timeout=7)
    assert (job.kwargs, job.timeout) == ({}, 7)
    assert warnings[0].filename == __file__


# --- options ---


def test_every_option_reaches_the_server(queue, redis_client):
    job = queue.enqueue(tasks.add, 1, job_id="mine", job_timeout="1h", result_ttl=0, ttl="2m", failure_ttl=-1, description="words", meta={"a": [1]})
    stored = redis_client.hgetall("rq:job:mine")
    assert {name: stored[name] for name in (b"timeout", b"result_ttl", b"ttl", b"failure_ttl", b"description", b"origin", b"status")} == {
        b"timeout": b"3600",
        b"result_ttl": b"0",
        b"ttl": b"120",
        b"failure_ttl": b"-1",
        b"description": b"words",
        b"origin": b"default",
        b"status": b"queued",
    }
    assert pickle.loads(stored[b"meta"]) == {"a": [1]}
    assert 0 < redis_client.ttl("rq:job:mine") <= 120
    assert (job.id, job.timeout, job.ttl, job.meta) == ("mine", 3600, 120, {"a": [1]})


def test_a_job_says_what_it_calls(queue):
    assert queue.enqueue(tasks.add, 1, b=2).description == "tests.client.tasks.add(1, b=2)"


# Every way to enqueue a call that takes a description.
WAYS = {
    "enqueue": lambda queue, description: queue.enqueue(tasks.add, 1, description=description),
    "enqueue_call": lambda queue, description: queue.enqueue_call(tasks.add, (1,), description=description),
    "enqueue_at": lambda queue, description: queue.enqueue_at(datetime(2999, 1, 1, tzinfo=UTC), tasks.add, 1, description=description),
    "enqueue_in": lambda queue, description: queue.enqueue_in(60, tasks.add, 1, description=description),
    "enqueue_many": lambda queue, description: queue.enqueue_many([queue.prepare_data(tasks.add, (1,), description=description)])[0],
    "create_job": lambda queue, description: queue.enqueue_job(queue.create_job(tasks.add, (1,), description=description)),
    "Job.create": lambda queue, description: queue.enqueue_job(Job.create(tasks.add, (1,), connection=queue.connection, description=description)),
    "@job": lambda queue, description: decorate(queue, description=description)(tasks.add).delay(1),
    "using": lambda queue, description: decorate(queue)(tasks.add).using(description=description).enqueue(1),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_number_is_a_description(queue, redis_client, way):
    job = WAYS[way](queue, 5)
    assert (job.description, redis_client.hget(job.key, "description")) == ("5", b"5")
    assert WAYS[way](queue, 0).description == "tests.client.tasks.add(1)"


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_description_is_refused_before_anything_is_written(queue, redis_client, way):
    with pytest.raises(TypeError, match=r"description must be a str, not list: \['x'\]"):
        WAYS[way](queue, ["x"])
    assert redis_client.keys("rq:*") == []


def test_a_queue_has_a_default_for_the_time_limit(redis_client):
    assert Queue(connection=redis_client).enqueue(tasks.add).timeout == Queue.DEFAULT_TIMEOUT == 180
    assert Queue(connection=redis_client, default_timeout="2m").enqueue(tasks.add).timeout == 120
    assert Queue(connection=redis_client, default_timeout=-1).enqueue(tasks.add, job_timeout=5).timeout == 5


@pytest.mark.parametrize(
    ("option", "value"), [("job_timeout", 0), ("ttl", 0), ("ttl", -1), ("result_ttl", -2), ("job_id", ""), ("job_id", "a:b"), ("job_id", "x" * 256)]
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_written(queue, redis_client, option, value):
    with pytest.raises(ValueError, match=r"job|ttl|timeout"):
        queue.enqueue(tasks.add, **{option: value})
    assert redis_client.keys() == []


def test_a_text_that_is_no_duration_is_refused(queue):
    with pytest.raises(TimeoutFormatError):
        queue.enqueue(tasks.add, job_timeout="soon")


RELATIONS = ["depends_on", "retry", "repeat", "on_success", "on_failure", "on_stopped", "webhooks", "unique"]


@pytest.mark.parametrize("option", RELATIONS)
def test_such_an_option_may_say_that_it_is_not_used(queue, option):
    assert queue.enqueue(tasks.anything, **{option: False if option == "unique" else None}).kwargs == {}


# --- where it goes ---


def test_jobs_wait_in_the_order_of_enqueueing(queue):
    jobs = [queue.enqueue(tasks.add, number) for number in range(3)]
    assert queue.job_ids == [job.id for job in jobs]


def test_a_job_can_go_to_the_front(queue):
    first = queue.enqueue(tasks.add)
    second = queue.enqueue(tasks.add, at_front=True)
    assert queue.job_ids == [second.id, first.id]


def test_the_queue_is_known_from_its_first_job_on(queue, redis_client):
    assert Queue.all(redis_client) == []
    queue.enqueue(tasks.add)
    assert Queue.all(redis_client) == [queue]


def test_the_returned_job_shows_what_the_server_wrote(queue, redis_client):
    job = queue.enqueue(tasks.add)
    stored = Job.fetch(job.id, connection=redis_client)
    assert job.get_status(refresh=False) == stored.get_status(refresh=False) == JobStatus.QUEUED
    assert job.enqueued_at == stored.enqueued_at
    assert abs(job.enqueued_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_enqueueing_takes_one_round_trip(queue, watched):
    queue.enqueue(tasks.add)
    with watched() as seen:
        queue.enqueue(tasks.add, 1, meta={"a": 1}, ttl=10)
        queue.enqueue_in(timedelta(seconds=5), tasks.add)
    assert [command.split(" ", 1)[0] for command in seen.commands] == ["EVALSHA", "EVALSHA"]


def test_nothing_is_written_for_a_queue_or_a_job_that_is_not_enqueued(queue, redis_client):
    queue.create_job(tasks.add)
    Job.create(tasks.add, connection=redis_client)
    assert redis_client.keys() == []


def test_enqueue_call_takes_arguments_and_options_apart(queue):
    job = queue.enqueue_call(tasks.anything, (1,), {"job_timeout": 2}, timeout="1m", at_front=True, job_id="mine")
    assert (job.id, job.args, job.kwargs, job.timeout) == ("mine", (1,), {"job_timeout": 2}, 60)


def test_a_job_that_was_created_by_hand_can_be_enqueued(queue, redis_client):
    job = Job.create(tasks.add, (1, 2), connection=redis_client, meta={"trace": 1})
    job.meta["span"] = 2
    assert queue.enqueue_job(job) is job
    stored = Job.fetch(job.id, connection=redis_client)
    assert (stored.origin, stored.timeout, stored.meta) == ("default", 180, {"trace": 1, "span": 2})


def test_an_ended_job_can_be_enqueued_again(queue, worker, redis_client):
    job = queue.enqueue(tasks.add)
    worker.finish()
    queue.enqueue_job(Job.fetch(job.id, connection=redis_client))
    assert job.get_status() == "queued"
    assert queue.job_ids == [job.id]
    assert job.id not in queue.finished_job_registry
    assert redis_client.ttl(job.key) == -1


def test_methods_that_others_wrap_are_on_the_path_of_every_enqueue(redis_client):
    calls = []

    class Traced(Queue):
        def enqueue_call(self, *args, **kwargs):
            calls.append("enqueue_call")
            return super().enqueue_call(*args, **kwargs)

        def enqueue_job(self, job, pipeline=None, at_front=False, unique=False):
            calls.append("enqueue_job")
            job.meta["trace"] = "id"
            return super().enqueue_job(job, pipeline=pipeline, at_front=at_front, unique=unique)

        def _enqueue_job(self, job, pipeline=None, at_front=False, unique=False):
            calls.append("_enqueue_job")
            return super()._enqueue_job(job, pipeline=pipeline, at_front=at_front, unique=unique)

    job = Traced(connection=redis_client).enqueue(tasks.add)
    assert calls == ["enqueue_call", "enqueue_job", "_enqueue_job"]
    assert Job.fetch(job.id, connection=redis_client).meta == {"trace": "id"}


def test_a_tracer_may_wrap_enqueue_job_so_that_it_takes_the_rest_by_keyword_only(queue, monkeypatch):
    enqueue_job = Queue.enqueue_job

    def traced(self, job, **kwargs):
        job.meta["trace"] = "abc"
        return enqueue_job(self, job, **kwargs)

    monkeypatch.setattr(Queue, "enqueue_job", traced)
    assert queue.fetch_job(queue.enqueue(tasks.add, 1, 2).id).meta == {"trace": "abc"}


def test_a_queue_makes_jobs_of_the_class_it_was_given(redis_client):
    class OwnJob(Job):
        pass

    assert type(Queue(connection=redis_client, job_class=OwnJob).enqueue(tasks.add)) is OwnJob


# --- later ---


def test_a_job_can_be_enqueued_at_a_time(queue, redis_client):
    due = datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC)
    job = queue.enqueue_at(due, tasks.add, 1, at_front=True, job_timeout=5)
    assert job.get_status() == JobStatus.SCHEDULED
    assert queue.scheduled_job_registry.get_scheduled_time(job) == due
    assert (queue.job_ids, job.enqueued_at, job.args, job.timeout) == ([], None, (1,), 5)
    assert Job.fetch(job.id, connection=redis_client).enqueue_at_front is True


@pytest.mark.parametrize("month", [1, 7])
def test_a_naive_time_is_local_time_in_summer_and_in_winter(queue, month, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        job = queue.enqueue_at(datetime(2100, month, 2, 12), tasks.add)
        expected = datetime(2100, month, 2, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        assert queue.scheduled_job_registry.get_scheduled_time(job) == expected
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_job_can_be_enqueued_after_a_while(queue):
    before = datetime.now(UTC)
    job = queue.enqueue_in(timedelta(minutes=5), tasks.add)
    due = queue.scheduled_job_registry.get_scheduled_time(job)
    assert timedelta(0) <= due - before - timedelta(minutes=5) < timedelta(minutes=1)


def test_a_job_can_be_scheduled_by_hand(queue):
    job = queue.create_job(tasks.add)
    queue.schedule_job(job, datetime(2100, 1, 1, tzinfo=UTC))
    assert job in queue.scheduled_job_registry
    assert job.get_status(refresh=False) == JobStatus.SCHEDULED


# --- in a pipeline ---


def test_a_pipeline_collects_calls_until_it_is_executed(queue, redis_client):
    with redis_client.pipeline() as pipeline:
        job = queue.enqueue(tasks.add, pipeline=pipeline)
        later = queue.enqueue_in(timedelta(1), tasks.add, pipeline=pipeline)
        pipeline.set("own", 1)
        assert redis_client.keys() == []
        pipeline.execute()
    assert (queue.job_ids, later.get_status()) == ([job.id], JobStatus.SCHEDULED)
    assert (job.get_status(refresh=False), later.get_status(refresh=False)) == (JobStatus.QUEUED, JobStatus.SCHEDULED)
    assert redis_client.get("own") == b"1"


def test_a_pipeline_that_is_never_executed_leaves_nothing(queue, redis_client):
    with redis_client.pipeline() as pipeline:
        queue.enqueue(tasks.add, pipeline=pipeline)
    assert redis_client.keys() == []


def test_a_watching_pipeline_collects_too_and_fails_if_the_key_changed(queue, redis_client):
    with redis_client.pipeline() as pipeline:
        pipeline.watch("mine")
        queue.enqueue(tasks.add, pipeline=pipeline)
        assert queue.job_ids == []
        redis_client.set("mine", 1)
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert queue.job_ids == []


def test_a_transaction_enqueues_though_the_server_forgot_the_script(queue, redis_client):
    redis_client.script_flush()
    with redis_client.pipeline(transaction=True) as pipeline:
        job = queue.enqueue(tasks.add, pipeline=pipeline)
        pipeline.execute()
    assert queue.job_ids == [job.id]


# --- other connections, serializers and servers ---


def test_a_client_that_decodes_replies_can_enqueue_and_read(redis_url, redis_client):
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        queue = Queue(connection=client)
        job = queue.enqueue(tasks.add, "ü", meta={"a": "ü"})
        assert queue.job_ids == [job.id]
        fetched = Job.fetch(job.id, connection=client)
        assert (fetched.args, fetched.meta, fetched.get_status()) == (("ü",), {"a": "ü"}, "queued")
    assert Job.fetch(job.id, connection=redis_client).args == ("ü",)


def test_json_payloads_are_readable_without_python(redis_client):
    queue = Queue(connection=redis_client, serializer="json")
    job = queue.enqueue(tasks.add, 1, b=2, meta={"a": 1})
    stored = redis_client.hgetall(job.key)
    assert zlib.decompress(stored[b"data"]) == b'["tests.client.tasks.add", null, [1], {"b": 2}]'
    assert stored[b"meta"] == b'{"a": 1}'
    assert Job.fetch(job.id, redis_client, "json").args == [1]


def test_an_argument_that_cannot_be_serialized_is_refused_before_anything_is_written(redis_client):
    with pytest.raises(TypeError, match="JSON"):
        Queue(connection=redis_client, serializer="json").enqueue(tasks.add, object())
    assert redis_client.keys() == []


@pytest.mark.parametrize("argument", [threading.Lock(), lambda: None])
def test_such_an_error_says_why_arguments_are_serialized(queue, argument):
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
        queue.enqueue(tasks.add, argument)
    assert "travel to the worker" in caught.value.__notes__[0]


def test_a_meta_that_is_no_dictionary_is_refused(queue, redis_client):
    with pytest.raises(TypeError, match="meta must be a Mapping, not str: 'x'"):
        queue.enqueue(tasks.add, meta="x")
    assert redis_client.keys() == []


def test_a_prefix_gives_a_keyspace_of_its_own(redis_client, queue, monkeypatch):
    monkeypatch.setenv("RQ_KEY_PREFIX", "{other}:")
    other = Queue(connection=redis_client)
    job = other.enqueue(tasks.add)
    keys = redis_client.keys()
    assert {key.decode().split(":")[0] for key in keys} == {"{other}"}
    assert (len(queue), len(other), other.key, job.key) == (0, 1, "{other}:queue:default", f"{{other}}:job:{job.id}")
    assert Queue.redis_queue_namespace_prefix == "{other}:queue:"
    assert Queue.all(redis_client) == [other]


@pytest.mark.parametrize(("delay", "seconds"), [(5, 5), (0.25, 0.25), ("5", 5), ("2m", 120), (timedelta(hours=1), 3600)])
def test_a_delay_is_a_timedelta_a_number_of_seconds_or_a_text(queue, redis_client, delay, seconds):
    job = queue.enqueue_in(delay, tasks.add)
    [now, microseconds] = redis_client.time()
    due = redis_client.zscore("rq:scheduled:default", job.id)
    assert due == pytest.approx(now + microseconds / 1e6 + seconds, abs=5)
    assert due <= now + microseconds / 1e6 + seconds


@pytest.mark.parametrize(("delay", "error"), [(None, TypeError), (datetime(2100, 1, 1, tzinfo=UTC), TypeError), (True, TypeError), (float("nan"), ValueError)])
def test_what_is_no_delay_is_refused(queue, redis_client, delay, error):
    with pytest.raises(error, match="A job cannot"):
        queue.enqueue_in(delay, tasks.add)
    assert redis_client.keys() == []


@pytest.mark.parametrize("moment", ["tomorrow", 1893456000, None])
def test_what_is_no_moment_is_refused(queue, redis_client, moment):
    with pytest.raises(TypeError, match="give a datetime or a timedelta"):
        queue.enqueue_at(moment, tasks.add)
    assert redis_client.keys() == []
