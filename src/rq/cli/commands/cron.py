"""`rq cron`: enqueue functions again and again; look at them, run one now, pause and resume.

`rq cron CONFIG_PATH` is RQ's command, and other programs reuse its parameters and help. So the words `list`, `run`, `pause` and `resume` are commands of their
own, which take its place when the first argument is one of them; a module of such a name is written `./list.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from shlex import quote

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall, one_line
from rq.cli.connect import Server, open_server
from rq.cli.hints import complete_hints
from rq.cli.json_output import takes_json_option
from rq.cli.logging_settings import configure_logging
from rq.cli.options import SharedOptions, takes_shared_options
from rq.cli.words import CommandWithWords
from rq.client.session import Session, session_of
from rq.core.printable import printable
from rq.runtime.cron.listing import CronEntry, enqueue_now, list_cron_jobs
from rq.runtime.cron.scheduler import CronScheduler
from rq.runtime.logging_setup import LEVEL_NAMES
from rq.runtime.membership import leave, membership
from rq.store.cron import pause_cron, resume_cron


@click.command(cls=CommandWithWords)
@click.argument("config_path")
@click.option("--logging-level", "-l", type=click.Choice(LEVEL_NAMES, case_sensitive=False), default="info", help="How much to log (default: info).")
@takes_shared_options("serializer")
def cron(shared: SharedOptions, config_path: str, logging_level: str) -> None:
    """Enqueue functions again and again.

    A Python file says which, and when:

    \b
    from rq import cron
    from tasks import sweep
    cron.register(sweep, "default", cron="30 2 * * *")

    CONFIG_PATH is that file, or a module that can be imported. Any number of
    these processes may run at once: each tick becomes one job.

    \b
    rq cron list            show all cron jobs, and when each is due
    rq cron run NAME        enqueue one now
    rq cron pause NAME      let it rest
    rq cron resume NAME     let it go on

    Ctrl+C or SIGTERM ends it.
    """  # noqa: D301 - Click keeps lines after \b as they are
    if config_path in cron.words:
        raise WrongCall(f"Options come last: rq cron {config_path} ...; a module of that name is written ./{config_path}.py")
    server = open_server(shared, patient=True)
    configure_logging(server.settings)
    scheduler = CronScheduler(server.client, logging_level.upper(), serializer=shared.load_serializer())
    try:
        scheduler.load_config_from_file(config_path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongCall(one_line(error)) from error
    tie = membership()
    if tie is not None:  # it belongs to `rq up`
        tie.tell_ready()
        tie.watch(leave)
    scheduler.start()


@cron.add
@click.command("list", cls=Command)
@takes_json_option
@takes_shared_options()
def list_command(shared: SharedOptions, *, as_json: bool) -> None:
    """Show all cron jobs, whichever process has them.

    A cron job that no process has (any more) is shown for thirty days.
    """
    entries = list_cron_jobs(_session(open_server(shared)))
    if as_json:
        click.echo(json.dumps([_as_dict(entry) for entry in entries], indent=2))
    elif not entries:
        click.echo(complete_hints("There are no cron jobs; `rq cron FILE` begins with some"))
    else:
        click.echo(_table([_HEADINGS, *(_row(entry) for entry in entries)]))


@cron.add
@click.command("run", cls=Command)
@click.argument("name")
@takes_shared_options()
def run_command(shared: SharedOptions, name: str) -> None:
    """Enqueue the cron job NAME now.

    It needs no cron process, and does not mind a pause. When it is due next
    stays as it is.
    """
    server = open_server(shared)
    _require(server, name)
    for record in enqueue_now(_session(server), name):
        click.echo(f"Enqueued {printable(name)} to {printable(record.origin)} as job {record.id}")


@cron.add
@click.command("pause", cls=Command)
@click.argument("name")
@takes_shared_options()
def pause_command(shared: SharedOptions, name: str) -> None:
    """Let the cron job NAME rest until `rq cron resume NAME`.

    It rests for all cron processes, and what is due meanwhile is left out.
    """
    server = open_server(shared)
    _require(server, name)
    changed = server.caller.run(pause_cron(server.scripts, name))
    told = f"Paused {printable(name)}; `rq cron resume {quote(printable(name))}` lets it go on" if changed else f"{printable(name)} was paused already"
    click.echo(complete_hints(told))


@cron.add
@click.command("resume", cls=Command)
@click.argument("name")
@takes_shared_options()
def resume_command(shared: SharedOptions, name: str) -> None:
    """Let the paused cron job NAME go on."""
    server = open_server(shared)
    _require(server, name)
    changed = server.caller.run(resume_cron(server.scripts, name))
    click.echo(f"Resumed {printable(name)}" if changed else f"{printable(name)} was not paused")


def _session(server: Server) -> Session:
    return session_of(server.client)


def _require(server: Server, name: str) -> None:
    if not any(entry.key.name == name for entry in list_cron_jobs(_session(server))):
        raise CommandFailed(f"There is no cron job named {name!r}; `rq cron list` shows those there are")


# --- what `rq cron list` shows --------------------------------------------------------------------------------------------------------

_HEADINGS = ("name", "queue", "when", "last", "next", "state")


def _row(entry: CronEntry) -> tuple[str, ...]:
    return (
        printable(entry.key.name),
        printable(entry.queue),
        printable(entry.when),
        _local(entry.last),
        "-" if entry.paused_since else _local(entry.upcoming),
        _state(entry),
    )


def _state(entry: CronEntry) -> str:
    if entry.paused_since:
        return "paused"
    return "active" if entry.is_alive else "no process"


def _local(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _as_dict(entry: CronEntry) -> dict[str, object]:
    return {
        "name": entry.key.name,
        "func_name": entry.func_name,
        "queue": entry.queue,
        "interval": entry.interval,
        "cron": entry.cron,
        "timezone": entry.timezone,
        "missed": entry.missed,
        "last": _iso(entry.last),
        "next": _iso(entry.upcoming),
        "paused_since": _iso(entry.paused_since),
        "state": _state(entry),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
