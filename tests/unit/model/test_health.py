"""Yes or no, and a sentence."""

from __future__ import annotations

import pytest

from rq.model.health import Sighting, Wanted, judge_health

WOLF = Sighting("wolf", ("high", "low"), is_overdue=False)
BEAR = Sighting("bear", ("low",), is_overdue=False)
DEAD = Sighting("dead", ("low",), is_overdue=True)


@pytest.mark.parametrize(
    ("sightings", "wanted", "sentence"),
    [
        ([WOLF, BEAR], Wanted(), "Healthy: 2 workers on high, low"),
        ([WOLF, BEAR], Wanted(("low", "high")), "Healthy: 2 workers on low, high"),
        ([WOLF, DEAD], Wanted(("high",)), "Healthy: 1 worker on high"),
        ([WOLF, BEAR], Wanted(workers=("bear",)), "Healthy: 1 worker on low"),
        ([], Wanted(), "There is no worker"),
        ([BEAR], Wanted(("low", "high", "mail")), "No worker listens on high, mail"),
        ([BEAR], Wanted(workers=("wolf",)), "There is no worker named wolf"),
        ([DEAD], Wanted(workers=("dead",)), "No sign of life from dead"),
        ([DEAD], Wanted(("low",)), "No worker listens on low; No sign of life from dead"),
        ([WOLF, DEAD], Wanted(), "No sign of life from dead"),
        ([BEAR], Wanted(("high",), ("wolf",)), "No worker listens on high; There is no worker named wolf"),
    ],
)
def test_what_is_missing_is_said(sightings: list[Sighting], wanted: Wanted, sentence: str):
    health = judge_health(sightings, wanted, is_suspended=False)
    assert health.sentence == sentence
    assert health.is_healthy == sentence.startswith("Healthy")


def test_the_workers_of_each_queue_that_matters_are_named():
    health = judge_health([WOLF, BEAR, DEAD], Wanted(("low", "mail")), is_suspended=False)
    assert health.queues == (("low", ("wolf", "bear")), ("mail", ()))
    assert health.overdue == ("dead",)


def test_a_suspension_is_told_and_is_no_illness():
    health = judge_health([BEAR], Wanted(), is_suspended=True)
    assert health.is_healthy
    assert health.sentence == "Healthy: 1 worker on low, suspended: they begin no job until `rq resume`"
