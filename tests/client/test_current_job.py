"""The job that runs here, as its own function sees it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rq import get_current_job
from rq.core import context
from rq.core.serializers import JSONSerializer
from rq.job import Job
from rq.model.outcome import Returned
from rq.queue import Queue
from rq.runtime.executors.base import Attempt, Ended
from rq.runtime.executors.inline import InlineExecutor
from rq.runtime.executors.job_run import CurrentAttempt
from rq.store.connection import describe_client
from tests.client import tasks

seen: list[Job] = []


def this_job() -> Job:
    job = get_current_job()
    assert job is not None
    return job


def note_current_job() -> str:
    job = this_job()
    seen.append(job)
    job.meta["progress"] = 50
    job.save_meta()
    assert get_current_job() is job
    return job.id


def read_arguments(word: str) -> list[str]:
    return list(this_job().args)


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def run_inline(redis_client, queue, **options) -> list[Ended]:
    """Run the one job of a queue as a worker that runs jobs in its own process would."""
    [job] = queue.jobs
    fields = redis_client.hgetall(job.key)
    executor = InlineExecutor(**options)
    executor.submit(Attempt(job.id, "e", queue.name, 1, None, fields))
    return executor.collect()


def test_outside_of_jobs_there_is_no_current_job():
    assert get_current_job() is None


def test_a_job_finds_itself_and_can_write_its_meta(queue, redis_client):
    job = queue.enqueue(note_current_job, meta={"a": 1}, description="words")
    run_inline(redis_client, queue, connection=redis_client)
    assert seen == [job]
    assert (seen[0].description, seen[0].origin, seen[0].connection) == ("words", "default", redis_client)
    assert Job.fetch(job.id, connection=redis_client).meta == {"a": 1, "progress": 50}
    assert get_current_job() is None


def test_the_arguments_are_read_with_the_serializer_of_the_worker(redis_client):
    queue = Queue(connection=redis_client, serializer="json")
    queue.enqueue(read_arguments, "hello")
    [ended] = run_inline(redis_client, queue, serializer=JSONSerializer)
    assert ended.outcome == Returned(b'["hello"]')


@pytest.fixture
def running(redis_client, queue):
    """Makes a job's process out of this one, given what an executor tells it."""
    pushed = []

    def begin(**known):
        job = queue.enqueue(tasks.add)
        fields = redis_client.hgetall(job.key)
        context.push(CurrentAttempt(Attempt(job.id, "e", "default", 1, None, fields), **known))
        pushed.append(job)
        return job

    yield begin
    for _ in pushed:
        context.pop()


def test_a_process_without_a_connection_makes_one_when_it_needs_it(running, redis_client):
    enqueued = running(connection_settings=describe_client(redis_client))
    job = this_job()
    assert job.is_queued
    assert job.connection is not redis_client
    assert job.latest_result() is None
    assert job == enqueued


def test_a_process_that_cannot_connect_still_knows_its_job(running):
    enqueued = running()
    job = this_job()
    assert (job.id, job.func_name) == (enqueued.id, enqueued.func_name)
    with pytest.raises(Exception, match="without a connection"):
        job.get_status()


def test_arguments_of_old_versions_are_ignored_with_a_warning(redis_client):
    with pytest.warns(DeprecationWarning, match="connection"):
        assert get_current_job(connection=redis_client) is None
    with pytest.warns(DeprecationWarning, match="job_class"):
        get_current_job(job_class=Job)


def test_asking_for_the_current_job_loads_no_client_library():
    script = "import rq, sys; rq.get_current_job(); print('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.strip() == "False"
