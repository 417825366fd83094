"""`rq job`: what a job is, what became of its attempts, and what they printed. Reads only."""

from __future__ import annotations

import shutil
import sys

import click

from rq.cli.boundary import Command, WrongCall
from rq.cli.connect import Server, open_server
from rq.cli.job_view import JobView, render_job, view_job
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.client.job_calls import parse_job_id
from rq.core.printable import printable_lines
from rq.store.reads import list_results, read_job, require_job


@click.command("job", cls=Command)
@click.argument("job_id")
@click.option("--output", is_flag=True, help="Print what its last attempt printed, nothing else.")
@takes_json_option
@takes_shared_options()
def show_job(shared: SharedOptions, job_id: str, *, output: bool, as_json: bool) -> None:
    """Show a job, its attempts, and its output.

    Of each attempt that ended: how, what put an end to it (a signal, a limit,
    a request to stop, the death of its worker), how much time and memory it
    used, and what it printed and logged. Looking changes nothing.
    """
    if output and as_json:
        raise WrongCall("--output prints a text, --json has it too; use one of them")
    view = _read(open_server(shared), parse_job_id(job_id))
    if as_json:
        print_json(view)
    elif output:
        _print_output(view.attempts[-1].output if view.attempts else "")
    else:
        click.echo(render_job(view, shutil.get_terminal_size().columns))


def _read(server: Server, job_id: str) -> JobView:
    record, results = server.caller.run_many([read_job(server.scripts, job_id), list_results(server.scripts, job_id)])
    return view_job(require_job(record, job_id), results)


def _print_output(output: str) -> None:
    """Print an output as it was written; but a terminal shows it, and does not obey it."""
    if sys.stdout.isatty():
        click.echo("\n".join(printable_lines(output)) if output else "", nl=bool(output))
    else:
        click.echo(output, nl=False, color=True)  # with what colours it has
