"""Scheduled jobs get into their queue when they are due, whatever workers do."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from rq import Queue, SimpleWorker
from rq.command import send_shutdown_command
from rq.job import Retry
from rq.runtime import crew
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"
SOON = timedelta(seconds=0.2)


@pytest.fixture
def queue(redis_client):
    return Queue("q", connection=redis_client)


@pytest.fixture
def sleepy(queue, redis_client, monkeypatch):
    """A worker in a thread, that waits and does not look by itself for an hour."""
    monkeypatch.setattr(crew, "LOOK_SECONDS", 3600.0)
    worker = SimpleWorker([queue, "other"], "w", connection=redis_client)
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "WARNING"})
    thread.start()
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:x:other")[0][1] == 1, message="the worker does not listen")
    wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 2, message="the worker does not wait")
    yield
    send_shutdown_command(redis_client, "w")
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.usefixtures("sleepy")
def test_a_worker_that_waits_is_woken_for_a_job_that_is_due_soon(queue):
    job = queue.enqueue_in(SOON, worker_jobs.nothing)
    wait_until(lambda: job.get_status() == "finished", message="nobody looked")


@pytest.mark.usefixtures("sleepy")
def test_a_worker_that_waits_is_woken_for_a_retry_and_for_a_repetition(queue, redis_client, tmp_path):
    job = queue.enqueue(worker_jobs.fail, retry=Retry(1, interval=1))
    wait_until(lambda: job.get_status() == "failed", message="the retry was not made")
    later = Queue("other", connection=redis_client).enqueue_in(SOON, worker_jobs.append, str(tmp_path / "log"), "ran")
    wait_until(lambda: later.get_status() == "finished", message="the other queue was not looked at")


@pytest.mark.usefixtures("sleepy")
def test_a_worker_that_waits_is_woken_when_its_queue_is_resumed(queue, redis_client):
    queue.pause()
    job, marker = queue.enqueue(worker_jobs.nothing), Queue("other", connection=redis_client).enqueue(worker_jobs.nothing)
    wait_until(lambda: marker.get_status() == "finished", message="the other queue is not served")
    assert job.get_status() == "queued"
    queue.resume()
    wait_until(lambda: job.get_status() == "finished", message="nobody looked")


def test_jobs_become_due_while_every_worker_runs_a_long_one(queue, redis_url, processes, tmp_path):
    long = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"))
    processes.script(PROGRAM, redis_url, "SimpleWorker", "30.0", "w", "q")
    wait_until((tmp_path / "began").exists, message="the long job did not begin")
    due = queue.enqueue_in(SOON, worker_jobs.nothing)
    wait_until(lambda: due.get_status() == "queued", message="nobody looked")
    assert (long.get_status(), queue.job_ids) == ("started", [due.id])
    (tmp_path / "gate").touch()
    wait_until(lambda: due.get_status() == "finished", message="the job did not run")


def test_a_busy_worker_keeps_no_job_from_others_though_the_server_forgot_its_scripts(queue, redis_client, valkey, processes, tmp_path):
    other = Queue("other", connection=redis_client)
    processes.script(PROGRAM, valkey.url, "SimpleWorker", "30", "busy", "q", "other")
    wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 2, message="the first worker does not wait")
    long = other.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"))
    wait_until((tmp_path / "began").exists)
    processes.script(PROGRAM, valkey.url, "SimpleWorker", "30", "idle", "q")
    wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 2, message="the second worker does not wait")
    redis_client.script_flush()
    job = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: job.get_status() == "finished", message="the busy worker keeps what it caught")
    assert long.get_status() == "started"
    (tmp_path / "gate").touch()
