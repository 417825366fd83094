"""Results: what came of a job."""

from __future__ import annotations

import base64
import pickle
import threading
import time

import pytest
import redis

from rq import Retry, SimpleWorker
from rq.job import Job
from rq.results import Result, get_key
from tests.client import tasks
from tests.support.waiting import wait_until


def test_a_job_that_has_not_ended_has_no_result(queue):
    job = queue.enqueue(tasks.add)
    assert (job.latest_result(), job.results(), job.return_value()) == (None, [], None)


def test_the_value_that_a_job_returned_is_read(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.finish({"a": [1]})
    assert job.return_value() == {"a": [1]}
    result = job.latest_result()
    assert (result.type, result.return_value, result.exc_string) == (Result.Type.SUCCESSFUL, {"a": [1]}, None)
    assert (result.worker_name, result.job_id) == ("hand", job.id)
    assert result.execution_started_at <= result.execution_ended_at
    assert result


def test_a_value_is_read_once_unless_it_is_asked_for_anew(queue, worker, watched):
    job = queue.enqueue(tasks.add)
    worker.finish(1)
    with watched() as seen:
        assert [job.return_value(), job.return_value(), job.return_value(refresh=True)] == [1, 1, 1]
    assert len(seen.commands) == 2


def test_a_job_that_returned_nothing_has_a_result_all_the_same(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.finish(None)
    assert job.return_value() is None
    assert job.latest_result().type is Result.Type.SUCCESSFUL


def test_a_failed_job_has_its_traceback(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail()
    result = job.latest_result()
    assert (result.type, result.exc_string) == (Result.Type.FAILED, "Traceback\nValueError: no")
    assert job.return_value() is None
    with pytest.warns(DeprecationWarning, match="use job.latest_result"):
        assert job.exc_info == "Traceback\nValueError: no"


def test_results_of_all_attempts_are_kept_newest_first(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail()
    job.requeue()
    worker.finish(2)
    assert [result.type for result in job.results()] == [Result.Type.SUCCESSFUL, Result.Type.FAILED]
    assert Result.count(job) == 2
    assert job.return_value() == 2


def test_a_result_that_cannot_be_loaded_hides_nothing_else(queue, redis_client):
    job = queue.enqueue(tasks.add)
    redis_client.xadd(get_key(job.id), {"type": 1, "worker_name": "w", "return_value": base64.b64encode(b"no pickle")})
    [result] = job.results()
    assert result.worker_name == "w"
    with pytest.raises(pickle.UnpicklingError):
        _ = result.return_value


def test_waiting_for_a_result_ends_when_there_is_one(queue, worker):
    job = queue.enqueue(tasks.add)
    got = []
    waiter = threading.Thread(target=lambda: got.append(job.latest_result(timeout=30)))
    waiter.start()
    wait_until(lambda: any(client["cmd"] == "xread" for client in queue.connection.client_list()))
    worker.finish("done")
    waiter.join(10)
    assert not waiter.is_alive()
    assert got[0].return_value == "done"


def test_a_result_that_is_there_is_not_waited_for(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail()
    job.requeue()
    worker.finish(2)
    assert job.latest_result(timeout=30).return_value == 2


def test_waiting_goes_on_while_the_job_is_tried_again(queue, redis_client):
    job = queue.enqueue(tasks.add, "text", 1, retry=Retry(1))
    SimpleWorker([queue], connection=redis_client).work(max_jobs=1, logging_level="CRITICAL")
    assert [result.type.name for result in job.results()] == ["RETRIED"]
    assert job.latest_result(timeout=0.05) is None
    got = []
    waiter = threading.Thread(target=lambda: got.append(job.latest_result(timeout=30)))
    waiter.start()
    wait_until(lambda: any(client["cmd"] == "xread" for client in queue.connection.client_list()))
    SimpleWorker([queue], connection=redis_client).work(max_jobs=1, logging_level="CRITICAL")
    waiter.join(10)
    assert [result.type.name for result in got] == ["FAILED"]


def test_waiting_ends_when_the_time_is_over(queue):
    job = queue.enqueue(tasks.add)
    began = time.monotonic()
    assert job.latest_result(timeout=0.05) is None
    assert 0.04 < time.monotonic() - began < 5


def test_waiting_may_last_longer_than_the_client_waits_for_a_reply(queue, redis_url):
    job = queue.enqueue(tasks.add)
    with redis.Redis.from_url(redis_url, socket_timeout=0.5) as hasty:
        assert Job.fetch(job.id, connection=hasty).latest_result(timeout=0.7) is None


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("decodes", [False, True])
def test_results_are_read_by_clients_of_every_kind(queue, worker, redis_url, protocol, decodes):
    job = queue.enqueue(tasks.add)
    worker.finish(b"\xff")
    with redis.Redis.from_url(redis_url, protocol=protocol, decode_responses=decodes) as client:
        found = Job.fetch(job.id, connection=client)
        results = [found.latest_result(timeout=1), found.latest_result(), *found.results()]
        assert [result and result.return_value for result in results] == [b"\xff"] * 3


def test_results_are_equal_by_id(queue, worker):
    job = queue.enqueue(tasks.add)
    worker.fail()
    assert job.latest_result() == job.results()[0]
    assert repr(job.latest_result()).endswith("type=FAILED)")


def test_running_executions_are_listed(queue, worker, redis_client):
    from rq.executions import Execution

    job = queue.enqueue(tasks.add)
    assert job.get_executions() == []
    attempt = worker.take()
    [execution] = job.get_executions()
    assert (execution.id, execution.job_id, execution.worker_name) == (attempt.execution_id, job.id, "hand")
    assert execution.created_at <= execution.last_heartbeat
    assert execution.job == job
    assert Execution.from_composite_key(execution.composite_key, redis_client) == execution
    assert Execution.fetch(execution.id, job.id, redis_client).created_at == execution.created_at
    redis_client.delete(execution.key)
    assert job.get_executions() == []
    with pytest.raises(ValueError, match=execution.id):
        execution.refresh()
