"""`rq empty`: delete the jobs that wait."""

from __future__ import annotations

import click

from rq.cli.boundary import Command, WrongCall
from rq.cli.connect import Server, open_server
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.cli.progress import progress
from rq.core.printable import printable
from rq.store.purge import MOST_PURGED, purge_queue
from rq.store.reads import count_queue, list_queue_keys


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--all", "-a", "every", is_flag=True, help="Empty all queues.")
@takes_json_option
@takes_shared_options()
def empty(shared: SharedOptions, queues: tuple[str, ...], *, every: bool, as_json: bool) -> None:
    """Delete the jobs that wait in queues.

    Those of the given QUEUES, or with --all those of every queue. Jobs that run,
    are scheduled or have ended are left alone.
    """
    if every and queues:
        raise WrongCall("Name queues or use --all, not both")
    if as_json and not queues and not every:
        raise WrongCall("Name queues, or use --all")
    server = open_server(shared)
    names = _all_queues(server) if every else list(queues)
    if as_json:
        print_json([{"queue": name, "removed": _purge(server, name)} for name in names])
        return
    if not names:
        click.echo("Nothing to do: there are no queues" if every else "Nothing to do: name queues, or use --all")
    for name in names:
        removed = _purge(server, name)
        click.echo(f"{removed} {'job' if removed == 1 else 'jobs'} removed from {printable(name)} queue")


def _all_queues(server: Server) -> list[str]:
    keys = server.caller.run(list_queue_keys(server.scripts))
    return [key.removeprefix(server.scripts.keyspace.queue("")) for key in keys]


def _purge(server: Server, queue: str) -> int:
    """Empty a queue in bounded steps, and return how many jobs were deleted."""
    deleted = 0
    with progress(server.caller.run(count_queue(server.scripts, queue)), f"Emptying {printable(queue)}") as advance:
        while True:
            taken, purged = server.caller.run(purge_queue(server.scripts, queue))
            deleted += purged
            advance(taken)
            if taken < MOST_PURGED:
                return deleted
