"""`rq suspend` and `rq resume`."""

from __future__ import annotations

import click

from rq.cli.boundary import Command
from rq.cli.connect import open_server
from rq.cli.options import SharedOptions, at_least, takes_shared_options
from rq.store.suspension import resume_workers, suspend_workers


@click.command(cls=Command)
@click.option("--duration", type=at_least(1), metavar="SECONDS", help="Resume by itself after that many seconds.")
@takes_shared_options()
def suspend(shared: SharedOptions, duration: int | None) -> None:
    """Let no worker begin another job.

    Jobs that run are finished. `rq resume` ends it.
    """
    server = open_server(shared)
    server.caller.run(suspend_workers(server.scripts, duration))
    limit = f"for {duration} seconds" if duration else "until `rq resume`"
    click.echo(f"Suspending workers {limit}. No new jobs will be started; jobs that run will be completed")


@click.command(cls=Command)
@takes_shared_options()
def resume(shared: SharedOptions) -> None:
    """Let suspended workers take jobs again."""
    server = open_server(shared)
    were_suspended = server.caller.run(resume_workers(server.scripts))
    click.echo("Resuming workers." if were_suspended else "Resuming workers. They were not suspended")
