"""A duration may be spelled as a number, as its text, or with a unit, wherever a job is told one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rq import Queue
from rq.decorators import job as job_decorator
from rq.job import Callback, Job
from tests.client import tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

SPELLINGS = {30: 30, -1: -1, "-1": -1, "30": 30, "2": 2, "5s": 5, "3m": 180, "1h": 3600, "1H": 3600, "1 d": 86400}

Durations = dict[str, Any]


def work() -> None:
    """What the decorator is put on here."""


def keywords(durations: Durations) -> Durations:
    """Return durations as `Queue.enqueue` and its like name them."""
    return {"job_timeout" if name == "timeout" else name: value for name, value in durations.items()}


def by_decorator(queue: Queue, durations: Durations) -> Job:
    decorated = job_decorator(queue, **durations)(work)
    return decorated.delay()


# How a job comes to be -> how it is told durations there.
WAYS: dict[str, Callable[[Queue, Durations], Job]] = {
    "enqueue": lambda queue, durations: queue.enqueue(tasks.add, 1, **keywords(durations)),
    "enqueue with args=": lambda queue, durations: queue.enqueue(tasks.add, args=(1,), **keywords(durations)),
    "enqueue_call": lambda queue, durations: queue.enqueue_call(tasks.add, (1,), **durations),
    "enqueue_in": lambda queue, durations: queue.enqueue_in(timedelta(minutes=1), tasks.add, 1, **keywords(durations)),
    "enqueue_many": lambda queue, durations: queue.enqueue_many([queue.prepare_data(tasks.add, (1,), **durations)])[0],
    "create_job": lambda queue, durations: queue.enqueue_job(queue.create_job(tasks.add, (1,), **durations)),
    "Job.create": lambda queue, durations: queue.enqueue_job(Job.create(tasks.add, (1,), connection=queue.connection, **durations)),
    "@job": by_decorator,
    "using": lambda queue, durations: job_decorator(queue)(work).using(**durations).enqueue(),
    "a queue without workers": lambda queue, durations: Queue(connection=queue.connection, is_async=False).enqueue(tasks.add, 1, **keywords(durations)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
def test_a_duration_may_be_spelled_in_any_way(way: str, spelling: Any, queue: Queue, redis_client: redis.Redis):
    seconds = SPELLINGS[spelling]
    expected = {"timeout": seconds, "result_ttl": seconds, "failure_ttl": seconds, "ttl": seconds if seconds > 0 else None}
    job = WAYS[way](queue, {name: None if value is None else spelling for name, value in expected.items()})
    stored = Job.fetch(job.id, connection=redis_client)
    assert {name: getattr(stored, name) for name in expected} == {name: getattr(job, name) for name in expected} == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wrong", [{"ttl": -1}, {"ttl": "0"}, {"timeout": "soon"}, {"result_ttl": "1w"}, {"failure_ttl": "1.5h"}], ids=repr)
def test_a_duration_that_makes_no_sense_is_refused_everywhere(way: str, wrong: Durations, queue: Queue, redis_client: redis.Redis):
    with pytest.raises(ValueError, match=r"ttl is|Not a duration"):
        WAYS[way](queue, wrong)
    assert redis_client.keys() == []


@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
def test_a_queue_and_a_callback_take_the_same_spellings(spelling: Any, redis_client: redis.Redis):
    job = Queue(connection=redis_client, default_timeout=spelling).enqueue(tasks.add, 1, on_success=Callback(tasks.add, timeout=spelling))
    stored = Job.fetch(job.id, connection=redis_client)
    assert (stored.timeout, stored.success_callback_timeout) == (SPELLINGS[spelling], SPELLINGS[spelling])


@pytest.mark.parametrize("spelling", [spelling for spelling, seconds in SPELLINGS.items() if seconds > 0], ids=repr)
def test_a_delay_takes_the_same_spellings(spelling: Any, queue: Queue, redis_client: redis.Redis):
    job = queue.enqueue_in(spelling, tasks.add, 1)
    due, now = redis_client.zscore("rq:scheduled:default", job.id), int(redis_client.time()[0])
    assert due is not None
    assert due - now == pytest.approx(SPELLINGS[spelling], abs=2)
