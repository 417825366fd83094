"""Real processes for tests: Python programs and the command line, with their output captured and their end guaranteed.

The fixture `processes` hands out one `Processes`. Whatever it started is killed when the test ends, with all its
descendants: first the process group, then (on Linux) every process that carries this fixture's mark in its environment,
which gets a SIGTERM and a moment to end what it looks after.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.ready_program import COMMAND_LINES, ForkedProcess, ReadyProgram
from tests.support.ready_server import MARK_VARIABLE, die_with_parent
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Start = Callable[[list[str], list[int]], subprocess.Popen[bytes] | ForkedProcess]

ROOT = Path(__file__).resolve().parents[2]

_POLITE_SECONDS = 3.0

# What the installed commands do, without needing them installed.
_COMMAND = "import sys; from {module} import {function}; sys.argv[0] = {program!r}; sys.exit({function}())"


class StartedProcess:
    """One process of a test; its output goes to files, so that it can never block on a full pipe."""

    def __init__(self, argv: list[str], directory: Path, start: Start) -> None:
        """Have `argv` started with these stdin, stdout and stderr; `directory` gets its output."""
        self.argv = argv
        self._stdout, self._stderr = directory / "stdout", directory / "stderr"
        with Path(os.devnull).open("rb") as stdin, self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.popen = start(argv, [stdin.fileno(), stdout.fileno(), stderr.fileno()])

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def stdout(self) -> str:
        """What it wrote so far."""
        return self._stdout.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        """What it wrote so far."""
        return self._stderr.read_text(errors="replace")

    @property
    def output(self) -> str:
        """Both streams so far: stdout, then stderr."""
        return self.stdout + self.stderr

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def wait(self, timeout: float = 20.0) -> int:
        """Wait for its end and return the exit status (negative: the signal that killed it)."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.argv} did not end within {timeout} s; it wrote:\n{self.output}") from None

    def succeed(self, timeout: float = 20.0) -> str:
        """Wait for its end, insist on exit status 0, and return what it wrote to stdout."""
        status = self.wait(timeout)
        assert status == 0, f"{self.argv} ended with {status}; it wrote:\n{self.output}"
        return self.stdout

    def wait_for_output(self, text: str, timeout: float = 20.0) -> str:
        """Wait until `text` stands in its output, and return all output so far; fails at once if it ends without it."""

        def has_text() -> bool:
            ended = not self.is_running  # asked before reading: what was written before the end counts
            if text in self.output:
                return True
            assert not ended, f"{self.argv} ended with {self.popen.returncode} before writing {text!r}:\n{self.output}"
            return False

        wait_until(has_text, timeout, lambda: f"{text!r} is not in the output of {self.argv}:\n{self.output}")
        return self.output

    def send_signal(self, number: int) -> None:
        """Signal this process alone."""
        self.popen.send_signal(number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.popen.terminate()

    def kill(self) -> None:
        """Send SIGKILL to this process alone, and reap it."""
        self.popen.kill()
        self.popen.wait()

    def end(self) -> None:
        """SIGKILL its whole process group, and reap it; may be called again."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


class Processes:
    """Starts processes that see this checkout, and ends them all.

    Each inherits the environment of the test run, plus `env` as given here, plus `env` as given to the call; a value of
    None takes a variable away. `PYTHONPATH` holds `src` and the checkout itself, so `rq` and `tests.…` can be imported.
    """

    def __init__(
        self,
        directory: Path,
        env: Mapping[str, str | None] | None = None,
        ready: ReadyProgram | None = None,
        *,
        forks_usually: bool = False,
        python: str | Path = sys.executable,
        commands: Mapping[str, str] = COMMAND_LINES,
    ) -> None:
        """Start nothing yet.

        Args:
            directory: gets the output files.
            env: goes to every process.
            ready: what command lines and scripts can be forked from.
            forks_usually: whether they are when nothing else is said.
            python: the interpreter of all others.
            commands: the functions that command lines call, `module:function`.
        """
        self._directory = directory
        self._python = str(python)
        self._commands = commands
        self._ready = ready
        self._forks_usually = forks_usually
        self._mark = uuid.uuid4().hex
        self._started: list[StartedProcess] = []
        self.env: dict[str, str | None] = dict(env or {})

    def python(self, code: str, *args: object, **where: Any) -> StartedProcess:
        """Start `python -c code args…`; the code may be indented. Keywords: `env`, `cwd`."""
        return self.start([self._python, "-c", textwrap.dedent(code), *map(str, args)], **where)

    def script(self, path: Path, *args: object, **where: Any) -> StartedProcess:
        """Start `python path args…`. Keywords: `env`, `cwd`; `is_forked`, whether from the process that waits, if that is one for its environment (None: as
        usual in this run).
        """
        argv = [str(path), *map(str, args)]
        return self._start_either(argv, [self._python, *argv], **where)

    def cli(self, *args: object, command: str = "rq", **where: Any) -> StartedProcess:
        """Start the command line: `rq args…`, or `rqworker` or `rqinfo` as `command`. Keywords: as for `script`."""
        module, _, function = self._commands[command].partition(":")
        code = _COMMAND.format(module=module, function=function, program=command)
        words = list(map(str, args))
        return self._start_either([command, *words], [self._python, "-c", code, *words], **where)

    def start(self, argv: list[str], *, env: Mapping[str, str | None] | None = None, cwd: Path | None = None) -> StartedProcess:
        """Start any program."""
        return self._add(argv, partial(_start, env=self.environment(env or {}), cwd=cwd))

    def _start_either(
        self,
        forked: list[str],
        own: list[str],
        *,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        is_forked: bool | None = None,
    ) -> StartedProcess:
        """Start what is called `forked` where it is forked, and `own` with an interpreter of its own."""
        environment = self.environment(env or {})
        forks = self._forks_usually if is_forked is None else is_forked
        if forks and self._ready and self._ready.can_stand_for(environment):
            return self._add(forked, partial(self._ready.start, env=environment, cwd=cwd))
        return self._add(own, partial(_start, env=environment, cwd=cwd))

    def _add(self, argv: list[str], start: Start) -> StartedProcess:
        directory = self._directory / f"process-{len(self._started)}"
        directory.mkdir(parents=True)
        process = StartedProcess(argv, directory, start)
        self._started.append(process)
        return process

    def environment(self, env: Mapping[str, str | None]) -> dict[str, str]:
        """Return the whole environment of a process that is started with this `env`."""
        paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        merged: dict[str, str | None] = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
            **self.env,
            **env,
            MARK_VARIABLE: self._mark,
        }
        return {name: value for name, value in merged.items() if value is not None}

    def end_started(self) -> None:
        """Kill everything that was started here; what that started stays."""
        for process in self._started:
            process.end()

    def end_all(self) -> None:
        """Kill everything that was started here, and end what that started: politely, then by SIGKILL."""
        self.end_started()
        if sys.platform != "linux":
            return
        with suppress(AssertionError):
            wait_until(lambda: not self._signal_descendants(signal.SIGTERM), timeout=_POLITE_SECONDS)
        wait_until(lambda: not self._signal_descendants(signal.SIGKILL), message="processes of this test survived SIGKILL")

    def _signal_descendants(self, number: int) -> bool:
        """Signal every process that carries the mark of this fixture; says whether there was one."""
        mark = f"{MARK_VARIABLE}={self._mark}".encode()
        found = False
        for folder in Path("/proc").iterdir():
            with suppress(OSError):  # it ended meanwhile, or belongs to somebody else
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                    os.kill(int(folder.name), number)
                    found = True
        return found


def _start(argv: list[str], streams: list[int], env: Mapping[str, str], cwd: Path | None) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no locks
    )
