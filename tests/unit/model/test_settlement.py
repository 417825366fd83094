from __future__ import annotations

import pytest

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.model.outcome import Died, Raised, Released, Returned, Stopped, TimedOut
from rq.model.record import JobRecord
from rq.model.settlement import Crash, Fail, Finish, PutBack, Retry, Stop, retry_delay, settle


def test_a_returned_job_is_finished_with_the_workers_result_ttl_unless_it_has_its_own():
    assert settle(JobRecord("a"), Returned(b"x"), 500) == Finish(b"x", 500)
    assert settle(JobRecord("a", result_ttl=0), Returned(None), 500) == Finish(None, 0)
    assert settle(JobRecord("a", result_ttl=-1), Returned(None), 500) == Finish(None, -1)


@pytest.mark.parametrize("outcome", [Raised("text", "E"), TimedOut("text", 3.0)])
def test_an_exception_or_a_timeout_fails_the_job(outcome):
    assert settle(JobRecord("a"), outcome, 500) == Fail("text", DEFAULT_FAILURE_TTL)
    assert settle(JobRecord("a", failure_ttl=7), outcome, 500) == Fail("text", 7)


def test_a_failure_with_retries_left_is_retried():
    record = JobRecord("a", retries_left=2, retry_intervals=[10, 20], enqueue_at_front_on_retry=True)
    assert settle(record, Raised("text", "E"), 500) == Retry("text", 10, 2, at_front=True, failure_ttl=DEFAULT_FAILURE_TTL)


def test_a_failure_without_retries_left_is_final():
    assert settle(JobRecord("a", retries_left=0, retry_intervals=[1]), Raised("text", "E"), 500) == Fail("text", DEFAULT_FAILURE_TTL)


def test_a_crash_is_not_a_failure_and_consumes_no_retry():
    assert settle(JobRecord("a", retries_left=2), Died("killed by signal 9"), 500) == Crash("killed by signal 9", DEFAULT_FAILURE_TTL)


def test_a_stopped_job_is_not_retried():
    assert settle(JobRecord("a", retries_left=2), Stopped("by a user"), 500) == Stop("by a user", DEFAULT_FAILURE_TTL)


def test_a_released_attempt_never_counted():
    assert settle(JobRecord("a"), Released("shutdown"), 500) == PutBack()


@pytest.mark.parametrize(
    ("most", "intervals", "waits"),
    [
        (3, [100, 200, 300], [100, 200, 300]),
        (5, [100, 200], [100, 100, 100, 100, 200]),
        (2, [100, 200, 300], [200, 300]),
        (3, [7], [7, 7, 7]),
        (2, [], [0, 0]),
        (2, None, [0, 0]),
    ],
)
def test_the_intervals_of_retries_are_aligned_to_the_end_of_the_sequence(most, intervals, waits):
    assert [retry_delay(JobRecord("a", retries_left=left, retry_intervals=intervals)) for left in range(most, 0, -1)] == waits
