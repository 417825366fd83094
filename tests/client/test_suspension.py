"""Suspension by hand, with what RQ's functions answer."""

from __future__ import annotations

import pytest

from rq import SimpleWorker
from rq.suspension import WORKERS_SUSPENDED, is_suspended, resume, suspend
from tests.client import tasks
from tests.support.dump import dump


def test_workers_are_suspended_until_they_are_resumed(redis_client):
    assert is_suspended(redis_client) == 0
    assert suspend(redis_client) is None  # type: ignore[func-returns-value]
    assert is_suspended(redis_client) == 1
    assert (redis_client.get(WORKERS_SUSPENDED), redis_client.ttl(WORKERS_SUSPENDED)) == (b"1", -1)
    assert (resume(redis_client), resume(redis_client), is_suspended(redis_client)) == (1, 0, 0)


def test_a_suspension_with_an_end_is_one_command(redis_client, watched):
    with watched() as watch:
        suspend(redis_client, 100)
    assert [command.upper() for command in watch.commands] == ["SET RQ:SUSPENDED 1 EX 100"]


@pytest.mark.parametrize("ttl", [0, -1])
def test_a_suspension_that_is_over_at_once_suspends_nobody(redis_client, ttl):
    suspend(redis_client)
    suspend(redis_client, ttl=ttl)
    assert is_suspended(redis_client) == 0


def test_asking_for_a_worker_writes_nothing(redis_client, queue, watched):
    worker = SimpleWorker([queue])
    is_suspended(redis_client, worker)  # makes the script known
    before = dump(redis_client)
    with watched() as watch:
        assert is_suspended(redis_client, worker) == 0
    assert [command.split()[0].upper() for command in watch.commands] == ["EVALSHA"]
    assert dump(redis_client) == before


def test_a_queue_is_suspended_alone(redis_client, queue):
    suspend(redis_client, queue=queue)
    assert (is_suspended(redis_client, queue="default"), is_suspended(redis_client, queue="other"), is_suspended(redis_client)) == (1, 0, 0)
    assert (resume(redis_client), resume(redis_client, queue="default"), resume(redis_client, queue=queue)) == (0, 1, 0)
    assert is_suspended(redis_client, queue=queue) == 0


def test_a_worker_is_suspended_alone(redis_client, queue):
    suspend(redis_client, worker="w")
    assert (is_suspended(redis_client, SimpleWorker([queue], name="w")), is_suspended(redis_client, "v"), is_suspended(redis_client)) == (1, 0, 0)
    assert (resume(redis_client, worker="w"), is_suspended(redis_client, "w")) == (1, 0)


def test_when_all_are_suspended_so_is_each(redis_client, queue):
    suspend(redis_client)
    assert (is_suspended(redis_client, "w"), is_suspended(redis_client, queue=queue)) == (1, 1)
    assert (resume(redis_client, queue=queue, worker="w"), is_suspended(redis_client)) == (0, 1)


@pytest.mark.parametrize("ttl", [0, -1])
def test_a_pause_that_is_over_at_once_pauses_nothing(redis_client, ttl):
    suspend(redis_client, queue="q", worker="w")
    suspend(redis_client, ttl, queue="q", worker="w")
    assert (is_suspended(redis_client, queue="q"), is_suspended(redis_client, "w")) == (0, 0)


def test_jobs_can_be_enqueued_meanwhile(redis_client, queue):
    suspend(redis_client)
    queue.enqueue(tasks.add, 1)
    assert len(queue) == 1
