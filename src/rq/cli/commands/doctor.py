"""`rq doctor`: look at the server and at what it holds. Reads only."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator

import click

from rq.cli.boundary import Command
from rq.cli.connect import describe_server, open_server
from rq.cli.hints import complete_hints
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, at_least, takes_shared_options
from rq.core.printable import printable
from rq.model.diagnosis import Finding, Report, Severity, diagnose, is_healthy
from rq.store.inspection import inspect_server

_MOST_KEYS = 20_000
_NAME_WIDTH = 14
_LEFT = " " * (10 + _NAME_WIDTH)
_WIDEST = 110
_COMMAND = re.compile(r"`[^`]*`")
# Stands for a space at which no line ends.
_JOINT = "\x00"
_COLORS = {None: "green", Severity.NOTE: "cyan", Severity.WARNING: "yellow", Severity.PROBLEM: "red"}


@click.command(cls=Command)
@click.option("--most-keys", type=at_least(0), default=_MOST_KEYS, metavar="N", help="Look at that many keys for lost jobs (default: 20000).")
@takes_json_option
@takes_shared_options()
def doctor(shared: SharedOptions, *, most_keys: int, as_json: bool) -> None:
    """Find what is wrong, and tell how to mend it.

    Checks the server (version, clock, memory, eviction, persistence), whether
    queues have workers and workers have queues, and the data: leases and
    scheduled jobs that are overdue, jobs that wait for others in vain, jobs that
    cannot be read, were set aside or are in no queue, registries that grow.

    It changes nothing, and asks the server for a bounded amount of work. The
    status is 1 if there is a problem or a warning.
    """
    server = open_server(shared)
    reports = diagnose(inspect_server(server.caller, server.scripts, most_keys))
    healthy = is_healthy(reports)
    if as_json:
        print_json({"healthy": healthy, "checks": reports})
    else:
        click.echo(f"The server at {describe_server(server.client)}")
        click.echo("\n".join(_lines(reports, min(shutil.get_terminal_size().columns, _WIDEST))))
    if not healthy:
        click.get_current_context().exit(1)


def _lines(reports: list[Report], columns: int) -> Iterator[str]:
    """Return the lines of a table: how bad it is, which check says so, what it says."""
    for report in reports:
        for severity, text in _rows(report):
            first, *others = _wrapped(complete_hints(printable(text)), max(columns - len(_LEFT), 20))
            mark = click.style(f"{severity.value if severity else 'ok':<10}", fg=_COLORS[severity])
            yield f"{mark}{report.check:<{_NAME_WIDTH}}{first}"
            yield from (f"{_LEFT}{line}" for line in others)


def _rows(report: Report) -> Iterator[tuple[Severity | None, str]]:
    if not report.findings:
        yield None, report.fine
    yield from ((finding.severity, _told(finding)) for finding in report.findings)


def _wrapped(text: str, columns: int) -> list[str]:
    """Return the lines of a text; a command in it stays on one, so that it can be taken from there."""
    whole = _COMMAND.sub(lambda match: match[0].replace(" ", _JOINT), text)
    lines = textwrap.wrap(whole, columns, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_JOINT, " ") for line in lines] or [""]


def _told(finding: Finding) -> str:
    what, mend = (f"{text[:1].upper()}{text[1:]}" for text in (finding.what, finding.mend))
    return f"{what}. {mend}."
