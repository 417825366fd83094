"""The command line, imported and waiting: what a test runs to its end is forked from here.

To start an interpreter and to import costs ten times what most commands do, and hundreds of tests run one. What comes out of the fork is a process like any
other: its own folder, environment, arguments, output and exit status. Commands that start processes, or last, are better started (`Processes.cli`).
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rq.cli.main import COMMANDS, main, rqinfo, rqworker
from tests.support.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

_PROGRAMS: dict[str, Callable[[], None]] = {"rq": main, "rqworker": rqworker, "rqinfo": rqinfo}
_WAIT = "import sys; from tests.support.ready_program import wait_for_a_call; sys.exit(wait_for_a_call()())"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended: its exit status (negative: the signal that killed it), and all that it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams: stdout, then stderr."""
        return self.stdout + self.stderr


class ReadyProgram:
    """Runs commands, one at a time, each in a fork of a process that has imported all of them."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        """`folder` is for the output, `env` the environment to import in; each command brings its own."""
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WAIT],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no locks
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def run(self, name: str, args: tuple[str, ...], env: Mapping[str, str], cwd: Path, timeout: float = 20.0) -> Finished:
        """Run `rq`, `rqworker` or `rqinfo` to its end."""
        assert self._process.stdin
        assert self._process.stdout
        call = {"name": name, "args": args, "env": dict(env), "cwd": str(cwd), "stdout": str(self._stdout), "stderr": str(self._stderr)}
        self._process.stdin.write(f"{json.dumps(call)}\n")
        self._process.stdin.flush()
        ended, _, _ = select.select([self._process.stdout], [], [], timeout)
        assert ended, f"{name} {args} did not end within {timeout} s; it wrote:\n{self._written(0).output}"
        return self._written(int(self._process.stdout.readline()))

    def _written(self, status: int) -> Finished:
        return Finished(status, self._stdout.read_text(errors="replace"), self._stderr.read_text(errors="replace"))


# --- in the process that waits ---


def wait_for_a_call() -> Callable[[], None]:
    """Serve calls, a line each, and answer how each ended. Returns in the fork, with what is to be done there."""
    for command in COMMANDS.values():
        command.load()
    gc.freeze()
    for line in sys.stdin:
        call = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(**call)
            return _PROGRAMS[call["name"]]
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()
    sys.exit()


def _become(name: str, args: list[str], env: dict[str, str], cwd: str, stdout: str, stderr: str) -> None:
    die_with_parent()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = [name, *args]
    for descriptor, path in enumerate((os.devnull, stdout, stderr)):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o600), descriptor)
