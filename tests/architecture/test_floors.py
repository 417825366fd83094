"""The architecture, checked by a machine: floors, rooms that say what they are, rooms that stay light."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import rq

ROOT = Path(__file__).parents[2]
SOURCE = Path(rq.__path__[0])
CLIENT_LIBRARIES = ("redis", "valkey", "hiredis", "click", "croniter")
# Rooms that job processes load, or that must be testable without any server.
PURE_ROOMS = ("core", "model", "observe")

PACKAGES = sorted({file.parent for file in SOURCE.rglob("*.py")})


def loaded_by(*modules):
    """Return which client libraries a fresh interpreter has loaded after it imported `modules`."""
    script = f"import {', '.join(modules)}, sys; print(*(m for m in {CLIENT_LIBRARIES!r} if m in sys.modules))"
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return printed.split()


def modules_of(room):
    """Return the modules of a room, itself included; none if there is no such room."""
    folder = SOURCE / room
    if not folder.is_dir():
        return []
    return [f"rq.{room}", *(module.name for module in pkgutil.walk_packages([str(folder)], f"rq.{room}."))]


def test_every_import_goes_down_the_floors():
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: str(folder.relative_to(SOURCE.parent)))
def test_every_folder_says_what_it_is(folder):
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE.parent)))
def test_every_file_is_short_enough_to_read(file):
    assert len(file.read_text().splitlines()) <= 500


def test_importing_rq_loads_no_client_library():
    assert loaded_by("rq") == []


def test_importing_the_helpers_loads_no_client_library():
    assert loaded_by("rq.utils") == []


def test_importing_rq_loads_nothing_else_of_rq_than_its_version():
    script = "import rq, sys; print(*sorted(m for m in sys.modules if m.startswith('rq')))"
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["rq", "rq.version"]


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_a_pure_room_loads_no_client_library(room):
    modules = modules_of(room)
    if not modules:
        pytest.skip(f"there is no room {room}")
    assert loaded_by(*modules) == []
