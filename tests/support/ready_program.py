"""Programs that are imported and waiting: what a test starts is forked from here.

To start an interpreter and to import costs ten times what most commands do, and hundreds of tests start one. What comes out of the fork is a process like any
other: its own session, folder, environment, arguments, output and exit status. `make test` starts programs so; the long profiles give each an interpreter.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rq.cli.main import COMMANDS
from tests.support.ready_server import MARK_VARIABLE, NO_MARK, die_with_parent, said_to_the_interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

# Tells a forked program where it can have commands forked: the address of `ready_shim.py`.
READY_VARIABLE = "RQ_TEST_READY_PROGRAM"
START_SECONDS = 20.0
_SERVER = Path(__file__).with_name("ready_server.py").read_text()
# The command line, and what workers import beside it, all of it on any way to a first job.
COMMAND_LINES = {"rq": "rq.cli.main:main", "rqworker": "rq.cli.main:rqworker", "rqinfo": "rq.cli.main:rqinfo"}
_IMPORTED = (
    *(f"rq.cli.commands.{command.module}" for command in COMMANDS.values()),
    "hmac",
    "redis",
    "rq.client.dependency",
    "rq.client.unique",
    "rq.embedded",
    "rq.job",
    "rq.queue",
    "rq.runtime.executors.choice",
    "rq.runtime.executors.fork",
    "rq.runtime.executors.preload",
    "rq.runtime.executors.starting",
    "rq.runtime.executors.zygote",
    "rq.runtime.worker",
    "rq.worker",
)


class ForkedProcess:
    """A process that was forked elsewhere, to be used as `subprocess.Popen` is."""

    def __init__(self, args: Sequence[str], server: socket.socket) -> None:
        """Wait until the process is what `args` ask for. `server` tells of it, and is closed here when it has ended."""
        self.args = args
        self.returncode: int | None = None
        self._server = server
        server.settimeout(START_SECONDS)
        word, self.pid = self._read()
        if word != "pid":
            server.close()
            raise AssertionError(f"{list(args)} ended with status {self.pid} before it began")
        server.settimeout(None)

    def poll(self) -> int | None:
        """Return the exit status as `Popen.poll` does."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status as `Popen.wait` does."""
        if self.returncode is None:
            told, _, _ = select.select([self._server], [], [], timeout)
            if not told:
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
            _, self.returncode = self._read()
            with self._server:
                self._server.shutdown(socket.SHUT_WR)
                self._server.recv(1)  # nothing: it is reaped
        return self.returncode

    def _read(self) -> tuple[str, int]:
        """Read a line, and no byte more: `select` is asked for the next."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self._server.recv(1)
            if not byte:
                return "status", -signal.SIGKILL  # nobody is left to tell: what it was forked from has ended, and it with that
            line += byte
        word, _, number = line.decode().partition(" ")
        return word, int(number)

    def send_signal(self, number: int) -> None:
        """Signal it if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)  # it may end meanwhile, but is not reaped

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ReadyProgram:
    """Forks command lines and scripts, as many at a time as asked for, from a process that has imported what they import.

    Args:
        env: the environment to import in; each call brings its own.
        python: the interpreter.
        imports: the modules to import.
        commands: the functions that command lines call, `module:function`.
    """

    def __init__(
        self, env: Mapping[str, str], python: str | Path = sys.executable, imports: Sequence[str] = _IMPORTED, commands: Mapping[str, str] = COMMAND_LINES
    ) -> None:
        self._env = {**env, MARK_VARIABLE: NO_MARK}
        self._folder = tempfile.TemporaryDirectory(prefix="rq-ready-")  # a short path: sockets have no long names
        self.address = str(Path(self._folder.name) / "calls")
        self._process = subprocess.Popen(
            [python, "-c", _SERVER, self.address, *imports, *(f"{name}={place}" for name, place in commands.items())],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no locks
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def can_stand_for(self, env: Mapping[str, str]) -> bool:
        """Say whether an interpreter that starts with this environment would be as this one is."""
        return said_to_the_interpreter(env) == said_to_the_interpreter(self._env)

    def start(self, argv: list[str], streams: list[int], env: Mapping[str, str], cwd: Path | None) -> ForkedProcess:
        """Start `argv`, whose first is a command or the path of a Python program; `streams` are its stdin, stdout and stderr."""
        assert self._process.poll() is None, "the process that programs are forked from has ended; it says why above"
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.address)
        call = {"argv": argv, "env": {**env, READY_VARIABLE: self.address}, "cwd": str(cwd or Path.cwd())}
        socket.send_fds(server, [f"{json.dumps(call)}\n".encode()], streams)
        return ForkedProcess(argv, server)
