from __future__ import annotations

import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from rq.core.errors import InvalidOptionError
from rq.runtime.config import WorkerConfig
from rq.runtime.maintenance import Watchlist
from rq.runtime.services import PeriodicService

WAIT_SECONDS = 10


def test_a_service_calls_its_duty_again_and_again_until_it_is_stopped():
    calls: list[int] = []
    enough = threading.Event()

    def duty() -> None:
        calls.append(1)
        if len(calls) == 3:
            enough.set()

    service = PeriodicService("duty", 0.001, duty, lambda _error, _seconds: None, at_once=True)
    service.start()
    assert enough.wait(WAIT_SECONDS)
    service.stop()
    counted = len(calls)
    service.stop()
    assert len(calls) == counted


def test_a_service_comes_again_when_its_duty_says_so():
    calls: list[int] = []
    enough = threading.Event()

    def duty() -> float | None:
        calls.append(1)
        if len(calls) < 3:
            return 0.001
        enough.set()
        return None

    service = PeriodicService("duty", 3600, duty, lambda _error, _seconds: None, at_once=True)
    service.start()
    assert enough.wait(WAIT_SECONDS)
    service.stop()
    assert len(calls) == 3


def test_a_service_outlives_an_error_of_the_server_and_says_so():
    troubles: list[str] = []
    recovered = threading.Event()

    def duty() -> None:
        if not troubles:
            raise RedisConnectionError("refused")
        recovered.set()

    service = PeriodicService("duty", 0.01, duty, lambda error, _seconds: troubles.append(str(error)), at_once=True)
    service.start()
    assert recovered.wait(WAIT_SECONDS)
    service.stop()
    assert troubles == ["refused"]


def test_a_watchlist_knows_for_how_long_a_score_has_not_changed():
    watchlist = Watchlist()
    watchlist.observe([("a", 1.0), ("b", 1.0)], now=100.0)
    watchlist.observe([("a", 1.0), ("b", 2.0), ("c", 1.0)], now=105.0)
    assert {suspect.member: suspect.seen_seconds for suspect in watchlist.suspects(now=107.0)} == {"a": 7.0, "b": 2.0, "c": 2.0}
    watchlist.observe([("c", 1.0)], now=108.0)
    assert [suspect.member for suspect in watchlist.suspects(now=108.0)] == ["c"]


@pytest.mark.parametrize("setting", [{"queues": ()}, {"lease_seconds": 0.5}, {"lease_seconds": float("nan")}, {"max_jobs": 0}, {"max_idle_seconds": -1}])
def test_settings_that_make_no_sense_are_refused(setting):
    with pytest.raises(InvalidOptionError):
        WorkerConfig(**{"queues": ("q",), **setting})


def test_a_blocked_connection_of_a_dead_worker_ends_before_its_lease():
    for lease in (2.0, 3.0, 30.0, 600.0):
        config = WorkerConfig(("q",), lease_seconds=lease)
        assert config.block_seconds <= lease - config.beat_seconds
