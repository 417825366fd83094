"""The program `rq`: which commands there are, and where each is.

Only Click is loaded here. A command's module, and with it the client library and the worker, is imported when the command is called or its own help is asked
for; the list of commands in `rq --help` comes from the table below.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import click

from rq.version import VERSION


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command: the module below `rq.cli.commands` and its name there, and what `rq --help` says of it."""

    module: str
    attribute: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        command: click.Command = getattr(importlib.import_module(f"rq.cli.commands.{self.module}"), self.attribute)
        return command


COMMANDS: dict[str, CommandRow] = {
    "cron": CommandRow("cron", "cron", "Enqueue functions again and again."),
    "doctor": CommandRow("doctor", "doctor", "Find what is wrong, and tell how to mend it."),
    "empty": CommandRow("empty", "empty", "Delete the jobs that wait in queues."),
    "enqueue": CommandRow("enqueue", "enqueue", "Put a job into a queue."),
    "explain": CommandRow("explain", "explain_jobs", "Tell why jobs are not running."),
    "health": CommandRow("health", "health", "Say whether workers take care of the queues."),
    "info": CommandRow("info", "info", "Show queues, their jobs, and workers."),
    "job": CommandRow("job", "show_job", "Show a job, its attempts, and its output."),
    "requeue": CommandRow("requeue", "requeue", "Run failed jobs again."),
    "resume": CommandRow("suspension", "resume", "Let suspended workers take jobs again."),
    "service": CommandRow("service", "service", "Run `rq up` as a service that starts with the machine."),
    "suspend": CommandRow("suspension", "suspend", "Let no worker begin another job."),
    "up": CommandRow("up", "up", "Run all pools of workers that a file describes."),
    "worker": CommandRow("worker", "worker", "Run jobs from queues."),
    "worker-pool": CommandRow("worker_pool", "worker_pool", "Run several workers, and replace those that die."),
}


class Program(click.Group):
    """A group whose commands are those of the table, imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of that name."""
        del ctx
        return COMMANDS[cmd_name].load() if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="rq")
def main() -> None:
    """RQ runs Python functions in the background: programs put jobs into queues
    on a Redis or Valkey server, and workers run them.

    \b
    rq worker                     run the jobs of the queue "default"
    rq enqueue tasks.greet bob    put a job into it
    rq info                       look at queues and workers

    The server is the one at localhost:6379 unless --url, the environment
    variable RQ_REDIS_URL or an rq.toml in this folder names another. With
    embedded:// as the URL no server needs to be installed.
    """  # noqa: D205, D301 - this is the text of `rq --help`; Click keeps lines after \b as they are


def rqworker() -> None:
    """Run `rq worker` under its own name; does not return."""
    COMMANDS["worker"].load().main(prog_name="rqworker")


def rqinfo() -> None:
    """Run `rq info` under its own name; does not return."""
    COMMANDS["info"].load().main(prog_name="rqinfo")
