"""Programs written for RQ 0.4 to 1.x: they name their server once, and leave `connection=` out."""

from __future__ import annotations

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pytest
import redis

import rq
from rq import Connection, Queue, SimpleWorker, Worker, cancel_job, get_current_connection, pop_connection, push_connection, requeue_job, use_connection
from rq.connections import NoRedisConnectionException, resolve_connection
from rq.exceptions import ConnectionStackError
from rq.job import Job
from rq.registry import FinishedJobRegistry
from tests.client import tasks

pytestmark = pytest.mark.filterwarnings("ignore:.* is how RQ 1 named its server:DeprecationWarning")


@pytest.fixture(autouse=True)
def in_a_context_of_its_own():
    """Leave nothing on the stack for other tests."""
    yield
    while pop_connection() is not None:
        pass


def enqueue_another() -> str:
    return Queue("other").enqueue(tasks.add, 1).id


def is_connected() -> bool:
    connection = get_current_connection()
    return connection is not None and bool(connection.ping())


def test_inside_the_context_manager_nothing_needs_a_connection(redis_client):
    with Connection(redis_client):
        queue = Queue()
        job = queue.enqueue(tasks.add, 1)
        assert queue.connection is redis_client
        assert Queue.all() == [queue]
        assert Queue.from_queue_key(queue.key).connection is redis_client
        assert Job.fetch(job.id).connection is redis_client
        assert [found.connection for found in Job.fetch_many([job.id]) if found] == [redis_client]
        assert Job.exists(job.id)
        assert Job.create(tasks.add).connection is redis_client
        assert FinishedJobRegistry().connection is redis_client
        cancel_job(job.id)
        assert job.is_canceled
        with pytest.raises(rq.job.InvalidJobOperation, match="not in rq:failed"):
            requeue_job(job.id)


def test_workers_need_none_either(redis_client):
    use_connection(redis_client)
    job = Queue("low").enqueue(tasks.add, 1, 2)
    worker = SimpleWorker("low")
    assert worker.connection is redis_client
    worker.work(burst=True, logging_level="WARNING")
    assert job.return_value() == 3
    assert SimpleWorker.find_by_key(worker.key) == worker
    assert (Worker.all(), Worker.count(), Worker.all_keys()) == ([], 0, [])


def test_the_worker_script_of_those_days_works(redis_client):
    with Connection(redis_client):
        job = Queue("low").enqueue(enqueue_another)
        worker = Worker(map(Queue, ["high", "low"]))
        worker.work(burst=True, logging_level="ERROR")
        assert Queue("other").job_ids == [job.return_value()]


def test_after_the_context_manager_a_connection_is_needed_again(redis_client):
    with Connection(redis_client):
        queue = Queue()
    assert queue.count == 0
    with pytest.raises(NoRedisConnectionException, match=r"connection=rq\.connect"):
        Queue()
    for call in (lambda: Worker("low"), Worker.all, Queue.all, Job):
        with pytest.raises(TypeError):
            call()


def test_a_connection_that_is_passed_counts_whatever_is_pushed(redis_client, redis_url):
    with redis.Redis.from_url(redis_url) as other, Connection(redis_client):
        assert Queue(connection=other).connection is other
        assert Worker([Queue("low", connection=other)]).connection is other
        assert resolve_connection(other) is other


def test_the_last_pushed_is_the_current_one(redis_client, redis_url):
    with redis.Redis.from_url(redis_url) as other:
        push_connection(redis_client)
        push_connection(other)
        assert get_current_connection() is other
        assert pop_connection() is other
        assert resolve_connection() is redis_client
        assert pop_connection() is redis_client
        assert pop_connection() is None
        assert get_current_connection() is None


def test_without_an_argument_the_server_of_this_machine_is_meant():
    use_connection()
    with Connection():
        inner = get_current_connection()
    outer = get_current_connection()
    assert inner is not outer
    assert inner is not None
    assert inner.connection_pool.connection_kwargs.get("port", 6379) == 6379
    assert inner.connection_pool.connection_kwargs.get("host", "localhost") == "localhost"


def test_using_another_connection_replaces_the_only_one_and_no_more(redis_client, redis_url):
    with redis.Redis.from_url(redis_url) as other:
        use_connection(redis_client)
        use_connection(other)
        assert get_current_connection() is other
        push_connection(redis_client)
        with pytest.raises(ConnectionStackError, match="several are pushed"):
            use_connection(other)


def test_a_push_without_its_pop_is_noticed_at_the_end(redis_client, redis_url):
    with redis.Redis.from_url(redis_url) as other, pytest.raises(AssertionError, match="not popped"), Connection(redis_client):
        push_connection(other)


def test_an_error_inside_is_not_hidden_by_a_push_without_its_pop(redis_client):
    def pop_and_fail():
        pop_connection()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Connection(redis_client):
        pop_and_fail()


def test_a_thread_has_a_stack_of_its_own(redis_client):
    use_connection(redis_client)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(Context().run, get_current_connection).result() is None


def test_a_task_sees_the_connection_of_its_starter_and_pops_it_for_itself_alone(redis_client):
    async def task():
        return pop_connection(), get_current_connection()

    async def main():
        return await asyncio.create_task(task()), get_current_connection()

    use_connection(redis_client)
    assert asyncio.run(main()) == ((redis_client, None), redis_client)


@pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
def test_a_job_finds_the_connection_of_its_worker(worker_class, redis_client):
    first = Queue(connection=redis_client).enqueue(is_connected)
    second = Queue(connection=redis_client).enqueue(enqueue_another)
    worker_class("default", connection=redis_client).work(burst=True, logging_level="ERROR")
    assert first.return_value() is True
    assert Queue("other", connection=redis_client).job_ids == [second.return_value()]


@pytest.mark.parametrize(
    "call",
    [
        lambda: use_connection(redis.Redis(port=1)),
        lambda: push_connection(redis.Redis(port=1)),
        lambda: pop_connection(),  # noqa: PLW0108 - the line that the warning shows
        lambda: get_current_connection(),  # noqa: PLW0108 - likewise
        lambda: resolve_connection(redis.Redis(port=1)),
        lambda: Connection(redis.Redis(port=1)),
    ],
)
def test_each_of_the_old_names_says_what_to_write_today_at_the_line_that_uses_it(call):
    with pytest.warns(DeprecationWarning, match=r"say Queue\(connection=\.\.\.\)") as caught:
        call()
    assert [warning.filename for warning in caught] == [__file__]


def test_leaving_out_the_connection_warns_of_nothing_more(redis_client):
    push_connection(redis_client)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Queue().enqueue(tasks.add, 1)
