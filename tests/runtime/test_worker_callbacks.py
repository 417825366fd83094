"""Callbacks and classes of jobs in a whole worker, on a real server."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from rq import Queue, SimpleWorker, Worker
from rq.job import Callback, Job
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"
BOTH = pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
CALLBACKS = {"on_success": Callback(worker_jobs.note_success), "on_failure": Callback(worker_jobs.note_failure), "on_stopped": Callback(worker_jobs.note_stop)}


class OwnJob(Job):
    """A class of jobs of a program's own, that calls what it runs differently."""

    def _execute(self) -> Any:
        return super()._execute() * 10


@pytest.fixture
def queue(redis_client):
    return Queue("high", connection=redis_client)


def work(worker_class, queue, **options):
    worker_class([queue], connection=queue.connection, **options).work(burst=True, logging_level="WARNING")


def called(client) -> list[str]:
    return [word.decode() for word in client.lrange("callbacks", 0, -1)]


@BOTH
def test_the_success_callback_runs_before_the_end_is_written(worker_class, queue, redis_client):
    job = queue.enqueue(worker_jobs.add, 2, 3, **CALLBACKS)
    work(worker_class, queue)
    assert called(redis_client) == ["success 5 started Job"]
    assert (job.get_status(), job.return_value()) == ("finished", 5)


@BOTH
def test_the_failure_callback_runs_on_every_failed_attempt(worker_class, queue, redis_client, caplog):
    job = queue.create_job(worker_jobs.fail, **CALLBACKS)
    job.retries_left = 1
    queue.enqueue_job(job)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(worker_class, queue)
    assert called(redis_client) == ["failure it broke started Job"] * 2
    assert job.get_status() == "failed"


@BOTH
def test_the_class_of_jobs_of_a_worker_runs_them(worker_class, queue, redis_client):
    job = queue.enqueue(worker_jobs.add, 2, 3, **CALLBACKS)
    work(worker_class, queue, job_class=OwnJob)
    assert called(redis_client) == ["success 50 started OwnJob"]
    assert job.return_value() == 50


def stopped_job(processes, queue, redis_client, redis_url, tmp_path, **callbacks):
    """Have a worker run a job, stop the job, and return it once it is settled, with the worker and the process it ran in."""
    started = tmp_path / "started"
    worker = processes.script(PROGRAM, redis_url, "Worker", "2.0", "w", "high")
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started), **callbacks)
    wait_until(started.exists)
    redis_client.hset(job.key, "x_stop", redis_client.hget(job.key, "x_execution"))
    wait_until(lambda: job.get_status() == "stopped")
    return job, worker, int(started.read_text())


@pytest.mark.parametrize("callback", [worker_jobs.note_stop, worker_jobs.note_stop_slowly])
def test_the_stopped_callback_runs_before_the_job_is_settled(callback, processes, queue, redis_client, redis_url, tmp_path):
    _, worker, job_pid = stopped_job(processes, queue, redis_client, redis_url, tmp_path, on_stopped=Callback(callback))
    [said] = called(redis_client)
    word, status, pid = said.split()
    assert (word, status) == ("stopped", "started")
    assert int(pid) not in {os.getpid(), worker.pid, job_pid}
    assert worker.output.count("somebody stopped it") == 1


def test_a_stopped_callback_that_raises_is_logged_and_the_job_is_stopped(processes, queue, redis_client, redis_url, tmp_path):
    job, worker, _ = stopped_job(processes, queue, redis_client, redis_url, tmp_path, on_stopped=Callback(worker_jobs.break_down))
    worker.wait_for_output("LookupError: the callback broke")
    assert job.id in queue.failed_job_registry
    after = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: after.get_status() == "finished")
