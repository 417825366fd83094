from __future__ import annotations

import pytest

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.model.outcome import AskedRetry, Died, Raised, Released, Returned, Stopped, TimedOut, exception_names
from rq.model.record import JobRecord
from rq.model.retry import Retry as RetryOption
from rq.model.settlement import AskRetry, Crash, Fail, Finish, GiveUp, PutBack, Retry, Stop, retry_delay, settle


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
    assert settle(JobRecord("a"), Released("shutdown"), 500) == PutBack("shutdown")


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


def retries_of(option: RetryOption) -> list[JobRecord]:
    """The records of a job before each of its retries."""
    return [JobRecord("a", retries_left=left, retry_intervals=option.intervals, retry_policy=option.policy) for left in range(option.max, 0, -1)]


def test_a_backoff_waits_longer_each_time():
    assert [retry_delay(record) for record in retries_of(RetryOption(4, 10, backoff=2, max_interval=50))] == [10, 20, 40, 50]


def test_a_backoff_of_more_retries_than_its_list_has_numbers_begins_at_the_beginning():
    waits = [retry_delay(record) for record in retries_of(RetryOption(150, 1, backoff=2, max_interval=60))]
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waits[-1] == 60


@pytest.mark.parametrize(("rand", "wait"), [(0.0, 80), (0.5, 100), (0.75, 110)])
def test_jitter_spreads_the_wait_either_way(rand, wait):
    record = JobRecord("a", retries_left=1, retry_intervals=[100], retry_policy={"max": 1, "jitter": 0.2})
    decision = settle(record, Raised("text", "E"), 500, rand)
    assert isinstance(decision, Retry)
    assert decision.delay_seconds == pytest.approx(wait)


def test_an_exception_that_is_not_to_be_retried_fails_the_job():
    record = JobRecord("a", retries_left=2, retry_policy=RetryOption(2, never_on=OSError).policy)
    name, *bases = exception_names(ConnectionResetError)
    assert isinstance(settle(record, Raised("text", name, tuple(bases)), 500), Fail)
    assert isinstance(settle(record, Raised("text", "builtins.ValueError"), 500), Retry)


def test_a_timeout_is_an_exception_of_its_own_kind():
    only = JobRecord("a", retries_left=2, retry_policy={"only_on": ["rq.timeouts.JobTimeoutException"]})
    never = JobRecord("a", retries_left=2, retry_policy={"never_on": ["rq.exceptions.RQError"]})
    assert isinstance(settle(only, TimedOut("text", 3.0), 500), Retry)
    assert isinstance(settle(never, TimedOut("text", 3.0), 500), Fail)


def test_a_repeated_job_runs_again_after_the_waits_of_its_list_in_their_order():
    records = [JobRecord("a", repeats_left=5 - done, repeat_intervals=[5, 10, 15], repeats_done=done) for done in range(6)]
    assert [settle(record, Returned(None), 500) for record in records] == [Finish(None, 500, delay) for delay in (5, 10, 15, 15, 15, None)]


@pytest.mark.parametrize("intervals", [None, [], [0]])
def test_a_job_repeated_without_waits_runs_again_at_once(intervals):
    assert settle(JobRecord("a", repeats_left=1, repeat_intervals=intervals), Returned(None), 500) == Finish(None, 500, 0)


def test_a_failed_job_is_not_repeated():
    assert isinstance(settle(JobRecord("a", repeats_left=3, repeat_intervals=[5]), Raised("text", "E"), 500), Fail)


@pytest.mark.parametrize(("count", "delay"), [(None, 5), (1, 10), (2, 10)])
def test_a_returned_retry_runs_the_job_again(count, delay):
    asked = AskedRetry(b"retry", 3, (5, 10), at_front=True)
    assert settle(JobRecord("a", number_of_retries=count), asked, 500) == AskRetry(b"retry", delay, count or 0, at_front=True, failure_ttl=DEFAULT_FAILURE_TTL)


def test_a_retry_that_was_returned_once_too_often_gives_the_job_up():
    assert settle(JobRecord("a", number_of_retries=3, failure_ttl=7), AskedRetry(b"retry", 3, (5,)), 500) == GiveUp(b"retry", 7)


def test_a_returned_retry_and_one_given_at_enqueueing_do_not_count_each_other():
    record = JobRecord("a", retries_left=0, repeats_left=2)
    assert isinstance(settle(record, AskedRetry(b"retry", 1, ()), 500), AskRetry)
