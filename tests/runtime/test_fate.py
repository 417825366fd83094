"""What a job says of its attempts when a worker has run it: their output, what they used, and what put an end to them."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from rq import Callback, Queue, SimpleWorker, Worker
from rq.command import send_kill_horse_command, send_stop_job_command
from rq.exceptions import InvalidOptionError
from rq.job import Job, Retry
from tests.runtime import printing_jobs, worker_jobs
from tests.support.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"

BOTH = pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])


@pytest.fixture
def queue(redis_client):
    return Queue("q", connection=redis_client)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "rq.worker")


def work(worker_class, queue, **options):
    worker_class([queue], connection=queue.connection, **options).work(burst=True, logging_level="CRITICAL")


@pytest.fixture
def busy(queue, redis_client, redis_url, processes, tmp_path):
    """Returns a job that has printed something and waits for a file, and the process of its worker, which has a lease of two seconds."""

    def start(**options):
        job = queue.enqueue(printing_jobs.say_and_wait_for, "before", str(tmp_path / "began"), str(tmp_path / "gate"), **options)
        process = processes.script(PROGRAM, redis_url, "Worker", "2.0", "w", queue.name)
        wait_until((tmp_path / "began").exists, message="the job did not begin")
        wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
        return job, process

    return start


@BOTH
def test_what_a_job_prints_and_logs_is_kept_with_it(worker_class, queue):
    job = queue.enqueue(printing_jobs.say_in_every_way)
    silent = queue.enqueue(printing_jobs.say)
    work(worker_class, queue)
    assert job.output() == job.latest_result().output == "printed\nto stderr\nlogged\n"
    assert silent.output() == ""


def test_a_job_that_has_not_ended_has_no_output(queue):
    assert queue.enqueue(printing_jobs.say, "something").output() == ""


@BOTH
def test_each_attempt_has_its_output_and_the_job_that_of_the_last(worker_class, queue):
    job = queue.enqueue(printing_jobs.say_and_fail, "word", retry=Retry(max=1))
    work(worker_class, queue)
    assert [(result.type.name, result.output) for result in job.results()] == [("FAILED", "word\n"), ("RETRIED", "word\n")]
    assert job.output() == "word\n"


@BOTH
def test_how_much_is_kept_and_whether_can_be_chosen(worker_class, queue):
    jobs = [queue.enqueue(printing_jobs.say, "12345", "6789") for _ in range(2)]
    work(worker_class, queue, max_crashes=3, output_bytes=6, job_class=Job)
    assert [job.output() for job in jobs] == ["... 5 bytes left out ...\n\n6789\n"] * 2
    unkept = queue.enqueue(printing_jobs.say, "12345")
    work(worker_class, queue, keep_output=False)
    assert unkept.output() == ""


@pytest.mark.parametrize(("options", "said"), [({"output_bytes": -1}, "output_bytes is -1"), ({"job_memory": 1}, "job_memory is 1: it must be at least 64")])
def test_limits_that_make_no_sense_are_refused(queue, options, said):
    with pytest.raises(InvalidOptionError, match=said):
        work(Worker, queue, **options)


def test_a_worker_that_runs_jobs_in_its_own_process_cannot_limit_their_memory(queue):
    with pytest.raises(InvalidOptionError, match="use Worker"):
        work(SimpleWorker, queue, job_memory=256)


def test_an_attempt_says_what_its_process_used(queue):
    job = queue.enqueue(printing_jobs.take_at_once, 50)
    work(Worker, queue)
    result = job.latest_result()
    assert result.peak_memory > 50 * 1024
    assert result.cpu_seconds > 0
    assert result.killed_by is None


def test_in_the_process_of_the_worker_only_the_time_is_measured(queue):
    job = queue.enqueue(printing_jobs.say)
    work(SimpleWorker, queue)
    result = job.latest_result()
    assert (result.peak_memory, result.cpu_seconds is not None) == (None, True)


def test_a_job_whose_process_was_killed_says_so_and_what_it_said_last(queue):
    job = queue.enqueue(printing_jobs.say_and_be_killed, "last words")
    work(Worker, queue)
    assert len(job.results()) == 4
    for result in job.results():
        assert (result.killed_by, result.output) == ("The job's process was killed by signal 9 (SIGKILL)", "last words\n")
        assert result.peak_memory is not None


@BOTH
def test_a_job_past_its_time_limit_says_so(worker_class, queue):
    job = queue.enqueue(printing_jobs.say_and_sleep, "before", 60, job_timeout=1)
    work(worker_class, queue)
    assert job.latest_result().killed_by == "its time limit of 1 s"
    assert job.output() == "before\n"


def test_a_job_that_ignores_its_time_limit_says_so(queue):
    job = queue.enqueue(printing_jobs.say_and_ignore_everything, "before", 600, job_timeout=1)
    work(Worker, queue)
    assert job.latest_result().killed_by == "its time limit of 1 s, which it ignored"
    assert job.output() == "before\n"


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux limits the memory of a process")
def test_a_job_past_its_memory_limit_says_so(queue):
    job = queue.enqueue(printing_jobs.take_at_once, 1000)
    without = queue.enqueue(worker_jobs.add, 1)
    work(Worker, queue, job_memory=300)
    assert job.latest_result().killed_by == "its memory limit of 300 MiB"
    assert "in take_at_once" in job.latest_result().exc_string
    assert without.latest_result().killed_by is None


def test_a_job_that_somebody_stopped_says_who_and_what_it_said(busy, redis_client):
    job, _ = busy(on_stopped=Callback(printing_jobs.say_when_stopped))
    send_stop_job_command(redis_client, job.id, asked_by="ann, who was in a hurry")
    wait_until(lambda: job.get_status() == "stopped", message="the job was not stopped")
    assert job.latest_result().killed_by == "stopped by ann, who was in a hurry"
    assert job.output() == "before\nstopped\n"


def test_a_job_that_a_command_killed_says_so(busy, redis_client):
    job, _ = busy()
    send_kill_horse_command(redis_client, "w")
    wait_until(job.results, message="the attempt did not end")
    assert job.results()[-1].killed_by == "somebody told the worker to kill it (kill-horse)"
    assert job.results()[-1].output == "before\n"


def test_a_job_whose_worker_is_gone_says_where_that_was(busy, queue, redis_client, tmp_path):
    job, process = busy()
    process.popen.kill()
    process.wait()
    (tmp_path / "gate").touch()
    Worker([queue], connection=redis_client, lease=2).work(max_jobs=1, logging_level="CRITICAL")
    last, first = job.results()
    assert (last.type.name, last.output) == ("SUCCESSFUL", "before\n")
    assert re.match("(the lease ran out: its worker or machine is gone|its worker gave no sign of life) [(]w on ", first.killed_by)
    assert f", pid {process.pid}, last heard of at 20" in first.killed_by
    assert first.output == ""
