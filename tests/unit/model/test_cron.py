"""When a cron job is due."""

import pytest

from rq.core.errors import InvalidOptionError
from rq.model.cron import Every, Progress, check_missed, counts_after, identity_of, ticks_due

MINUTELY = Every(60, 1_000)


class NeverAgain:
    """A schedule whose only tick is past."""

    def first_after(self, moment):
        return 100 if moment < 100 else None

    def last_until(self, moment):
        return 100 if moment >= 100 else None


def test_an_interval_has_its_first_tick_at_once_and_then_one_after_each_interval():
    assert [MINUTELY.first_after(moment) for moment in (0, 999, 1_000, 1_059, 1_060)] == [1_000, 1_000, 1_060, 1_060, 1_120]
    assert [MINUTELY.last_until(moment) for moment in (999, 1_000, 1_059, 1_060)] == [None, 1_000, 1_000, 1_060]


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_a_tick_that_comes_in_time_is_due_whatever_the_policy(missed):
    assert list(ticks_due(MINUTELY, 1_000, 1_060.5, missed)) == [1_060]


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_nothing_is_due_before_the_next_tick(missed):
    assert list(ticks_due(MINUTELY, 1_000, 1_059.9, missed)) == []
    assert list(ticks_due(MINUTELY, 999, 500, missed)) == []


def test_of_ticks_that_were_missed_the_latest_is_due():
    assert list(ticks_due(MINUTELY, 1_000, 1_250, "once")) == [1_240]


def test_all_ticks_that_were_missed_are_due_oldest_first_where_that_is_wanted():
    assert list(ticks_due(MINUTELY, 1_000, 1_250, "all")) == [1_060, 1_120, 1_180, 1_240]


def test_no_more_than_a_thousand_missed_ticks_are_made_up_for():
    due = ticks_due(MINUTELY, 1_000, 1_000 + 60 * 5_000, "all")
    assert len(due) == 1_000
    assert due[-1] == 1_000 + 60 * 5_000


def test_a_tick_that_is_a_minute_late_is_skipped_where_that_is_wanted():
    hourly = Every(3_600, 0)
    assert list(ticks_due(hourly, 0, 3_659, "skip")) == [3_600]
    assert list(ticks_due(hourly, 0, 3_660, "skip")) == []


def test_a_schedule_may_come_to_an_end():
    assert list(ticks_due(NeverAgain(), 0, 500, "all")) == [100]
    assert list(ticks_due(NeverAgain(), 100, 500, "all")) == []


def test_ticks_count_after_the_last_one_that_became_a_job():
    assert counts_after(Progress(since=100, last=160), is_first_at_once=True) == 160


def test_ticks_count_after_the_end_of_a_pause():
    assert counts_after(Progress(since=100, last=160, resumed=300.5), is_first_at_once=False) == 300


def test_before_the_first_job_ticks_count_from_when_the_server_first_heard_of_it():
    assert counts_after(Progress(since=100), is_first_at_once=False) == 100
    assert counts_after(Progress(since=100), is_first_at_once=True) == 99


def test_a_policy_that_nobody_knows_is_refused():
    assert check_missed("skip") == "skip"
    with pytest.raises(InvalidOptionError, match="must be one of skip, once, all"):
        check_missed("twice")


def test_the_same_cron_job_has_the_same_identity_everywhere_and_another_has_another():
    assert identity_of("nightly", "f", "[]", 60) == identity_of("nightly", "f", "[]", 60)
    assert identity_of("nightly", "f", "[]", 60) != identity_of("nightly", "f", "[]", 61)
