"""`rq explain`, as users run it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from rq import Queue
from rq.job import Job
from tests.support.dump import dump

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq


def test_a_job_without_a_worker_is_explained(rq: Rq):
    rq.enqueue("tasks.greet")
    job_id = rq.enqueue("tasks.greet")
    lines = rq.run("explain", job_id).splitlines()
    assert lines == [f"Job {job_id} waits in the queue default behind 1 other: no worker listens on that queue.", "Start one: `rq worker default`."]


def test_a_job_whose_worker_has_other_code_is_explained(rq: Rq):
    job_id = rq.enqueue("tasks.not_yet_written")
    rq.start("worker", "--burst", "--name", "old-code").succeed()
    output = rq.run("explain", job_id)
    assert "because the worker old-code did not find its function: Cannot find tasks.not_yet_written: tasks has no 'not_yet_written'" in output
    assert f"`rq requeue --queue default {job_id}`" in output


def test_a_paused_queue_is_explained(rq: Rq):
    job_id = rq.enqueue("tasks.greet")
    rq.run("suspend", "default")
    assert "that queue is paused." in rq.run("explain", job_id)


def test_the_advice_about_a_failed_job_can_be_followed(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.fail")
    rq.start("worker", "--burst").succeed()
    failed, advice = rq.run("explain", job_id).splitlines()
    assert "failed at its 1st attempt" in failed
    assert failed.endswith("RuntimeError: this job fails.")
    rq.run(*advice.split("`")[1].split()[1:])
    assert redis_client.lrange("rq:queue:default", 0, -1) == [job_id.encode()]


def test_several_jobs_can_be_explained_to_a_program(rq: Rq, redis_client: redis.Redis):
    waiting = rq.enqueue("tasks.greet")
    scheduled = Queue(connection=redis_client).enqueue_in(timedelta(hours=1), "tasks.greet").id
    found = json.loads(rq.run("explain", "--json", waiting, scheduled))
    assert [(row["job_id"], row["situation"], row["status"], row["queue"], row["ahead"]) for row in found] == [
        (waiting, "no_worker", "queued", "default", 0),
        (scheduled, "scheduled", "scheduled", "default", None),
    ]
    assert found[1]["due"].endswith("Z")
    assert json.loads(rq.run("explain", "--json", waiting)) == found[0]


def test_a_job_that_does_not_exist_has_others_like_it_named(rq: Rq, redis_client: redis.Redis):
    Queue(connection=redis_client).enqueue("tasks.greet", job_id="report-2030")
    process = rq.start("explain", "report-203O")
    assert process.wait() == 1
    assert "There is no job report-203O" in process.stdout
    assert "There is report-2030." in process.stdout
    assert process.stderr == "Error: No such job: report-203O\n"


def test_the_id_of_an_execution_will_do(rq: Rq):
    job_id = rq.enqueue("tasks.greet")
    assert f"Job {job_id} waits" in rq.run("explain", f"{job_id}:0123")


def test_looking_changes_nothing(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    before = dump(redis_client)
    rq.run("explain", job_id)
    assert dump(redis_client) == before


def test_a_command_must_be_told_which_job(rq: Rq):
    assert "JOB_IDS" in rq.refuse("explain", status=2)


def test_a_program_can_ask_a_job(rq: Rq, redis_client: redis.Redis):
    job = Job.fetch(rq.enqueue("tasks.greet"), connection=redis_client)
    assert str(job.explain()).startswith(f"Job {job.id} waits in the queue default as the next one: no worker listens on that queue. Start one:")
