"""`rq health`: whether all is well, as an exit status and over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall, one_line
from rq.cli.connect import Server
from rq.cli.deployed import check_health, find_deployment, open_deployed_server, serve_health
from rq.cli.hints import complete_hints
from rq.cli.options import SharedOptions, takes_shared_options
from rq.core.errors import InvalidOptionError
from rq.core.printable import printable
from rq.model.health import Wanted
from rq.runtime.deployment.addresses import parse_address
from rq.runtime.deployment.values import Deployment
from rq.runtime.health import health_as_json
from rq.runtime.stop_switch import StopSwitch
from rq.store.waiting import wait_readable


@dataclass(frozen=True, slots=True)
class HealthCommand:
    """The options of this command."""

    queues: tuple[str, ...]
    workers: tuple[str, ...]
    file: str | None
    as_json: bool
    serve: str | None

    def wanted(self, deployment: Deployment | None) -> Wanted:
        """Return what must be there: what was named, otherwise all queues of the deployment."""
        described = deployment.queues if deployment and not self.queues and not self.workers else ()
        return Wanted(self.queues or described, self.workers)


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--worker", "workers", multiple=True, metavar="NAME", help="This worker must live; may be given several times.")
@click.option("--file", "-f", metavar="FILE", help="Says which queues matter (default: rq.toml, if there).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--serve", metavar="HOST:PORT", help="Answer over HTTP at /live and /ready, until Ctrl+C.")
@takes_shared_options()
def health(shared: SharedOptions, **given: Any) -> None:
    """Say whether workers take care of the queues.

    Ends with status 0 if the server answers, a worker listens on each of the
    QUEUES, and none of their workers owes a sign of life; otherwise with 1.
    Without QUEUES: those of the file. Without a file: one worker is enough,
    on any queue.
    """
    command = HealthCommand(**given)
    deployment = find_deployment(command.file, shared)
    server = open_deployed_server(deployment, shared)
    wanted = command.wanted(deployment)
    if command.serve is not None:
        _serve(server, wanted, command.serve)
        return
    found = check_health(server, wanted)
    if not found.is_healthy and not command.as_json:
        raise CommandFailed(printable(found.sentence))
    click.echo(health_as_json(found) if command.as_json else complete_hints(printable(found.sentence)))
    if not found.is_healthy:
        raise click.exceptions.Exit(1)


def _serve(server: Server, wanted: Wanted, where: str) -> None:
    try:
        address = parse_address(where)
    except InvalidOptionError as error:
        raise WrongCall(f"--serve {one_line(error)}") from error
    switch = StopSwitch()
    with switch.installed(), serve_health(address, lambda: check_health(server, wanted)) as url:
        click.echo(f"Serving {url}/live and {url}/ready")
        while not switch.warm:
            wait_readable([switch.fileno()], None)
