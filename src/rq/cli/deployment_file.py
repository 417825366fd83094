"""The `rq.toml` of a folder as a place that names a server: the commands that one types there mean the server that `rq up` there means.

`RQ_FILE` in the environment names another file; `rq up` sets it for its processes, which may run in folders with files of their own.
"""

from __future__ import annotations

import os
from pathlib import Path

from rq.cli.boundary import WrongCall, one_line
from rq.cli.settings import Settings
from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.tables import open_file
from rq.runtime.deployment.values import FILE_VARIABLE, PREFIX_VARIABLE

DEFAULT_FILE = "rq.toml"
SUFFIX = ".toml"


def default_file() -> Path | None:
    """Return the file that is meant where none is named; None if there is none."""
    named = os.environ.get(FILE_VARIABLE)
    path = Path(named or DEFAULT_FILE).expanduser()
    return path if named or path.is_file() else None


def server_of_folder() -> Settings:
    """Return what the file of this folder says of the server; no settings if there is none.

    Raises:
        WrongCall: it cannot be read.
    """
    file = default_file()
    return Settings({}, "no file") if file is None else server_of(file, f"the environment variable {FILE_VARIABLE}")


def server_of(file: Path, named_by: str) -> Settings:
    """Return what a file says of the server. The rest of it is not looked at: a mistake there is for `rq up` to find.

    Args:
        file: the file.
        named_by: who named it, for error messages.

    Raises:
        WrongCall: it cannot be read.
    """
    try:
        top = open_file(file)
        named = {"REDIS_URL": top.text("url"), PREFIX_VARIABLE: top.text("prefix")}
    except FileNotFoundError as error:
        raise WrongCall(f"{named_by} names {file}: there is no such file") from error
    except InvalidOptionError as error:
        raise WrongCall(one_line(error)) from error
    return Settings({name: value for name, value in named.items() if value is not None}, str(file))


def adopt_prefix(*places: Settings) -> None:
    """Take over the prefix of all keys from the first place that has one, unless the environment says it: for this program, and for what it starts."""
    prefixes = [prefix for place in places if (prefix := place.text(PREFIX_VARIABLE))]
    if prefixes and not os.environ.get(PREFIX_VARIABLE):
        os.environ[PREFIX_VARIABLE] = prefixes[0]
