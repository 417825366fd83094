"""One server, two libraries: RQ 2.12.0 and this one, in both directions and on one queue at the same time."""

from __future__ import annotations

import os
import pickle
import sys
from collections import Counter
from pathlib import Path

import pytest

from rq import Queue, SimpleWorker, Worker
from rq.core.keys import Keyspace
from rq.job import Callback, Job
from rq.model.record import JobRecord
from rq.store.connection import Caller
from rq.store.dependents import sweep_deferred
from rq.store.enqueue import NewJob, enqueue_jobs
from rq.store.scripts import ScriptLibrary
from tests.support.waiting import wait_until

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIDE = HERE / "rq212_side.py"
OURS = Path(__file__).parents[1] / "faults" / "worker_program.py"


@pytest.fixture
def family(redis_client):
    """Our store lets job c wait for job p; both add 1."""
    scripts = ScriptLibrary(Keyspace())
    data = pickle.dumps(("shared_jobs.add", None, (1,), {}))
    records = [JobRecord("p", origin="shared", data=data, timeout=180), JobRecord("c", origin="shared", data=data, timeout=180, dependency_ids=["p"])]
    Caller(redis_client).run(enqueue_jobs(scripts, [NewJob(record, f"nonce-{record.id}") for record in records]))
    return scripts


@pytest.fixture
def queue(redis_client):
    return Queue("shared", connection=redis_client)


@pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
def test_rq_enqueues_our_worker_runs_and_rq_reads(worker_class, rq212, redis_client):
    good, bad = rq212("enqueue", "shared", "add", 2, 3), rq212("enqueue", "shared", "fail")
    worker_class(["shared"], "ours", connection=redis_client).work(burst=True, logging_level="CRITICAL")
    read = rq212("describe", good)
    assert (read["status"], read["return_value"], read["result_type"], read["worker_name"]) == ("finished", 5, "SUCCESSFUL", "ours")
    assert read["has_ended"]
    assert read["executions"] == 0
    read = rq212("describe", bad)
    assert (read["status"], read["result_type"]) == ("failed", "FAILED")
    assert "ValueError: it broke" in read["exc_string"]
    found = rq212("registries", "shared")
    assert (found["finished"], found["failed"], found["queued"], found["started"]) == ([good], [bad], [], [])


@pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
def test_our_worker_calls_back_what_rq_enqueued(worker_class, rq212, redis_client):
    good, bad = rq212("enqueue_with_callbacks", "shared", "add", 2, 3), rq212("enqueue_with_callbacks", "shared", "fail")
    worker_class(["shared"], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    assert redis_client.lrange("callbacks", 0, -1) == [f"{good} finished 5".encode(), f"{bad} failed ValueError it broke".encode()]


@pytest.mark.parametrize("class_name", ["SimpleWorker", "Worker"])
def test_rqs_worker_calls_back_what_we_enqueued(class_name, rq212, queue, redis_client):
    import shared_jobs  # type: ignore[import-not-found]

    callbacks = {"on_success": Callback(shared_jobs.succeeded), "on_failure": Callback(shared_jobs.failed, timeout=5)}
    good, bad = queue.enqueue(shared_jobs.add, 2, 3, **callbacks), queue.enqueue(shared_jobs.fail, **callbacks)
    rq212("work", class_name, "shared")
    assert redis_client.lrange("callbacks", 0, -1) == [f"{good.id} finished 5".encode(), f"{bad.id} failed ValueError it broke".encode()]


@pytest.mark.parametrize("function", ["add", "fail"])
def test_a_queue_that_runs_its_jobs_leaves_what_rqs_leaves(function, rq212, redis_client):
    import shared_jobs

    arguments = (2, 3) if function == "add" else ()
    theirs = rq212("enqueue_here", "shared", function, *arguments)
    ours = Queue("shared", connection=redis_client, is_async=False).enqueue(getattr(shared_jobs, function), *arguments).id
    read = [rq212("describe", job_id) for job_id in (theirs, ours)]
    for described in read:
        del described["exc_string"], described["has_ended"]  # of a failed job, RQ does not say when it ended
    assert read[0] == read[1]
    found = rq212("registries", "shared")
    assert sorted(found["finished"] + found["failed"]) == sorted([theirs, ours])
    scores = [redis_client.zscore(f"rq:{'finished' if function == 'add' else 'failed'}:shared", job_id) for job_id in (theirs, ours)]
    assert abs(scores[0] - scores[1]) < 60
    fields = [[entry.keys() for _, entry in redis_client.xrange(f"rq:results:{job_id}")] for job_id in (theirs, ours)]
    assert fields[0] == fields[1]


@pytest.mark.parametrize("class_name", ["SimpleWorker", "Worker"])
def test_we_enqueue_rqs_worker_runs_and_we_read(class_name, rq212, queue, redis_client):
    import shared_jobs

    good = queue.enqueue(shared_jobs.add, 2, b=3, meta={"a": 1}, result_ttl=60, job_timeout="1h", description="a sum")
    bad = queue.enqueue(shared_jobs.fail)
    read = rq212("describe", good.id)
    assert (read["status"], read["func_name"], read["args"], read["kwargs"]) == ("queued", "shared_jobs.add", [2], {"b": 3})
    assert (read["meta"], read["timeout"], read["result_ttl"], read["description"], read["origin"]) == ({"a": 1}, 3600, 60, "a sum", "shared")
    assert read["has_dates"]
    assert rq212("work", class_name, "shared") is True
    assert (good.get_status(), good.return_value()) == ("finished", 5)
    assert bad.get_status() == "failed"
    assert "ValueError: it broke" in bad.latest_result().exc_string
    assert queue.finished_job_registry.get_job_ids() == [good.id]
    assert queue.failed_job_registry.get_job_ids() == [bad.id]
    assert len(queue) == len(queue.started_job_registry) == 0


def test_rq_sees_our_workers_and_what_they_run(rq212, processes, redis_client, redis_url):
    processes.script(OURS, redis_url, "Worker", "30", "ours", "shared", "other")
    wait_until(lambda: redis_client.exists("rq:worker:ours"))
    assert rq212("workers") == [["ours", ["shared", "other"], "idle", 0, True]]


def test_both_kinds_of_worker_share_one_queue(  # noqa: PLR0917 - fixtures
    rq212, rq212_python, rq212_processes, processes, queue, redis_client, redis_url, tmp_path
):
    import shared_jobs

    log = tmp_path / "log"
    log.touch()
    ids = rq212("enqueue_notes", "shared", log, 60)
    ids += [queue.enqueue(shared_jobs.note, str(log), f"ours{number}", result_ttl=-1).id for number in range(60)]
    theirs = rq212_processes.script(SIDE, redis_url, "work", "Worker", "shared", cwd=HERE)
    wait_until(log.read_text, 60)  # ours, once it has started, leaves little to the other
    paths = os.pathsep.join([str(HERE), str(ROOT / "src"), str(ROOT)])
    ours = processes.script(OURS, redis_url, "Worker", "30", "ours", "shared", env={"PYTHONPATH": paths})
    try:
        wait_until(lambda: redis_client.zcard("rq:finished:shared") == 120, 60)
    finally:
        assert theirs.wait(30) == 0
    ours.terminate()
    assert ours.wait() == 0, ours.output
    assert Counter(log.read_text().split()) == Counter([f"rq{n}" for n in range(60)] + [f"ours{n}" for n in range(60)])
    jobs = Job.fetch_many(ids, connection=redis_client)
    assert {job.get_status().value for job in jobs if job} == {"finished"}
    prefixes = {job.return_value() for job in jobs if job}
    assert prefixes == {sys.prefix, str(Path(rq212_python).parents[1])}
    found = rq212("registries", "shared")
    assert sorted(found["finished"]) == sorted(ids)
    assert found["queued"] == found["started"] == found["failed"] == []


def test_a_job_scheduled_by_either_is_promoted_by_our_worker(rq212, queue, redis_client):
    from datetime import timedelta

    import shared_jobs

    job = queue.enqueue_in(timedelta(seconds=-1), shared_jobs.add, 1, 1)
    assert rq212("registries", "shared")["scheduled"] == [job.id]
    SimpleWorker([queue], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    assert job.get_status() == "finished"


# --- jobs that wait for others ---


def test_jobs_that_rq_deferred_go_on_when_our_worker_ends_their_parents(rq212, redis_client):
    ids = rq212("enqueue_families", "shared")
    Worker(["shared", "one", "two"], "ours", connection=redis_client).work(burst=True, logging_level="CRITICAL")
    statuses = {name: rq212("describe", job_id)["status"] for name, job_id in ids.items()}
    assert statuses == {"child": "finished", "lenient": "finished", "patient": "deferred", "of two": "finished"}
    assert rq212("registries", "shared")["deferred"] == [ids["patient"]]


def test_a_job_goes_on_when_one_parent_was_ended_by_rq_and_the_other_by_us(rq212, redis_client):
    ids = rq212("enqueue_families", "shared")
    rq212("work", "SimpleWorker", "one")
    assert rq212("describe", ids["of two"])["status"] == "deferred"
    Worker(["two"], "ours", connection=redis_client).work(burst=True, logging_level="CRITICAL")
    assert ids["of two"] in rq212("registries", "shared")["queued"]


def test_a_job_of_ours_goes_on_when_an_rq_worker_ends_its_parent_and_leaves_nothing_for_ever(rq212, redis_client, family):
    assert rq212("registries", "shared")["deferred"] == ["c"]
    rq212("work", "SimpleWorker", "shared")
    assert [rq212("describe", job_id)["status"] for job_id in "pc"] == ["finished", "finished"]
    assert rq212("registries", "shared")["deferred"] == []
    assert redis_client.ttl(family.keyspace.pending("c")) > 0


def test_our_sweep_finds_nothing_left_to_do_after_rq(rq212, redis_client, family):
    rq212("work", "SimpleWorker", "shared")
    assert Caller(redis_client).run(sweep_deferred(family, "shared")) == (0, None)
