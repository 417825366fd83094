"""How often the tests kill that do it at random moments: `--hypothesis-profile=ci` as often as the project promises, `make test` less often."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import pytest

from tests.support.budget import is_thorough


@dataclass(frozen=True, slots=True)
class Budget:
    """How often; RQ_FAULT_KILLS and so on in the environment say otherwise, on a long night.

    Attributes:
        kills: of workers and of their children, each in five jobs.
        stops: of workers by SIGTERM, each in ten jobs.
        wakes: rounds in which a worker ends at the moment that a job wakes it.
        rounds: of families of jobs, each about 100 jobs (and 300 children of one parent in every fifth), with 15 kills.
    """

    kills: int
    stops: int
    wakes: int
    rounds: int


QUICK = Budget(kills=30, stops=8, wakes=4, rounds=1)
FULL = Budget(kills=200, stops=50, wakes=25, rounds=4)


@pytest.fixture
def budget() -> Budget:
    """The full one for the profiles that look long, a quick one otherwise."""
    usual = FULL if is_thorough() else QUICK
    return Budget(*(int(os.environ.get(f"RQ_FAULT_{field.name.upper()}", getattr(usual, field.name))) for field in fields(Budget)))
