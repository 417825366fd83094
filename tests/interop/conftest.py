"""RQ 2.12.0 beside this library. `make test` makes an interpreter that has it; `RQ212_PYTHON` names another."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.sides import HERE, Rq212Process, Side
from tests.support.budget import is_thorough
from tests.support.processes import Processes
from tests.support.ready_program import ReadyProgram

ROOT = Path(__file__).parents[2]
RQ_COMMANDS = {"rq": "rq.cli:main"}


@pytest.fixture(scope="session")
def rq212_python() -> Path:
    """The path of that interpreter; a run without one fails, because what these tests show would go unseen."""
    python = Path(os.environ.get("RQ212_PYTHON") or ROOT / ".venv-rq212" / "bin" / "python")
    assert python.exists(), f"{python} does not exist; `make test` sets it up, or point RQ212_PYTHON at an interpreter with rq==2.12.0"
    return python


@pytest.fixture(scope="session")
def ready_rq212(tmp_path_factory: pytest.TempPathFactory, rq212_python: Path) -> Iterator[ReadyProgram]:
    """RQ 2.12, imported once for the whole run."""
    environment = Processes(tmp_path_factory.mktemp("ready"), {"PYTHONPATH": None}).environment({})
    with ReadyProgram(environment, rq212_python, ["rq.cli", "rq.cron", "rq.scheduler", "rq.worker"], RQ_COMMANDS) as program:
        yield program


@pytest.fixture
def rq212_processes(tmp_path_factory: pytest.TempPathFactory, rq212_python: Path, ready_rq212: ReadyProgram) -> Iterator[Processes]:
    """Starts programs and the command line of RQ 2.12; all end with the test."""
    directory = tmp_path_factory.mktemp("rq212")
    started = Processes(directory, {"PYTHONPATH": None}, ready_rq212, forks_usually=not is_thorough(), python=rq212_python, commands=RQ_COMMANDS)
    yield started
    started.end_all()


@pytest.fixture
def rq212(rq212_processes: Processes, redis_url: str) -> Callable[..., Any]:
    """Carries out an action of `rq212_side.py` with RQ 2.12, and returns its answer."""

    def carry_out(action: str, *arguments: object) -> Any:
        told = rq212_processes.script(HERE / "rq212_side.py", redis_url, action, *arguments, cwd=HERE).succeed(timeout=60.0)
        return json.loads(told.splitlines()[-1])

    return carry_out


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
