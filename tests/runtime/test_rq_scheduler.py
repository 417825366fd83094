"""RQ's scheduler, started by hand."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rq import Queue
from rq.core.errors import OptionTypeError, SchedulerNotFound
from rq.job import Job
from rq.scheduler import SCHEDULER_KEY_TEMPLATE, SCHEDULER_LOCKING_KEY_TEMPLATE, RQScheduler, SchedulerStatus
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from types import FrameType

    import redis


def enqueue_due(client: redis.Redis, queue: str = "a") -> Job:
    """A job that is scheduled and due."""
    return Queue(queue, connection=client).enqueue_at(datetime(2020, 1, 1, tzinfo=UTC), worker_jobs.add, 1, 2)


def status_of(client: redis.Redis, job: Job) -> str:
    return Job.fetch(job.id, connection=client).get_status().value


def test_the_locks_of_queues_are_those_of_rq(redis_client: redis.Redis):
    scheduler = RQScheduler([Queue("a", connection=redis_client), "b"], connection=redis_client, name="first")
    wanted_before = scheduler.should_reacquire_locks
    assert scheduler.acquire_locks() == scheduler.acquired_locks == {"a", "b"}
    assert (wanted_before, scheduler.should_reacquire_locks) == (True, False)
    assert redis_client.get("rq:scheduler-lock:a") == b"first"
    assert 0 < redis_client.ttl(RQScheduler.get_locking_key("a")) <= 61
    assert RQScheduler.get_locking_key("a") == SCHEDULER_LOCKING_KEY_TEMPLATE % "a"


def test_a_queue_has_one_scheduler_at_a_time(redis_client: redis.Redis):
    first, second = (RQScheduler(["a", name], connection=redis_client) for name in ("b", "c"))
    first.acquire_locks()
    assert second.acquire_locks() == {"c"}
    assert not second.should_reacquire_locks  # it has just asked
    first.release_locks()
    assert second.acquire_locks() == {"a", "c"}


def test_what_is_due_is_queued_and_what_is_not_waits(redis_client: redis.Redis):
    job = enqueue_due(redis_client)
    later = Queue("a", connection=redis_client).enqueue_in(timedelta(hours=1), worker_jobs.add, 1, 2)
    scheduler = RQScheduler(["a"], connection=redis_client)
    scheduler.enqueue_scheduled_jobs()
    assert status_of(redis_client, job) == "scheduled"  # it has no lock
    scheduler.acquire_locks()
    scheduler.enqueue_scheduled_jobs()
    assert scheduler.status is SchedulerStatus.STARTED
    assert Queue("a", connection=redis_client).job_ids == [job.id]
    assert status_of(redis_client, later) == "scheduled"


def test_queues_can_be_chosen_by_hand(redis_client: redis.Redis):
    job = enqueue_due(redis_client, "elsewhere")
    scheduler = RQScheduler(["a"], connection=redis_client)
    scheduler.prepare_registries(["elsewhere"])
    scheduler.enqueue_scheduled_jobs()
    assert status_of(redis_client, job) == "queued"


def test_others_see_a_scheduler(redis_client: redis.Redis):
    scheduler = RQScheduler(["b", "a"], connection=redis_client, name="first")
    assert scheduler.pid == 0
    scheduler.acquire_locks()
    scheduler.register_birth()
    assert Queue("a", connection=redis_client).scheduler_pid == scheduler.pid == os.getpid()
    seen = RQScheduler.fetch("first", redis_client)
    assert (seen.name, seen.hostname, seen.pid, seen.created_at) == ("first", scheduler.hostname, os.getpid(), scheduler.created_at)
    assert seen.to_dict() == scheduler.to_dict()
    assert seen.key == SCHEDULER_KEY_TEMPLATE % "first"
    assert 0 < redis_client.ttl(seen.key) <= 61
    assert scheduler.register_death()
    assert not scheduler.register_death()
    with pytest.raises(SchedulerNotFound):
        RQScheduler.fetch("first", redis_client)


def test_a_hash_can_be_written_by_a_pipeline(redis_client: redis.Redis):
    scheduler = RQScheduler(["a"], connection=redis_client, name="first")
    with redis_client.pipeline() as pipeline:
        scheduler.save(pipeline)
        assert not redis_client.exists(scheduler.key)
        pipeline.execute()
    assert redis_client.hget(scheduler.key, "queues") == b"a"


def test_a_heartbeat_keeps_the_locks_and_gives_up_those_of_others(redis_client: redis.Redis):
    scheduler = RQScheduler(["a", "b"], connection=redis_client, name="first")
    scheduler.acquire_locks()
    redis_client.expire("rq:scheduler-lock:a", 5)
    redis_client.set("rq:scheduler-lock:b", "another")
    scheduler.heartbeat()
    assert redis_client.ttl("rq:scheduler-lock:a") > 5
    assert scheduler.acquired_locks == {"a"}
    assert redis_client.get("rq:scheduler-lock:b") == b"another"
    assert scheduler.last_heartbeat is not None


def test_start_makes_a_process_and_stop_ends_it(redis_client: redis.Redis):
    job = enqueue_due(redis_client)
    scheduler = RQScheduler(["a"], connection=redis_client)
    scheduler.acquire_locks(auto_start=True)
    wait_until(lambda: status_of(redis_client, job) == "queued")
    pid = Queue("a", connection=redis_client).scheduler_pid
    assert pid not in {None, os.getpid()}
    scheduler.stop()
    assert scheduler.status is SchedulerStatus.STOPPED
    assert redis_client.keys("rq:scheduler*") == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


@pytest.mark.parametrize("how", ["by its method", "by RQ's name"])
def test_a_scheduler_can_work_in_a_thread(redis_client: redis.Redis, how: str):
    job = enqueue_due(redis_client)
    scheduler = RQScheduler(["a"], connection=redis_client)
    thread = threading.Thread(target=scheduler.work)
    thread.start()
    wait_until(lambda: status_of(redis_client, job) == "queued")
    assert not scheduler._stop_requested
    if how == "by RQ's name":
        scheduler._stop_requested = True
    else:
        scheduler.request_stop()
    thread.join()
    assert redis_client.keys("rq:scheduler*") == []
    scheduler.connection.close()


@pytest.mark.parametrize("how", ["by its method", "by RQ's name"])
def test_a_scheduler_that_was_stopped_before_it_works_leaves_at_once(redis_client: redis.Redis, how: str):
    job = enqueue_due(redis_client)
    scheduler = RQScheduler(["a"], connection=redis_client)
    if how == "by RQ's name":
        scheduler._stop_requested = True
    else:
        scheduler.request_stop()
    assert scheduler._stop_requested
    scheduler.work()
    assert status_of(redis_client, job) == "scheduled"
    scheduler.connection.close()


def test_a_signal_calls_what_a_subclass_overrides(redis_client: redis.Redis):
    class Telling(RQScheduler):
        def enqueue_scheduled_jobs(self) -> None:
            signal.raise_signal(signal.SIGTERM)

        def request_stop(self, signum: int | None = None, frame: FrameType | None = None) -> None:
            told.append(signum)
            super().request_stop(signum, frame)

        def _install_signal_handlers(self) -> None:
            told.append("_install_signal_handlers")
            super()._install_signal_handlers()

    told: list[object] = []
    scheduler = Telling(["a"], connection=redis_client)
    scheduler.work()
    assert told == ["_install_signal_handlers", signal.SIGTERM]
    scheduler.connection.close()


def test_a_scheduler_needs_a_connection():
    with pytest.raises(OptionTypeError):
        RQScheduler(["a"], connection="redis://localhost")  # type: ignore[arg-type]
