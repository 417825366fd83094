"""`rq worker`: run jobs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall, one_line
from rq.cli.connect import Server, open_server
from rq.cli.durations import duration_of_at_least
from rq.cli.logging_settings import configure_logging
from rq.cli.options import MOST, SharedOptions, at_least, load_class, load_function, takes_shared_options
from rq.cli.sentry_settings import report_to_sentry
from rq.client.job import Job
from rq.client.queue import Queue
from rq.core.defaults import (
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_MAINTENANCE_TASK_INTERVAL,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
    MIN_JOB_MEMORY_MIB,
    MIN_LEASE_SECONDS,
)
from rq.core.errors import InvalidOptionError
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.choice import EXECUTOR_NAMES
from rq.runtime.logging_setup import check_log_format
from rq.runtime.membership import membership
from rq.runtime.queue_order import DequeueStrategy
from rq.runtime.worker import BaseWorker, Worker
from rq.runtime.worker_classes import RandomWorker, RoundRobinWorker
from rq.store.connection import Caller, private_client
from rq.store.garbled import find_wrong_queues
from rq.store.reads import is_suspended


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """The options of this command."""

    queues: tuple[str, ...]
    burst: bool
    name: str | None
    results_ttl: int
    worker_ttl: int
    job_monitoring_interval: int
    maintenance_interval: int
    lease: float | None
    disable_job_desc_logging: bool
    verbose: bool
    quiet: bool
    logging_level: str | None
    log_format: str
    date_format: str
    max_jobs: int | None
    max_idle_time: int | None
    with_scheduler: bool
    pid: str | None
    exception_handler: tuple[str, ...]
    no_keep_output: bool
    output_size: int | None
    job_memory: int | None
    disable_default_exception_handler: bool
    dequeue_strategy: str
    executor: str | None
    concurrency: int | None
    max_jobs_per_child: int | None
    max_child_age: float | None
    max_child_memory: int | None

    def level(self) -> str | None:
        """Return the level of the worker's log lines; None for the usual one.

        Raises:
            WrongCall: the options contradict one another, or there is no such level.
        """
        if self.verbose and self.quiet:
            raise WrongCall("--verbose and --quiet exclude one another; use one of them")
        level = "DEBUG" if self.verbose else "WARNING" if self.quiet else self.logging_level
        if level is not None and level.upper() not in logging.getLevelNamesMapping():
            raise WrongCall(f"--logging_level {level}: there is no such level; use debug, info, warning, error or critical")
        return level

    def choice_of_executor(self) -> dict[str, Any]:
        """Return what was said about where jobs run, as keywords of a worker.

        Raises:
            WrongCall: the limits of warm processes were given for others.
        """
        memory_kib = None if self.max_child_memory is None else self.max_child_memory * 1024
        limits = ChildLimits(self.max_jobs_per_child, self.max_child_age, memory_kib)
        if limits != ChildLimits() and self.executor != "warm":
            raise WrongCall("--max-jobs-per-child, --max-child-age and --max-child-memory are for --executor warm; add that, or leave them out")
        said = {"executor": self.executor, "concurrency": self.concurrency, "child_limits": None if limits == ChildLimits() else limits}
        return {name: value for name, value in said.items() if value is not None}

    def check_log_format(self) -> None:
        """Refuse a format that would fail at every line.

        Raises:
            WrongCall: it names what no line has, or is no format.
        """
        try:
            check_log_format(self.log_format, self.date_format)
        except InvalidOptionError as error:
            raise WrongCall(f"--log-format {self.log_format}: {one_line(error)}") from error


_WHERE_JOBS_RUN = (
    "Where jobs run: each in a process of its own, forked (default) or spawned; in warm processes, which stay; "
    "in threads; on one asyncio loop; or inline, in the worker's own process."
)


@click.command(cls=Command)
@click.argument("queues", nargs=-1)
@click.option("--burst", "-b", is_flag=True, help="Leave when no job waits any more.")
@click.option("--name", "-n", metavar="NAME", help="Unique among workers (default: random).")
@click.option("--max-jobs", type=at_least(1), metavar="N", help="Leave after that many jobs.")
@click.option("--max-idle-time", type=duration_of_at_least(0), metavar="TIME", help="Leave after that long without a job.")
@click.option("--executor", "-e", type=click.Choice(EXECUTOR_NAMES), help=_WHERE_JOBS_RUN)
@click.option("--concurrency", type=at_least(1), metavar="N", help="How many jobs run at once (default: 1).")
@click.option("--max-jobs-per-child", type=at_least(1), metavar="N", help="With -e warm: replace a process after N jobs.")
@click.option("--max-child-age", type=duration_of_at_least(1, float), metavar="TIME", help="With -e warm: replace a process after that long.")
@click.option("--max-child-memory", type=at_least(1), metavar="MB", help="With -e warm: replace a process that needed more.")
@click.option(
    "--results-ttl",
    type=duration_of_at_least(-1),
    default=DEFAULT_RESULT_TTL,
    metavar="TIME",
    help="How long results are kept, unless the job says (default: 500).",
)
@click.option(
    "--lease",
    type=duration_of_at_least(MIN_LEASE_SECONDS, float),
    metavar="TIME",
    help="If the worker dies, others get its jobs after that time (default: 30).",
)
@click.option(
    "--worker-ttl",
    type=duration_of_at_least(1),
    default=DEFAULT_WORKER_TTL,
    metavar="TIME",
    help="How long a worker without jobs stays listed if it gives no sign of life (default: 420).",
)
@click.option(
    "--job-monitoring-interval",
    type=duration_of_at_least(1),
    default=DEFAULT_JOB_MONITORING_INTERVAL,
    metavar="TIME",
    help="The same for a worker with jobs (default: 30).",
)
@click.option(
    "--maintenance-interval",
    type=duration_of_at_least(-MOST),
    default=DEFAULT_MAINTENANCE_TASK_INTERVAL,
    metavar="TIME",
    help="No effect: upkeep never pauses for long.",
)
@click.option("--with-scheduler", "-s", is_flag=True, help="No effect: every worker queues scheduled jobs.")
@click.option("--exception-handler", multiple=True, metavar="PATH", help="A function that hears of each failure; may be given several times.")
@click.option("--no-keep-output", is_flag=True, help="Do not keep what jobs print.")
@click.option("--output-size", type=at_least(1), metavar="KB", help="How much of it is kept with each job (default: 64).")
@click.option("--job-memory", type=at_least(MIN_JOB_MEMORY_MIB), metavar="MB", help="Jobs that want more get a MemoryError.")
@click.option("--disable-default-exception-handler", "-d", is_flag=True, help="Keep no record of jobs that failed.")
@click.option(
    "--dequeue-strategy",
    "-ds",
    type=click.Choice([strategy.value for strategy in DequeueStrategy]),
    default=DequeueStrategy.DEFAULT.value,
    help="Which queue is next: the first with a job (default), each in turn, or any.",
)
@click.option("--pid", metavar="FILE", help="Write the process id there.")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
@click.option("--quiet", "-q", is_flag=True, help="Log warnings and errors only.")
@click.option("--logging_level", "--logging-level", metavar="LEVEL", help="debug, info, warning, error or critical.")
@click.option("--log-format", default=DEFAULT_LOGGING_FORMAT, metavar="TEXT", help='Default: "%(asctime)s %(message)s".')
@click.option("--date-format", default=DEFAULT_LOGGING_DATE_FORMAT, metavar="TEXT", help='Default: "%H:%M:%S".')
@click.option("--disable-job-desc-logging", is_flag=True, help="Log no arguments of jobs.")
@takes_shared_options("serializer", "worker_class", "job_class", "queue_class")
def worker(shared: SharedOptions, **given: Any) -> None:
    """Run jobs from queues.

    From QUEUES: always from the first one in which a job waits. Without QUEUES:
    from those of the settings module, otherwise from "default".

    Ctrl+C or SIGTERM: finish the running job, then leave. A second time: put
    the running job back into its queue and leave at once.

    TIME is in seconds, or has a unit: 90s, 30m, 1h, 2d.
    """
    command = WorkerCommand(**given)
    tie = membership()
    level = command.level()
    command.check_log_format()
    server = open_server(shared, patient=True)
    configure_logging(server.settings)
    report_to_sentry(server.settings)
    check_server(server, may_be_suspended=tie is not None)
    made = _make_worker(server, shared, command)
    _warn_of_wrong_keys(server, made)
    if tie is not None:
        made.bus.subscribe(tie)
    write_process_id(command.pid)
    made.work(
        burst=command.burst,
        logging_level=level,
        date_format=command.date_format,
        log_format=command.log_format,
        max_jobs=command.max_jobs,
        max_idle_time=command.max_idle_time,
        with_scheduler=command.with_scheduler,
        dequeue_strategy=DequeueStrategy(command.dequeue_strategy),
    )


def _warn_of_wrong_keys(server: Server, made: BaseWorker) -> None:
    """Say which queues the worker will never get a job from."""
    with _asking(server) as caller:
        found = find_wrong_queues(caller, server.scripts, made.queue_names())
    for wrong in found:
        click.secho(f"Warning: {wrong}; no job can come from that queue until the key is deleted", fg="yellow", err=True)


def _make_worker(server: Server, shared: SharedOptions, command: WorkerCommand) -> BaseWorker:
    worker_class = load_class("--worker-class", shared.worker_class, BaseWorker)
    if issubclass(worker_class, (RoundRobinWorker, RandomWorker)):
        click.secho(f"{worker_class.__name__} is deprecated; use --dequeue-strategy round_robin or random", fg="yellow", err=True)
    job_class = load_class("--job-class", shared.job_class, Job)
    queue_class = load_class("--queue-class", shared.queue_class, Queue)
    serializer = shared.load_serializer()
    names = list(command.queues) or server.settings.names("QUEUES") or ["default"]
    if not all(names):
        raise WrongCall("The name of a queue is empty; leave it out or write it in full")
    for name in names:
        if "://" in name:
            raise WrongCall("The name of a queue looks like the URL of a server; did you mean --url?")
    queues = [queue_class(name, connection=server.client, job_class=job_class, serializer=serializer) for name in names]
    return worker_class(
        queues,
        name=command.name or server.settings.text("NAME"),
        connection=server.client,
        default_worker_ttl=command.worker_ttl,
        worker_ttl=command.worker_ttl,
        default_result_ttl=command.results_ttl,
        maintenance_interval=command.maintenance_interval,
        job_monitoring_interval=command.job_monitoring_interval,
        job_class=job_class,
        queue_class=queue_class,
        log_job_description=not command.disable_job_desc_logging,
        serializer=serializer,
        **_given_besides(command, worker_class),
    )


def _given_besides(command: WorkerCommand, worker_class: type[BaseWorker]) -> dict[str, Any]:
    """Return what was said beyond what every worker takes. Subclasses may have constructors that know RQ's keywords only, and not even all of these."""
    given = {
        "lease": command.lease,
        "output_bytes": None if command.output_size is None else command.output_size * 1024,
        "job_memory": command.job_memory,
        "keep_output": False if command.no_keep_output else None,
        "fresh_interpreter": True if worker_class is Worker else None,
        "disable_default_exception_handler": True if command.disable_default_exception_handler else None,
        "exception_handlers": [load_function("--exception-handler", path) for path in command.exception_handler] or None,
    }
    return {name: value for name, value in given.items() if value is not None} | command.choice_of_executor()


def write_process_id(path: str | None) -> None:
    """Write the id of this process into the file that `--pid` names, if it names one.

    Raises:
        WrongCall: it cannot be written.
    """
    if not path:
        return
    try:
        Path(path).expanduser().write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise WrongCall(f"--pid {path}: the process id cannot be written there ({error.strerror}); name a file in a folder that you can write to") from error


def check_server(server: Server, *, may_be_suspended: bool = False) -> None:
    """Ask the server one question before anything is set up: a server that is not there is an error of the command, not something to wait for.

    Raises:
        CommandFailed: workers are suspended, and that is not expected.
    """
    with _asking(server) as caller:
        suspended = caller.run(is_suspended(server.scripts))
    if suspended and not may_be_suspended:
        raise CommandFailed("Workers are suspended; run `rq resume`, then start this worker again")


@contextmanager
def _asking(server: Server) -> Iterator[Caller]:
    """Give a caller whose connection is closed afterwards: what the worker forks later shall not inherit one."""
    client = private_client(server.client)
    try:
        yield Caller(client)
    finally:
        if client is not server.client:
            client.close()
