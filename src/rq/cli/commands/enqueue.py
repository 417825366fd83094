"""`rq enqueue`: put a job into a queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from rq.cli.arguments import check_function_name, parse_arguments, parse_schedule
from rq.cli.boundary import Command, WrongCall, one_line
from rq.cli.connect import open_server
from rq.cli.options import SharedOptions, load_class, takes_shared_options
from rq.cli.rendering import printable
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.errors import InvalidJobId, InvalidOptionError, TimeoutFormatError
from rq.core.formats import call_string
from rq.model.options import EnqueueOptions


@dataclass(frozen=True, slots=True)
class EnqueueCommand:
    """The options of this command, as they were written."""

    queue: str
    timeout: str | None
    result_ttl: str | None
    ttl: str | None
    failure_ttl: str | None
    description: str | None
    job_id: str | None
    at_front: bool
    schedule_in: str | None
    schedule_at: str | None
    quiet: bool

    def job_options(self) -> dict[str, Any]:
        """Return the keyword arguments of `Queue.enqueue` that are not the function's.

        Raises:
            WrongCall: one of them makes no sense.
        """
        times = {"result_ttl": self.result_ttl, "ttl": self.ttl, "failure_ttl": self.failure_ttl}
        rest = {"description": self.description, "job_id": self.job_id, "at_front": self.at_front}
        try:
            EnqueueOptions(timeout=self.timeout, **times, **rest)  # type: ignore[arg-type] # each value has the type of its field
        except (InvalidOptionError, TimeoutFormatError, InvalidJobId) as error:
            raise WrongCall(one_line(error)) from error
        return {"job_timeout": self.timeout, **times, **rest}


@click.command(cls=Command)
@click.argument("function")
@click.argument("arguments", nargs=-1)
@click.option("--queue", "-q", default="default", metavar="QUEUE", help='Default: the queue "default".')
@click.option("--timeout", metavar="TIME", help="How long it may run; -1: no limit (default: 180s).")
@click.option("--result-ttl", metavar="TIME", help="How long the result is kept; -1: for ever.")
@click.option("--ttl", metavar="TIME", help="How long it may wait before it is dropped.")
@click.option("--failure-ttl", metavar="TIME", help="How long it is kept if it fails; -1: for ever.")
@click.option("--description", metavar="TEXT", help="What people see (default: the call).")
@click.option("--job-id", metavar="ID", help="Letters, digits, _ and - (default: a random one).")
@click.option("--at-front", is_flag=True, help="Put it before all other jobs of the queue.")
@click.option("--schedule-in", metavar="TIME", help="Enqueue it after this time.")
@click.option("--schedule-at", metavar="DATE", help="Enqueue it then, as in 2030-05-27T21:45:00.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@takes_shared_options("serializer", "job_class", "queue_class")
def enqueue(shared: SharedOptions, function: str, arguments: tuple[str, ...], **given: Any) -> None:
    """Put a job into a queue.

    It calls FUNCTION, a dotted path such as tasks.send_mail, with ARGUMENTS:

    \b
    bob               the text "bob"
    :[1,2]            JSON
    %(1,2)            a Python literal
    @letter.txt       the content of a file, as text
    :@list.json       the content of a file, as JSON; %@ as a literal
    name=bob          a keyword argument, a text
    name:=3           a keyword argument in JSON; %= a literal
    name=@letter.txt  a keyword argument, the content of a file

    TIME is in seconds, or has a unit: 10s, 5m, 2h, 1d. DATE is local time.
    Put -- before arguments that begin with a dash.
    """  # noqa: D301 - this is the text of `rq enqueue --help`; Click keeps lines after \b as they are
    command = EnqueueCommand(**given)
    check_function_name(function)
    args, kwargs = parse_arguments(arguments)
    when = parse_schedule(command.schedule_in, command.schedule_at)
    options = {"args": args, "kwargs": kwargs, **command.job_options()}
    queue = load_class("--queue-class", shared.queue_class, Queue)(
        command.queue,
        connection=open_server(shared).client,
        job_class=load_class("--job-class", shared.job_class, Job),
        serializer=shared.load_serializer(),
    )
    if when is None:
        job = queue.enqueue(function, **options)
    elif isinstance(when, timedelta):
        job = queue.enqueue_in(when, function, **options)
    else:
        job = queue.enqueue_at(when, function, **options)
    if not command.quiet:
        click.echo(f"Enqueued {printable(call_string(function, args, kwargs) or function)} with job-id '{job.id}'.")
