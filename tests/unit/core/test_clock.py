"""Moments: naive datetimes are local time on their own date, everything else is UTC."""

import os
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rq.core.clock import as_utc, current_timestamp, to_timestamp, utc_now


@pytest.fixture
def new_york():
    """Local time is New York's (UTC-5, in summer UTC-4) for one test."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EST5EDT,M3.2.0,M11.1.0"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_now_is_aware_and_in_utc():
    now = utc_now()
    assert now.tzinfo is UTC
    assert abs(now.timestamp() - time.time()) < 5


def test_the_current_timestamp_is_whole_seconds_rounded_down():
    before = int(time.time())
    now = current_timestamp()
    assert isinstance(now, int)
    assert before <= now <= time.time()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    ("local", "hour_in_utc"),
    [(datetime(2026, 1, 15, 12), 17), (datetime(2026, 7, 15, 12), 16)],
    ids=["winter", "summer"],
)
def test_a_naive_datetime_is_read_with_the_offset_of_its_own_date(local, hour_in_utc):
    assert as_utc(local) == local.replace(hour=hour_in_utc, tzinfo=UTC)
    assert to_timestamp(local) == local.replace(hour=hour_in_utc, tzinfo=UTC).timestamp()


@pytest.mark.usefixtures("new_york")
def test_fold_chooses_between_the_two_readings_of_a_repeated_hour():
    repeated = datetime(2026, 11, 1, 1, 30)
    assert as_utc(repeated) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert as_utc(repeated.replace(fold=1)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.usefixtures("new_york")
def test_an_aware_datetime_keeps_its_moment_whatever_local_time_is():
    moment = datetime(2026, 7, 15, 12, tzinfo=timezone(timedelta(hours=2)))
    assert as_utc(moment) == datetime(2026, 7, 15, 10, tzinfo=UTC)
    assert as_utc(moment).tzinfo is UTC
