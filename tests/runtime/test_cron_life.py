"""The life of cron schedulers: how others see them, and what they do while their server is away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import redis
from redis.exceptions import ConnectionError as RedisConnectionError

from rq.client.session import session_of
from rq.core.errors import SchedulerNotFound
from rq.cron import CronScheduler
from rq.runtime.cron.listing import list_cron_jobs
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import StartValkey
    from tests.support.server import ValkeyServer


def test_others_see_a_scheduler_and_its_cron_jobs(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    scheduler.register(worker_jobs.add, "q", (1,), {"b": 2}, cron="0 9 * * *", timezone="Europe/Berlin", missed="skip", meta={"a": 1}, name="sums")
    scheduler.register_birth()
    [seen] = CronScheduler.all(redis_client, cleanup=False)
    assert seen == scheduler
    assert seen == CronScheduler.fetch(scheduler.name, redis_client)
    assert (seen.hostname, seen.pid, seen.created_at, seen.config_file) == (scheduler.hostname, scheduler.pid, scheduler.created_at, "")
    assert [cron_job.to_dict() for cron_job in seen.get_jobs()] == [cron_job.to_dict() for cron_job in scheduler.get_jobs()]
    assert seen.last_heartbeat is not None


def test_a_cron_job_of_which_this_machine_makes_no_sense_hides_no_other(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    for name in ("foreign", "known"):
        scheduler.register(worker_jobs.add, "q", (1,), cron="0 9 * * *", timezone="Europe/Berlin", name=name)
    scheduler.register_birth()
    told = redis_client.hget(scheduler.key, "cron_jobs")
    assert isinstance(told, bytes)
    redis_client.hset(scheduler.key, "cron_jobs", told.replace(b"Europe/Berlin", b"Mars/Olympus", 1))
    assert [cron_job.name for cron_job in CronScheduler.fetch(scheduler.name, redis_client).get_jobs()] == ["known"]


def test_a_cron_job_of_which_this_machine_makes_no_sense_is_listed_without_its_next_tick(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    cron_job = scheduler.register(worker_jobs.add, "q", (1,), cron="0 9 * * *", timezone="Europe/Berlin", name="foreign")
    scheduler.enqueue_jobs()
    redis_client.hset(f"rq:x:cron:{cron_job.key.identity}", "timezone", "Mars/Olympus")
    [entry] = list_cron_jobs(session_of(redis_client))
    assert (entry.key, entry.when, entry.upcoming, entry.is_alive) == (cron_job.key, "0 9 * * * (Mars/Olympus)", None, True)


@pytest.mark.parametrize(("field", "value"), [("pid", "many"), ("cron_jobs", "none"), ("cron_jobs", '[{"name": "half"}, 7]'), ("created_at", "long ago")])
def test_a_garbled_scheduler_is_shown_as_far_as_it_can_be_read(redis_client: redis.Redis, field: str, value: str):
    for name in ("garbled", "other"):
        CronScheduler(redis_client, name=name).register_birth()
    redis_client.hset("rq:cron_scheduler:garbled", field, value)
    assert {scheduler.name for scheduler in CronScheduler.all(redis_client)} == {"garbled", "other"}


@pytest.mark.parametrize("field", ["interval", "since", "last", "resumed"])
def test_a_garbled_cron_job_is_listed_as_far_as_it_can_be_read(redis_client: redis.Redis, field: str):
    scheduler = CronScheduler(redis_client)
    cron_job = scheduler.register(worker_jobs.add, "q", (1,), interval=60, name="garbled")
    scheduler.enqueue_jobs()
    redis_client.hset(f"rq:x:cron:{cron_job.key.identity}", field, "soon")
    [entry] = list_cron_jobs(session_of(redis_client))
    assert (entry.key, entry.queue, entry.is_alive) == (cron_job.key, "q", True)


def test_a_scheduler_that_gives_no_sign_of_life_is_not_shown(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client, name="dead")
    scheduler.register_birth()
    redis_client.zadd("rq:cron_schedulers", {"dead": 1000})
    assert CronScheduler.all(redis_client) == []
    assert CronScheduler.all(redis_client, cleanup=False) == [scheduler]
    scheduler.heartbeat()
    assert CronScheduler.all(redis_client) == [scheduler]


def test_a_hash_that_expired_is_written_again_with_the_next_sign_of_life(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    scheduler.save()
    assert 0 < redis_client.ttl(scheduler.key) <= 120
    redis_client.delete(scheduler.key)
    scheduler.heartbeat()
    assert redis_client.hget(scheduler.key, "name") == scheduler.name.encode()


def test_a_scheduler_that_is_not_there_is_not_found(redis_client: redis.Redis):
    with pytest.raises(SchedulerNotFound):
        CronScheduler.fetch("nobody", redis_client)
    with pytest.raises(SchedulerNotFound):
        CronScheduler(redis_client).register_death()


def test_calls_about_a_scheduler_go_into_a_pipeline(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    with redis_client.pipeline() as pipeline:
        scheduler.save(pipeline)
        scheduler.register_death(pipeline)
        assert not redis_client.exists(scheduler.key)
        pipeline.execute()
    assert redis_client.exists(scheduler.key)


def test_a_scheduler_waits_for_a_server_that_goes_away(valkey: ValkeyServer):
    with redis.Redis.from_url(valkey.url) as client:
        scheduler = CronScheduler(client)
        scheduler.register(worker_jobs.add, "q", (1, 2), interval=1)
        thread = threading.Thread(target=scheduler.start)
        thread.start()
        wait_until(lambda: client.llen("rq:queue:q") >= 1)
        valkey.restart()
        wait_until(lambda: _length(client) >= 1)
        scheduler.request_stop()
        thread.join()


def _length(client: redis.Redis) -> int:
    try:
        return int(client.llen("rq:queue:q"))
    except RedisConnectionError:
        return 0


def test_a_scheduler_that_waits_for_its_server_can_be_stopped(start_valkey: StartValkey):
    server = start_valkey()
    with redis.Redis.from_url(server.url) as client:
        scheduler = CronScheduler(client)
        scheduler.register(worker_jobs.add, "q", (1, 2), interval=1)
        thread = threading.Thread(target=scheduler.start)
        thread.start()
        wait_until(lambda: client.llen("rq:queue:q") >= 1)
        server.stop()
        scheduler.request_stop()
        thread.join(30)
        assert not thread.is_alive()


def test_a_scheduler_does_not_start_without_its_server():
    with redis.Redis(port=1) as client, pytest.raises(RedisConnectionError):
        CronScheduler(client).start()
