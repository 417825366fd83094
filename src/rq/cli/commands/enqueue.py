"""`rq enqueue`: put a job into a queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from rq.cli.arguments import check_function_name, parse_arguments, parse_schedule
from rq.cli.boundary import WrongCall
from rq.cli.connect import open_server
from rq.cli.headings import HeadedCommand, HeadedOption
from rq.cli.job_options import read_job_options, takes_job_options
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, load_class, takes_shared_options
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.formats import call_string
from rq.core.printable import printable
from rq.model.states import JobStatus

_WHERE = "Where and when"


@click.command(cls=HeadedCommand)
@click.argument("function")
@click.argument("arguments", nargs=-1)
@click.option("--queue", "-q", cls=HeadedOption, heading=_WHERE, default="default", metavar="QUEUE", help='Put it into this queue (default: "default").')
@click.option("--schedule-in", cls=HeadedOption, heading=_WHERE, metavar="TIME", help="Enqueue it after this time.")
@click.option("--schedule-at", cls=HeadedOption, heading=_WHERE, metavar="DATE", help="Enqueue it then, as in 2030-05-27T21:45:00.")
@takes_job_options
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@takes_json_option
@takes_shared_options("serializer", "job_class", "queue_class")
def enqueue(shared: SharedOptions, function: str, arguments: tuple[str, ...], *, as_json: bool, **given: Any) -> None:
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
    PATH is that of a function, CLASS that of an exception. STATUS is finished
    or failed. Put -- before arguments that begin with a dash.
    """  # noqa: D301 - this is the text of `rq enqueue --help`; Click keeps lines after \b as they are
    check_function_name(function)
    args, kwargs = parse_arguments(arguments)
    when = parse_schedule(given["schedule_in"], given["schedule_at"])
    options = read_job_options(given)
    if not given["queue"]:
        raise WrongCall("The name of the queue is empty: no worker can listen on it; leave --queue out for the queue default, or write it in full")
    queue = load_class("--queue-class", shared.queue_class, Queue)(
        given["queue"],
        connection=open_server(shared).client,
        job_class=load_class("--job-class", shared.job_class, Job),
        serializer=shared.load_serializer(),
    )
    job = _enqueue(queue, when, options, func=function, args=args, kwargs=kwargs)
    if as_json:
        print_json({"id": job.id, "queue": job.origin, "status": job.get_status(refresh=False), "description": job.description})
    elif not given["quiet"]:
        click.echo(f"Enqueued {printable(call_string(function, args, kwargs) or function)} with job-id '{job.id}'.")


def _enqueue(queue: Queue, when: timedelta | datetime | None, options: dict[str, Any], **call: Any) -> Job:
    at_front = options.pop("at_front")
    # A queue class of the time before this option is spared it, unless it is used.
    unique: dict[str, Any] = {"unique": True} if options.pop("unique") else {}
    if when is None:
        return queue.enqueue_job(queue.create_job(**call, **options), at_front=at_front, **unique)
    job = queue.create_job(**call, **options, status=JobStatus.SCHEDULED)
    if at_front:
        job.enqueue_at_front = True
    return queue.schedule_job(job, when, **unique)
