"""What type checkers say about programs that use this package: nothing about `accepted/`, and about `refused/` just the lines that end in `# error`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PROGRAMS = [file.relative_to(ROOT) for folder in ("accepted", "refused") for file in sorted((Path(__file__).parent / folder).glob("*.py"))]


class Place(NamedTuple):
    """A line of a program."""

    program: str
    line: int


def mistakes() -> set[Place]:
    """Return the lines that are marked."""
    return {
        Place(str(program), number)
        for program in PROGRAMS
        for number, line in enumerate((ROOT / program).read_text().splitlines(), 1)
        if line.endswith("# error")
    }


def output_of(*command: str | Path) -> str:
    """Return what a checker prints. It knows the package as a user's does: installed, with the checker's own settings."""
    return subprocess.run([sys.executable, "-m", *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300).stdout


def mypy() -> dict[Place, str]:
    """Return the errors of mypy."""
    options = ("--config-file=", "--strict", "--explicit-package-bases", "--cache-dir=.mypy_cache/programs", "--output=json")
    reports = [json.loads(line) for line in output_of("mypy", *options, *PROGRAMS).splitlines() if line.startswith("{")]
    return {Place(report["file"], report["line"]): report["message"] for report in reports if report["severity"] == "error"}


def pyright() -> dict[Place, str]:
    """Return the errors of pyright."""
    reports = json.loads(output_of("pyright", "--outputjson", "--pythonpath", sys.executable, *PROGRAMS))["generalDiagnostics"]
    return {
        Place(str(Path(report["file"]).relative_to(ROOT)), report["range"]["start"]["line"] + 1): report["message"]
        for report in reports
        if report["severity"] == "error"
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_checker_reports_every_mistake_and_nothing_else(checker: Callable[[], dict[Place, str]]) -> None:
    reported = checker()
    assert {place: reported[place] for place in reported.keys() - mistakes()} == {}
    assert mistakes() - reported.keys() == set()


def test_there_are_mistakes_in_the_refused_programs_only() -> None:
    assert {Path(place.program).parent.name for place in mistakes()} == {"refused"}
