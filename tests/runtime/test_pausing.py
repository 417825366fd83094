"""What workers do while queues, or they themselves, are paused."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from rq import Queue, SimpleWorker
from rq.command import send_shutdown_command
from rq.suspension import resume, suspend
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"


@pytest.fixture
def queue(redis_client):
    return Queue("q", connection=redis_client)


@pytest.fixture
def other(redis_client):
    return Queue("other", connection=redis_client)


@pytest.fixture
def waiting(redis_client, redis_url, processes):
    """A worker that waits for jobs of both queues."""
    process = processes.script(PROGRAM, redis_url, "SimpleWorker", "30.0", "w", "q", "other")
    wait_until(lambda: blocked(redis_client) == 2, message="the worker does not wait")
    return process


def blocked(client):
    """On how many queues workers wait."""
    return client.info("clients")["blocked_clients"]


def blocking_calls(client):
    """How often anybody has begun to wait."""
    return client.info("commandstats").get("cmdstat_blmove", {"calls": 0})["calls"]


def finished(job):
    return job.get_status() == "finished"


def test_a_burst_worker_whose_queues_are_all_paused_says_so_and_leaves(queue, other, redis_client, caplog):
    queue.enqueue(worker_jobs.nothing)
    queue.pause()
    other.pause()
    with caplog.at_level(logging.INFO, "rq.worker"):
        assert SimpleWorker([queue, other], connection=redis_client).work(burst=True) is False
    assert "stopped (all its queues are paused)" in caplog.text
    assert len(queue) == 1


def test_a_burst_worker_that_is_paused_leaves(queue, redis_client, caplog):
    queue.enqueue(worker_jobs.nothing)
    suspend(redis_client, worker="w")
    with caplog.at_level(logging.INFO, "rq.worker"):
        SimpleWorker([queue], "w", connection=redis_client).work(burst=True)
    assert "stopped (suspended)" in caplog.text
    SimpleWorker([queue], "v", connection=redis_client).work(burst=True, logging_level="WARNING")
    assert len(queue) == 0


def test_a_burst_worker_runs_the_jobs_of_its_other_queues(queue, other, redis_client):
    queue.pause()
    spared, job = queue.enqueue(worker_jobs.nothing), other.enqueue(worker_jobs.nothing)
    SimpleWorker([queue, other], connection=redis_client).work(burst=True, logging_level="WARNING")
    assert (spared.get_status(), job.get_status()) == ("queued", "finished")


def test_a_worker_that_waits_takes_no_job_of_a_queue_from_the_moment_it_is_paused(waiting, queue, other):
    queue.pause()
    held = [queue.enqueue(worker_jobs.nothing) for _ in range(3)]
    job = other.enqueue(worker_jobs.nothing)
    wait_until(lambda: finished(job), message="the other queue is not served")
    assert queue.job_ids == [job.id for job in held]
    queue.resume()
    wait_until(lambda: all(finished(job) for job in held), message="the jobs do not run after the pause")


def test_the_order_of_queues_is_no_news_of_pauses(redis_client, caplog):
    queues = [Queue(name, connection=redis_client) for name in "abcd"]
    for queue in queues[1::2]:
        queue.pause()
    for queue in queues[::2]:
        for _ in range(3):
            queue.enqueue(worker_jobs.nothing)
    with caplog.at_level(logging.INFO, "rq.worker"):
        SimpleWorker(queues, connection=redis_client).work(burst=True, dequeue_strategy="round_robin")
    assert caplog.text.count("takes no jobs of the paused queues b, d") == 1


def test_a_worker_does_not_spin_at_the_jobs_of_a_paused_queue(waiting, queue, other, redis_client):
    queue.pause()
    queue.enqueue(worker_jobs.nothing)
    waiting.wait_for_output("takes no jobs of the paused queues q")
    wait_until(lambda: blocked(redis_client) == 1, message="the worker does not wait for the other queue")
    before = blocking_calls(redis_client)
    for _ in range(20):
        queue.enqueue(worker_jobs.nothing)
    job = other.enqueue(worker_jobs.nothing)
    wait_until(lambda: finished(job), message="the other queue is not served")
    wait_until(lambda: blocked(redis_client) == 1, message="the worker does not wait again")
    assert blocking_calls(redis_client) <= before + 5  # after the job, and whenever a wait has lasted long enough; not for each job that rests
    assert len(queue) == 21


def test_a_worker_that_waits_is_paused_and_resumed_alone(waiting, queue, redis_client):
    suspend(redis_client, worker="w")
    job = queue.enqueue(worker_jobs.nothing)
    waiting.wait_for_output("suspended")
    assert job.get_status() == "queued"
    resume(redis_client, worker="w")
    wait_until(lambda: finished(job), message="the job does not run after the pause")


def test_a_paused_worker_can_be_told_to_leave(waiting, redis_client):
    suspend(redis_client, worker="w")
    waiting.wait_for_output("suspended")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
    send_shutdown_command(redis_client, "w")
    assert waiting.wait() == 0
