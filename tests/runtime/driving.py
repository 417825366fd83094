"""Drives executors in tests as a worker does, and writes modules for jobs to import."""

from __future__ import annotations

import json
import os
import pickle
import select
import textwrap
import time
import uuid
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rq.model.outcome import Outcome, Returned
from rq.runtime.executors.base import Attempt, Ended, Executor
from rq.runtime.executors.fork import ForkExecutor
from rq.runtime.executors.spawn import SpawnExecutor
from tests.runtime import executor_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


JOBS = executor_jobs.__name__
LIMIT = 20.0

# Executors that run jobs outside of this process ...
outside = pytest.mark.parametrize("kind", ["exec", "fork", "spawn", "warm"], indirect=True)
# ... those that give each job a process of its own ...
alone = pytest.mark.parametrize("kind", ["exec", "fork", "spawn"], indirect=True)
# ... and those of them that fork it; ...
in_processes = pytest.mark.parametrize("kind", ["exec", "fork"], indirect=True)
# ... those that can interrupt a call that blocks, as nobody can in a thread that is not the first; ...
interrupting = pytest.mark.parametrize("kind", ["inline", "exec", "fork", "spawn", "warm"], indirect=True)
# ... and those that can run attempts in another way, which does not reach a fresh interpreter.
changeable = pytest.mark.parametrize("kind", ["inline", "fork", "threads", "asyncio"], indirect=True)
IN_THIS_PROCESS = frozenset({"inline", "threads", "asyncio"})


def attempt_at(function: str, *args: Any, timeout: float | None = None, **kwargs: Any) -> Attempt:
    """An attempt at a job that calls a function of `executor_jobs`, or of another module if the name has a dot."""
    name = function if "." in function else f"{JOBS}.{function}"
    return attempt_with(pickle.dumps((name, None, args, kwargs)), timeout)


def attempt_with(payload: bytes, timeout: float | None = None) -> Attempt:
    fields = {b"data": zlib.compress(payload, 1), b"origin": b"default"}
    return Attempt(f"job-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex, "default", 1, timeout, fields)


def wait_for(executor: Executor, count: int = 1, timeout: float = LIMIT) -> list[Ended]:
    """Drive an executor as a worker does until `count` attempts ended."""
    ended = executor.collect()
    until = time.monotonic() + timeout
    while len(ended) < count:
        now = time.monotonic()
        assert now < until, f"only {len(ended)} of {count} attempts ended within {timeout} s: {ended}"
        deadline = executor.next_deadline()
        if deadline is not None and deadline <= now:
            executor.enforce()
        else:
            select.select(executor.filenos(), [], [], min(until, deadline or until) - now)
        ended += executor.collect()
    return ended


def drive_until(executor: Executor, condition: Callable[[], object], what: str) -> None:
    """Drive an executor until something is true."""

    def is_so() -> object:
        deadline = executor.next_deadline()
        if deadline is not None and deadline <= time.monotonic():
            executor.enforce()
        assert executor.collect() == []
        return condition()

    wait_until(is_so, LIMIT, what)


def run(executor: Executor, attempt: Attempt) -> Outcome:
    executor.submit(attempt)
    (ended,) = wait_for(executor)
    assert ended.execution_id == attempt.execution_id
    assert executor.running == 0
    return ended.outcome


def call(executor: Executor, function: str, *args: Any, **kwargs: Any) -> Any:
    """Run a job that must succeed, and return its result."""
    outcome = run(executor, attempt_at(function, *args, **kwargs))
    assert isinstance(outcome, Returned), outcome
    return None if outcome.payload is None else pickle.loads(outcome.payload)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.parent.parent.joinpath("self").exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def facts_in(path: Path, executor: Executor | None = None) -> Any:
    """Return what a job wrote into a file; drives the executor meanwhile."""
    if executor:
        drive_until(executor, path.exists, f"{path} was not written")
    else:
        wait_until(path.exists, LIMIT, f"{path} was not written")
    return json.loads(path.read_text())


def preload(executor: ForkExecutor, module: str) -> None:
    drive_until(executor, lambda: module in executor.preloaded, f"{module} was not preloaded: {executor.excluded}")


def warm_up(executor: Executor) -> float:
    """Have the module of the jobs imported, and return a time limit that is not over before a job begins. Forked executors have it from this process."""
    call(executor, "nothing")
    if isinstance(executor, ForkExecutor) and executor.start_method == "exec":
        preload(executor, JOBS)
    return 2.5 if isinstance(executor, SpawnExecutor) else 0.2  # an interpreter of its own imports everything


class Modules:
    """A directory of modules that jobs can import."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, source: str) -> str:
        """Write a module; what it does when it is imported is counted in a file."""
        counted = f"with open({str(self.path / 'imports')!r}, 'a') as f: f.write({name!r} + ' ')\n"
        # Replaced, not rewritten, as deploys do.
        temporary = self.path / f"{name}.new"
        temporary.write_text(counted + textwrap.dedent(source))
        temporary.rename(self.path / f"{name}.py")
        return name

    def imports_of(self, name: str) -> int:
        file = self.path / "imports"
        return file.read_text().split().count(name) if file.exists() else 0
