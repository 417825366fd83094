"""The two clients on one server: what either enqueues, schedules, cancels or requeues, the other reads and can go on with."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rq import Worker
from rq.executions import Execution
from rq.group import Group
from rq.job import Job, JobStatus, Retry
from rq.queue import Queue
from rq.results import Result
from tests.client import tasks
from tests.runtime import printing_jobs

HERE = Path(__file__).parent
SIDE = HERE / "rq212_client_side.py"


@pytest.fixture
def rq212(redis_url, rq212_processes):
    """Runs an action of RQ 2.12 and returns its answer."""

    def run(action, *arguments):
        return json.loads(rq212_processes.script(SIDE, redis_url, action, json.dumps(arguments), cwd=HERE).succeed(timeout=60.0))

    return run


@pytest.fixture
def queue(redis_client):
    return Queue("shared", connection=redis_client)


def same_moment(text, moment):
    return datetime.fromisoformat(text) == moment


def test_rq_reads_every_field_of_a_job_of_ours(queue, rq212):
    queue.enqueue("first")
    job = queue.enqueue(tasks.anything, 1, "ü", a=[2], job_timeout="1h", result_ttl=7, ttl=60, failure_ttl=-1, description="ein Gruß", meta={"a": {"b": 1}})
    read = rq212("read", job.id)
    assert {name: read[name] for name in ("func_name", "instance", "args", "kwargs", "meta", "description", "origin")} == {
        "func_name": "tests.client.tasks.anything",
        "instance": None,
        "args": [1, "ü"],
        "kwargs": {"a": [2]},
        "meta": {"a": {"b": 1}},
        "description": "ein Gruß",
        "origin": "shared",
    }
    assert (read["timeout"], read["result_ttl"], read["ttl"], read["failure_ttl"]) == (3600, 7, 60, -1)
    assert (read["status"], read["position"]) == ("queued", 1)
    assert 0 < read["ttl_of_hash"] <= 60
    assert same_moment(read["created_at"], job.created_at)
    assert same_moment(read["enqueued_at"], job.enqueued_at)
    assert (read["started_at"], read["ended_at"], read["worker_name"], read["retries_left"]) == (None, None, None, None)


def test_rq_reads_a_job_of_ours_that_says_nothing_of_itself(queue, rq212):
    read = rq212("read", queue.enqueue("shared_jobs.add", 2, b=3).id)
    assert (read["description"], read["timeout"], read["meta"]) == ("shared_jobs.add(2, b=3)", 180, {})
    assert (read["ttl"], read["result_ttl"], read["failure_ttl"], read["ttl_of_hash"]) == (None, None, None, -1)


@pytest.mark.parametrize("size", [0, 200, 255, 256, 100_000])
def test_rq_reads_payloads_of_every_size(queue, rq212, size):
    assert rq212("read", queue.enqueue("shared_jobs.add", "x" * size).id)["args"] == ["x" * size]


def test_rq_reads_json_payloads(redis_client, rq212):
    job = Queue("shared", connection=redis_client, serializer="json").enqueue("shared_jobs.add", 1, b=2, meta={"a": 1})
    read = rq212("read", job.id, "json")
    assert (read["args"], read["kwargs"], read["meta"]) == ([1], {"b": 2}, {"a": 1})


def test_we_read_every_field_of_a_job_of_rqs(queue, redis_client, rq212):
    options = {
        "args": [1, "ü"],
        "kwargs": {"a": [2]},
        "job_timeout": "1h",
        "result_ttl": 7,
        "ttl": 60,
        "failure_ttl": -1,
        "description": "ein Gruß",
        "meta": {"a": {"b": 1}},
    }
    job_id = rq212("enqueue", "shared", "add", options)
    job, read = Job.fetch(job_id, connection=redis_client), rq212("read", job_id)
    for name, value in read.items():
        if name in {"created_at", "enqueued_at"}:
            assert same_moment(value, getattr(job, name))
        elif name not in {"status", "position", "ttl_of_hash", "args"}:
            assert getattr(job, name) == value, name
    assert (list(job.args), job.get_status(), job.get_position(), queue.jobs) == ([1, "ü"], "queued", 0, [job])


def test_both_see_the_same_queue_and_registries(queue, rq212):
    waiting, canceled = queue.enqueue("shared_jobs.add"), queue.enqueue("shared_jobs.add")
    canceled.cancel()
    due = datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC)
    scheduled = queue.enqueue_at(due, "shared_jobs.add")
    theirs = rq212("enqueue", "shared", "add", {})
    assert rq212("registries", "shared") == {
        "queued": [waiting.id, theirs],
        "scheduled": [scheduled.id],
        "canceled": [canceled.id],
        "started": [],
        "finished": [],
        "failed": [],
        "deferred": [],
    }
    assert same_moment(rq212("scheduled_time", "shared", scheduled.id), due)
    assert (rq212("read", canceled.id)["status"], rq212("read", scheduled.id)["status"]) == ("canceled", "scheduled")


def test_we_see_what_rq_scheduled(queue, rq212):
    job_id = rq212("enqueue_in", "shared", 100)
    left = queue.scheduled_job_registry.get_scheduled_time(job_id) - datetime.now(UTC)
    assert timedelta(seconds=60) < left < timedelta(seconds=140)
    assert queue.fetch_job(job_id).is_scheduled


def test_either_cancels_the_jobs_of_the_other(queue, redis_client, rq212):
    ours, theirs = queue.enqueue("shared_jobs.add"), rq212("enqueue", "shared", "add", {})
    rq212("cancel", ours.id)
    Job.fetch(theirs, connection=redis_client).cancel()
    assert ours.is_canceled
    assert rq212("read", theirs)["status"] == "canceled"
    assert sorted(queue.canceled_job_registry.get_job_ids()) == sorted([ours.id, theirs])
    assert queue.is_empty()


def test_we_requeue_what_failed_at_rqs_worker_and_rq_runs_it_again(queue, redis_client, rq212):
    ours, theirs = queue.enqueue("shared_jobs.fail"), rq212("enqueue", "shared", "fail", {})
    rq212("work", "shared")
    registry = queue.failed_job_registry
    assert sorted(registry.get_job_ids()) == sorted([ours.id, theirs])
    for job_id in (ours.id, theirs):
        registry.requeue(job_id)
    assert queue.job_ids == [ours.id, theirs]
    read = rq212("read", theirs)
    assert (read["status"], read["started_at"], read["ended_at"], read["ttl_of_hash"]) == ("queued", None, None, -1)
    rq212("work", "shared")
    assert len(Job.fetch(theirs, connection=redis_client).results()) == 2


def test_rq_requeues_what_failed_and_we_read_it(queue, rq212):
    job = queue.enqueue("shared_jobs.fail")
    rq212("work", "shared")
    assert "ValueError: it broke" in job.latest_result().exc_string
    rq212("requeue", job.id)
    assert (job.is_queued, queue.job_ids, len(queue.failed_job_registry)) == (True, [job.id], 0)


def test_rq_and_we_read_the_same_result(queue, rq212):
    job = queue.enqueue("shared_jobs.add", 2, 3)
    rq212("work", "shared")
    assert (job.return_value(), job.is_finished, job in queue.finished_job_registry) == (5, True, True)


def test_emptying_a_queue_deletes_the_jobs_of_both(queue, redis_client, rq212):
    ours, theirs = queue.enqueue("shared_jobs.add"), rq212("enqueue", "shared", "add", {})
    assert queue.empty() == 2
    assert not any(Job.exists(job_id, redis_client) for job_id in (ours.id, theirs))
    assert rq212("registries", "shared")["queued"] == []


def test_both_read_the_groups_of_the_other_and_add_to_them(queue, redis_client, rq212):
    group = Group(redis_client, "mixed")
    ours = group.enqueue_many(queue, [Queue.prepare_data("shared_jobs.add", (1,)) for _ in range(2)])
    theirs = rq212("enqueue_group", "mixed", "shared", 2)
    others = rq212("enqueue_group", "only theirs", "shared", 1)
    everyone = sorted([job.id for job in ours] + theirs)
    assert rq212("groups") == {"mixed": everyone, "only theirs": others}
    assert {group.name: sorted(job.id for job in group.get_jobs()) for group in Group.all(redis_client)} == rq212("groups")
    assert (group.counts()[JobStatus.QUEUED], group.get_jobs()[0].group_id) == (4, "mixed")


def test_the_jobs_that_either_deletes_leave_the_groups_of_both(queue, redis_client, rq212):
    group = Group(redis_client, "mixed")
    ours = group.enqueue_many(queue, [Queue.prepare_data("shared_jobs.add", (1,))])[0].id
    theirs = rq212("enqueue_group", "mixed", "shared", 2)
    rq212("delete", ours)
    Job.fetch(theirs[0], connection=redis_client).delete()
    assert rq212("groups") == {"mixed": [theirs[1]]}
    assert [job.id for job in group.get_jobs()] == [theirs[1]]
    rq212("delete", theirs[1])
    assert Group.all(redis_client) == []


def test_the_call_at_the_end_of_a_group_is_run_when_a_worker_of_rqs_ends_the_last_job(queue, redis_client, rq212):
    group = Group(redis_client, "mixed")
    group.enqueue_many(queue, [Queue.prepare_data("shared_jobs.add", (1,)) for _ in range(3)], on_complete=Queue.prepare_data("shared_jobs.add", (2,)))
    rq212("work", "shared")
    assert group.is_done()
    assert Job.fetch(group.completion_job_id, connection=redis_client).is_finished


# --- by hand --------------------------------------------------------------------------------------------------------------------------


def test_rq_reads_a_job_that_was_saved_by_hand(queue, redis_client, rq212):
    job = Job.create(tasks.add, (1,), connection=redis_client, origin="shared", meta={"a": 1})
    job.save()
    job.timeout, job.ended_at = 7, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    job.set_status("failed")
    job.save()
    queue.failed_job_registry.add(job, 100)
    read = rq212("read", job.id)
    assert (read["status"], read["timeout"], read["meta"], read["ended_at"]) == ("failed", 7, {"a": 1}, "2030-01-02T03:04:05+00:00")
    assert rq212("registries", "shared")["failed"] == [job.id]


def test_rq_reads_the_results_of_attempts_of_which_more_is_known(queue, rq212, redis_client):
    calls = ((printing_jobs.say, "ü"), (printing_jobs.say_and_fail, "no"), (printing_jobs.say_and_leave, "no"))
    said = [queue.enqueue(*call, retry=Retry(max=1)) for call in calls]
    Worker([queue], connection=redis_client, max_crashes=1).work(burst=True, logging_level="CRITICAL")
    assert [job.output() for job in said] == ["ü\n", "no\n", "no\n"]
    finished, failed, died = (rq212("outcomes", job.id)["results"] for job in said)
    assert [(result["type"], result["return_value"]) for result in finished] == [("SUCCESSFUL", 1)]
    assert [result["type"] for result in failed] == ["FAILED", "RETRIED"]
    assert all(result["exc_string"].endswith("ValueError: no\n") for result in failed)
    assert [result["type"] for result in died] == ["FAILED", "RETRIED"]
    assert died[0]["exc_string"].startswith("rq.exceptions.AbandonedJobError")


def test_a_result_that_rq_wrote_has_no_output(queue, rq212):
    job_id = rq212("enqueue", "shared", "add", {"args": [1]})
    rq212("work", "shared")
    [result] = Job.fetch(job_id, connection=queue.connection).results()
    assert (result.output, result.killed_by, result.peak_memory, result.cpu_seconds) == ("", None, None, None)


def test_rq_reads_results_and_executions_that_were_written_by_hand(queue, rq212):
    job, now = queue.enqueue("shared_jobs.add", 1), datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    execution = Execution.create(job, 100, None, worker_name="w")
    Result.create(job, Result.Type.SUCCESSFUL, 100, 7, None, "w", None, execution.id, now, now)
    Result.create_failure(job, 100, "boom")
    read = rq212("outcomes", job.id)
    failure, success = read["results"]
    assert (failure["type"], failure["exc_string"], failure["execution_id"]) == ("FAILED", "boom", None)
    assert success == {
        "type": "SUCCESSFUL",
        "return_value": 7,
        "exc_string": None,
        "worker_name": "w",
        "execution_id": execution.id,
        "execution_started_at": now.isoformat(),
    }
    assert execution.created_at is not None
    assert read["executions"] == [[execution.id, "w", execution.created_at.isoformat()]]
    assert rq212("registries", "shared")["started"] == [job.id]


def test_a_job_of_rq_is_taken_by_hand(queue, redis_client, rq212):
    job_id = rq212("enqueue", "shared", "add", {"args": [1]})
    taken = Queue.dequeue_any([queue], None, redis_client)
    assert taken is not None
    assert (taken[0].id, taken[1], queue.intermediate_queue.get_job_ids()) == (job_id, queue, [job_id])
