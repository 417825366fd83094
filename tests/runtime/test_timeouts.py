"""Death penalties: RQ's contract, and what ours do beyond it."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import BaseTimeoutException, HorseMonitorTimeoutException, JobTimeoutException
from rq.runtime.timeouts import (
    BaseDeathPenalty,
    TimerDeathPenalty,
    UnixSignalDeathPenalty,
    get_default_death_penalty_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = pytest.mark.parametrize("kind", [UnixSignalDeathPenalty, TimerDeathPenalty])


def spin(seconds: float = 10.0) -> None:
    """Keep the interpreter busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@pytest.fixture(autouse=True)
def handler() -> Iterator[signal.Handlers]:
    """SIGALRM as it is without anybody's handler; checked at the end."""
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    yield signal.SIG_DFL
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    signal.signal(signal.SIGALRM, before)


@BOTH
@pytest.mark.parametrize("exception", [JobTimeoutException, HorseMonitorTimeoutException])
def test_the_exception_asked_for_is_raised_when_the_time_is_over(kind: type[BaseDeathPenalty], exception: type[BaseTimeoutException]) -> None:
    with pytest.raises(exception) as raised, kind(0.05, exception, job_id="some-job"):
        spin()
    assert str(raised.value) == "Task exceeded maximum timeout value (0.05 seconds)"
    assert type(raised.value).__name__ == exception.__name__
    assert type(raised.value).__module__ == "rq.timeouts"


@BOTH
@pytest.mark.parametrize("timeout", [0, -1])
def test_no_positive_timeout_means_no_limit(kind: type[BaseDeathPenalty], timeout: int) -> None:
    with kind(timeout):
        spin(0.05)


@BOTH
def test_what_ends_in_time_is_left_alone(kind: type[BaseDeathPenalty]) -> None:
    with kind(0.05):
        pass
    spin(0.1)


@BOTH
def test_an_exception_of_the_body_goes_on(kind: type[BaseDeathPenalty]) -> None:
    with pytest.raises(ZeroDivisionError), kind(5):
        raise ZeroDivisionError


def test_a_signal_interrupts_a_system_call() -> None:
    before = time.monotonic()
    with pytest.raises(JobTimeoutException), UnixSignalDeathPenalty(0.05, JobTimeoutException):
        threading.Event().wait(10)
    assert time.monotonic() - before < 5


def test_penalties_by_signal_nest() -> None:
    def body() -> None:
        with pytest.raises(HorseMonitorTimeoutException), UnixSignalDeathPenalty(0.05, HorseMonitorTimeoutException):
            spin()
        with UnixSignalDeathPenalty(5):
            pass
        spin()

    with pytest.raises(JobTimeoutException, match=r"\(0.2 seconds\)"), UnixSignalDeathPenalty(0.2, JobTimeoutException):
        body()


def test_the_handler_of_an_application_is_put_back() -> None:
    def mine(*_: object) -> None:
        pass

    signal.signal(signal.SIGALRM, mine)
    with UnixSignalDeathPenalty(5):
        pass
    assert signal.getsignal(signal.SIGALRM) is mine
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_timer_reaches_other_threads_than_the_main_one() -> None:
    raised: list[BaseException] = []

    def body() -> None:
        try:
            with TimerDeathPenalty(0.05):
                spin()
        except JobTimeoutException as error:
            raised.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(10)
    assert [str(error) for error in raised] == ["Task exceeded maximum timeout value (0.05 seconds)"]


def test_a_signal_cannot_be_aimed_at_another_thread() -> None:
    raised: list[BaseException] = []

    def body() -> None:
        try:
            with UnixSignalDeathPenalty(5):
                pass
        except ValueError as error:
            raised.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(10)
    assert raised


def test_the_default_is_the_one_by_signal_where_there_are_signals() -> None:
    assert get_default_death_penalty_class() is UnixSignalDeathPenalty


def test_a_penalty_says_how_by_being_subclassed() -> None:
    with pytest.raises(NotImplementedError):
        BaseDeathPenalty(1).setup_death_penalty()
    with pytest.raises(NotImplementedError):
        BaseDeathPenalty(1).cancel_death_penalty()
