"""`rq suspend` and `rq resume`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

import click

from rq.cli.boundary import Command
from rq.cli.connect import Server, open_server
from rq.cli.durations import duration_of_at_least
from rq.cli.hints import complete_hints
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.core.printable import printable
from rq.core.wording import listed
from rq.store import suspension
from rq.store.overview import MOST_PAUSES, Overview, read_overview
from rq.store.reads import is_suspended
from rq.store.registries import read_server_time

# What is paused by its name: `queue` or `worker`, and the name.
Pause = tuple[str, str]


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--worker", "workers", multiple=True, metavar="NAME", help="Pause this worker alone; give it several times for several.")
@click.option("--duration", type=duration_of_at_least(1), metavar="TIME", help="Resume by itself after that time, as 600 or 10m.")
@takes_json_option
@takes_shared_options()
def suspend(shared: SharedOptions, queues: tuple[str, ...], workers: tuple[str, ...], duration: int | None, *, as_json: bool) -> None:
    """Let no worker begin another job.

    With QUEUES or --worker: none of these queues, none at these workers;
    everything else goes on. Jobs that run are finished, and jobs can be
    enqueued. `rq resume`, with the same names, ends it.
    """
    server = open_server(shared)
    pauses = _pauses(queues, workers)
    if pauses:
        server.caller.run(suspension.pause(server.scripts, duration, queues, workers))
        for warning in _doubts(pauses, read_overview(server.caller, server.scripts)):
            click.echo(warning, err=True)
        what = f"Pausing {_described(pauses)}"
    else:
        server.caller.run(suspension.suspend_workers(server.scripts, duration))
        what = "Suspending workers"
    if as_json:
        print_json({"everything": not pauses, "queues": queues, "workers": workers, "seconds": duration})
        return
    limit = f"for {duration} {'second' if duration == 1 else 'seconds'}" if duration else f"until `{_resuming(pauses)}`"
    click.echo(complete_hints(f"{what} {limit}. No new jobs will be started; jobs that run will be completed"))


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--worker", "workers", multiple=True, metavar="NAME", help="Resume this worker; give it several times for several.")
@takes_json_option
@takes_shared_options()
def resume(shared: SharedOptions, queues: tuple[str, ...], workers: tuple[str, ...], *, as_json: bool) -> None:
    """Let suspended workers take jobs again.

    With QUEUES or --worker: end the pause of these. Without, what was paused
    by its name stays paused; what that is, and how to end it, is shown.
    """
    server = open_server(shared)
    pauses = _pauses(queues, workers)
    if pauses:
        resumed = server.caller.run(suspension.resume(server.scripts, queues, workers))
        told = f"Resuming {_described(pauses)}. {resumed} of {len(pauses)} {'was' if resumed == 1 else 'were'} paused"
    else:
        resumed = int(server.caller.run(suspension.resume_workers(server.scripts)))
        told = "Resuming workers." if resumed else "Resuming workers. They were not suspended"
    everything, left = _read_left(server)
    if as_json:
        still = [{"kind": kind, "name": name} for kind, name in left]
        asked = {"everything": not pauses, "queues": queues, "workers": workers, "were_suspended": resumed}
        print_json({**asked, "suspended": everything, "still_paused": still})
    else:
        click.echo(complete_hints("\n".join([told, *_remaining(everything, left)])))


def _pauses(queues: Iterable[str], workers: Iterable[str]) -> list[Pause]:
    return [*(("queue", name) for name in queues), *(("worker", name) for name in workers)]


def _read_left(server: Server) -> tuple[bool, Sequence[Pause]]:
    """Return whether all workers are suspended, and what is paused by its name."""
    now = server.caller.run(read_server_time()).timestamp()
    everything, pauses = server.caller.run_many([is_suspended(server.scripts), suspension.list_pauses(server.scripts, now, MOST_PAUSES)])
    return everything, pauses


def _remaining(everything: bool, pauses: Sequence[Pause]) -> Iterator[str]:
    """Yield what is still suspended, and how to end that."""
    if everything:
        yield "All workers are still suspended; `rq resume` lets them go on"
    if pauses:
        yield f"Still paused: {_described(pauses)}; `{_resuming(pauses)}` ends that"


def _doubts(pauses: Sequence[Pause], known: Overview) -> Iterator[str]:
    """Yield warnings about names that nobody has: they may be misspelt."""
    queues = {*known.unused_queues(), *(queue.name for queue in known.queues)}
    workers = {worker.name for worker in known.workers}
    strange_queues = [printable(name) for kind, name in pauses if kind == "queue" and name not in queues]
    strange_workers = [printable(name) for kind, name in pauses if kind == "worker" and name not in workers]
    if strange_queues:
        yield f"Warning: no job was ever put into {listed(strange_queues)}, and no worker listens there; the pause holds all the same"
    if strange_workers:
        yield f"Warning: no worker named {listed(strange_workers)} is there; the pause holds all the same, for one that comes"


def _described(pauses: Sequence[Pause]) -> str:
    return ", ".join(f"{kind} {printable(name)}" for kind, name in pauses)


def _resuming(pauses: Sequence[Pause]) -> str:
    """Return the command that ends these pauses; of none, the suspension of all."""
    words = [f"--worker {quote(printable(name))}" if kind == "worker" else quote(printable(name)) for kind, name in pauses]
    return " ".join(["rq resume", *words])
