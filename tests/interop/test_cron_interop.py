"""Cron processes of RQ 2.12 and of this library see one another, and what the others' cron jobs became."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rq import Queue
from rq.cron import CronScheduler, get_cron_job_ids
from rq.cron_job_registry import get_names
from rq.cron_scheduler_registry import get_keys
from rq.scheduler import RQScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis


def test_rq_sees_our_cron_processes_and_their_cron_jobs(rq212: Callable[..., Any], redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    scheduler.register("shared_jobs.add", "shared", (1,), interval="1m", meta={"a": 1}, job_timeout="10s", name="sums")
    scheduler.register("shared_jobs.add", "shared", (1,), cron="0 3 * * *", timezone="Europe/Berlin", missed="skip", name="nightly")
    scheduler.enqueue_jobs()
    [seen] = rq212("cron_schedulers")
    assert (seen["name"], seen["pid"]) == (scheduler.name, os.getpid())
    common = {"queue": "shared", "func_name": "shared_jobs.add", "args": [1]}
    sums, nightly = seen["jobs"]
    assert datetime.fromisoformat(sums.pop("next")) > datetime.now(UTC)
    assert datetime.fromisoformat(nightly.pop("next")) == scheduler.get_jobs()[1].next_enqueue_time
    assert sums == {**common, "name": "sums", "interval": 60, "cron": None, "options": {"job_timeout": 10, "result_ttl": 500, "meta": {"a": 1}}}
    assert nightly == {**common, "name": "nightly", "interval": None, "cron": "0 3 * * *", "options": {"result_ttl": 500}}


def test_rq_reads_the_history_of_our_cron_jobs_and_runs_what_they_became(rq212: Callable[..., Any], redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    scheduler.register("shared_jobs.add", "shared", (1,), interval=60, name="sums")
    scheduler.enqueue_jobs()
    scheduler.run_now("sums")
    queue = Queue("shared", connection=redis_client)
    ids = queue.job_ids
    assert rq212("cron_history", "sums") == {"jobs": ids[::-1], "names": ["sums"]}
    assert rq212("work", "SimpleWorker", "shared")
    assert queue.finished_job_registry.get_job_ids() == sorted(ids)


def test_we_see_rqs_cron_processes_and_what_their_cron_jobs_became(rq212: Callable[..., Any], redis_client: redis.Redis):
    name = rq212("enqueue_cron")
    [seen] = CronScheduler.all(redis_client)
    assert seen.name == name
    assert get_keys(redis_client) == [name]
    sums, nightly = seen.get_jobs()
    assert (sums.name, sums.interval, sums.args, sums.func_name, sums.job_options["meta"]) == ("sums", 60, (1,), "shared_jobs.add", {"a": 1})
    assert (nightly.cron, nightly.timezone, nightly.latest_enqueue_time) == ("0 3 * * *", "UTC", None)
    assert sums.latest_enqueue_time is not None
    assert get_cron_job_ids("sums", redis_client) == Queue("shared", connection=redis_client).job_ids
    assert get_names(redis_client) == ["sums"]


def test_a_scheduler_of_ours_and_one_of_rqs_have_a_queue_one_at_a_time(rq212: Callable[..., Any], redis_client: redis.Redis):
    ours = RQScheduler(["shared"], connection=redis_client, name="ours")
    ours.acquire_locks()
    ours.register_birth()
    assert rq212("schedule", "shared") == {"pid_of_the_one_there_is": os.getpid(), "acquired": []}
    ours.release_locks()
    assert rq212("schedule", "shared")["acquired"] == ["shared"]
    assert ours.acquire_locks() == set()
