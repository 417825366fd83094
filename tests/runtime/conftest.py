"""Executors of every kind, started and ended with the test; modules that jobs can import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rq.runtime.executors.base import Executor
from rq.runtime.executors.fork import ForkExecutor
from rq.runtime.executors.inline import InlineExecutor
from tests.runtime.driving import (
    Modules,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modules:
    directory = tmp_path / "modules"
    directory.mkdir()
    monkeypatch.syspath_prepend(str(directory))
    return Modules(directory)


@pytest.fixture(params=["inline", "exec", "fork"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start(kind: str) -> Iterator[Callable[..., Any]]:
    """Starts executors of the kind under test."""
    started: list[Executor] = []

    def start_one(**options: Any) -> Executor:
        executor: Executor = InlineExecutor(**options) if kind == "inline" else _forking(kind, options)
        started.append(executor)
        executor.start()
        return executor

    yield start_one
    for executor in started:
        executor.shutdown()


def _forking(kind: str, options: dict[str, Any]) -> ForkExecutor:
    return ForkExecutor(start_method="exec" if kind == "exec" else "fork", **options)


@pytest.fixture
def executor(start: Callable[..., Executor]) -> Executor:
    return start()


@pytest.fixture
def forking(start: Callable[..., ForkExecutor]) -> ForkExecutor:
    return start()
