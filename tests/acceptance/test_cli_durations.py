"""Every option that takes a time takes seconds, or a unit as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from rq.cli.durations import duration_of_at_least
from rq.job import Job

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("2m", 120), ("1h", 3600), ("2 D", 172_800), ("0", 0), ("-1", -1)],
)
def test_a_time_is_seconds_or_has_a_unit(text: str, seconds: int):
    for number in (int, float):
        assert duration_of_at_least(-1, number)(text) == seconds


def test_a_fraction_is_a_time_where_fractions_count():
    assert duration_of_at_least(0, float)("0.5") == 0.5
    with pytest.raises(click.BadParameter, match="is no time; write seconds, such as 90, or a unit as well: 90s, 30m, 1h, 2d"):
        duration_of_at_least(0)("0.5")


@pytest.mark.parametrize(
    ("text", "said"), [("5", "too small, it must be at least 10"), ("1e300", "too much"), ("inf", "too much"), ("nan", "too small"), ("1x", "no time")]
)
def test_what_cannot_be_meant_is_refused(text: str, said: str):
    with pytest.raises(click.BadParameter, match=said):
        duration_of_at_least(10, float)(text)


def test_a_worker_takes_units_everywhere(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    options = ["--max-idle-time=1h", "--results-ttl=2h", "--worker-ttl=10m", "--job-monitoring-interval=1m", "--maintenance-interval=10m", "--lease=1m"]
    rq.start("worker", "--burst", *options, "--executor", "warm", "--max-child-age=1h").succeed(60)
    assert 7100 < redis_client.ttl(f"rq:job:{job_id}") <= 7200


def test_a_pool_passes_times_on(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    rq.start("worker-pool", "--burst", "--results-ttl=2h", "--lease", "1m").succeed(60)
    assert Job.fetch(job_id, connection=redis_client).get_status() == "finished"
    assert 7100 < redis_client.ttl(f"rq:job:{job_id}") <= 7200


@pytest.mark.parametrize(
    "option", ["--max-idle-time", "--results-ttl", "--worker-ttl", "--job-monitoring-interval", "--maintenance-interval", "--lease", "--max-child-age"]
)
def test_a_worker_refuses_what_is_no_time(rq: Rq, option: str):
    assert "'soon' is no time; write seconds, such as 90" in rq.refuse("worker", "--burst", option, "soon", status=2)
