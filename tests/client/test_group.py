"""Groups: jobs that are enqueued, looked at, canceled and waited for together."""

from __future__ import annotations

import pickle

import pytest

from rq.group import Group, GroupCounts, NoSuchGroupError
from rq.job import Dependency, Job, JobStatus
from rq.queue import Queue
from rq.store.groups import BEGINNING, sweep_groups
from tests.client import tasks

add = Queue.prepare_data(tasks.add)


@pytest.fixture
def group(redis_client):
    return Group(redis_client, "trip")


def named(*job_ids, **options):
    return [Queue.prepare_data(tasks.add, job_id=job_id, **options) for job_id in job_ids]


def members(group):
    return sorted(job_id.decode() for job_id in group.connection.smembers(group.key))


def names(client):
    return client.smembers(Group.REDIS_GROUP_KEY)


def completion_of(group):
    return Job.fetch(group.completion_job_id, connection=group.connection)


# --- what a group is ---


def test_a_group_has_rqs_names_and_keys(redis_client, group):
    assert (repr(group), group.key, Group.get_key("a")) == ("Group(id=trip)", "rq:group:trip", "rq:group:a")
    assert (Group.REDIS_GROUP_NAME_PREFIX, Group.REDIS_GROUP_KEY) == ("rq:group:", "rq:groups")
    assert len(Group.create(redis_client).name) == 32
    assert Group.create(redis_client, "b").name == "b"
    assert redis_client.keys() == []
    with pytest.raises(TypeError):
        Group(None)  # type: ignore[arg-type]


def test_jobs_are_in_their_group_in_the_step_that_enqueues_them(group, queue, redis_client, watched):
    Group(redis_client).enqueue_many(queue, [add])[0].delete()  # the server knows the script now
    with watched() as seen:
        jobs = group.enqueue_many(queue, named("b", "a"))
    assert len(seen.commands) == 1
    assert [job.id for job in jobs] == queue.job_ids == ["b", "a"]
    assert [job.group_id for job in jobs] == ["trip", "trip"]
    assert members(group) == ["a", "b"]
    assert names(redis_client) == {b"trip"}
    assert redis_client.hget(jobs[0].key, "group_id") == b"trip"


def test_a_group_without_calls_is_none(group, queue, redis_client):
    assert group.enqueue_many(queue, []) == []
    assert redis_client.keys() == []


def test_jobs_of_a_group_may_depend_on_one_another(group, queue):
    jobs = group.enqueue_many(queue, [*named("b", depends_on="a"), *named("a")])
    assert [job.get_status() for job in jobs] == ["deferred", "queued"]
    assert members(group) == ["a", "b"]


def test_a_pipeline_of_the_callers_collects_the_calls(group, queue, redis_client):
    with redis_client.pipeline() as pipeline:
        group.enqueue_many(queue, named("a"), pipeline=pipeline, on_complete=add)
        assert redis_client.keys() == []
        pipeline.execute()
    assert queue.job_ids == ["a"]
    assert completion_of(group).is_deferred


def test_a_group_can_be_fetched_by_name_or_id(group, queue, redis_client):
    for fetch in (lambda: Group.fetch("trip", redis_client), lambda: Group.fetch(id="trip", connection=redis_client)):
        with pytest.raises(NoSuchGroupError, match="trip"):
            fetch()
    group.enqueue_many(queue, [add])
    assert Group.fetch("trip", redis_client).name == Group.fetch(id="trip", connection=redis_client).name == "trip"
    with pytest.raises(TypeError):
        Group.fetch(connection=redis_client)


def test_all_groups_are_those_that_have_jobs(queue, redis_client):
    for name in ("b", "a", "empty"):
        Group(redis_client, name).enqueue_many(queue, named(f"of-{name}"))
    redis_client.delete(Group.get_key("empty"))
    assert [group.name for group in Group.all(redis_client)] == ["a", "b"]
    assert b"empty" in names(redis_client)


# --- its jobs ---


def test_jobs_come_in_the_order_of_their_creation(group, queue):
    jobs = group.enqueue_many(queue, [add] * 300)
    assert group.get_jobs() == jobs


def test_jobs_are_read_with_the_serializer_that_is_given(group, redis_client):
    group.enqueue_many(Queue(connection=redis_client, serializer="json"), [Queue.prepare_data(tasks.add, (1,))])
    assert group.get_jobs(serializer="json")[0].args == [1]


def test_looking_changes_nothing(group, queue, redis_client, watched):
    group.enqueue_many(queue, named("a", "b"))
    redis_client.delete(Job.key_for("b"))
    with watched() as seen:
        assert [job.id for job in group.get_jobs()] == ["a"]
        assert [each.name for each in Group.all(redis_client)] == ["trip"]
        assert (group.counts().gone, group.is_done()) == (1, False)
    assert {command.split()[0] for command in seen.commands} <= {"SSCAN", "HGETALL", "HMGET", "EXISTS", "SMEMBERS"}
    assert members(group) == ["a", "b"]


def test_the_jobs_of_a_group_are_counted_by_state(group, queue, worker):
    group.enqueue_many(queue, named("finished", "failed", "gone", "started"))
    group.enqueue_many(queue, named("queued", "canceled", "deleted", "deferred", depends_on=None))
    worker.finish()
    worker.fail()
    worker.finish(ttl=0)
    worker.take()
    queue.fetch_job("canceled").cancel()
    queue.fetch_job("deleted").delete()
    counts = group.counts()
    assert {status: count for status, count in counts.items() if count} == {"finished": 1, "failed": 1, "started": 1, "queued": 2, "canceled": 1}
    assert (counts[JobStatus.SCHEDULED], counts.gone, counts.total) == (0, 1, 7)
    assert list(counts) == list(JobStatus)


def test_a_status_of_a_newer_version_is_counted_under_its_text(group, queue, redis_client):
    [job] = group.enqueue_many(queue, [add])
    redis_client.hset(job.key, "status", "resting")
    assert (dict(group.counts())["resting"], group.is_done()) == (1, False)
    assert "resting: 1" in repr(group.counts())
    assert repr(GroupCounts()) == "<GroupCounts no jobs, gone: 0>"


def test_a_large_group_is_counted_some_hundred_jobs_a_round_trip(group, queue, watched):
    group.enqueue_many(queue, [add] * 1200)
    with watched() as seen:
        assert group.counts()[JobStatus.QUEUED] == 1200
    assert len([command for command in seen.commands if command.startswith("HMGET")]) == 1200


def test_a_group_is_done_when_all_of_its_jobs_have_ended_or_are_gone(group, queue, worker):
    assert group.is_done()
    group.enqueue_many(queue, [add] * 4)
    for end in (worker.finish, worker.fail, worker.stop, lambda: worker.finish(ttl=0)):
        assert not group.is_done()
        end()
    assert group.is_done()


def test_canceling_a_group_cancels_what_has_not_ended(group, queue, worker):
    jobs = group.enqueue_many(queue, [*named("finished", "started", "queued"), *named("deferred", depends_on="queued")])
    worker.finish()
    worker.take()
    assert group.cancel() == 3
    assert [job.get_status() for job in jobs] == ["finished", "canceled", "canceled", "canceled"]
    assert (group.cancel(), queue.job_ids, queue.canceled_job_registry.count) == (0, [], 3)


def test_a_job_may_leave_its_group(group, queue, redis_client):
    group.enqueue_many(queue, named("a", "b", "c"))
    group.delete_job("a")
    with redis_client.pipeline() as pipeline:
        group.delete_job("b", pipeline=pipeline)
        assert members(group) == ["b", "c"]
        pipeline.execute()
    assert members(group) == ["c"]
    assert queue.job_ids == ["a", "b", "c"]


def test_a_deleted_job_leaves_its_group_and_the_last_one_takes_the_group_along(group, queue, redis_client):
    for job in group.enqueue_many(queue, [add] * 2):
        assert Group.all(redis_client) != []
        job.delete()
    assert (names(redis_client), redis_client.exists(group.key)) == (set(), 0)


# --- tidying ---


def test_cleanup_takes_out_what_is_gone(group, queue, redis_client):
    other = Group(redis_client, "other")
    for each in (group, other):
        each.enqueue_many(queue, named(f"{each.name}-a", f"{each.name}-b"))
        redis_client.delete(Job.key_for(f"{each.name}-a"))
    group.cleanup()
    assert (members(group), members(other)) == (["trip-b"], ["other-a", "other-b"])
    redis_client.delete(Job.key_for("trip-b"))
    group.cleanup()
    assert names(redis_client) == {b"other"}


def test_all_groups_can_be_tidied_at_once(queue, redis_client):
    groups = [Group(redis_client, f"group-{number}") for number in range(200)]
    for group in groups:
        group.enqueue_many(queue, [add] * (700 if group.name == "group-77" else 1))
    kept = groups[150].get_jobs()[0]
    gone = [Job.key_for(job_id.decode()) for group in groups for job_id in redis_client.smembers(group.key) if job_id.decode() != kept.id]
    redis_client.delete(*gone)
    Group.clean_registries(redis_client)
    assert (names(redis_client), members(groups[150])) == ({b"group-150"}, [kept.id])
    assert redis_client.keys("rq:group:*") == [b"rq:group:group-150"]


def test_tidying_goes_step_by_step(group, queue, redis_client):
    group.enqueue_many(queue, [add] * 1000)
    redis_client.delete(*(Job.key_for(job_id) for job_id in members(group)))
    session, cursor = group._session, BEGINNING
    steps: list[int] = []
    while not steps or cursor != BEGINNING:
        gone, cursor = session.run(sweep_groups(session.scripts, cursor, 200))
        steps.append(gone)
    assert sum(steps) == 1000
    assert max(steps) <= 400
    assert redis_client.keys("rq:group*") == []


def test_a_group_of_any_name_is_tidied(queue, redis_client):
    for name in ('"é" \\ ]', "\udcff"):
        strange = Group(redis_client, name)
        [kept, gone] = strange.enqueue_many(queue, [add] * 2)
        redis_client.delete(gone.key)
        strange.cleanup()
        assert (strange.get_jobs(), strange.counts().gone) == ([kept], 0)


def test_tidying_goes_around_what_is_no_group(group, queue, redis_client):
    group.enqueue_many(queue, named("a"))
    redis_client.sadd(Group.REDIS_GROUP_KEY, "a list")
    redis_client.lpush(Group.get_key("a list"), "x")
    redis_client.delete(Job.key_for("a"))
    Group.clean_registries(redis_client)
    assert names(redis_client) == {b"a list"}


# --- when all have ended ---


def test_a_call_is_run_once_when_all_have_ended_whichever_way(group, queue, worker, redis_client):
    ends = ("finished", "unkept", "failed", "stopped", "canceled", "deleted")
    group.enqueue_many(queue, named(*ends), on_complete=add)
    completion = completion_of(group)
    assert (group.completion_job_id, completion.is_deferred, completion.group_id, members(group)) == ("trip-complete", True, None, sorted(ends))
    for end in (worker.finish, lambda: worker.finish(ttl=0), worker.fail, worker.stop):
        end()
        assert completion.is_deferred
    queue.fetch_job("canceled").cancel()
    assert completion.is_deferred
    queue.fetch_job("deleted").delete()
    assert completion.is_queued
    assert queue.job_ids == [completion.id]
    worker.finish()
    queue.fetch_job("failed").requeue()
    worker.finish()
    assert (completion.is_finished, queue.job_ids) == (True, [])


def test_a_canceled_group_is_complete(group, queue):
    group.enqueue_many(queue, [add] * 3, on_complete=add)
    assert group.cancel() == 3
    assert queue.job_ids == [group.completion_job_id]


def test_the_call_at_the_end_waits_for_all_jobs_however_many_and_sees_their_results_in_order(group, queue, worker):
    jobs = group.enqueue_many(queue, [add] * 600, on_complete=add)
    for number in range(600):
        assert completion_of(group).is_deferred
        worker.finish(number, ttl=500)
    completion = completion_of(group)
    assert completion.is_queued
    assert list(completion.dependency_results().items()) == [(job.id, number) for number, job in enumerate(jobs)]


def test_a_later_call_at_the_end_takes_the_place_of_the_earlier_and_waits_for_both(group, queue, worker):
    group.enqueue_many(queue, named("a"), on_complete=Queue.prepare_data(tasks.add, (1,)))
    group.enqueue_many(queue, named("b"), on_complete=Queue.prepare_data(tasks.add, (2,)))
    worker.finish()
    assert completion_of(group).is_deferred
    worker.finish()
    assert (completion_of(group).is_queued, completion_of(group).args) == (True, (2,))
    assert queue.job_ids == [group.completion_job_id]


def test_the_call_at_the_end_may_wait_for_others_too(group, queue, worker):
    other = queue.enqueue(tasks.add, job_id="other")
    for depends_on in (other, "other", [other], Dependency(other)):
        group.enqueue_many(queue, named("a"), on_complete=Queue.prepare_data(tasks.add, depends_on=depends_on))
        assert completion_of(group).dependency_ids == ["a", "other"]
    other.cancel()
    worker.finish()
    assert completion_of(group).is_deferred


def test_with_nothing_to_wait_for_the_call_at_the_end_is_run_at_once(group, queue, redis_client):
    assert group.enqueue_many(queue, [], on_complete=add) == []
    assert queue.job_ids == [group.completion_job_id]


def test_a_queue_that_runs_its_jobs_itself_runs_a_group_too(group, redis_client):
    queue = Queue(connection=redis_client, is_async=False)
    jobs = group.enqueue_many(queue, [Queue.prepare_data(tasks.add, (1, 2)), Queue.prepare_data(len, (3,))], on_complete=Queue.prepare_data(tasks.add, (0,)))
    assert [job.get_status() for job in [*jobs, completion_of(group)]] == ["finished", "failed", "finished"]
    assert members(group) == sorted(job.id for job in jobs)
    assert (group.is_done(), completion_of(group).dependency_results()) == (True, {jobs[0].id: 3, jobs[1].id: None})


def test_the_job_at_the_end_has_an_id_that_follows_from_the_groups_name(group, queue, redis_client):
    strange = Group(redis_client, "été / 1")
    assert strange.completion_job_id == Group(redis_client, "été / 1").completion_job_id != Group(redis_client, "été / 2").completion_job_id
    strange.enqueue_many(queue, [add], on_complete=add)
    assert completion_of(strange).is_deferred
    with pytest.raises(ValueError, match="trip-complete"):
        group.enqueue_many(queue, [add], on_complete=Queue.prepare_data(tasks.add, job_id="mine"))
    assert Group.all(redis_client)[0].name == strange.name


@pytest.mark.parametrize("call", [tasks.add, (tasks.add, 1, 2), None, "tests.client.tasks.add"])
def test_a_call_that_was_not_prepared_is_refused_before_anything_is_written(group, queue, redis_client, call):
    with pytest.raises(TypeError, match=r"Queue\.prepare_data\(function, args, kwargs\), not by"):
        group.enqueue_many(queue, [add, call])
    if call is not None:
        with pytest.raises(TypeError, match=r"Queue\.prepare_data"):
            group.enqueue_many(queue, [add], on_complete=call)
    assert redis_client.keys() == []


def test_a_payload_of_a_group_is_an_ordinary_one(group, queue, redis_client):
    [job] = group.enqueue_many(queue, [Queue.prepare_data(tasks.add, (1, 2))])
    assert pickle.loads(job.data) == ("tests.client.tasks.add", None, (1, 2), {})
