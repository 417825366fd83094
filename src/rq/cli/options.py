"""The options that all commands share.

RQ takes each of them with each command, and scripts pass them so; a command shows in its help only those that mean something to it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from rq.cli.boundary import WrongCall, one_line
from rq.core.defaults import (
    DEFAULT_CONNECTION_CLASS,
    DEFAULT_JOB_CLASS,
    DEFAULT_QUEUE_CLASS,
    DEFAULT_SERIALIZER_CLASS,
    DEFAULT_WORKER_CLASS,
)
from rq.core.errors import InvalidOptionError, InvalidSerializerError, ReferenceNotFound
from rq.core.references import import_attribute, import_class
from rq.core.serializers import Serializer, resolve_serializer

T = TypeVar("T")

# Numbers of seconds and of jobs beyond this are mistakes, and too much for the server's arithmetic.
MOST = 1e11


@dataclass(frozen=True, slots=True)
class SharedOptions:
    """What was said about the server and the classes to use; classes as dotted paths."""

    url: str | None
    config: str | None
    path: tuple[str, ...]
    serializer: str
    worker_class: str
    job_class: str
    queue_class: str
    connection_class: str

    def extend_import_path(self) -> None:
        """Let modules be imported from the directories of `--path`, the current one if none is given.

        Raises:
            WrongCall: there is nothing at a path.
        """
        for directory in self.path or (".",):
            absolute = str(Path(directory).expanduser().resolve())
            if self.path and not Path(absolute).exists():
                raise WrongCall(f"--path {directory}: there is no such directory; name the one that your modules are in")
            if absolute not in sys.path:
                sys.path.append(absolute)

    def load_serializer(self) -> Serializer:
        """Return the serializer.

        Raises:
            WrongCall: there is none at that path.
        """
        with finding("--serializer", self.serializer, "use pickle, json or a dotted path"):
            return resolve_serializer(self.serializer)


@contextmanager
def finding(option: str, path: str, advice: str) -> Iterator[None]:
    """Say what went wrong while what an option names was looked for: nothing fitting is there, or the user's module raises something when it is imported.

    Args:
        option: the option.
        path: the dotted path that it was given.
        advice: what to do if nothing fitting is there.

    Raises:
        WrongCall: either went wrong.
    """
    try:
        yield
    except (ReferenceNotFound, InvalidOptionError, InvalidSerializerError) as error:
        todo = "mend that module, or install what it imports" if isinstance(error.__cause__, ImportError) else advice
        raise WrongCall(f"{option} {path}: {one_line(error)}; {todo}") from error
    except (Exception, SystemExit) as error:  # a module is the user's code, and may even be a script that ends the program
        said = one_line(error)
        raise WrongCall(f"{option} {path}: importing it failed with {type(error).__name__}{': ' if said else ''}{said}; mend that module") from error


def load_class(option: str, path: str, base: type[T]) -> type[T]:
    """Return the class that an option names.

    Raises:
        WrongCall: there is no subclass of `base` at that path.
    """
    with finding(option, path, f"give the dotted path of a subclass of {base.__name__}"):
        return import_class(path, base)


def load_function(option: str, path: str) -> Callable[..., Any]:
    """Return the function, or whatever else can be called, that an option names.

    Raises:
        WrongCall: there is none at that path.
    """
    with finding(option, path, "give the dotted path of a function"):
        found: Any = import_attribute(path)
    if not callable(found):
        raise WrongCall(f"{option} {path}: that cannot be called; give the dotted path of a function")
    function: Callable[..., Any] = found
    return function


def at_least(least: float, number: type[int | float] = int) -> Callable[[str], float]:
    """Return a type for an option: a number that is not less than `least`, and no obvious mistake."""

    def read(value: str) -> float:
        try:
            found: float = number(value)
        except (ValueError, OverflowError) as error:
            raise click.BadParameter(f"{value!r} is no {'whole number' if number is int else 'number'}") from error
        if not least <= found < MOST:
            raise click.BadParameter(f"{value} is too {'much' if found >= MOST else f'small, it must be at least {least:g}'}")
        return found

    return read


_option = functools.partial(functools.partial, click.option)
# By parameter name; what is called with more options for Click returns a decorator.
OPTIONS: dict[str, Callable[..., Any]] = {
    "url": _option("--url", "-u", envvar="RQ_REDIS_URL", metavar="URL", help="The server: redis://, rediss://, unix://, embedded://."),
    "config": _option("--config", "-c", envvar="RQ_CONFIG", metavar="MODULE", help="Settings: a module, ./my.py, or an rq.toml."),
    "path": _option("--path", "-P", multiple=True, metavar="DIR", help="Import modules from there, not from the current folder."),
    "serializer": _option(
        "--serializer", "-S", default=DEFAULT_SERIALIZER_CLASS, metavar="NAME", help="How jobs are written: pickle (default), json, or a path."
    ),
    "worker_class": _option(
        *("--worker-class", "-w"), envvar="RQ_WORKER_CLASS", default=DEFAULT_WORKER_CLASS, metavar="PATH", help="Class of the worker (default: rq.Worker)."
    ),
    "job_class": _option("--job-class", "-j", envvar="RQ_JOB_CLASS", default=DEFAULT_JOB_CLASS, metavar="PATH", help="Class of jobs (default: rq.job.Job)."),
    "queue_class": _option("--queue-class", envvar="RQ_QUEUE_CLASS", default=DEFAULT_QUEUE_CLASS, metavar="PATH", help="Class of queues (default: rq.Queue)."),
    "connection_class": _option(
        "--connection-class", envvar="RQ_CONNECTION_CLASS", default=DEFAULT_CONNECTION_CLASS, metavar="PATH", help="Class of the client (default: redis.Redis)."
    ),
}
_ALWAYS_SHOWN = {"url", "config", "path"}


def takes_shared_options(*shown: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the shared options, and its function a `SharedOptions` as first argument.

    Args:
        shown: those that its help names, besides `url`, `config` and `path`; the others are accepted.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def call(**given: Any) -> None:
            shared = SharedOptions(**{field.name: given.pop(field.name) for field in fields(SharedOptions)})
            shared.extend_import_path()
            function(shared, **given)

        for name, option in reversed(OPTIONS.items()):
            call = option(hidden=name not in _ALWAYS_SHOWN and name not in shown)(call)
        return call

    return decorate
