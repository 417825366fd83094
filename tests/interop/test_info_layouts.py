"""`rq info` is laid out as that of RQ 2.12: its lines are the same, and stand in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import redis

    from tests.support.processes import Processes

# Both hand the width of the bars to the terminal.
_VIEWS = ["", "-r", "-Q", "-W", "-rQ", "-rW", "-QW", "-R", "-rR", "-RW", "default", "-R default", "-W unused", "unused"]
_BIRTH = "2030-01-01T00:00:00.000000Z"


@pytest.fixture
def three_workers(redis_client: redis.Redis) -> None:
    """Two queues with jobs in every state, and three workers, one of them on a queue that never had a job."""
    for number, queue in enumerate(["default", "a-queue-with-a-long-name"], 1):
        redis_client.sadd("rq:queues", f"rq:queue:{queue}")
        redis_client.rpush(f"rq:queue:{queue}", *(f"{queue}-{job}" for job in range(21 * number)))
        redis_client.zadd(f"rq:finished:{queue}", {"finished": 9e9})
        redis_client.zadd(f"rq:failed:{queue}", {"failed": 9e9, "too": 9e9})
        redis_client.zadd(f"rq:wip:{queue}", {"started:1": 9e9})
    for name, state, queues in [("wolf", "busy", "default,unused"), ("bear", "idle", "a-queue-with-a-long-name,default"), ("fox", "suspended", "default")]:
        for key in ("rq:workers", *(f"rq:workers:{queue}" for queue in queues.split(","))):
            redis_client.sadd(key, f"rq:worker:{name}")
        fields: dict[str, str | int] = {
            "birth": _BIRTH,
            "last_heartbeat": _BIRTH,
            "queues": queues,
            "pid": 7,
            "hostname": "den",
            "ip_address": "10.0.0.1:5",
            "state": state,
        }
        fields |= {"successful_job_count": 3, "failed_job_count": 2, "total_working_time": 1, "version": "2.12.0", "python_version": "3"}
        for field, value in fields.items():
            redis_client.hset(f"rq:worker:{name}", field, value)


def lines_of(processes: Processes, view: str, url: str) -> list[str]:
    """What `rq info` prints, without the moment, and without its order: RQ's is that of a set."""
    told = processes.cli("info", *view.split(), env={"RQ_REDIS_URL": url, "COLUMNS": "80"}).succeed()
    # RQ counts "1 queues" (docs/differences.md).
    return sorted(re.sub(r"\b1 (queue|job|worker)s\b", r"1 \1", line) for line in told.splitlines() if not re.match("Updated: .*", line))


@pytest.mark.usefixtures("three_workers")
@pytest.mark.parametrize("view", _VIEWS)
def test_a_view_has_the_lines_of_rq(processes: Processes, rq212_processes: Processes, redis_url: str, view: str) -> None:
    theirs = lines_of(rq212_processes, view, redis_url)
    ours = lines_of(processes, view, redis_url)
    # RQ hides the workers of a queue that never had a job from this view (docs/differences.md).
    assert [line for line in ours if not line.startswith("unused:") or view == "-W unused"] == theirs
