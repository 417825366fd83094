"""How numbers, durations and lists read in a sentence."""

from datetime import UTC, datetime

import pytest

from rq.core.wording import counted, duration_in_words, listed, moment_in_words, ordinal


@pytest.mark.parametrize(("number", "text"), [(0, "no job"), (1, "1 job"), (2, "2 jobs"), (1200, "1,200 jobs")])
def test_a_noun_agrees_with_its_number(number, text):
    assert counted(number, "job") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "a moment"), (0.9, "a moment"), (1, "1 second"), (119.9, "119 seconds"), (120, "2 minutes"), (7200, "2 hours"), (86400 * 2, "2 days")],
)
def test_a_duration_is_told_in_its_largest_unit(seconds, text):
    assert duration_in_words(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (111, "111th")]
)
def test_an_ordinal_has_its_ending(number, text):
    assert ordinal(number) == text


@pytest.mark.parametrize(("names", "text"), [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcde", "a, b, c and 2 more")])
def test_names_are_listed_as_in_a_sentence(names, text):
    assert listed([*names]) == text


def test_a_moment_names_its_zone():
    assert moment_in_words(datetime(2030, 5, 27, 19, 45, 1, 500, tzinfo=UTC)) == "2030-05-27 19:45:01 UTC"
