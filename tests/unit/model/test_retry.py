from __future__ import annotations

import pickle

import pytest

from rq.core.errors import InvalidOptionError, JobTimeoutException, OptionTypeError
from rq.job import Retry
from rq.model.outcome import exception_names
from rq.model.retry import MOST_INTERVALS, checked_policy, is_retried

# What RQ 2.12 writes for Retry(2, [1, 2], True).
PICKLED_BY_RQ = (
    b"\x80\x04\x95L\x00\x00\x00\x00\x00\x00\x00\x8c\x06rq.job\x94\x8c\x05Retry\x94\x93\x94)\x81\x94}\x94(\x8c\x03max\x94K\x02"
    b"\x8c\tintervals\x94]\x94(K\x01K\x02e\x8c\x10enqueue_at_front\x94\x88ub."
)


def test_a_retry_has_rqs_attributes_and_prints_as_rqs_does():
    retry = Retry(3, [1, 2], True)
    assert (retry.max, retry.intervals, retry.enqueue_at_front) == (3, [1, 2], True)
    assert repr(retry) == "Retry(max=3, interval=[1, 2], enqueue_at_front=True)"
    assert repr(Retry(max=3, interval=5)) == "Retry(max=3, interval=5, enqueue_at_front=False)"


def test_what_rq_does_not_know_is_printed_when_it_is_given():
    retry = Retry(3, 10, backoff=2, max_interval=30, only_on=ValueError)
    assert repr(retry) == "Retry(max=3, interval=10, enqueue_at_front=False, backoff=2.0, max_interval=30, only_on=['builtins.ValueError'])"


def test_a_retry_is_pickled_under_rqs_name_and_comes_back_whole():
    pickled = pickle.dumps(Retry(3, 10, backoff=2, never_on=["a.B"]))
    assert b"rq.job" in pickled
    assert b"model" not in pickled
    assert vars(pickle.loads(pickled)) == vars(Retry(3, 10, backoff=2, never_on=["a.B"]))


def test_a_retry_that_rq_pickled_works():
    retry = pickle.loads(PICKLED_BY_RQ)
    assert repr(retry) == "Retry(max=2, interval=[1, 2], enqueue_at_front=True)"
    assert retry.policy is None


def test_a_generator_of_intervals_is_not_lost():
    assert Retry(2, (seconds for seconds in (1, 2))).intervals == [1, 2]


@pytest.mark.parametrize(
    ("retry", "intervals"),
    [
        (Retry(4, 10, backoff=2), [10, 20, 40, 80]),
        (Retry(4, 10, backoff=2, max_interval=30), [10, 20, 30, 30]),
        (Retry(3, 1, backoff=1.5), [1, 2, 2]),
        (Retry(3, [5, 50], max_interval=20), [5, 20]),
        (Retry(3, 7), [7]),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_backoff_and_its_limit_are_worked_out_beforehand(retry, intervals):
    assert retry.intervals == intervals


def test_a_long_backoff_is_a_list_of_bounded_length_and_bounded_numbers():
    intervals = Retry(10_000, 1, backoff=1e300).intervals
    assert len(intervals) == MOST_INTERVALS
    assert max(intervals) == 10**11


@pytest.mark.parametrize(
    ("retry", "policy"),
    [
        (Retry(3, [1, 2], True), None),
        (Retry(3, 10, backoff=2), {"max": 3, "backoff": 2.0}),
        (Retry(3, jitter=0.5, max_interval=60), {"max": 3, "max_interval": 60, "jitter": 0.5}),
        (Retry(3, only_on=(OSError, "a.B")), {"max": 3, "only_on": ["builtins.OSError", "a.B"]}),
        (Retry(3, never_on="ValueError"), {"max": 3, "never_on": ["builtins.ValueError"]}),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_only_what_rq_does_not_know_is_in_the_policy(retry, policy):
    assert retry.policy == policy
    assert checked_policy(policy) == policy


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"max": 0}, "max is 0"),
        ({"max": 2**31}, "max is"),
        ({"max": 1, "interval": -1}, "interval is -1"),
        ({"max": 1, "interval": [1, -1]}, r"interval\[1\] is -1"),
        ({"max": 1, "interval": []}, "interval is empty"),
        ({"max": 1, "backoff": 0.5, "interval": 1}, "backoff is 0.5"),
        ({"max": 1, "backoff": float("inf"), "interval": 1}, "backoff is inf"),
        ({"max": 1, "backoff": float("nan"), "interval": 1}, "backoff is nan"),
        ({"max": 1, "backoff": 2}, "single interval"),
        ({"max": 1, "backoff": 2, "interval": [1, 2]}, "single interval"),
        ({"max": 1, "max_interval": -1}, "max_interval is -1"),
        ({"max": 1, "jitter": 1.5}, "jitter is 1.5: it must be between 0 and 1"),
        ({"max": 1, "only_on": "a..b"}, "only_on"),
        ({"max": 1, "only_on": "Timeout"}, "only_on holds 'Timeout', and there is no builtin exception"),
        ({"max": 1, "never_on": "len"}, "no builtin exception"),
        ({"max": 1, "never_on": [""]}, "never_on"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_numbers_and_names_that_make_no_sense_are_refused(arguments, names):
    with pytest.raises(InvalidOptionError, match=names):
        Retry(**arguments)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"max": "3"}, "max is '3'"),
        ({"max": True}, "max is True"),
        ({"max": 2.5}, "max is 2.5"),
        ({"max": 1, "interval": 0.5}, "interval is 0.5"),
        ({"max": 1, "interval": "10"}, "interval is '10'"),
        ({"max": 1, "interval": None}, "interval is None"),
        ({"max": 1, "interval": [1, 0.5]}, r"interval\[1\] is 0.5"),
        ({"max": 1, "backoff": "2"}, "backoff"),
        ({"max": 1, "jitter": None}, "jitter"),
        ({"max": 1, "max_interval": 1.5}, "max_interval"),
        ({"max": 1, "only_on": int}, "only_on"),
        ({"max": 1, "never_on": [ValueError()]}, "never_on"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_values_of_the_wrong_type_are_refused(arguments, names):
    with pytest.raises(OptionTypeError, match=names):
        Retry(**arguments)


@pytest.mark.parametrize(("count", "intervals", "seconds"), [(0, [1, 2], 1), (5, [1, 2], 2), (0, None, 0), (0, [], 0), (2, 7, 7)])
def test_a_list_of_a_returned_retry_is_read_from_its_beginning(count, intervals, seconds):
    assert Retry.get_interval(count, intervals) == seconds


@pytest.mark.parametrize(
    ("options", "error", "retried"),
    [
        ({}, ValueError, True),
        ({"only_on": OSError}, OSError, True),
        ({"only_on": OSError}, ConnectionResetError, True),
        ({"only_on": OSError}, ValueError, False),
        ({"never_on": OSError}, ConnectionResetError, False),
        ({"never_on": "OSError"}, ValueError, True),
        ({"only_on": OSError, "never_on": ConnectionError}, FileNotFoundError, True),
        ({"only_on": OSError, "never_on": ConnectionError}, ConnectionResetError, False),
        ({"never_on": "rq.timeouts.BaseTimeoutException"}, JobTimeoutException, False),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_exceptions_are_retried_or_not_with_their_subclasses(options, error, retried):
    assert is_retried(Retry(1, **options).policy, exception_names(error)) == retried


@pytest.mark.parametrize(
    "policy",
    [[1], "x", 5, {"max": "x"}, {"jitter": 2}, {"jitter": float("nan")}, {"only_on": "a.B"}, {"never_on": [1]}, {"max_interval": None}],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_stored_policy_that_makes_no_sense_is_refused(policy):
    with pytest.raises((OptionTypeError, InvalidOptionError)):
        checked_policy(policy)


def test_keys_of_later_versions_in_a_stored_policy_are_ignored():
    assert checked_policy({"max": 3, "jitter": 0.1, "moon": "full"}) == {"max": 3, "jitter": 0.1}
    assert checked_policy({"moon": "full"}) is None
