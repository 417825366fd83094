"""How far a job has come is said for whoever looks: a server that is away fails no job, and holds none up."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
import redis

from rq import Queue, aio
from rq.exceptions import CorruptDataError
from rq.job import Job
from rq.store import advisory
from tests.client import progress_jobs, tasks
from tests.support.waiting import wait_until

# Two tries, and a machine that does other things as well.
NOT_LONG_SECONDS = 15 * advisory.PATIENCE_SECONDS


@pytest.fixture
def job(redis_client, redis_url):
    """A job of a connection of its own: after an outage, nothing is said over the same one for a while."""
    with redis.Redis.from_url(redis_url) as connection:
        yield Queue(connection=connection).enqueue(tasks.add, 1, 2)


def test_progress_can_be_read_by_others(job, redis_client):
    job.set_progress(0.5, "half")
    assert Job.fetch(job.id, connection=redis_client).progress == (0.5, "half")


def test_a_server_that_does_not_answer_holds_nobody_up(job, valkey, caplog):
    caplog.set_level(logging.WARNING, "rq.job")
    valkey.pause()
    began = time.monotonic()
    for page in range(1000):
        job.set_progress(page)
    assert time.monotonic() - began < NOT_LONG_SECONDS
    assert [record.message for record in caplog.records if "the progress of jobs is not written" in record.message] == caplog.messages
    assert len(caplog.messages) == 1
    assert job.progress == (999, "")


def test_a_server_that_is_gone_fails_nobody_and_hears_of_it_when_it_is_back(job, valkey, redis_client, monkeypatch):
    monkeypatch.setattr(advisory, "QUIET_SECONDS", 0.0)
    stored = redis_client.dump(job.key)
    valkey.stop()
    job.set_progress(1, "one")
    valkey.start()
    redis_client.restore(job.key, 0, stored)
    job.set_progress(2, "two")
    assert Job.fetch(job.id, connection=redis_client).progress == (2, "two")


def test_what_the_server_refuses_is_said(job, redis_client, monkeypatch):
    monkeypatch.setattr(advisory, "PATIENCE_SECONDS", 30.0)
    redis_client.delete(job.key)
    redis_client.rpush(job.key, "no job")
    with pytest.raises(CorruptDataError, match="holds something that is no job"):
        job.set_progress(1)


def test_tasks_are_not_held_up_either(redis_url, valkey):
    async def say() -> float:
        async with aio.connect(redis_url) as connection:
            job = await aio.Queue(connection=connection).enqueue(tasks.add)
            valkey.pause()
            began = time.monotonic()
            for page in range(1000):
                await job.set_progress(page)
            valkey.resume()
            return time.monotonic() - began

    assert asyncio.run(say()) < NOT_LONG_SECONDS


def test_a_running_job_goes_on_while_the_server_is_away(processes, valkey, redis_client, tmp_path):
    started, gate, done = (tmp_path / name for name in ("started", "gate", "done"))
    job = Queue(connection=redis_client).enqueue(progress_jobs.read_pages, str(started), str(gate), str(done))
    processes.cli("worker", "--burst", "--url", valkey.url)
    wait_until(started.exists, 20)
    assert Job.fetch(job.id, connection=redis_client).progress == (0, "waiting")
    valkey.pause()
    gate.touch()
    wait_until(done.exists, 20)
    valkey.resume()
    wait_until(lambda: job.get_status() == "finished", 20)
