"""`rq up`: everything that an `rq.toml` describes, in the foreground."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall, one_line, sentence_of
from rq.cli.deployed import check_health, find_deployment
from rq.cli.deployed_server import DeployedServer
from rq.cli.deployment_file import DEFAULT_FILE, SUFFIX
from rq.cli.health_door import HealthDoor
from rq.cli.options import SharedOptions, takes_shared_options
from rq.core.defaults import DEFAULT_CONNECTION_CLASS, DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.core.errors import InvalidOptionError
from rq.model.health import Wanted
from rq.observe.pool_logs import logger
from rq.runtime.deployment.fleet import SUPERVISOR, Fleet, Orders
from rq.runtime.deployment.output import Output, OutputHandler
from rq.runtime.deployment.plans import list_plans
from rq.runtime.deployment.preflight import check_projects
from rq.runtime.deployment.values import Deployment
from rq.runtime.reclaiming import Reclaimer

_EXAMPLE = """\
url = "redis://localhost:6379/0"

[pools.default]
queues = ["high", "default"]
workers = 4
directory = "."                # where your modules are
python = ".venv"               # the environment they are installed in\
"""


@click.command(cls=Command)
@click.argument("pools", nargs=-1)
@click.option("--file", "-f", metavar="FILE", help="What to run (default: rq.toml).")
@takes_shared_options()
def up(shared: SharedOptions, pools: tuple[str, ...], file: str | None) -> None:
    """Run all pools of workers that a file describes.

    Or only the given POOLS. A worker that dies is replaced at once, and what
    it ran goes back to its queue. Without a file, an example of one is shown.

    \b
    Ctrl+C or SIGTERM   finish the running jobs, then leave; a second time:
                        put the running jobs back and leave at once
    SIGHUP              read the file again, and restart the workers, one
                        after another, without losing a job
    """  # noqa: D301 - Click keeps lines after \b as they are
    deployment = _find(file, shared, pools)
    server = DeployedServer(deployment, shared)
    names = [SUPERVISOR, *(plan.name for plan in list_plans(deployment))]
    output = Output(sys.stdout, names, is_colored=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    _log_to(output)
    environment = _environment(shared)
    _refuse_what_cannot_work(deployment, environment)
    # Whatever becomes of the current folder and of the environment's files, it is this file that is read again.
    reread = partial(_find_again, partial(_find, str(deployment.file), shared, pools), server, environment)
    fleet = Fleet(deployment, reread, _reclaimer(server), output, environment)
    door = HealthDoor(lambda: check_health(server.current, Wanted(fleet.deployment.queues), fleet.troubles()), fleet.is_alive)
    fleet.on_reload = lambda: door.follow(fleet.deployment.listen)
    with output.running(), door.serving(deployment.listen):
        status = fleet.run()
    click.get_current_context().exit(status)


def _find(file: str | None, shared: SharedOptions, pools: tuple[str, ...]) -> Deployment:
    """Return what to run."""
    deployment = find_deployment(file, shared)
    if deployment is None:
        raise WrongCall(f"There is no {DEFAULT_FILE} here; write one that says what to run, such as this, or name one with --file\n\n{_EXAMPLE}")
    if not pools:
        return deployment
    known = [plan.name for plan in list_plans(deployment)]
    for name in pools:
        if name not in known:
            raise WrongCall(f"{deployment.file} describes no {name}; it has {', '.join(known)}")
    return replace(
        deployment,
        pools=tuple(pool for pool in deployment.pools if pool.name in pools),
        cron=tuple(process for process in deployment.cron if f"cron.{process.name}" in pools),
    )


def _refuse_what_cannot_work(deployment: Deployment, environment: Mapping[str, str]) -> None:
    """Refuse what would fail for ever.

    Raises:
        WrongCall: there is one.
    """
    try:
        check_projects(deployment, environment)
    except InvalidOptionError as error:
        raise WrongCall(f"{deployment.file}: {one_line(error)}") from error


def _find_again(find: Callable[[], Deployment], server: DeployedServer, environment: Mapping[str, str]) -> Orders:
    """Return what to run from now on; for a program that goes on if there is a mistake, raised as InvalidOptionError."""
    try:
        deployment = find()
        _refuse_what_cannot_work(deployment, environment)
        is_another = server.follow(deployment)
    except CommandFailed as error:
        raise InvalidOptionError(error.message) from error
    except Exception as error:  # settings are the user's code; whatever they do, what runs goes on
        raise InvalidOptionError(sentence_of(error, server.name)) from error
    return Orders(deployment, _reclaimer(server), server.name) if is_another else Orders(deployment)


def _reclaimer(server: DeployedServer) -> Reclaimer:
    return Reclaimer(SUPERVISOR, server.current.client, server.current.scripts)


def _log_to(output: Output) -> None:
    """Show what happens to processes among what they print."""
    handler = OutputHandler(output, SUPERVISOR)
    handler.setFormatter(logging.Formatter(DEFAULT_LOGGING_FORMAT, DEFAULT_LOGGING_DATE_FORMAT))
    logger.addHandler(handler)
    logger.propagate = False


def _environment(shared: SharedOptions) -> Mapping[str, str]:
    """Return the environment of the processes, without what their project says; a settings file is found from every directory."""
    config, client = shared.config, shared.connection_class
    told = {} if client == DEFAULT_CONNECTION_CLASS else {"RQ_CONNECTION_CLASS": client}
    if config:
        told["RQ_CONFIG"] = str(Path(config).expanduser().absolute()) if config.endswith((".py", SUFFIX)) else config
    return {**os.environ, **told}
