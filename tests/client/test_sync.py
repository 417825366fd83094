"""Queues that run their jobs themselves, and enqueueing without scripts: on a real server, as a user who may run no scripts, and on fake servers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
import redis
from fakeredis._commands import SUPPORTED_COMMANDS

from rq.exceptions import RQError, ScriptsRefused
from rq.job import Callback, Job, JobStatus, Retry
from rq.queue import Queue
from rq.registry import FailedJobRegistry, FinishedJobRegistry
from tests.client import sync_jobs, tasks
from tests.client.sync_jobs import SEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTING = ("eval", "evalsha", "script", "script load", "script exists", "script flush")


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


@pytest.fixture
def without_scripts(redis_client: redis.Redis, redis_url: str) -> Iterator[redis.Redis]:
    """A client of a user who may do anything but run scripts."""
    redis_client.execute_command("ACL", "SETUSER", "plain", "reset", "on", ">pw", "~*", "&*", "+@all", "-eval", "-evalsha", "-script")
    with redis.Redis.from_url(redis_url, username="plain", password="pw") as client:
        yield client
    redis_client.execute_command("ACL", "DELUSER", "plain")


@pytest.fixture
def fake_without_lua(monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    """A fake server as it is where no Lua is installed: it does not know the commands."""
    for command in SCRIPTING:
        monkeypatch.delitem(SUPPORTED_COMMANDS, command)
    return fakeredis.FakeRedis()


@pytest.fixture(params=["server", "no scripts", "fake", "fake without lua"])
def client(request: pytest.FixtureRequest) -> redis.Redis:
    fixtures = {"server": "redis_client", "no scripts": "without_scripts", "fake without lua": "fake_without_lua"}
    found: redis.Redis = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else fakeredis.FakeRedis()
    return found


@pytest.fixture(params=["no scripts", "fake without lua"])
def scriptless(request: pytest.FixtureRequest) -> redis.Redis:
    found: redis.Redis = request.getfixturevalue("without_scripts" if request.param == "no scripts" else "fake_without_lua")
    return found


@pytest.fixture
def sync_queue(client: redis.Redis) -> Queue:
    return Queue("here", connection=client, is_async=False)


# --- success --------------------------------------------------------------------------------------------------------------------


def test_a_job_is_run_before_enqueue_returns(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(tasks.add, 2, b=3)
    assert (job.return_value(), job.get_status(), job.is_finished) == (5, JobStatus.FINISHED, True)
    assert job.get_status(refresh=False) == JobStatus.FINISHED
    stored = Job.fetch(job.id, connection=client)
    assert stored.enqueued_at == stored.started_at == job.started_at
    assert stored.ended_at is not None
    assert stored.started_at is not None
    assert stored.ended_at >= stored.started_at
    assert (stored.ended_at, stored.worker_name, stored.attempt) == (job.ended_at, "sync", 1)


def test_what_a_sync_job_leaves_is_what_rq_leaves(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(tasks.add, 2)
    assert client.smembers("rq:queues") == {b"rq:queue:here"}
    assert client.exists("rq:queue:here") == 0
    entries: Any = client.xrange(f"rq:results:{job.id}")
    [(_, entry)] = entries
    assert entry.keys() == {b"type", b"worker_name", b"return_value"}
    assert (entry[b"type"], entry[b"worker_name"]) == (b"1", b"")
    assert 495 <= client.ttl(job.key) <= 500
    assert 495 <= client.ttl(f"rq:results:{job.id}") <= 500
    score = client.zscore("rq:finished:here", job.id)
    assert score is not None
    assert abs(score - time.time() - 500) < 5
    assert client.zcard("rq:wip:here") == 0


def test_a_sync_job_runs_in_the_callers_thread_and_knows_itself(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(sync_jobs.describe_itself, ttl=100, meta={"a": 1})
    assert job.return_value() == {"thread": threading.get_ident(), "status": "started", "worker": "sync", "ttl": -1}
    assert [job] == SEEN
    assert SEEN[0] is job
    assert Job.fetch(job.id, connection=client).meta == {"a": 1, "progress": 50}


def test_a_sync_job_can_run_another_one_inside_itself(sync_queue: Queue) -> None:
    job = sync_queue.enqueue(sync_jobs.enqueue_another)
    assert [inner.id for inner in SEEN] == [job.return_value()]


def test_a_coroutine_function_is_run_to_its_end(sync_queue: Queue) -> None:
    job = sync_queue.enqueue(sync_jobs.add_slowly, 2, 3)
    assert job.return_value() == 5
    assert [job.id] == SEEN


def test_a_coroutine_function_is_run_to_its_end_in_a_program_with_an_event_loop(sync_queue: Queue) -> None:
    async def program() -> Job:
        return sync_queue.enqueue(sync_jobs.add_slowly, 2, 3)

    job = asyncio.run(program())
    assert job.return_value() == 5
    assert [job.id] == SEEN


def test_a_returned_retry_is_a_result_like_any_other(sync_queue: Queue) -> None:
    job = sync_queue.enqueue(sync_jobs.ask_again)
    assert job.is_finished
    assert isinstance(job.return_value(), Retry)


def test_a_result_that_cannot_be_serialized_is_replaced_by_the_marker(sync_queue: Queue) -> None:
    assert sync_queue.enqueue(sync_jobs.unpicklable).return_value() == "Unserializable return value"


def test_a_result_that_is_not_to_be_kept_leaves_nothing(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(tasks.add, 1, result_ttl=0)
    assert job.get_status(refresh=False) == JobStatus.FINISHED
    assert client.keys() == [b"rq:queues"]


def test_a_result_that_is_to_be_kept_for_ever_does_not_expire(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(tasks.add, 1, result_ttl=-1)
    assert client.ttl(job.key) == client.ttl(f"rq:results:{job.id}") == -1
    assert client.zscore("rq:finished:here", job.id) == float("inf")


def test_the_serializer_of_the_queue_writes_the_result(client: redis.Redis) -> None:
    assert Queue(connection=client, is_async=False, serializer="json").enqueue(tasks.add, 1, 2).return_value() == 3


def test_a_pipeline_does_not_overwrite_the_end_of_a_sync_job(sync_queue: Queue, client: redis.Redis) -> None:
    with client.pipeline() as pipeline:
        job = sync_queue.enqueue(tasks.add, 1, pipeline=pipeline)
        pipeline.execute()
    assert (job.get_status(), job.return_value()) == (JobStatus.FINISHED, 1)


def test_a_job_that_ended_can_be_run_again(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(sync_jobs.fail, job_id="again")
    sync_queue.enqueue(tasks.add, 1, job_id="again")
    assert job.get_status() == JobStatus.FINISHED
    assert (FailedJobRegistry(queue=sync_queue).count, FinishedJobRegistry(queue=sync_queue).count) == (0, 1)
    assert Job.fetch("again", connection=client).attempt == 2


# --- failure --------------------------------------------------------------------------------------------------------------------


def test_an_exception_is_written_down_and_not_raised(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.enqueue(sync_jobs.fail)
    assert (job.get_status(), job.get_status(refresh=False)) == (JobStatus.FAILED, JobStatus.FAILED)
    result = job.latest_result()
    assert result is not None
    assert result.exc_string is not None
    assert result.exc_string.splitlines()[1].endswith("in fail")
    assert result.exc_string.endswith("ZeroDivisionError: it broke\n")
    assert FailedJobRegistry(queue=sync_queue).get_job_ids() == [job.id]
    assert client.ttl(job.key) > 300 * 86400
    assert Job.fetch(job.id, connection=client).ended_at is not None


def test_a_job_that_calls_sys_exit_failed(sync_queue: Queue) -> None:
    assert sync_queue.enqueue(sync_jobs.leave).is_failed


def test_a_function_that_does_not_exist_is_a_failure(sync_queue: Queue) -> None:
    assert sync_queue.enqueue("no_such_module.function").is_failed


@pytest.mark.parametrize(("ttl", "expires_in", "score"), [(-1, -1, -1.0), (60, 60, None)])
def test_a_failed_job_is_kept_as_long_as_it_says(sync_queue: Queue, client: redis.Redis, ttl: int, expires_in: int, score: float | None) -> None:
    job = sync_queue.enqueue(sync_jobs.fail, failure_ttl=ttl)
    assert client.ttl(job.key) in {expires_in, expires_in - 1}
    assert score is None or client.zscore("rq:failed:here", job.id) == score


def test_a_failed_job_that_is_not_to_be_kept_leaves_nothing(sync_queue: Queue, client: redis.Redis) -> None:
    assert sync_queue.enqueue(sync_jobs.fail, failure_ttl=0).get_status(refresh=False) == JobStatus.FAILED
    assert client.keys() == [b"rq:queues"]


# --- callbacks ------------------------------------------------------------------------------------------------------------------


def test_the_success_callback_runs_when_the_end_is_written(sync_queue: Queue) -> None:
    job = sync_queue.enqueue(tasks.add, 2, on_success=Callback(sync_jobs.succeeded), on_failure=Callback(sync_jobs.failed))
    assert [("succeeded", job.id, "finished", 2, True)] == SEEN


def test_the_failure_callback_runs_when_the_end_is_written(sync_queue: Queue) -> None:
    job = sync_queue.enqueue(sync_jobs.fail, on_success=Callback(sync_jobs.succeeded), on_failure=Callback(sync_jobs.failed))
    assert [("failed", job.id, "failed", ZeroDivisionError, "it broke", "fail")] == SEEN


def test_the_failure_callback_gets_a_traceback_though_no_code_of_the_job_ran(sync_queue: Queue) -> None:
    sync_queue.enqueue("no_such_module.function", on_failure=Callback(sync_jobs.failed))
    ((word, _, status, *_),) = SEEN
    assert (word, status) == ("failed", "failed")


@pytest.mark.parametrize(("function", "status"), [("tests.client.tasks.anything", "finished"), ("tests.client.sync_jobs.fail", "failed")])
def test_what_a_callback_raises_reaches_the_caller_and_changes_nothing(sync_queue: Queue, function: str, status: str) -> None:
    callback = Callback(sync_jobs.break_down)
    with pytest.raises(LookupError, match="the callback broke"):
        sync_queue.enqueue(function, job_id="j", on_success=callback, on_failure=callback)
    assert Job.fetch("j", connection=sync_queue.connection).get_status() == status


# --- run_job, run_sync ----------------------------------------------------------------------------------------------------------


def test_run_job_raises_what_the_function_raises(sync_queue: Queue, client: redis.Redis) -> None:
    job = sync_queue.create_job(sync_jobs.fail)
    with pytest.raises(ZeroDivisionError):
        sync_queue.run_job(job)
    assert client.keys() == []
    assert sync_queue.run_sync(job).is_failed


def test_run_job_writes_that_the_job_succeeded(sync_queue: Queue) -> None:
    job = Queue(connection=sync_queue.connection).enqueue(tasks.add, 1)
    assert sync_queue.run_job(job).return_value() == 1
    assert job.is_finished


def test_a_scheduled_job_of_a_sync_queue_only_waits(redis_client: redis.Redis) -> None:
    job = Queue("here", connection=redis_client, is_async=False).enqueue_in(60, tasks.add, 1)
    assert job.is_scheduled


# --- enqueueing without scripts -------------------------------------------------------------------------------------------------


def test_progress_is_kept_without_scripts(scriptless: redis.Redis) -> None:
    job = Queue(connection=scriptless).enqueue(tasks.add, 1, 2)
    job.set_progress(1, "one")
    assert Job.fetch(job.id, connection=scriptless).progress == (1, "one")


def test_a_job_enqueued_without_scripts_is_the_same_as_with_them(scriptless: redis.Redis, redis_client: redis.Redis) -> None:
    options: dict[str, Any] = {"job_id": "j", "ttl": 90, "meta": {"b": 1}, "description": "words", "on_success": Callback(sync_jobs.succeeded)}

    def enqueue(client: redis.Redis) -> Any:
        queue = Queue("a", connection=client)
        job = queue.enqueue(tasks.add, 1, b=2, **options)
        assert job.enqueued_at is not None
        fields = {name: value for name, value in client.hgetall(job.key).items() if name not in {b"created_at", b"enqueued_at", b"x_enqueue"}}
        return fields, client.ttl(job.key), queue.job_ids, client.smembers("rq:queues"), job.get_status(refresh=False)

    expected = enqueue(redis_client)
    redis_client.flushdb()
    assert enqueue(scriptless) == expected


def test_a_job_enqueued_at_the_front_without_scripts_is_next(scriptless: redis.Redis) -> None:
    queue = Queue(connection=scriptless)
    for job_id in ("a", "b"):
        queue.enqueue(tasks.add, 1, job_id=job_id)
    queue.enqueue(tasks.add, 1, job_id="c", at_front=True)
    assert queue.job_ids == ["c", "a", "b"]


def test_a_job_enqueued_twice_without_scripts_waits_once(scriptless: redis.Redis) -> None:
    queue = Queue(connection=scriptless)
    for _ in range(2):
        queue.enqueue(tasks.add, 1, job_id="a")
    assert queue.job_ids == ["a"]


def test_a_pipeline_collects_plain_commands_once_the_lack_of_scripts_is_known(scriptless: redis.Redis) -> None:
    queue = Queue(connection=scriptless)
    queue.enqueue(tasks.add, 1, job_id="a")
    with scriptless.pipeline() as pipeline:
        queue.enqueue(tasks.add, 1, job_id="b", pipeline=pipeline)
        assert queue.job_ids == ["a"]
        pipeline.execute()
    assert queue.job_ids == ["a", "b"]


def test_the_lack_of_scripts_is_found_out_once(without_scripts: redis.Redis, watched: Any) -> None:
    queue = Queue(connection=without_scripts)
    with watched() as first:
        queue.enqueue(tasks.add, 1)
    with watched() as second:
        queue.enqueue(tasks.add, 1)
    assert not any("EVAL" in command.upper() for command in second.commands)
    assert len(first.commands) >= len(second.commands) > 0


def test_what_needs_scripts_says_so(scriptless: redis.Redis) -> None:
    queue = Queue(connection=scriptless)
    job = queue.enqueue(tasks.add, 1)
    for needy in (lambda: queue.enqueue_in(60, tasks.add, 1), job.cancel, queue.empty):
        with pytest.raises(ScriptsRefused, match="use Redis or Valkey") as caught:
            needy()
        assert isinstance(caught.value, RQError)


def test_a_program_without_lua_enqueues_and_runs_jobs() -> None:
    program = """
import sys
sys.modules["lupa"] = None
import fakeredis
from rq import Queue
connection = fakeredis.FakeStrictRedis()
job = Queue(connection=connection).enqueue("builtins.len", "four")
assert (job.get_status(), Queue(connection=connection).job_ids) == ("queued", [job.id])
print(Queue(is_async=False, connection=connection).enqueue("builtins.len", "four").return_value())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("4", "")


# --- saving without scripts ------------------------------------------------------------------------------------------------------


def test_jobs_are_saved_without_scripts(client: redis.Redis) -> None:
    job = Job.create(tasks.add, (1,), connection=client, id="a")
    job.save()
    job.description = "adds"
    job.save()
    job.set_status(JobStatus.FAILED)
    pipeline = client.pipeline()
    job.timeout = 7
    job.save(pipeline)
    pipeline.execute()
    stored = Job.fetch("a", client)
    assert (stored.description, stored.get_status(), stored.timeout) == ("adds", JobStatus.FAILED, 7)


def test_a_job_that_was_deleted_is_not_saved_without_scripts_either(client: redis.Redis) -> None:
    job = Job.create(tasks.add, (1,), connection=client, id="a")
    job.save()
    client.delete(job.key)
    job.description = "adds"
    job.save()
    job.set_status(JobStatus.FAILED)
    assert not client.exists(job.key)
