"""Budgets of the property tests: `--hypothesis-profile=ci` looks longer than `make test` does, and `--hypothesis-profile=nightly` longer still."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.properties.budgets import COMMON

settings.register_profile("quick", COMMON, max_examples=150, stateful_step_count=40)
settings.register_profile("ci", COMMON, max_examples=1000, stateful_step_count=40)
settings.register_profile("nightly", COMMON, max_examples=20_000, stateful_step_count=60)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of the tests that take minutes."""
    config.addinivalue_line("markers", "mutants: break the scripts on purpose; minutes, so only with -m mutants")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `-m mutants` asks for."""
    if "mutants" in config.getoption("markexpr"):
        return
    slow = [item for item in items if item.get_closest_marker("mutants")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture
def budget() -> settings:
    """How long to look: the profile named on the command line, a quick one otherwise."""
    name = settings.get_current_profile_name()
    return settings.get_profile(name if name in {"ci", "nightly"} else "quick")
