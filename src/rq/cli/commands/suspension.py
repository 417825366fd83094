"""`rq suspend` and `rq resume`."""

from __future__ import annotations

import click

from rq.cli.boundary import Command
from rq.cli.connect import open_server
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, at_least, takes_shared_options
from rq.cli.rendering import printable
from rq.store import suspension


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--worker", "workers", multiple=True, metavar="NAME", help="Pause this worker alone; give it several times for several.")
@click.option("--duration", type=at_least(1), metavar="SECONDS", help="Resume by itself after that many seconds.")
@takes_json_option
@takes_shared_options()
def suspend(shared: SharedOptions, queues: tuple[str, ...], workers: tuple[str, ...], duration: int | None, *, as_json: bool) -> None:
    """Let no worker begin another job.

    With QUEUES or --worker: none of these queues, none at these workers;
    everything else goes on. Jobs that run are finished, and jobs can be
    enqueued. `rq resume`, with the same names, ends it.
    """
    server = open_server(shared)
    if queues or workers:
        server.caller.run(suspension.pause(server.scripts, duration, queues, workers))
        what = _described("Pausing", queues, workers)
    else:
        server.caller.run(suspension.suspend_workers(server.scripts, duration))
        what = "Suspending workers"
    if as_json:
        print_json({"everything": not (queues or workers), "queues": queues, "workers": workers, "seconds": duration})
        return
    names = "".join([*(f" {printable(name)}" for name in queues), *(f" --worker {printable(name)}" for name in workers)])
    limit = f"for {duration} seconds" if duration else f"until `rq resume{names}`"
    click.echo(f"{what} {limit}. No new jobs will be started; jobs that run will be completed")


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--worker", "workers", multiple=True, metavar="NAME", help="Resume this worker; give it several times for several.")
@takes_json_option
@takes_shared_options()
def resume(shared: SharedOptions, queues: tuple[str, ...], workers: tuple[str, ...], *, as_json: bool) -> None:
    """Let suspended workers take jobs again.

    With QUEUES or --worker: end the pause of these. Without, what was paused
    by its name stays paused.
    """
    server = open_server(shared)
    by_name = bool(queues or workers)
    if by_name:
        resumed = server.caller.run(suspension.resume(server.scripts, queues, workers))
    else:
        resumed = int(server.caller.run(suspension.resume_workers(server.scripts)))
    if as_json:
        print_json({"everything": not by_name, "queues": queues, "workers": workers, "were_suspended": resumed})
    elif by_name:
        click.echo(f"{_described('Resuming', queues, workers)}. {resumed} of {len(queues) + len(workers)} were paused")
    else:
        click.echo("Resuming workers." if resumed else "Resuming workers. They were not suspended")


def _described(verb: str, queues: tuple[str, ...], workers: tuple[str, ...]) -> str:
    names = [*(f"queue {printable(name)}" for name in queues), *(f"worker {printable(name)}" for name in workers)]
    return f"{verb} {', '.join(names)}"
