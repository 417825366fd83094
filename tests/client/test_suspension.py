"""Suspension by hand, with what RQ's functions answer."""

from __future__ import annotations

import pytest

from rq import SimpleWorker
from rq.suspension import WORKERS_SUSPENDED, is_suspended, resume, suspend
from tests.client import tasks


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
    with watched() as watch:
        assert is_suspended(redis_client, worker) == 0
    assert [command.split()[0] for command in watch.commands] == ["EXISTS"]


def test_jobs_can_be_enqueued_meanwhile(redis_client, queue):
    suspend(redis_client)
    queue.enqueue(tasks.add, 1)
    assert len(queue) == 1
