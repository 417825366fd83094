"""Cron processes that run at once, are killed and start again while the clock is changed: each tick becomes one job."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from rq.store.connection import Caller
from tests.faults.cron_program import looked_key, told_key
from tests.store.harness import Store
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.support.processes import Processes, StartedProcess

BERLIN = ZoneInfo("Europe/Berlin")
PROGRAM = Path(__file__).with_name("cron_program.py")
ROOT = Path(__file__).parents[2]


class Clock:
    """Is turned for living cron processes, which all look what is due before it goes on."""

    def __init__(self, client: redis.Redis, begins: datetime) -> None:
        self._client = client
        self._store = Store(client, Caller(client))
        self._store.turn_clock(begins.timestamp() - self._store.now)
        self.living: list[StartedProcess] = []

    def turn(self, seconds: float, *, kills_one: bool = False) -> None:
        """Let time pass. `kills_one`: the oldest process dies while it looks."""
        self._store.turn_clock(seconds)
        for process in self.living:
            self._client.rpush(told_key(process.pid), "look")
        if kills_one:
            self.living.pop(0).kill()
        for process in self.living:
            wait_until(partial(self._client.lpop, looked_key(process.pid)), timeout=60)


def times(client: redis.Redis, name: str) -> list[str]:
    """When a cron job was enqueued, oldest first, as a clock in Berlin showed it."""
    scores: Any = client.zrange(f"rq:cron_job:{name}:jobs", 0, -1, withscores=True)
    return [f"{datetime.fromtimestamp(score, BERLIN):%H:%M}" for _, score in scores]


@pytest.mark.parametrize(
    ("begins", "fixed", "even"),
    [
        (datetime(2026, 3, 29, 1, 35, tzinfo=BERLIN), ["03:00"], ["01:40", "01:50", "03:00", "03:10", "03:20", "03:30"]),
        (datetime(2026, 10, 25, 2, 25, tzinfo=BERLIN), ["02:30"], ["02:30", "02:40", "02:50", "02:00", "02:10", "02:20"]),
    ],
    ids=["forward", "back"],
)
def test_each_tick_of_an_hour_in_which_the_clock_is_changed_becomes_one_job(
    begins: datetime, fixed: list[str], even: list[str], redis_client: redis.Redis, redis_url: str, processes: Processes
):
    clock = Clock(redis_client, begins)

    def start() -> StartedProcess:
        return processes.script(PROGRAM, redis_url, env={"PYTHONPATH": str(ROOT)})

    clock.living = [start(), start()]
    clock.turn(0)
    for minute in range(60):
        kills_one = minute % 20 == 4
        clock.turn(60, kills_one=kills_one)
        if kills_one:
            clock.living.append(start())
    assert times(redis_client, "fixed") == fixed
    assert times(redis_client, "even") == even
    assert len(times(redis_client, "interval")) == 1 + 60 * 60 // 420
    for queue, count in (("fixed", len(fixed)), ("even", len(even)), ("interval", 9)):
        assert redis_client.llen(f"rq:queue:{queue}") == count
