"""What only the asyncio client has: many tasks at once, tasks that are canceled, and what is said to those who mix up the two clients."""

from __future__ import annotations

import asyncio
import gc

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import rq
from rq import aio
from rq.client.aio.session import session_of
from rq.decorators import job
from rq.exceptions import DuplicateJobError, ScriptsRefused
from rq.job import Job
from rq.store.aio import MOST_TOGETHER
from rq.store.reads import count_queue
from tests.aio import aio_jobs
from tests.client import tasks


@pytest.fixture
def queue(connection: redis.asyncio.Redis) -> aio.Queue:
    return aio.Queue(connection=connection)


async def turns(count: int = 20) -> None:
    """Let the other tasks go on, as far as they can without an answer from anybody."""
    for _ in range(count):
        await asyncio.sleep(0)


# --- many tasks ---


async def test_a_hundred_tasks_enqueue_all_they_have(queue, redis_client):
    async def enqueue_some(task: int) -> None:
        for number in range(5):
            await queue.enqueue(tasks.add, job_id=f"{task}-{number}")

    await asyncio.gather(*(enqueue_some(task) for task in range(100)))
    ids = rq.Queue(connection=redis_client).job_ids
    assert sorted(ids) == sorted(f"{task}-{number}" for task in range(100) for number in range(5))
    for task in range(100):  # each task's jobs stand in the order in which it enqueued them
        assert [job_id for job_id in ids if job_id.startswith(f"{task}-")] == [f"{task}-{number}" for number in range(5)]


async def test_tasks_that_enqueue_at_the_same_time_share_a_connection(redis_url, connections_of):
    async with aio.connect(redis_url, client_name="shared") as connection:
        queue = aio.Queue(connection=connection)
        await asyncio.gather(*(queue.enqueue(tasks.add) for _ in range(100)))
        assert connections_of("shared") == 1
        assert await queue.count() == 100


async def test_more_calls_than_go_together_are_all_answered(queue):
    jobs = await asyncio.gather(*(queue.enqueue(tasks.add) for _ in range(MOST_TOGETHER + 10)))
    assert await queue.count() == len({job.id for job in jobs}) == MOST_TOGETHER + 10


async def test_a_server_that_forgot_the_scripts_is_told_them_once(queue, redis_client, watched):
    await queue.enqueue(tasks.add)
    redis_client.script_flush()
    with watched() as seen:
        await asyncio.gather(*(queue.enqueue(tasks.add) for _ in range(10)))
    assert [command.split()[0] for command in seen.commands] == ["EVALSHA"] * 10 + ["EVAL"] + ["EVALSHA"] * 9
    assert await queue.count() == 11


async def test_an_error_reaches_the_task_whose_call_it_is_of(queue, connection, redis_client):
    redis_client.set("rq:queue:broken", "no list")
    broken = aio.Queue("broken", connection=connection)
    answers = await asyncio.gather(
        queue.enqueue(tasks.add, job_id="a", unique=True),
        queue.enqueue(tasks.add, job_id="a", unique=True),
        broken.count(),
        queue.enqueue(tasks.add, job_id="b"),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [aio.Job, DuplicateJobError, redis.ResponseError, aio.Job]
    assert await queue.get_job_ids() == ["a", "b"]


async def test_many_calls_raise_the_first_error_and_the_others_are_carried_out(queue, redis_client):
    redis_client.set("rq:queue:broken", "no list")
    session = session_of(queue.connection)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        await session.run_many([count_queue(session.scripts, name) for name in ("default", "broken")])
    assert await session.run_many([]) == []


async def test_a_server_that_is_not_there_is_an_error_of_every_task():
    async with redis.asyncio.Redis(port=1, retry=Retry(NoBackoff(), 0)) as connection:
        queue = aio.Queue(connection=connection)
        answers = await asyncio.gather(*(queue.enqueue(tasks.add) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [redis.ConnectionError] * 3


def test_a_client_may_serve_one_event_loop_after_the_other(redis_url, redis_client):
    connection = aio.connect(redis_url)

    async def enqueue() -> None:
        await aio.Queue(connection=connection).enqueue(tasks.add)
        await connection.aclose()

    asyncio.run(enqueue())
    asyncio.run(enqueue())
    assert rq.Queue(connection=redis_client).count == 2


# --- tasks that are canceled ---


async def test_a_task_that_is_canceled_while_the_server_thinks_has_enqueued_and_harms_nobody(valkey, redis_url, connections_of):
    async with aio.connect(redis_url, client_name="canceled") as connection:
        queue = aio.Queue(connection=connection)
        await queue.enqueue(tasks.add, job_id="before")
        valkey.pause()
        canceled = asyncio.create_task(queue.enqueue(tasks.add, job_id="canceled"))
        other = asyncio.create_task(queue.enqueue(tasks.add, job_id="other"))
        await turns()
        canceled.cancel()
        await turns()
        valkey.resume()
        await asyncio.wait([canceled, other])
        assert (canceled.cancelled(), other.result().id) == (True, "other")
        assert await queue.get_job_ids() == ["before", "canceled", "other"]
        assert connections_of("canceled") == 1


async def test_a_task_that_is_canceled_before_its_call_is_sent_has_not_enqueued(queue):
    canceled = asyncio.create_task(queue.enqueue(tasks.add))
    await asyncio.sleep(0)
    canceled.cancel()
    await asyncio.wait([canceled])
    assert await queue.count() == 0


async def test_a_time_limit_for_an_answer_leaves_the_connection_usable(valkey, queue):
    await queue.count()
    valkey.pause()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.enqueue(tasks.add), 0.02)
    valkey.resume()
    assert await queue.count() == 1
    assert len(await queue.get_jobs()) == 1


async def test_tasks_that_are_all_canceled_as_at_the_end_of_a_loop_are_over(valkey, queue):
    await queue.count()
    valkey.pause()
    left = asyncio.create_task(queue.enqueue(tasks.add))
    await turns()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.wait([left])
    valkey.resume()
    assert left.cancelled()
    assert await queue.count() in {0, 1}


async def test_a_client_that_is_closed_leaves_no_task_waiting(valkey, redis_url):
    async with aio.connect(redis_url) as connection:
        await aio.Queue(connection=connection).count()
        valkey.pause()
        left = asyncio.create_task(aio.Queue(connection=connection).enqueue(tasks.add))
        await turns()
    valkey.resume()
    with pytest.raises(redis.ConnectionError):
        await left


async def test_a_user_who_may_run_no_scripts_is_told_so(redis_client, redis_url):
    redis_client.execute_command("ACL", "SETUSER", "plain", "reset", "on", ">pw", "~*", "&*", "+@all", "-eval", "-evalsha", "-script")
    try:
        async with aio.connect(redis_url, username="plain", password="pw") as connection:
            queue = aio.Queue(connection=connection)
            with pytest.raises(ScriptsRefused, match="use Redis or Valkey"):
                await queue.enqueue(tasks.add)
            with pytest.raises(ScriptsRefused, match="use Redis or Valkey"):
                await queue.enqueue_many([queue.prepare_data(tasks.add)])
            assert await queue.count() == 0
    finally:
        redis_client.execute_command("ACL", "DELUSER", "plain")


# --- waiting for a result ---


async def test_a_wait_for_a_result_lets_other_tasks_run_and_asks_once(queue, worker, watched):
    job = await queue.enqueue(tasks.add)
    with watched() as seen:
        waiting = asyncio.create_task(job.return_value(timeout=10))
        while not any(client["cmd"] == "xread" for client in await queue.connection.client_list()):
            await turns()
        worker.finish(3)
        assert await waiting == 3
    assert len([command for command in seen.commands if command.startswith("XREAD")]) == 1


async def test_a_wait_may_be_longer_than_the_client_waits_for_an_answer(redis_url):
    async with aio.connect(redis_url, socket_timeout=0.3) as connection:
        job = await aio.Queue(connection=connection).enqueue(tasks.add)
        assert await job.latest_result(timeout=0.5) is None


async def test_a_wait_that_is_given_up_leaves_the_client_usable(queue):
    job = await queue.enqueue(tasks.add)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(job.latest_result(timeout=10), 0.02)
    assert await job.is_queued()


# --- the decorator ---


async def test_a_decorated_function_enqueues_itself_into_an_asyncio_queue(queue):
    multiply = job(queue, timeout=20)(aio_jobs.multiply)
    assert multiply(2, 3) == 6
    jobs = [await multiply.delay(1, 2), await multiply.delay(3, 4, at_front=True), await multiply.using(description="later").enqueue_in(60, 5, 6)]
    assert {type(job) for job in jobs} == {aio.Job}
    assert [(job.args, job.timeout) for job in jobs] == [((1, 2), 20), ((3, 4), 20), ((5, 6), 20)]
    assert await queue.get_job_ids() == [jobs[1].id, jobs[0].id]
    assert (jobs[2].description, await jobs[2].is_scheduled()) == ("later", True)


# --- connections ---


async def test_a_question_that_is_not_asked_is_no_answer(queue):
    job = await queue.enqueue(tasks.add)
    with pytest.raises(TypeError, match=r"write `await job\.is_finished\(\)`"):
        bool(job.is_finished)
    assert "await job.is_finished()" in str(aio.Job.is_finished.__doc__)


@pytest.mark.parametrize("make", [aio.Queue, aio.Job, aio.FailedJobRegistry])
def test_a_synchronous_client_is_refused(make):
    with pytest.raises(TypeError, match=r"redis\.client\.Redis is no asyncio client: pass one, such as redis\.asyncio\.Redis"):
        make(connection=redis.Redis(port=1))
    with pytest.raises(TypeError, match=r"pass connection=rq\.aio\.connect"):
        make()
    with pytest.raises(TypeError, match="int is no asyncio client"):
        make(connection=7)
    with pytest.raises(TypeError, match=r"neither a name nor a URL: pass connection=rq\.aio\.connect") as caught:
        make(connection="redis://:secret@host")
    assert "secret" not in str(caught.value)


def test_an_asyncio_client_is_refused_by_the_synchronous_handles_that_name_the_others():
    for make in (rq.Queue, lambda connection: Job(connection=connection).session):
        with pytest.raises(TypeError, match=r"is an asyncio client: .* or use rq\.aio"):
            make(connection=redis.asyncio.Redis(port=1))  # type: ignore[arg-type]


def test_the_handles_of_a_connection_share_a_session_which_keeps_it_alive_no_longer(monkeypatch):
    connection = redis.asyncio.Redis(port=1)
    session = session_of(connection)
    assert session is aio.Queue(connection=connection)._session is aio.Job(connection=connection).session
    monkeypatch.setenv("RQ_KEY_PREFIX", "other:")
    assert session_of(connection).keyspace.prefix == "other:"
    del session
    gc.collect()
    assert not [found for found in gc.get_referrers(connection) if type(found).__name__ == "AsyncSession"]


async def test_replies_that_the_client_decodes_are_understood(redis_url, worker):
    async with aio.connect(redis_url, decode_responses=True) as connection:
        queue = aio.Queue(connection=connection)
        job = await queue.enqueue("tests.client.tasks.add", 1)
        worker.finish(b"\xff")
        assert await job.return_value(timeout=1) == b"\xff"
        assert (await aio.Job.fetch(job.id, connection)).args == (1,)
        assert await queue.started_job_registry.count() == 0


async def test_a_cluster_is_a_connection_like_others(start_valkey, monkeypatch):
    monkeypatch.setenv("RQ_KEY_PREFIX", "{rq}:")
    server = start_valkey(cluster_enabled=True)
    async with redis.asyncio.RedisCluster(host=server.host, port=server.port) as connection:
        queue = aio.Queue(connection=connection)  # type: ignore[arg-type]
        jobs = await asyncio.gather(*(queue.enqueue(tasks.add, number) for number in range(5)))
        assert await queue.get_jobs() == jobs
        assert await jobs[0].latest_result(timeout=0.01) is None
        await jobs[0].cancel()
        assert await queue.canceled_job_registry.requeue(jobs[0].id) == jobs[0]
        assert await queue.empty() == 5


async def test_the_embedded_server_is_started_by_an_asyncio_client(tmp_path):
    async with aio.connect(f"embedded://{tmp_path}") as connection:
        queue = aio.Queue(connection=connection)
        job = await queue.enqueue(tasks.add)
        assert [found.id for found in rq.Queue(connection=rq.connect(f"embedded://{tmp_path}")).jobs] == [job.id]
