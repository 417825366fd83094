"""The command line: `rq`, `rqworker`, `rqinfo`, `python -m rq.cli`.

`main` is the whole program as a Click group; the commands (`worker`, `info`, ...) are Click commands too, so that other programs can call them or show their
parameters and help. They are loaded when they are first asked for, because `rq --help` must not pay for the client library and the worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.cli.main import COMMANDS, main

if TYPE_CHECKING:
    import click

    cron: click.Command
    doctor: click.Command
    empty: click.Command
    enqueue: click.Command
    explain: click.Command
    health: click.Command
    info: click.Command
    requeue: click.Command
    resume: click.Command
    service: click.Command
    suspend: click.Command
    up: click.Command
    worker: click.Command
    worker_pool: click.Command

__all__ = ["cron", "doctor", "empty", "enqueue", "explain", "health", "info", "main", "requeue", "resume", "service", "suspend", "up", "worker", "worker_pool"]


def __getattr__(name: str) -> object:
    """Load a command on first use; raises AttributeError for a name that is none."""
    command = name.replace("_", "-")
    if command not in COMMANDS:
        raise AttributeError(f"module 'rq.cli' has no attribute {name!r}")
    return COMMANDS[command].load()
