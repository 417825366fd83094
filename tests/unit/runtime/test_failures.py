"""When starting a process of jobs is tried again."""

from __future__ import annotations

from rq.runtime.executors.failures import Failures


def pauses_after(count: int) -> list[float]:
    failures = Failures()
    pauses = []
    for _ in range(count):
        failures.add(100.0)
        assert failures.retry_at is not None
        pauses.append(round(failures.retry_at - 100.0, 6))
    return pauses


def test_pauses_double_up_to_the_longest():
    assert pauses_after(9) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_system_that_refuses_processes_for_hours_is_asked_on():
    assert pauses_after(2000)[-1] == 10.0


def test_those_who_wait_are_given_back_after_five_failures_in_a_row():
    failures, told = Failures(), []
    for _ in range(5):
        failures.add(0.0)
        told.append(failures.are_hopeless)
    assert told == [False, False, False, False, True]


def test_a_process_that_was_started_ends_the_row():
    failures = Failures(in_a_row=5)
    failures.end()
    assert not failures.are_hopeless


def test_the_next_try_is_allowed_when_its_time_has_come():
    failures = Failures()
    failures.add(100.0)
    failures.let_retry(100.05)
    assert failures.retry_at is not None
    failures.let_retry(100.2)
    assert failures.retry_at is None
