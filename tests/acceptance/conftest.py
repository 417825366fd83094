"""The command line as a user has it: real processes, in a folder with a module of tasks.

What a test starts, and whatever runs jobs, has an interpreter of its own; a command that only looks, writes or refuses is forked from a `ReadyProgram`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq import Queue
from tests.support.processes import Processes
from tests.support.ready_program import Finished, ReadyProgram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import StartedProcess

TASKS = """
import sys, time
from pathlib import Path

def greet(name="world", **options):
    return f"hello {name}"

def fail():
    raise RuntimeError("this job fails")

def touch(path):
    Path(path).touch()

def wait_for(path, started=None):
    if started:
        Path(started).touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return "done"
"""

# Whatever the machine of the test run says about servers must not reach the commands.
_UNSET = (
    "RQ_CONFIG",
    "RQ_FILE",
    "RQ_DEBUG",
    "REDIS_URL",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_DB",
    "REDIS_PASSWORD",
    "REDIS_SSL",
    "RQ_WORKER_CLASS",
    "RQ_JOB_CLASS",
)

Environment = dict[str, str | None]


class Rq:
    """Runs `rq` in a folder; every command talks to the test's server unless told otherwise."""

    def __init__(self, processes: Processes, ready: ReadyProgram, folder: Path, url: str | None) -> None:
        """`url` is what the commands find in RQ_REDIS_URL."""
        self.folder = folder
        self.url = url
        self._processes = processes
        self._ready = ready

    def start(self, *args: object, command: str = "rq", env: Environment | None = None) -> StartedProcess:
        """Start a command; a value of None in `env` takes a variable away."""
        return self._processes.cli(*args, command=command, env=self._environment(env), cwd=self.folder)

    def run(self, *args: object, **where: Any) -> str:
        """Run a command that must succeed and write nothing to stderr; returns what it wrote."""
        finished = self._finish_alone(*args, **where) if _runs_jobs(args, **where) else self._finish(*args, **where)
        assert (finished.status, finished.stderr) == (0, ""), finished.output
        return finished.stdout

    def refuse(self, *args: object, status: int, **where: Any) -> str:
        """Run a command that must end with this status; returns the one sentence it wrote to stderr."""
        finished = self._finish(*args, **where)
        assert finished.status == status, finished.output
        assert "Traceback" not in finished.output
        [sentence] = [line for line in finished.stderr.splitlines() if line.startswith("Error: ")]
        return sentence.removeprefix("Error: ")

    def enqueue(self, function: str, *args: object, queue: str = "default", **kwargs: object) -> str:
        """Enqueue a job, not through the command line, and return its id."""
        assert self.url
        with redis.Redis.from_url(self.url) as client:
            return Queue(queue, connection=client).enqueue(function, *args, **kwargs).id

    def _finish(self, *args: object, command: str = "rq", env: Environment | None = None) -> Finished:
        if any(name.startswith("PYTHON") for name in env or {}):  # said to the interpreter
            return self._finish_alone(*args, command=command, env=env)
        environment = self._processes.environment(self._environment(env))
        return self._ready.run(command, tuple(map(str, args)), environment, self.folder)

    def _finish_alone(self, *args: object, **where: Any) -> Finished:
        process = self.start(*args, **where)
        return Finished(process.wait(), process.stdout, process.stderr)

    def _environment(self, env: Environment | None) -> Environment:
        return {**dict.fromkeys(_UNSET), "RQ_REDIS_URL": self.url, "COLUMNS": "80", **(env or {})}


def _runs_jobs(args: tuple[object, ...], command: str = "rq", **_: object) -> bool:
    starts_workers = command == "rqworker" or bool({"worker", "worker-pool", "up"}.intersection(args[:1]))
    return starts_workers and not {"-h", "--help"}.intersection(args)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadyProgram]:
    """The program with all its commands, imported once for the whole run."""
    folder = tmp_path_factory.mktemp("ready")
    with ReadyProgram(folder, Processes(folder).environment({})) as program:
        yield program


@pytest.fixture
def rq(processes: Processes, ready: ReadyProgram, redis_url: str, tmp_path: Path) -> Rq:
    """The command line with an empty server, in a folder with `tasks.py`."""
    (tmp_path / "tasks.py").write_text(TASKS)
    return Rq(processes, ready, tmp_path, redis_url)


@pytest.fixture
def rq_without_server(processes: Processes, ready: ReadyProgram, tmp_path: Path) -> Rq:
    """The command line where no variable names a server."""
    (tmp_path / "tasks.py").write_text(TASKS)
    return Rq(processes, ready, tmp_path, None)
