"""Many jobs in one call: each is what it would be alone, nothing is sent before all are checked, and whoever has a hand in enqueueing gets to see each."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rq.exceptions import UnimportableFunctionError
from rq.job import Job
from rq.queue import Queue
from tests.client import tasks

GREETER = tasks.Greeter("hi")

# Calls that differ from `add(n)` in one thing.
CALLS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a method": {"func": GREETER.greet, "args": ("bob",)},
    "a path": {"func": "some.where.else"},
    "keyword arguments": {"args": None, "kwargs": {"a": 1}},
    "limits": {"timeout": "1h", "result_ttl": 3, "ttl": "2m", "failure_ttl": 4},
    "a description": {"description": "añade uno"},
    "a number for a description": {"description": 5},
    "an empty description": {"description": 0},
    "an id": {"job_id": "one"},
    "at the front": {"at_front": True},
    "meta": {"meta": {"a": 1}},
}


def hash_of(redis_client, job):
    return {name: value for name, value in redis_client.hgetall(f"rq:job:{job.id}").items() if name not in {b"created_at", b"enqueued_at", b"x_enqueue"}}


@pytest.mark.parametrize("call", CALLS)
def test_a_job_among_many_is_written_as_it_is_alone(queue, redis_client, call):
    options = {"func": tasks.add, "args": (1,)} | CALLS[call]
    _, among_many, _ = queue.enqueue_many([queue.prepare_data(tasks.add, (1,)), queue.prepare_data(**options), queue.prepare_data(tasks.add, (3,))])
    written = hash_of(redis_client, among_many)
    stored = Job.fetch(among_many.id, connection=redis_client)
    assert (among_many.get_status(refresh=False), among_many.enqueued_at, among_many.created_at) == ("queued", stored.enqueued_at, stored.created_at)
    assert (among_many.args, among_many.kwargs, among_many.meta) == (stored.args, stored.kwargs, stored.meta)
    among_many.delete()
    alone = queue.enqueue_call(**options)
    assert hash_of(redis_client, alone) == written
    assert alone.description == among_many.description


def test_jobs_of_one_call_are_strangers_to_one_another(queue):
    first, second = queue.enqueue_many([queue.prepare_data(tasks.add, (number,)) for number in (1, 2)])
    first.meta["seen"] = True
    assert second.meta == {}
    assert first.created_at <= second.created_at
    first.description = "changed"
    assert second.description == "tests.client.tasks.add(2)"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"func": lambda: None}, UnimportableFunctionError),
        ({"func": tasks.Greeter}, TypeError),
        ({"args": (threading.Lock(),)}, TypeError),
        ({"args": "bob"}, TypeError),
        ({"kwargs": [1]}, TypeError),
        ({"job_id": "no good"}, ValueError),
        ({"job_id": "same"}, ValueError),
        ({"ttl": 0}, ValueError),
        ({"timeout": "long"}, ValueError),
        ({"description": ["x"]}, TypeError),
    ],
)
def test_nothing_is_sent_when_the_last_of_many_is_wrong(queue, redis_client, wrong, error):
    datas = [queue.prepare_data(tasks.add, (number,)) for number in range(300)]
    datas.append(queue.prepare_data(tasks.add, (1,), job_id="same"))
    datas.append(queue.prepare_data(**({"func": tasks.add, "args": (2,)} | wrong)))
    with pytest.raises(error):
        queue.enqueue_many(datas)
    assert redis_client.keys("rq:*") == []


def test_a_replaced_enqueue_job_sees_each_of_many_and_what_it_puts_into_the_meta_is_kept(queue, redis_client, monkeypatch):
    original = Queue.enqueue_job

    def traced(self, job, *args, **kwargs):
        job.meta["trace"] = job.id
        return original(self, job, *args, **kwargs)

    monkeypatch.setattr(Queue, "enqueue_job", traced)
    first, second = queue.enqueue_many([queue.prepare_data(tasks.add, (1,)), queue.prepare_data(tasks.add, (2,), at_front=True)])
    assert queue.job_ids == [second.id, first.id]
    assert [Job.fetch(job.id, redis_client).meta for job in (first, second)] == [{"trace": first.id}, {"trace": second.id}]
    assert second.get_status(refresh=False) == "queued"


def test_a_subclass_may_use_the_pipeline_that_it_gets(queue, redis_client):
    class Counting(Queue):
        def _enqueue_job(self, job, pipeline=None, at_front=False):  # type: ignore[override] # as written for RQ, which has no `unique` there
            pipeline.incr("counted")
            return super()._enqueue_job(job, pipeline, at_front)

    counting = Counting("default", connection=redis_client)
    jobs = counting.enqueue_many([queue.prepare_data(tasks.add, (number,)) for number in range(3)])
    assert (queue.job_ids, redis_client.get("counted")) == ([job.id for job in jobs], b"3")


def test_a_job_class_of_ones_own_makes_each_of_many(redis_client):
    class Marked(Job):
        @classmethod
        def create(cls, *args, **kwargs):
            job = super().create(*args, **kwargs)
            job.meta["marked"] = True
            return job

    queue = Queue(connection=redis_client, job_class=Marked)
    [job] = queue.enqueue_many([queue.prepare_data(tasks.add, (1,))])
    assert isinstance(job, Marked)
    assert Job.fetch(job.id, redis_client).meta == {"marked": True}
