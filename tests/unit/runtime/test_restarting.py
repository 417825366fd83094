"""When a child is started again, as a pure rule."""

from __future__ import annotations

import pytest

from rq.runtime.restarting import LONGEST_PAUSE_SECONDS, STEADY_SECONDS, Ending, Restarts


def pauses(*endings: Ending, rand: float = 0.0) -> list[float]:
    restarts = Restarts()
    return [restarts.pause_after(ending, rand) for ending in endings]


KILLED_SOON = Ending(1.0, orderly=False, was_ready=True)
KILLED_LATE = Ending(STEADY_SECONDS, orderly=False, was_ready=True)
NEVER_CAME_UP = Ending(0.3, orderly=False, was_ready=False)
LEFT = Ending(5.0, orderly=True, was_ready=True)


def test_the_first_death_is_answered_at_once_and_those_that_follow_soon_wait_ever_longer():
    assert pauses(*[KILLED_SOON] * 5) == [0.0, 0.25, 0.5, 1.0, 2.0]


def test_what_never_came_up_waits_from_its_first_failure_on():
    assert pauses(*[NEVER_CAME_UP] * 4) == [0.25, 0.5, 1.0, 2.0]


def test_no_pause_is_longer_than_a_minute():
    assert pauses(*[NEVER_CAME_UP] * 2000)[-1] == LONGEST_PAUSE_SECONDS


def test_a_steady_life_ends_a_row_of_failures():
    assert pauses(KILLED_SOON, KILLED_SOON, KILLED_LATE, KILLED_SOON) == [0.0, 0.25, 0.0, 0.25]


def test_who_leaves_in_good_order_is_replaced_at_once_and_ends_a_row_of_failures():
    assert pauses(KILLED_SOON, KILLED_SOON, LEFT, KILLED_SOON) == [0.0, 0.25, 0.0, 0.0]


def test_who_leaves_in_good_order_as_soon_as_it_is_there_is_replaced_once_a_second():
    assert pauses(*[Ending(0.25, orderly=True, was_ready=True)] * 2) == [0.75, 0.75]


@pytest.mark.parametrize("rand", [0.0, 0.5, 1.0])
def test_places_that_failed_together_do_not_start_together(rand: float):
    (pause,) = pauses(NEVER_CAME_UP, rand=rand)
    assert pause == 0.25 * (1 - rand / 4)


def test_a_child_that_is_killed_before_it_came_up_has_refused_nothing():
    restarts = Restarts()
    restarts.pause_after(Ending(0.3, orderly=False, was_ready=False, was_killed=True), 0.0)
    assert (restarts.failures, restarts.refusals) == (1, 0)
    restarts.pause_after(NEVER_CAME_UP, 0.0)
    assert (restarts.failures, restarts.refusals) == (2, 1)
