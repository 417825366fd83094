"""The two things that are compared, and the server that both use."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from rq.embedded.binary import find_server_binary

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RQ_VERSION = "2.12.0"

_LONGEST_TASK_SECONDS = 120.0
_LONGEST_SERVER_START_SECONDS = 10.0
_DESCRIBE = (
    "import sys, redis, rq, importlib.util as u; print(rq.VERSION, sys.version.split()[0], redis.__version__, 'yes' if u.find_spec('hiredis') else 'no')"
)


class BenchmarkFailed(Exception):  # noqa: N818 - it says what happened
    """A side did not do what it was asked to; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Side:
    """An interpreter and the environment in which it finds its `rq`.

    Args:
        name: what tables call it.
        python: the interpreter.
        env: the whole environment of its processes.
    """

    name: str
    python: str
    env: Mapping[str, str]

    def task(self, *arguments: object, program: str = "side.py") -> dict[str, Any]:
        """Run `program` with these arguments, and return the figures that it prints."""
        command = [self.python, str(HERE / program), *map(str, arguments)]
        done = self._run(command)
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    def command_line(self, *arguments: object) -> None:
        """Run `rq` with these arguments."""
        self._run([self.python, "-m", "rq.cli", *map(str, arguments)])

    @contextmanager
    def background(self, *arguments: object) -> Iterator[None]:
        """Run `side.py` with these arguments meanwhile; afterwards it is told to stop."""
        command = [self.python, str(HERE / "side.py"), *map(str, arguments)]
        process = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_LONGEST_TASK_SECONDS)
            finally:
                process.kill()

    def describe(self) -> list[str]:
        """Return the versions of rq, Python and redis-py, and whether hiredis is there."""
        return self._run([self.python, "-c", _DESCRIBE]).stdout.split()

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=_LONGEST_TASK_SECONDS, check=False)
        if done.returncode != 0:
            words = done.stderr.strip().splitlines()[-5:]
            raise BenchmarkFailed(f"{self.name}: {' '.join(command)} ended with {done.returncode}: {' | '.join(words)}")
        return done


def both_sides() -> tuple[Side, Side]:
    """Return ours, which is what this interpreter imports, and RQ's, which is what `RQ212_PYTHON` (or `.venv-rq212`) imports.

    Raises:
        BenchmarkFailed: there is no such interpreter, or it has another RQ.
    """
    theirs = os.environ.get("RQ212_PYTHON") or str(ROOT / ".venv-rq212" / "bin" / "python")
    if not Path(theirs).exists():
        raise BenchmarkFailed(f"There is no {theirs}: run `make bench`, or name a Python that has rq=={RQ_VERSION} in RQ212_PYTHON")
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = Side("this package", sys.executable, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
    rq = Side(f"RQ {RQ_VERSION}", theirs, {**os.environ, "PYTHONPATH": str(HERE)})
    version = rq.describe()[0]
    if version != RQ_VERSION:
        raise BenchmarkFailed(f"{theirs} has rq {version}, not {RQ_VERSION}")
    return ours, rq


@contextmanager
def server() -> Iterator[tuple[str, Redis]]:
    """Run a server of our own on a free loopback port, without persistence; gives its URL and a client."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="rq-bench-") as folder:
        settings = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen([find_server_binary(), *settings], stdout=subprocess.DEVNULL)
        try:
            with Redis(port=port) as client:
                _wait_for(client)
                yield f"redis://127.0.0.1:{port}/0", client
        finally:
            process.kill()
            process.wait()


def _wait_for(client: Redis) -> None:
    deadline = time.monotonic() + _LONGEST_SERVER_START_SECONDS
    while True:
        try:
            client.ping()
        except RedisConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
