"""Groups with workers: the call at the end is run once, after everything else."""

from __future__ import annotations

import pytest

from rq import Queue, SimpleWorker, Worker
from rq.group import Group
from rq.job import Job
from tests.runtime import worker_jobs

prepare = Queue.prepare_data


@pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
def test_the_call_at_the_end_is_run_once_and_last_however_the_others_end(worker_class, redis_client, tmp_path):
    log = str(tmp_path / "log")
    queue, group = Queue(connection=redis_client), Group(redis_client)
    datas = [
        prepare(worker_jobs.append, (log, "kept")),
        prepare(worker_jobs.append, (log, "not kept"), result_ttl=0),
        prepare(worker_jobs.fail),
        prepare(worker_jobs.fail, failure_ttl=0),
        prepare(worker_jobs.append, (log, "after the first"), job_id="last", depends_on="first"),
        prepare(worker_jobs.append, (log, "first"), job_id="first"),
        prepare("no.such.function"),
    ]
    group.enqueue_many(queue, datas, on_complete=prepare(worker_jobs.append, (log, "the end"), at_front=True))
    worker_class([queue], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    lines = (tmp_path / "log").read_text().splitlines()
    assert sorted(lines) == ["after the first", "first", "kept", "not kept", "the end"]
    assert lines[-1] == "the end"
    assert Job.fetch(group.completion_job_id, connection=redis_client).is_finished
    assert group.is_done()


def test_two_workers_run_the_call_at_the_end_of_many_once(processes, redis_url, redis_client, tmp_path):
    log = str(tmp_path / "log")
    queue, group = Queue("many", connection=redis_client), Group(redis_client)
    group.enqueue_many(queue, [prepare(worker_jobs.add, (number,)) for number in range(400)], on_complete=prepare(worker_jobs.append, (log, "the end")))
    workers = [processes.cli("worker", "--burst", "--quiet", "--url", redis_url, "many", command="rq") for _ in range(2)]
    for worker in workers:
        worker.succeed(timeout=60.0)
    completion = Job.fetch(group.completion_job_id, connection=redis_client)
    assert completion.is_finished
    assert (tmp_path / "log").read_text() == "the end\n"
    assert sorted(completion.dependency_results().values()) == list(range(400))
