"""The command line as a user has it: real processes, in a folder with a module of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq import Queue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Processes, StartedProcess

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

    def __init__(self, processes: Processes, folder: Path, url: str | None) -> None:
        """`url` is what the commands find in RQ_REDIS_URL."""
        self.folder = folder
        self.url = url
        self._processes = processes

    def start(self, *args: object, command: str = "rq", env: Environment | None = None) -> StartedProcess:
        """Start a command; a value of None in `env` takes a variable away."""
        environment = {**dict.fromkeys(_UNSET), "RQ_REDIS_URL": self.url, "COLUMNS": "80", **(env or {})}
        return self._processes.cli(*args, command=command, env=environment, cwd=self.folder)

    def run(self, *args: object, **where: Any) -> str:
        """Run a command that must succeed and write nothing to stderr; returns what it wrote."""
        finished = self.start(*args, **where)
        assert (finished.wait(), finished.stderr) == (0, ""), finished.output
        return finished.stdout

    def refuse(self, *args: object, status: int, **where: Any) -> str:
        """Run a command that must end with this status; returns the one sentence it wrote to stderr."""
        finished = self.start(*args, **where)
        assert finished.wait() == status, finished.output
        assert "Traceback" not in finished.output
        [sentence] = [line for line in finished.stderr.splitlines() if line.startswith("Error: ")]
        return sentence.removeprefix("Error: ")

    def enqueue(self, function: str, *args: object, queue: str = "default", **kwargs: object) -> str:
        """Enqueue a job, not through the command line, and return its id."""
        assert self.url
        with redis.Redis.from_url(self.url) as client:
            return Queue(queue, connection=client).enqueue(function, *args, **kwargs).id


@pytest.fixture
def rq(processes: Processes, redis_url: str, tmp_path: Path) -> Rq:
    """The command line with an empty server, in a folder with `tasks.py`."""
    (tmp_path / "tasks.py").write_text(TASKS)
    return Rq(processes, tmp_path, redis_url)


@pytest.fixture
def rq_without_server(processes: Processes, tmp_path: Path) -> Rq:
    """The command line where no variable names a server."""
    (tmp_path / "tasks.py").write_text(TASKS)
    return Rq(processes, tmp_path, None)
