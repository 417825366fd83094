"""The lists of workers, kept by hand."""

from __future__ import annotations

import pytest

from rq import SimpleWorker
from rq.queue import Queue
from rq.worker_registration import (
    MAX_KEYS,
    REDIS_WORKER_KEYS,
    WORKERS_BY_QUEUE_KEY,
    clean_worker_registry,
    get_keys,
    register,
    unregister,
)


@pytest.fixture
def listener(redis_client):
    return SimpleWorker(["high", "low"], name="w1", connection=redis_client)


def listed(redis_client):
    """Who stands on the list of all workers, on that of `high`, and on that of `low`."""
    keys = [REDIS_WORKER_KEYS, WORKERS_BY_QUEUE_KEY % "high", WORKERS_BY_QUEUE_KEY % "low"]
    return [{key.decode() for key in redis_client.smembers(name)} for name in keys]


def test_a_worker_is_put_on_all_lists_and_taken_off_them(listener, redis_client):
    register(listener)
    assert listed(redis_client) == [{listener.key}] * 3
    unregister(listener)
    assert listed(redis_client) == [set()] * 3


def test_a_pipeline_collects_the_calls(listener, redis_client):
    with redis_client.pipeline() as pipeline:
        register(listener, pipeline)
        assert listed(redis_client) == [set()] * 3
        pipeline.execute()
        assert listed(redis_client) == [{listener.key}] * 3
        unregister(listener, pipeline)
        pipeline.execute()
    assert listed(redis_client) == [set()] * 3


def test_the_keys_are_those_of_a_queue_or_of_all(listener, redis_client):
    register(listener)
    assert get_keys(Queue("high", connection=redis_client)) == get_keys(connection=redis_client) == {listener.key}
    assert get_keys(Queue("other", connection=redis_client)) == set()
    with pytest.raises(ValueError, match="which server"):
        get_keys()


def test_cleaning_takes_off_those_without_a_hash_and_no_others(listener, redis_client):
    alive = SimpleWorker(["high"], name="w2", connection=redis_client)
    for worker in (listener, alive):
        register(worker)
    redis_client.hset(alive.key, "state", "idle")
    clean_worker_registry(Queue("high", connection=redis_client))
    assert listed(redis_client) == [{alive.key}, {alive.key}, {listener.key}]


def test_cleaning_takes_any_number(redis_client):
    keys = [f"rq:worker:{number}" for number in range(MAX_KEYS + 1)]
    redis_client.sadd(WORKERS_BY_QUEUE_KEY % "high", *keys)
    redis_client.sadd(REDIS_WORKER_KEYS, *keys)
    clean_worker_registry(Queue("high", connection=redis_client))
    assert listed(redis_client)[:2] == [set(), set()]
