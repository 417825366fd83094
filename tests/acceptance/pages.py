"""Runs the examples of a page of documentation as a reader would, from top to bottom, in one empty folder.

    python pages.py PAGE.md

How a page is written, so that it can be run:

* A block ```` ```python title="tasks.py" ```` is a file: it is written to the folder.
* A block ```` ```python ```` is a piece of one program: the pieces run one after the other in one interpreter. Where a line ends in `# => text`, the text must
  be the repr of that line's value.
* A block ```` ```console ```` holds commands, each behind `$ `, and below each what it prints. `...` stands for any text. Commands run in a shell in the
  folder and must succeed. A worker without `--burst`, `rq up`, and `rq cron` with a file, run until the page ends, are then told to stop, and must end well.
  `pip` is not run.
* Other blocks (`text`, `ini`, `mermaid`, ...) are not run.
* `embedded://` means a server of this page alone.

Whatever is not as the page says ends the run with the line of the page.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import ready_shim
from tests.support.ready_program import READY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)(?: +title=\"(?P<title>[^\"]+)\")?\s*$")
_EXPECTED = re.compile(r"#\s*=>\s*(.+)$")
_COMMAND_TIMEOUT_SECONDS = 60.0
_RUNS_ON = re.compile(r"rq (?:(?:worker|up)\b(?!.*--burst)|cron \S+\.py)")
_TOLD_TO_STOP = re.compile(r"warm shut down requested|stopped by SIGTERM")
_SHIM = """#!/bin/sh
exec '{python}' -c 'import sys; from rq.cli.main import main; sys.argv[0] = "rq"; sys.exit(main())' "$@"
"""
_READY_SHIM = """#!/bin/sh
exec '{python}' -S '{program}' '{address}' rq "$@"
"""


class PageIsWrong(Exception):  # noqa: N818 - it says what happened
    """Something is not as the page says."""


@dataclass(frozen=True)
class Block:
    """A fenced block: `line` is the number of its first line of content."""

    language: str
    title: str | None
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the output that the page shows."""

    text: str
    output: str
    line: int


def read_blocks(page: str) -> Iterator[Block]:
    """Return the fenced blocks of a page."""
    opening: re.Match[str] | None = None
    content: list[str] = []
    start = 0
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if opening is None and fence:
            opening, content, start = fence, [], number + 1
        elif opening is not None and line.strip() == "```":
            yield Block(opening["language"], opening["title"], "".join(f"{text}\n" for text in content), start)
            opening = None
        elif opening is not None:
            content.append(line.removeprefix(opening["indent"]))


def read_commands(block: Block) -> Iterator[Command]:
    """Return the commands of a console block."""
    text, start = "", 0
    output: list[str] = []
    for number, line in enumerate([*block.text.splitlines(), "$ "], block.line):
        if not line.startswith("$ "):
            output.append(line)
            continue
        if text:
            yield Command(text, "\n".join(output), start)
        text, output, start = line.removeprefix("$ "), [], number


class Reader:
    """A reader who does what the page says."""

    def __init__(self, page: Path, folder: Path) -> None:
        """Read `page` in `folder`."""
        self._page = page
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "page"}
        self._workers: list[tuple[Command, subprocess.Popen[str]]] = []

    def follow(self) -> int:
        """Do everything, and return how many blocks were done."""
        done = 0
        try:
            for block in read_blocks(self._page.read_text()):
                if block.title:
                    (self._folder / block.title).write_text(block.text)
                elif block.language == "python":
                    self._run_piece(block)
                elif block.language == "console":
                    for command in read_commands(block):
                        self._run_command(command)
                else:
                    continue
                done += 1
            self._stop_workers()
        finally:
            for _, worker in self._workers:
                with suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)
        return done

    def _run_piece(self, block: Block) -> None:
        lines = block.text.splitlines()
        for node in ast.parse(block.text).body:
            expected = _EXPECTED.search(lines[(node.end_lineno or node.lineno) - 1])
            place = f"{self._page}:{block.line + node.lineno - 1}"
            ast.increment_lineno(node, block.line - 1)
            if expected is None or not isinstance(node, ast.Expr):
                exec(compile(ast.Module([node], []), str(self._page), "exec"), self._names)
                continue
            value = eval(compile(ast.Expression(node.value), str(self._page), "eval"), self._names)
            if not _is_like(repr(value), expected[1]):
                raise PageIsWrong(f"{place}: the page says {expected[1]}, it is {value!r}")

    def _run_command(self, command: Command) -> None:
        if command.text.startswith("pip "):
            return
        if _RUNS_ON.match(command.text):
            process = subprocess.Popen(command.text, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
            self._workers.append((command, process))
            return
        done = subprocess.run(
            command.text, shell=True, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_COMMAND_TIMEOUT_SECONDS
        )
        self._check(command, done.returncode, done.stdout)

    def _stop_workers(self) -> None:
        for command, process in self._workers:
            os.killpg(process.pid, signal.SIGTERM)
            output, _ = process.communicate(timeout=_COMMAND_TIMEOUT_SECONDS)
            # The shell that stands between may end by the signal; the worker has said how it left.
            status = 0 if _TOLD_TO_STOP.search(output) else process.returncode
            self._check(command, status, output)

    def _check(self, command: Command, status: int, output: str) -> None:
        place = f"{self._page}:{command.line}"
        if status != 0:
            raise PageIsWrong(f"{place}: `{command.text}` ended with {status}:\n{output}")
        if command.output.strip() and not _is_like(output.strip(), command.output.strip()):
            raise PageIsWrong(f"{place}: the page says that `{command.text}` prints\n{command.output}\nbut it prints\n{output}")


def _is_like(text: str, pattern: str) -> bool:
    """Say whether `text` is `pattern`, where `...` stands for anything."""
    parts = [re.escape(part) for part in pattern.strip().split("...")]
    return re.fullmatch(".*?".join(parts), text.strip(), re.DOTALL) is not None


def main(arguments: Sequence[str]) -> None:
    """Run a page in the current folder."""
    folder = Path.cwd()
    shim = folder / "bin" / "rq"
    shim.parent.mkdir()
    address = os.environ.get(READY_VARIABLE)
    if address:
        shim.write_text(_READY_SHIM.format(python=sys.executable, program=ready_shim.__file__, address=address))
    else:
        shim.write_text(_SHIM.format(python=sys.executable))
    shim.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(shim.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["RQ_EMBEDDED_DIR"] = str(folder / "embedded")
    sys.path[0] = str(folder)
    done = Reader(Path(arguments[0]), folder).follow()
    sys.stdout.write(f"{done} blocks done\n")


if __name__ == "__main__":
    main(sys.argv[1:])
