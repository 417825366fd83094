"""Cron strings on the clock of a time zone, where it is put forward and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from rq.core.errors import InvalidOptionError
from rq.runtime.cron.timing import CronString, Timing, zone_of

BERLIN = "Europe/Berlin"
SPRING = "2026-03-29"  # at 2:00 the clock shows 3:00
AUTUMN = "2026-10-25"  # at 3:00 the clock shows 2:00 again


def ticks(cron, zone, begin, end):
    """The ticks after `begin` and until `end`, as the clock shows them, with its offset. Found forwards; backwards there must be the same."""
    schedule = Timing.of(None, cron, zone).schedule(0)
    place = ZoneInfo(zone)
    start, stop = (int(datetime.fromisoformat(text).replace(tzinfo=place).timestamp()) for text in (begin, end))
    forwards = walk(schedule.first_after, start, lambda tick: tick <= stop)
    backwards = walk(lambda moment: schedule.last_until(moment - 1), stop + 1, lambda tick: tick > start)
    assert forwards == backwards[::-1]
    return [f"{datetime.fromtimestamp(tick, place):%H:%M%z}"[:8] for tick in forwards]


def walk(step, moment, goes_on):
    found = []
    while (moment := step(moment)) is not None and goes_on(moment):
        found.append(moment)
    return found


def test_a_time_of_day_that_the_clock_skips_is_made_up_for_at_the_moment_it_is_put_forward():
    assert ticks("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-30T12:00") == ["03:00+02", "02:30+02"]


def test_several_skipped_times_and_the_one_right_after_them_are_one_tick():
    assert ticks("0,30 2,3 * * *", BERLIN, f"{SPRING}T00:00", f"{SPRING}T12:00") == ["03:00+02", "03:30+02"]


def test_a_time_of_day_that_the_clock_shows_twice_is_one_tick():
    assert ticks("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-26T12:00") == ["02:30+02", "02:30+01"]
    assert ticks("0,30 1-3 * * *", BERLIN, f"{AUTUMN}T00:00", f"{AUTUMN}T12:00") == ["01:00+02", "01:30+02", "02:00+02", "02:30+02", "03:00+01", "03:30+01"]


def test_a_string_for_every_hour_goes_on_evenly_through_the_doubled_hour():
    expected = ["01:30+02", "02:00+02", "02:30+02", "02:00+01", "02:30+01", "03:00+01", "03:30+01"]
    assert ticks("*/30 * * * *", BERLIN, f"{AUTUMN}T01:00", f"{AUTUMN}T03:30") == expected


def test_a_string_for_every_hour_goes_on_evenly_over_the_skipped_hour():
    assert ticks("*/30 * * * *", BERLIN, f"{SPRING}T01:00", f"{SPRING}T04:00") == ["01:30+01", "03:00+02", "03:30+02", "04:00+02"]
    assert ticks("17 * * * *", BERLIN, f"{SPRING}T00:30", f"{SPRING}T04:30") == ["01:17+01", "03:17+02", "04:17+02"]


def test_a_clock_that_is_put_forward_by_half_an_hour_does_not_shift_what_is_written_down():
    # Lord Howe Island: at 2:00 the clock shows 2:30.
    assert ticks("15,45 * * * *", "Australia/Lord_Howe", "2026-10-04T01:00", "2026-10-04T03:20") == ["01:15+10", "01:45+10", "02:45+11", "03:15+11"]


def test_a_day_that_a_place_never_had_is_made_up_for_at_its_end():
    # Samoa went from the 29th of December 2011 to the 31st.
    assert ticks("0 9 * * *", "Pacific/Apia", "2011-12-28T12:00", "2012-01-01T12:00") == ["09:00-10", "00:00+14", "09:00+14", "09:00+14"]


@pytest.mark.parametrize("string", ["0 0 * * *", "*/7 * * * *", "0 4 L * *", "0 0 * * mon#2", "@hourly", "*/10 * * * * 30", "0 12 29 2 *", "5 4 * * sun"])
def test_in_utc_ticks_are_what_croniter_says(string):
    begin = datetime(2026, 2, 27, 23, 59, 1, tzinfo=UTC)
    expected = croniter(string, begin)
    schedule = Timing.of(None, string, "UTC").schedule(0)
    ends_at = [expected.get_next(datetime).timestamp() for _ in range(20)]
    assert walk(schedule.first_after, int(begin.timestamp()), lambda tick: tick <= ends_at[-1]) == ends_at


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata", "UTC"])
@given(
    cron=st.sampled_from(["*/20 * * * *", "5 * * * *", "30 2 * * *", "0,30 1-3 * * *", "0 */2 * * *", "59 23 * * sun", "15 0 * * *"]),
    moment=st.integers(1_500_000_000, 1_600_000_000),
)
def test_there_is_no_tick_between_the_last_one_and_the_next(cron, zone, moment):
    schedule = Timing.of(None, cron, zone).schedule(0)
    last, following = schedule.last_until(moment), schedule.first_after(moment)
    assert last is not None
    assert following is not None
    assert last <= moment < following
    assert schedule.first_after(last) == following
    assert schedule.last_until(following) == following
    assert schedule.last_until(following - 1) == last


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("cron", ["*/20 * * * *", "5 * * * *"])
def test_every_moment_at_which_the_clock_shows_a_time_of_every_hour_is_a_tick(cron, zone):
    schedule, place = Timing.of(None, cron, zone).schedule(0), ZoneInfo(zone)
    for day in (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        begin = int((day - timedelta(hours=14)).timestamp())
        end = begin + 36 * 3600
        minutes = [int(minute) for minute in cron.split()[0].split("/")[-1:]]
        shows = [m for m in range(begin + 60 - begin % 60, end, 60) if _matches(datetime.fromtimestamp(m, place).minute, cron, minutes[0])]
        assert walk(schedule.first_after, begin, lambda tick, end=end: tick < end) == shows


def _matches(minute, cron, number):
    return minute % number == 0 if cron.startswith("*/") else minute == number


# --- what people write ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "string", ["*/5 * * * *", "*/10 * * * * *", "0 0 1 1 * 0 2030", "0 0 * * MON-FRI", "0 0 1 JAN *", "0 0 L * *", "0 0 * * 5#2", "@daily"]
)
def test_cron_strings_are_croniters(string):
    assert CronString(string).first_after(1_795_000_000) is not None


@pytest.mark.parametrize("string", ["", "* * * *", "@reboot", "H * * * *", "61 * * * *", "every day", "* * * * * * * *"])
def test_what_croniter_does_not_read_is_refused_with_a_sentence(string):
    with pytest.raises(InvalidOptionError, match=r"is no cron string: .*; write minute, hour, day, month and weekday"):
        CronString(string)


def test_a_string_whose_times_are_all_past_has_no_next_tick():
    string = CronString("0 0 1 1 * 0 2020")
    assert string.first_after(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())) is None
    assert string.last_before(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())) == int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    assert Timing.of(None, "0 0 1 1 * 0 2020", BERLIN).schedule(0).first_after(1_800_000_000) is None


@pytest.mark.parametrize(("interval", "seconds"), [(60, 60), ("1h", 3600), (timedelta(minutes=2), 120)])
def test_an_interval_is_seconds_or_a_text_or_a_timedelta(interval, seconds):
    assert Timing.of(interval, None, "UTC").interval == seconds


@pytest.mark.parametrize(("interval", "cron"), [(None, None), (0, None), (None, ""), (60, "* * * * *")])
def test_a_cron_job_has_an_interval_or_a_cron_string(interval, cron):
    with pytest.raises(InvalidOptionError, match="pass one of interval= and cron="):
        Timing.of(interval, cron, "UTC")


def test_an_interval_is_not_negative():
    with pytest.raises(InvalidOptionError, match="must be at least 1 second"):
        Timing.of(-5, None, "UTC")


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd", 5, None])
def test_a_time_zone_that_nobody_knows_is_refused(zone):
    with pytest.raises(InvalidOptionError, match="There is no time zone"):
        zone_of(zone)


def test_a_time_zone_is_a_name_or_a_zone_with_a_name():
    assert zone_of("UTC") is zone_of(UTC) is UTC
    assert zone_of(BERLIN) == zone_of(ZoneInfo(BERLIN))


def test_what_is_said_about_time_reads_like_a_sentence():
    assert str(Timing.of(60, None, "UTC")) == "every 60 seconds"
    assert str(Timing.of(1, None, "UTC")) == "every 1 second"
    assert str(Timing.of(None, "0 9 * * *", BERLIN)) == "0 9 * * * (Europe/Berlin)"
