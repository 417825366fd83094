from __future__ import annotations

import os
import select
import signal

import pytest

from rq.runtime import stop_switch
from rq.runtime.stop_switch import StopSwitch


@pytest.fixture
def switch():
    switch = StopSwitch()
    yield switch
    switch.close()


def is_readable(switch: StopSwitch) -> bool:
    return bool(select.select([switch.fileno()], [], [], 0)[0])


def test_one_signal_is_warm_and_wakes_who_waits(switch):
    with switch.installed():
        os.kill(os.getpid(), signal.SIGTERM)
        assert (switch.warm, switch.cold, switch.signal_name) == (True, False, "SIGTERM")
    assert is_readable(switch)
    switch.reset()
    assert not is_readable(switch)


def test_two_signals_at_the_same_instant_are_one_request(switch):
    switch.press("SIGINT")
    switch.press("SIGINT")
    assert not switch.cold


def test_a_second_signal_later_is_cold(switch, monkeypatch):
    monkeypatch.setattr(stop_switch, "DUPLICATE_SECONDS", 0.0)
    switch.press("SIGINT")
    switch.press("SIGTERM")
    assert (switch.cold, switch.signal_name) == (True, "SIGTERM")


def test_handlers_are_restored_afterwards(switch):
    before = signal.getsignal(signal.SIGTERM)
    with switch.installed():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_others_may_install_handlers_of_their_own(switch):
    heard = []
    before = signal.getsignal(signal.SIGTERM)
    with switch.installed(lambda: signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))):
        os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGTERM]
    assert not switch.warm
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_wait_ends_when_somebody_wakes_it(switch):
    switch.wake()
    switch.wait(600)
    assert not is_readable(switch)


def test_waking_a_thousand_times_never_blocks(switch):
    for _ in range(100_000):
        switch.wake()
    assert is_readable(switch)
    switch.reset()
    assert not is_readable(switch)
