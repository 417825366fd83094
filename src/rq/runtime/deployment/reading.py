"""`rq.toml`: the file that describes a deployment. `docs/guide/deploying.md` has all of its keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TypeVar

from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.addresses import parse_address
from rq.runtime.deployment.tables import Table, open_file
from rq.runtime.deployment.values import DEFAULT_STOP_SECONDS, CronProcess, Deployment, Limits, Pool, Project
from rq.runtime.deployment.variables import read_variables
from rq.runtime.deployment.worker_keys import NOT_OF_POOLS, YEAR_SECONDS, read_worker_keys

T = TypeVar("T")


MOST_WORKERS = 10_000
# A worker's own threads reserve about 100 MB; with less than this it would not come up.
_LEAST_MEMORY = 256 * 1024**2
_MOST_FILES = 2**30


def read_deployment(file: Path) -> Deployment:
    """Read an `rq.toml`.

    Paths in it begin at its own folder; the files that it names are looked at, so that a mistake shows before anything runs.

    Raises:
        InvalidOptionError: something in it cannot be right; the message names the file, the table and the key.
        OSError: it cannot be read.
    """
    file = Path(os.path.abspath(file.expanduser()))  # noqa: PTH100 - keeps symbolic links: a deploy may switch one
    top = open_file(file)
    health = top.table("health")
    deployment = Deployment(
        file=file,
        pools=tuple(_read_pool(name, table) for name, table in top.named_tables("pools").items()),
        cron=tuple(_read_cron(name, table) for name, table in top.named_tables("cron").items()),
        url=top.text("url"),
        prefix=top.text("prefix"),
        listen=_read_address(health, "listen"),
    )
    health.refuse_others()
    top.refuse_others()
    if not deployment.pools and not deployment.cron:
        raise InvalidOptionError(f"{file}: it describes nothing to run; begin with a table such as [pools.default]")
    return deployment


def _read_pool(name: str, table: Table) -> Pool:
    pool = Pool(
        name=name,
        project=_read_project(table),
        queues=_read_queues(table),
        workers=_or(table.number("workers", 0, MOST_WORKERS), 1),
        told=read_worker_keys(table),
        stop_seconds=_or(table.seconds("stop_timeout", 0, YEAR_SECONDS), DEFAULT_STOP_SECONDS),
    )
    table.refuse_others(NOT_OF_POOLS)
    return pool


def _read_queues(table: Table) -> tuple[str, ...]:
    queues = table.texts("queues") or ("default",)
    for queue in queues:
        if "://" in queue:
            raise table.mistake("queues", f"{queue!r} is no name of a queue, but the URL of a server; the key url at the top of the file says that")
    return queues


def _read_cron(name: str, table: Table) -> CronProcess:
    file = table.path("file")
    if file is None:
        raise table.mistake("file", "it is missing; name the file that `rq cron` reads")
    if not file.is_file():
        raise table.mistake("file", f"there is no file {file}")
    process = CronProcess(name, _read_project(table), file)
    table.refuse_others()
    return process


def _read_project(table: Table) -> Project:
    directory = table.path("directory") or table.folder
    path = table.paths("path")
    for key, places in (("directory", (directory,)), ("path", path)):
        for place in places:
            if not place.is_dir():
                raise table.mistake(key, f"there is no directory {place}")
    return Project(directory=directory, python=_read_python(table), env=_read_env(table), path=path, limits=_read_limits(table.table("limits")))


def _read_python(table: Table) -> Path:
    """Return an interpreter: the one named, that of the environment named, or the one that runs this."""
    named = table.path("python")
    if named is None:
        return Path(sys.executable)
    python = named / "bin" / "python" if named.is_dir() else named
    if not os.access(python, os.X_OK):
        raise table.mistake("python", f"there is no Python at {python}; name an environment's folder, or an interpreter")
    return python


def _read_env(table: Table) -> tuple[tuple[str, str], ...]:
    """Return the variables of `env_file`, and over them those of `env`."""
    file = table.path("env_file")
    try:
        of_file = {} if file is None else read_variables(file)
    except OSError as error:
        raise table.mistake("env_file", f"cannot use {file}: {error.strerror}") from error
    except InvalidOptionError as error:
        raise table.mistake("env_file", str(error)) from error
    return tuple({**of_file, **table.variables("env")}.items())


def _read_limits(table: Table) -> Limits:
    if table.keys and not sys.platform.startswith("linux"):
        raise table.mistake(table.keys[0], "limits need Linux, where one process may limit another")
    limits = Limits(table.size("memory", _LEAST_MEMORY), table.number("nofile", 64, _MOST_FILES), table.number("nice", 0, 19))
    table.refuse_others()
    return limits


def _read_address(table: Table, key: str) -> tuple[str, int] | None:
    written = table.text(key)
    try:
        return None if written is None else parse_address(written)
    except InvalidOptionError as error:
        raise table.mistake(key, str(error)) from error


def _or(found: T | None, default: T) -> T:
    return default if found is None else found
