"""Budgets of the property tests: `--hypothesis-profile=ci` looks longer than `make test` does, and `--hypothesis-profile=nightly` longer still."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
import redis
from hypothesis import settings

from tests.conftest import TEST_URL_VARIABLE
from tests.properties.budgets import COMMON, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ValkeyServer

settings.register_profile("quick", COMMON, max_examples=300, stateful_step_count=40)
settings.register_profile("ci", COMMON, max_examples=2000, stateful_step_count=60)
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
def server(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """A client of an empty database: of the private server by the shortest way, its socket."""
    if os.environ.get(TEST_URL_VARIABLE):
        yield request.getfixturevalue("redis_client")
        return
    valkey: ValkeyServer = request.getfixturevalue("valkey")
    with redis.Redis.from_url(valkey.unix_url) as client:
        yield client


@pytest.fixture(autouse=True)
def _rare_collections() -> Iterator[None]:
    """A run makes and drops small values by the million, and few cycles: looking for these often costs a tenth of its time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, *thresholds[1:])
    yield
    gc.set_threshold(*thresholds)


@pytest.fixture
def budget() -> settings:
    """How long each part of a run looks: a share of the profile named on the command line, of a quick one otherwise."""
    name = settings.get_current_profile_name()
    whole = settings.get_profile(name if name in {"ci", "nightly"} else "quick")
    return settings(whole, max_examples=whole.max_examples // PARTS)
