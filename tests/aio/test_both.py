"""What the two clients have in common: one scenario, either client."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest

from rq.exceptions import DuplicateJobError, InvalidJobDependency, InvalidJobOperation, NoSuchGroupError, NoSuchJobError
from rq.job import JobStatus, Retry
from rq.model.fate import Fate
from rq.results import Result
from tests.aio.conftest import COUNTERPARTS, is_awaited
from tests.client import tasks

LATER = datetime(2999, 1, 1, tzinfo=UTC)


# --- enqueueing ---


async def test_a_job_is_enqueued_and_says_so(side):
    queue = side.queue()
    job = await queue.enqueue(tasks.add, 1, b=2, job_timeout="1m", meta={"a": 1})
    assert (job.origin, job.args, job.kwargs, job.timeout, job.meta) == ("default", (1,), {"b": 2}, 60, {"a": 1})
    assert (await job.get_status(refresh=False), await job.get_status()) == (JobStatus.QUEUED, JobStatus.QUEUED)
    assert job.enqueued_at is not None
    assert (await queue.count(), await queue.get_job_ids(), await queue.is_empty()) == (1, [job.id], False)


async def test_arguments_and_options_may_be_given_apart(side):
    queue = side.queue()
    first = await queue.enqueue(tasks.add, args=(1,), kwargs={"b": 2}, description="a sum")
    second = await queue.enqueue_call(tasks.add, (3,), {"b": 4}, timeout=5, at_front=True)
    assert (first.args, first.kwargs, first.description) == ((1,), {"b": 2}, "a sum")
    assert (second.args, second.kwargs, second.timeout) == ((3,), {"b": 4}, 5)
    assert await queue.get_job_ids() == [second.id, first.id]


async def test_a_function_that_nobody_can_import_is_refused(side):
    with pytest.raises(ValueError, match="lambda"):
        await side.queue().enqueue(lambda: 1)
    assert await side.queue().is_empty()


async def test_the_name_of_a_queue_is_a_text(side):
    with pytest.raises(TypeError, match="The name of a queue is a str, not int: 5"):
        side.queue(5)


async def test_a_description_is_a_text_or_a_number(side):
    queue = side.queue()
    assert (await queue.enqueue(tasks.add, 1, description=5)).description == "5"
    with pytest.raises(TypeError, match="description must be a str"):
        await queue.enqueue(tasks.add, 1, description=["x"])
    with pytest.raises(TypeError, match="description must be a str"):
        await queue.enqueue_many([queue.prepare_data(tasks.add, (1,), description=["x"])])
    assert await queue.count() == 1


async def test_a_unique_job_is_refused_the_second_time(side):
    queue = side.queue()
    await queue.enqueue(tasks.add, job_id="one", unique=True)
    with pytest.raises(DuplicateJobError, match="exists already"):
        await queue.enqueue(tasks.add, job_id="one", unique=True)
    with pytest.raises(ValueError, match="job_id"):
        await queue.enqueue(tasks.add, unique=True)
    assert await queue.count() == 1


@pytest.mark.parametrize("due", [LATER, timedelta(days=1)])
async def test_a_job_is_enqueued_at_its_time(side, due):
    queue = side.queue()
    job = await queue.enqueue_at(due, tasks.add, 1, at_front=True)
    registry = queue.scheduled_job_registry
    assert (await job.get_status(), job.enqueue_at_front, await queue.count()) == (JobStatus.SCHEDULED, True, 0)
    assert await registry.contains(job)
    scheduled = await registry.get_scheduled_time(job)
    assert scheduled == LATER if due is LATER else scheduled > datetime.now(UTC)


async def test_a_job_is_enqueued_after_a_while(side):
    queue = side.queue()
    job = await queue.enqueue_in("1h", tasks.add, job_id="once", unique=True)
    assert await job.is_scheduled()
    with pytest.raises(DuplicateJobError):
        await queue.enqueue_in(10, tasks.add, job_id="once", unique=True)
    with pytest.raises(TypeError, match="enqueued in"):
        await queue.enqueue_in([], tasks.add)


async def test_many_jobs_are_enqueued_in_order(side):
    queue = side.queue()
    jobs = await queue.enqueue_many([queue.prepare_data(tasks.add, (number,), job_id=f"j{number}") for number in range(600)], group_id="g")
    assert [job.id for job in jobs] == await queue.get_job_ids() == [f"j{number}" for number in range(600)]
    assert {(job.group_id, await job.get_status(refresh=False)) for job in jobs} == {("g", JobStatus.QUEUED)}


async def test_of_many_jobs_one_that_is_refused_holds_up_no_other(side):
    queue = side.queue()
    await queue.enqueue(tasks.add, job_id="there")
    with pytest.raises(DuplicateJobError, match="there"):
        await queue.enqueue_many([queue.prepare_data(tasks.add, job_id=name, unique=True) for name in ("there", "new")])
    assert await queue.get_job_ids() == ["there", "new"]
    with pytest.raises(InvalidJobDependency):
        await queue.enqueue_many([queue.prepare_data(tasks.add, job_id="a", depends_on="b"), queue.prepare_data(tasks.add, job_id="b", depends_on="a")])


async def test_a_job_made_before_is_put_into_a_queue(side):
    queue = side.queue("other", default_timeout=7)
    job = side.Job.create(tasks.add, (1,), connection=side.connection, id="mine")
    assert await queue.enqueue_job(job) == job
    assert (job.origin, job.timeout, await job.get_position()) == ("other", 7, 0)
    await queue.schedule_job(job, timedelta(hours=1))
    assert await queue.scheduled_job_registry.get_job_ids() == ["mine"]


async def test_a_queue_is_paused_and_resumed(side):
    queue, other = side.queue(), side.queue("other")
    await queue.pause()
    assert (await queue.is_paused(), await other.is_paused()) == (True, False)
    await queue.enqueue(tasks.add)
    assert (await queue.resume(), await queue.resume(), await queue.is_paused()) == (True, False, False)


async def test_a_pause_of_no_time_ends_an_earlier_one(side):
    queue = side.queue()
    await queue.pause(100)
    assert await queue.is_paused()
    await queue.pause(0)
    assert not await queue.is_paused()


async def test_a_pipeline_collects(side):
    queue = side.queue()
    victim, other = await queue.enqueue(tasks.add), await queue.enqueue(tasks.add)
    pipeline = side.connection.pipeline()
    job = await queue.enqueue(tasks.add, pipeline=pipeline)
    many = await queue.enqueue_many([queue.prepare_data(tasks.add)], pipeline=pipeline)
    later = await queue.enqueue_in(60, tasks.add, pipeline=pipeline)
    await victim.cancel(pipeline=pipeline)
    await other.delete(pipeline=pipeline)
    assert await queue.get_job_ids() == [victim.id, other.id]
    assert (await job.get_status(refresh=False), await later.get_status(refresh=False)) == (JobStatus.QUEUED, JobStatus.SCHEDULED)
    await side.execute(pipeline)
    assert await queue.get_job_ids() == [job.id, many[0].id]
    assert await victim.is_canceled()
    assert not await side.Job.exists(other.id, side.connection)
    assert await later.is_scheduled()


# --- queues ---


async def test_a_queue_shows_its_jobs(side):
    queue, elsewhere = side.queue(), side.queue("elsewhere")
    first, second = [await queue.enqueue(tasks.add, number) for number in range(2)]
    foreign = await elsewhere.enqueue(tasks.add)
    assert await queue.get_jobs() == [first, second]
    assert await queue.get_jobs(1, 1) == [second]
    assert await queue.get_job_ids(length=0) == []
    assert (await queue.fetch_job(first.id), await queue.fetch_job(foreign.id), await queue.fetch_job("none")) == (first, None, None)
    assert (await queue.get_job_position(second), await queue.get_job_position("none")) == (1, None)
    assert [each.name for each in await side.Queue.all(side.connection)] == ["default", "elsewhere"]


async def test_a_queue_is_emptied(side):
    queue = side.queue()
    await queue.enqueue_many([queue.prepare_data(tasks.add) for _ in range(1001)])
    assert await queue.empty() == 1001
    assert await queue.is_empty()


# --- jobs ---


async def test_a_job_is_fetched(side):
    job = await side.queue().enqueue(tasks.add, 1)
    fetched = await side.fetch(f"{job.id}:execution")
    assert (fetched, fetched.args, fetched.connection) == (job, (1,), side.connection)
    assert await side.Job.fetch_many([job.id, "none"], side.connection) == [job, None]
    assert (await side.Job.exists(job.id, side.connection), await side.Job.exists("none", side.connection)) == (True, False)
    with pytest.raises(NoSuchJobError, match="none"):
        await side.fetch("none")


async def test_a_job_follows_its_attempt(side, worker):
    queue = side.queue()
    job = await queue.enqueue(tasks.add)
    attempt = worker.take()
    assert await job.is_started()
    assert await queue.started_job_registry.contains(job)
    assert await queue.started_job_registry.get_job_and_execution_ids() == [(job.id, attempt.execution_id)]
    assert [(execution.id, execution.job_id, execution.worker_name) for execution in await job.get_executions()] == [(attempt.execution_id, job.id, "hand")]
    await job.refresh()
    assert job.started_at is not None


async def test_a_job_says_why_it_is_not_running(side):
    job = await side.queue().enqueue(tasks.add, 1, b=2)
    found = await job.explain()
    assert (found.situation, found.ahead, found.queue) == ("no_worker", 0, "default")
    await job.delete()
    assert (await job.explain()).situation == "deleted"


async def test_meta_and_progress_are_written(side):
    job = await side.queue().enqueue(tasks.add)
    job.meta["a"] = 1
    await job.save_meta()
    await job.set_progress(0.5, "half")
    other = await side.fetch(job.id)
    assert (other.meta["a"], other.progress) == (1, (0.5, "half"))
    job.meta["a"] = 2
    await job.save_meta()
    assert (await other.get_meta(refresh=False))["a"] == 1
    assert (await other.get_meta())["a"] == 2


async def test_a_job_is_canceled_once(side):
    queue = side.queue()
    job = await queue.enqueue(tasks.add)
    await job.cancel()
    assert (await job.is_canceled(), await queue.is_empty(), await queue.canceled_job_registry.contains(job.id)) == (True, True, True)
    with pytest.raises(InvalidJobOperation, match="is canceled already"):
        await job.cancel()


async def test_a_job_is_deleted_with_those_that_wait_for_it(side):
    queue = side.queue()
    job = await queue.enqueue(tasks.add)
    waiting = await queue.enqueue(tasks.add, depends_on=[job])
    assert (await job.dependent_ids(), await waiting.dependency_ids(), await queue.deferred_job_registry.count()) == ([waiting.id], [job.id], 1)
    await job.delete(delete_dependents=True)
    assert await side.Job.fetch_many([job.id, waiting.id], side.connection) == [None, None]
    with pytest.raises(InvalidJobOperation, match="cannot be deleted"):
        await job.delete()
    with pytest.raises(InvalidJobOperation, match="has no status"):
        await job.is_queued()


async def test_a_failed_job_is_requeued(side, worker):
    queue = side.queue()
    job, by_id = await queue.enqueue(tasks.add), await queue.enqueue(tasks.add)
    worker.fail()
    worker.fail()
    registry = queue.failed_job_registry
    assert (await registry.count(), await job.is_failed()) == (2, True)
    assert await registry.get_expiration_time(job) > datetime.now(UTC)
    assert await job.requeue() == job
    assert await registry.requeue(by_id.id, at_front=True) == by_id
    assert (await job.get_status(refresh=False), await queue.get_job_ids()) == (JobStatus.QUEUED, [by_id.id, job.id])
    with pytest.raises(InvalidJobOperation, match="not in rq:failed:default"):
        await registry.requeue(job)
    with pytest.raises(NoSuchJobError):
        await registry.requeue("none")
    with pytest.raises(TypeError, match="is not in"):
        await registry.get_expiration_time(job)


async def test_a_job_has_what_those_before_it_returned(side, worker):
    queue = side.queue()
    first, second = await queue.enqueue(tasks.add, job_id="first"), await queue.enqueue(tasks.add, job_id="second", retry=Retry(max=1))
    last = await queue.enqueue(tasks.add, depends_on=[first.id, second.id])
    worker.finish(3)
    worker.finish()
    assert (await first.is_finished(), await queue.finished_job_registry.get_job_ids(desc=True)) == (True, ["second", "first"])
    assert await last.dependency_results() == {"first": 3, "second": None}
    assert await last.fetch_dependencies() == [first, second]


# --- groups ---


async def test_jobs_of_a_group_are_looked_at_together(side, worker):
    queue, group = side.queue(), side.Group(side.connection, "g")
    jobs = await group.enqueue_many(queue, [queue.prepare_data(tasks.add, (number,)) for number in range(3)])
    assert (group.key, group.completion_job_id, group.get_key("h")) == ("rq:group:g", "g-complete", "rq:group:h")
    assert {job.group_id for job in jobs} == {"g"}
    assert [job.id for job in await group.get_jobs()] == [job.id for job in jobs]
    worker.finish(1)
    worker.fail()
    counts = await group.counts()
    assert (counts[JobStatus.FINISHED], counts[JobStatus.FAILED], counts[JobStatus.QUEUED], counts.total) == (1, 1, 1, 3)
    assert not await group.is_done()
    assert (await group.cancel(), await group.cancel()) == (1, 0)
    assert await group.is_done()


async def test_groups_are_found_by_name(side):
    queue = side.queue()
    for name in ("b", "a"):
        await side.Group.create(side.connection, name).enqueue_many(queue, [queue.prepare_data(tasks.add)])
    assert [group.name for group in await side.Group.all(side.connection)] == ["a", "b"]
    assert (await side.Group.fetch("a", side.connection)).name == (await side.Group.fetch(id="a", connection=side.connection)).name == "a"
    with pytest.raises(NoSuchGroupError, match="No such group: c"):
        await side.Group.fetch("c", side.connection)
    with pytest.raises(TypeError, match="needs the name"):
        await side.Group.fetch(connection=side.connection)


async def test_a_call_is_run_when_all_jobs_of_a_group_have_ended(side, worker):
    queue, group = side.queue(), side.Group(side.connection, "g")
    await group.enqueue_many(queue, [queue.prepare_data(tasks.add)])
    await group.enqueue_many(queue, [queue.prepare_data(tasks.add)], on_complete=queue.prepare_data(tasks.add))
    last = await side.fetch(group.completion_job_id)
    worker.finish()
    assert await last.is_deferred()
    worker.fail()
    assert await last.is_queued()


async def test_a_pipeline_collects_the_calls_of_a_group(side):
    queue, group = side.queue(), side.Group(side.connection, "g")
    pipeline = side.connection.pipeline()
    [job] = await group.enqueue_many(queue, [queue.prepare_data(tasks.add)], pipeline=pipeline, on_complete=queue.prepare_data(tasks.add))
    assert await group.get_jobs() == []
    await side.execute(pipeline)
    assert await group.get_jobs() == [job]
    pipeline = side.connection.pipeline()
    await group.delete_job(job.id, pipeline=pipeline)
    await side.execute(pipeline)
    assert await group.get_jobs() == []
    assert await job.is_queued()


async def test_what_is_gone_leaves_its_group(side, redis_client):
    queue, group, other = side.queue(), side.Group(side.connection, "g"), side.Group(side.connection, "other")
    first, _ = await group.enqueue_many(queue, [queue.prepare_data(tasks.add), queue.prepare_data(tasks.add)])
    [third] = await other.enqueue_many(queue, [queue.prepare_data(tasks.add)])
    redis_client.delete(first.key, third.key)
    assert (await group.counts()).gone == 1
    await group.cleanup()
    assert (redis_client.scard(group.key), redis_client.scard(other.key)) == (1, 1)
    await side.Group.clean_registries(side.connection)
    assert [each.name for each in await side.Group.all(side.connection)] == ["g"]


# --- results ---


async def test_a_result_is_read(side, worker):
    job = await side.queue().enqueue(tasks.add)
    assert (await job.latest_result(), await job.results(), await job.return_value()) == (None, [], None)
    worker.finish({"a": [1]})
    result = await job.latest_result(timeout=1)
    assert (result.type, result.return_value, result.worker_name) == (Result.Type.SUCCESSFUL, {"a": [1]}, "hand")
    assert (await job.return_value(), await job.results()) == ({"a": [1]}, [result])
    assert await side.Result.count(job) == 1


async def test_a_failed_job_has_a_traceback_and_no_value(side, worker):
    job = await side.queue().enqueue(tasks.add)
    worker.fail()
    result = await job.latest_result()
    assert (result.type, result.exc_string) == (Result.Type.FAILED, "Traceback\nValueError: no")
    assert await job.return_value(refresh=True) is None


async def test_a_job_has_the_output_of_its_last_attempt(side, worker):
    job = await side.queue().enqueue(tasks.add)
    assert await job.output() == ""
    worker.finish_with(Fate("a limit", "naïve\n".encode(), 1024, 0.5))
    assert await job.output() == "naïve\n"
    result = await job.latest_result()
    assert (result.output, result.killed_by, result.peak_memory, result.cpu_seconds) == ("naïve\n", "a limit", 1024, 0.5)


async def test_waiting_for_a_result_ends_with_its_time(side):
    job = await side.queue().enqueue(tasks.add)
    assert await job.latest_result(timeout=0.01) is None


# --- names ---


@pytest.mark.parametrize("own", COUNTERPARTS, ids=lambda own: own.__name__)
def test_what_is_awaited_has_the_name_of_the_synchronous_client(own):
    other = COUNTERPARTS[own]
    awaited = {name for name in dir(other) if not name.startswith("_") and is_awaited(inspect.getattr_static(other, name))}
    assert awaited - {"contains"} <= set(dir(own))
