"""`rq worker-pool`: run several workers, each a process of its own that is called as `rq worker` is.

The pool itself imports neither classes nor jobs of the user: so the workers that a SIGHUP starts have the code of now. The options of `rq worker`, all but
those of `NOT_PASSED_ON`, are options of this command as well; what of them stands on the command line is passed on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from rq.cli.boundary import Command
from rq.cli.commands.worker import WorkerCommand, check_server, worker, write_process_id
from rq.cli.connect import URL_VARIABLE, Server, open_server
from rq.cli.logging_settings import configure_logging
from rq.cli.options import SharedOptions, at_least, takes_shared_options
from rq.core.ids import new_name
from rq.runtime.children import Child, Program, child_of
from rq.runtime.executors.fresh_interpreter import interpreter_options
from rq.runtime.logging_setup import setup_loghandlers
from rq.runtime.pool import PoolSupervisor
from rq.runtime.process_group import ProcessGroup
from rq.runtime.reclaiming import Reclaimer

# Options of `rq worker` that say something else here, or would end workers that are started again at once.
NOT_PASSED_ON = {"queues", "name", "pid", "logging_level", "max_idle_time", "with_scheduler"}
_SHARED = {field.name for field in fields(SharedOptions)}
_OF_ITS_OWN = {"num_workers", "name", "pid", "url"}


class _PoolCommand(Command):
    """This command, with the options of a worker after its own."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        own = {parameter.name for parameter in self.params}
        self.params += [option for option in worker.params if option.name not in NOT_PASSED_ON | _SHARED | own]


@click.command(cls=_PoolCommand)
@click.argument("queues", nargs=-1)
@click.option("--num-workers", "-n", type=at_least(1), default=1, metavar="N", help="How many workers (default: 1).")
@click.option("--name", metavar="NAME", help="Its workers are NAME.1-..., NAME.2-... (default: random).")
@click.option("--pid", metavar="FILE", help="Write the process id of the pool there.")
@click.option("--logging-level", "--logging_level", "-l", default="INFO", metavar="LEVEL", help="debug, info (default), warning, error or critical.")
@takes_shared_options("serializer", "worker_class", "job_class", "queue_class")
def worker_pool(shared: SharedOptions, num_workers: int, **given: Any) -> None:
    """Run several workers, and replace those that die.

    From QUEUES, as `rq worker` does. What a dead worker ran goes back to its
    queue at once.

    \b
    Ctrl+C or SIGTERM   finish the running jobs, then leave; a second time:
                        put the running jobs back and leave at once
    SIGHUP              restart the workers, one after another: new code
                        without losing a job or a place
    SIGTTIN, SIGTTOU    one worker more, one worker less

    TIME is in seconds, or has a unit: 90s, 30m, 1h, 2d.
    """  # noqa: D301 - Click keeps lines after \b as they are
    command = WorkerCommand(max_idle_time=None, with_scheduler=True, **given)
    level = command.level()
    command.check_log_format()
    server = open_server(shared, patient=True)
    configure_logging(server.settings)
    check_server(server)
    setup_loghandlers(level, command.date_format, command.log_format, name="rq.worker_pool")
    write_process_id(command.pid)
    status = _run(server, command, num_workers)
    if status:
        click.get_current_context().exit(status)  # the workers have said what is wrong


def _run(server: Server, command: WorkerCommand, count: int) -> int:
    name = command.name or server.settings.text("NAME") or new_name()
    reclaimer = Reclaimer(name, server.client, server.scripts)
    context = click.get_current_context()
    make_child = partial(_make_child, list(passed_on(context)), command.queues, environment_of(context))
    group = ProcessGroup(name, count, make_child, respawn=not command.burst, on_end=reclaimer.note_end)
    status = PoolSupervisor([group], duties=[reclaimer], fail_fast=True).run()
    reclaimer.finish()
    return status


def _make_child(options: list[str], queues: tuple[str, ...], environment: Mapping[str, str], name: str) -> Child:
    # Without -P a file of the current directory could stand in for a module of ours; `rq worker` adds that directory at the end.
    argv = [sys.executable, *interpreter_options(), "-P", "-m", "rq.cli", "worker", *options, "--name", name, "--", *queues]
    return child_of(name, Program(argv, environment))


def environment_of(context: click.Context) -> dict[str, str]:
    """Return the environment of the workers. It names the server that `--url` does, with its password: anybody may read a command line."""
    url = context.params["url"]
    return {**os.environ, **({URL_VARIABLE: url} if url else {})}


def passed_on(context: click.Context) -> Iterator[str]:
    """Yield the options of the command line that the workers are told as well; what they take from the environment and from settings they find themselves."""
    for option in context.command.params:
        if not isinstance(option, click.Option) or option.name is None or option.name in _OF_ITS_OWN:
            continue
        if context.get_parameter_source(option.name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[option.name]
        if option.is_flag:
            yield max(option.opts if value else option.secondary_opts, key=len)
        else:
            yield from (f"{max(option.opts, key=len)}={_spelled(one)}" for one in (value if option.multiple else [value]))


def _spelled(value: object) -> str:
    """Return a value as people write it: 5, not 5.0."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
