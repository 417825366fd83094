"""Executors of every kind, started and ended with the test; modules that jobs can import."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from rq.runtime.executors.asyncio import AsyncioExecutor
from rq.runtime.executors.base import Executor
from rq.runtime.executors.fork import ForkExecutor
from rq.runtime.executors.inline import InlineExecutor
from rq.runtime.executors.spawn import SpawnExecutor
from rq.runtime.executors.threads import ThreadsExecutor
from rq.runtime.executors.warm import WarmExecutor
from tests.runtime.driving import Modules
from tests.support.budget import is_thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent

# On a quick run each test takes one of two: of executors that are one but for how they begin, or for how long a process lasts; and of those that run jobs in
# this process. Some take this, and some that.
IN_PAIRS = {"exec": "fork", "spawn": "warm", "threads": "asyncio"}


@pytest.hookimpl(trylast=True)  # after what was asked for by name
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on a quick run, every test that another does with the executor that makes a pair with its own."""
    if is_thorough():
        return
    tests = {_test_and_kind(item): item for item in items if isinstance(item, pytest.Function) and item.path.is_relative_to(HERE)}
    left_out = set()
    for (test, kind), item in tests.items():
        other = tests.get((test, IN_PAIRS[kind])) if kind in IN_PAIRS else None
        if other:
            left_out.add(item if crc32(test.encode()) % 2 else other)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _test_and_kind(item: pytest.Function) -> tuple[str, str | None]:
    """Return a test without the kind of its executor, and that kind; None if it has none."""
    callspec = getattr(item, "callspec", None)
    kind = next((value for name, value in callspec.params.items() if name in {"kind", "executor"} and value in KINDS), None) if callspec else None
    test, _, parameters = item.nodeid.partition("[")
    return f"{test} {parameters.replace(kind, '', 1) if kind else parameters}", kind


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modules:
    directory = tmp_path / "modules"
    directory.mkdir()
    monkeypatch.syspath_prepend(str(directory))
    return Modules(directory)


# What starts an executor of each kind; "exec" and "fork" are the two ways of one executor to begin.
KINDS: dict[str, Callable[..., Executor]] = {
    "inline": InlineExecutor,
    "exec": partial(ForkExecutor, start_method="exec"),
    "fork": partial(ForkExecutor, start_method="fork"),
    "spawn": SpawnExecutor,
    "warm": WarmExecutor,
    "threads": ThreadsExecutor,
    "asyncio": AsyncioExecutor,
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start(kind: str) -> Iterator[Callable[..., Any]]:
    """Starts executors of the kind under test."""
    started: list[Executor] = []

    def start_one(**options: Any) -> Executor:
        executor = KINDS[kind](**options)
        started.append(executor)
        executor.start()
        return executor

    yield start_one
    for executor in started:
        executor.shutdown()


@pytest.fixture
def executor(start: Callable[..., Executor]) -> Executor:
    return start()


@pytest.fixture
def forking(start: Callable[..., ForkExecutor]) -> ForkExecutor:
    return start()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away what a worker that forked in this very process leaves in its environment, as RQ's does."""
    for name in ("RQ_WORKER_ID", "RQ_JOB_ID"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
