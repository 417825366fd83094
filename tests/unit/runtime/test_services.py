from __future__ import annotations

import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from rq.core.errors import InvalidOptionError
from rq.runtime.config import WorkerConfig
from rq.runtime.maintenance import Watchlist
from rq.runtime.services import PeriodicService
from tests.support.waiting import wait_until

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


def test_a_service_asks_a_server_that_is_away_less_and_less_often():
    pauses: list[float] = []
    enough = threading.Event()

    def duty() -> None:
        if len(pauses) == 3:
            pauses.append(0.0)  # once all is well
            return
        raise RedisConnectionError("refused")

    def note(_error: Exception, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            enough.set()
        service.wake()

    service = PeriodicService("duty", 3600, duty, note, at_once=True)
    service.start()
    wait_until(lambda: len(pauses) == 4)
    service.wake()
    assert enough.wait(WAIT_SECONDS)
    service.stop()
    assert pauses[:9] == [0.5, 1.0, 2.0, 0.0, 0.5, 1.0, 2.0, 4.0, 5.0]


def test_a_service_whose_calls_must_not_be_late_does_not_wait_longer_than_for_the_next_one():
    pauses: list[float] = []
    enough = threading.Event()

    def duty() -> None:
        raise RedisConnectionError("refused")

    def note(_error: Exception, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            enough.set()
        service.wake()

    service = PeriodicService("duty", 0.75, duty, note, at_once=True)
    service.start()
    assert enough.wait(WAIT_SECONDS)
    service.stop()
    assert pauses[:3] == [0.5, 0.75, 0.75]


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
