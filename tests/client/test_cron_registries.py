"""The lists of cron jobs and of cron schedulers, as programs use them by hand."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from rq import cron_job_registry, cron_scheduler_registry
from rq.core.errors import DuplicateSchedulerError, SchedulerNotFound
from rq.cron import get_cron_job_history_key

if TYPE_CHECKING:
    import redis

YEAR = 365 * 24 * 60 * 60


def test_the_keys_are_those_of_rq():
    assert cron_job_registry.get_registry_key() == "rq:cron_jobs"
    assert cron_scheduler_registry.get_registry_key() == "rq:cron_schedulers"
    assert get_cron_job_history_key("nightly") == "rq:cron_job:nightly:jobs"


def test_names_come_in_the_order_in_which_they_were_enqueued(redis_client: redis.Redis):
    cron_job_registry.add("second", redis_client)
    cron_job_registry.add("first", redis_client, 1000.0)
    assert cron_job_registry.get_names(redis_client, cleanup=False) == ["first", "second"]


def test_a_name_that_was_not_enqueued_for_a_year_is_left_out_and_stays(redis_client: redis.Redis):
    cron_job_registry.add("old", redis_client, time.time() - YEAR - 100)
    cron_job_registry.add("new", redis_client)
    assert cron_job_registry.get_names(redis_client) == ["new"]
    assert redis_client.zcard("rq:cron_jobs") == 2
    assert cron_job_registry.remove_stale_entries(redis_client) == 1
    assert cron_job_registry.remove_stale_entries(redis_client, threshold=-100) == 1
    assert redis_client.zcard("rq:cron_jobs") == 0


def test_a_pipeline_collects_a_name(redis_client: redis.Redis):
    with redis_client.pipeline() as pipeline:
        cron_job_registry.add("nightly", pipeline)
        assert cron_job_registry.get_names(redis_client) == []
        pipeline.execute()
    assert cron_job_registry.get_names(redis_client) == ["nightly"]


def test_a_scheduler_is_registered_once(redis_client: redis.Redis):
    scheduler = SimpleNamespace(name="host:1", connection=redis_client)
    cron_scheduler_registry.register(scheduler)
    with pytest.raises(DuplicateSchedulerError):
        cron_scheduler_registry.register(scheduler)
    assert cron_scheduler_registry.get_keys(redis_client) == ["host:1"]
    cron_scheduler_registry.unregister(scheduler)
    with pytest.raises(SchedulerNotFound):
        cron_scheduler_registry.unregister(scheduler)


def test_a_pipeline_collects_registrations_and_complains_of_none(redis_client: redis.Redis):
    scheduler = SimpleNamespace(name="host:1", connection=redis_client)
    with redis_client.pipeline() as pipeline:
        cron_scheduler_registry.register(scheduler, pipeline)
        cron_scheduler_registry.register(scheduler, pipeline)
        cron_scheduler_registry.unregister(scheduler, pipeline)
        cron_scheduler_registry.unregister(scheduler, pipeline)
        assert pipeline.execute() == [1, 0, 1, 0]


def test_schedulers_that_gave_no_sign_of_life_can_be_forgotten(redis_client: redis.Redis):
    now = time.time()
    redis_client.zadd("rq:cron_schedulers", {"dead": now - 130, "alive": now - 10})
    assert cron_scheduler_registry.cleanup(redis_client) == 1
    assert cron_scheduler_registry.get_keys(redis_client) == ["alive"]
    assert cron_scheduler_registry.cleanup(redis_client, threshold=5) == 1
