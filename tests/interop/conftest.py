"""RQ 2.12.0 beside this library. `make test` makes an interpreter that has it; `RQ212_PYTHON` names another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.sides import HERE, Rq212Process, Side

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def rq212_python() -> Path:
    """The path of that interpreter; a run without one fails, because what these tests show would go unseen."""
    python = Path(os.environ.get("RQ212_PYTHON") or ROOT / ".venv-rq212" / "bin" / "python")
    assert python.exists(), f"{python} does not exist; `make test` sets it up, or point RQ212_PYTHON at an interpreter with rq==2.12.0"
    return python


@pytest.fixture(autouse=True)
def importable_shared_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What both libraries run is imported by its bare name."""
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture(scope="session")
def rq212_process(rq212_python: Path) -> Iterator[Rq212Process]:
    """RQ 2.12 in a process of its own; ask for `theirs`."""
    process = Rq212Process(rq212_python)
    yield process
    process.close()


@pytest.fixture
def theirs(rq212_process: Rq212Process, redis_url: str) -> Side:
    """RQ 2.12."""
    return Side("theirs", rq212_process.carry_out, redis_url)


@pytest.fixture
def ours(redis_url: str) -> Side:
    """This library."""
    from shared_calls import carry_out  # type: ignore[import-not-found]

    return Side("ours", carry_out, redis_url)


@pytest.fixture(params=["ours, theirs", "theirs, ours"])
def sides(request: pytest.FixtureRequest) -> tuple[Side, Side]:
    """Both, in either order: the first enqueues what the second looks at, changes and runs."""
    first, second = request.param.split(", ")
    return request.getfixturevalue(first), request.getfixturevalue(second)
