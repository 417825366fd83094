"""What commands of other programs are built with that share RQ's options: RQ's `CliConfig` and what belongs to it (door: `rq.cli.helpers`)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import redis

from rq.cli.boundary import WrongCall
from rq.cli.connect import connection_class_at, load_config, open_client
from rq.cli.options import OPTIONS, load_class
from rq.cli.settings import Settings, environment, load_settings
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.defaults import (
    DEFAULT_CONNECTION_CLASS,
    DEFAULT_DEATH_PENALTY_CLASS,
    DEFAULT_JOB_CLASS,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_QUEUE_CLASS,
    DEFAULT_WORKER_CLASS,
)
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.timeouts import BaseDeathPenalty
from rq.runtime.worker import BaseWorker

# The options that all of RQ's commands share, as decorators.
shared_options: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [option() for option in OPTIONS.values()]


class CliConfig:
    """What the shared options say: classes, and a connection.

    Args:
        url: of the server; None to look into the settings, and then into the environment.
        config: the dotted path of a settings module, or a file.
        worker_class: a dotted path, as the next four.
        job_class: of jobs.
        death_penalty_class: of time limits.
        queue_class: of queues.
        connection_class: of the client.
        path: directories to import from as well.
        *_args: accepted, and ignored, as with RQ.
        **_kwargs: the same.

    Raises:
        WrongCall: a class cannot be found, or is of another kind.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        url: str | None = None,
        config: str | None = None,
        worker_class: str = DEFAULT_WORKER_CLASS,
        job_class: str = DEFAULT_JOB_CLASS,
        death_penalty_class: str = DEFAULT_DEATH_PENALTY_CLASS,
        queue_class: str = DEFAULT_QUEUE_CLASS,
        connection_class: str = DEFAULT_CONNECTION_CLASS,
        path: tuple[str, ...] | list[str] | None = None,
        *_args: Any,
        **_kwargs: Any,
    ) -> None:
        self._connection: redis.Redis | None = None
        self.url = url
        self.config = config
        for directory in path or ():
            sys.path.append(str(Path(directory).expanduser()))
        self.worker_class = load_class("--worker-class", worker_class, BaseWorker)
        self.job_class = load_class("--job-class", job_class, Job)
        self.death_penalty_class = load_class("--death-penalty-class", death_penalty_class, BaseDeathPenalty)
        self.queue_class = load_class("--queue-class", queue_class, Queue)
        self.connection_class = connection_class_at(connection_class)

    @property
    def connection(self) -> redis.Redis:
        """The client, made when it is first asked for.

        Raises:
            WrongCall: the URL or the settings are unusable.
        """
        if self._connection is None:
            self._connection = open_client(self.connection_class, self.url, (load_config(self.config), environment()), {})
        return self._connection


def pass_cli_config(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give a Click command the shared options, and its function a `CliConfig` as first argument; what was given is passed on as well."""

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        return func(CliConfig(**kwargs), *args, **kwargs)

    command: Callable[..., Any] = call
    for option in shared_options:
        command = option(command)
    return command


def get_redis_from_config(settings: Mapping[str, Any], connection_class: Any = redis.Redis) -> redis.Redis:
    """Return a client of the server that settings name (REDIS_URL, SENTINEL, REDIS_HOST, ...), of the one at localhost:6379 if they name none.

    Raises:
        WrongCall: the URL is none. InvalidOptionError: another setting makes no sense (a ValueError, as with RQ).
    """
    return open_client(connection_class, None, (Settings(settings, "the settings"),), {})


def read_config_file(module: str) -> dict[str, object]:
    """Return the names in upper case of a module, or of a file that ends in `.py`.

    Raises:
        WrongCall: there is none, or it cannot be imported.
    """
    return dict(load_settings(module).values)


def setup_loghandlers_from_args(verbose: bool, quiet: bool, date_format: str | None, log_format: str | None) -> None:
    """Give the logger of workers its level and handlers: DEBUG if `verbose`, WARNING if `quiet`, else INFO.

    Raises:
        WrongCall: if both are true.
    """
    if verbose and quiet:
        raise WrongCall("--verbose and --quiet exclude one another; use one of them")
    level = "DEBUG" if verbose else "WARNING" if quiet else "INFO"
    setup_loghandlers(level, date_format=date_format or DEFAULT_LOGGING_DATE_FORMAT, log_format=log_format or DEFAULT_LOGGING_FORMAT)
