"""`rq info`: look at queues and workers. Reads only."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from rq.cli.boundary import Command
from rq.cli.connect import Server, open_server
from rq.cli.durations import duration_of_at_least
from rq.cli.hints import complete_hints
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.cli.rendering import Snapshot, View, can_show, render
from rq.runtime.stop_switch import StopSwitch
from rq.store.overview import Overview, read_overview
from rq.store.waiting import wait_readable


@dataclass(frozen=True, slots=True)
class InfoCommand:
    """The options of this command."""

    queues: tuple[str, ...]
    interval: float | None
    raw: bool
    only_queues: bool
    only_workers: bool
    by_queue: bool
    as_json: bool

    def view(self) -> View:
        """Return what to show on the terminal as it is now."""
        return View(
            queues=self.only_queues or not self.only_workers,
            workers=not self.only_queues,
            raw=self.raw,
            by_queue=self.by_queue,
            columns=shutil.get_terminal_size().columns,
            ascii_only=not can_show(),
        )


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--interval", "-i", type=duration_of_at_least(0, float), metavar="TIME", help="Show it again after each TIME (2, 1m), until Ctrl+C.")
@click.option("--raw", "-r", is_flag=True, help="Plain lines for scripts: no bars, no sums.")
@click.option("--only-queues", "-Q", is_flag=True, help="Leave out the workers.")
@click.option("--only-workers", "-W", is_flag=True, help="Leave out the queues.")
@click.option("--by-queue", "-R", is_flag=True, help="Group workers by the queues they listen on.")
@takes_json_option
@takes_shared_options()
def info(shared: SharedOptions, **given: Any) -> None:
    """Show queues, their jobs, and workers.

    Shows the given QUEUES and the workers that listen on them; without any,
    all of them. Looking changes nothing. With --interval, --json prints one
    line each time.
    """
    command = InfoCommand(**given)
    if not command.interval:
        _show(open_server(shared), command)
        return
    switch = StopSwitch()  # Ctrl+C is how one leaves the repeated view; an exception raised at any point could get lost in a finalizer
    with switch.installed():
        server = open_server(shared)
        while not switch.warm:
            _show(server, command)
            wait_readable([switch.fileno()], command.interval)


def _show(server: Server, command: InfoCommand) -> None:
    view = command.view()
    overview = read_overview(server.caller, server.scripts, command.queues)
    if command.as_json:
        print_json(_as_values(overview, view), one_line=bool(command.interval))
        return
    text = render(_snapshot_of(overview, command), view)
    if command.interval:
        click.clear()
    if text:
        click.echo(complete_hints(text))


def _snapshot_of(overview: Overview, command: InfoCommand) -> Snapshot:
    return Snapshot(
        overview.queues,
        overview.workers,
        overview.suspended,
        datetime.now(),  # noqa: DTZ005 - shown to people, in their own time
        unused_queues=() if command.queues else overview.unused_queues(),
        paused=overview.paused,
    )


def _as_values(overview: Overview, view: View) -> dict[str, object]:
    """Return what programs get: the parts that are to be shown, and what is suspended."""
    shown: dict[str, object] = {}
    if view.queues:
        shown["queues"] = overview.queues
    if view.workers:
        shown["workers"] = overview.workers
    paused = [{"kind": kind, "name": name} for kind, name in overview.paused]
    return {**shown, "suspended": overview.suspended, "paused": paused}
