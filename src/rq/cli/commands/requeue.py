"""`rq requeue`: run failed jobs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall
from rq.cli.connect import Server, open_server
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.core.ids import new_execution_id
from rq.core.printable import printable
from rq.store.reads import count_registry, list_registry
from rq.store.requeue import requeue_job

# Jobs per round trip. The server answers others between two of them.
BATCH = 200
# So many are named when jobs could not be requeued.
MOST_NAMED = 5

_REFUSALS = {
    "absent": "is not in the failed registry of that queue",
    "refused": "is in no state to run again",
    "gone": "does not exist any more",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A job that could not be requeued, and why, in a few words."""

    id: str
    reason: str


@click.command(cls=Command)
@click.argument("job_ids", nargs=-1)
@click.option("--queue", required=True, metavar="QUEUE", help="The queue whose failed jobs are meant.")
@click.option("--all", "-a", "every", is_flag=True, help="Requeue all its failed jobs.")
@takes_json_option
@takes_shared_options()
def requeue(shared: SharedOptions, job_ids: tuple[str, ...], queue: str, *, every: bool, as_json: bool) -> None:
    """Run failed jobs again.

    Those with the given JOB_IDS, or with --all every one of the queue. Their
    results are kept, and so are the retries they have left. The status is 1 if
    one that was named could not be requeued.
    """
    if every and job_ids:
        raise WrongCall("Name jobs or use --all, not both")
    if as_json and not every and not job_ids:
        raise WrongCall("Name jobs, or use --all")
    server = open_server(shared)
    total = server.caller.run(count_registry(server.scripts, "failed", queue)) if every else len(job_ids)
    if not total and not as_json:
        click.echo("Nothing to do: no job of that queue has failed" if every else "Nothing to do: name jobs, or use --all")
        return
    refused: list[Refused] = []
    batches = _failed_jobs(server, queue, total, refused) if every else _batches(job_ids)
    if as_json:
        seen = sum(_requeue(server, queue, batch, refused) for batch in batches)
        print_json({"queue": queue, "requeued": seen - len(refused), "refused": refused})
    else:
        with click.progressbar(length=total, label=f"Requeueing {total} {_jobs(total)} from failed queue") as progress:
            for batch in batches:
                progress.update(_requeue(server, queue, batch, refused))
        click.echo(f"Requeued {progress.pos - len(refused)} of {progress.pos} {_jobs(progress.pos)}")
    if refused and not every:
        raise CommandFailed(_describe(refused, total))
    if refused and not as_json:
        click.echo(f"Left alone: {_describe(refused, total)}")


def _jobs(count: int) -> str:
    return "job" if count == 1 else "jobs"


def _batches(job_ids: tuple[str, ...]) -> Iterator[list[str]]:
    return (list(job_ids[first : first + BATCH]) for first in range(0, len(job_ids), BATCH))


def _failed_jobs(server: Server, queue: str, total: int, refused: list[Refused]) -> Iterator[list[str]]:
    """Yield the ids of failed jobs in batches. Jobs that were requeued are gone from the registry, those that were refused stand at its head.

    Args:
        server: the server.
        queue: the queue.
        total: how many at most; jobs that fail meanwhile are left for the next call.
        refused: grows while the batches are worked on.
    """
    seen = 0
    while seen < total:
        first = len(refused)
        batch = server.caller.run(list_registry(server.scripts, "failed", queue, first, first + min(BATCH, total - seen) - 1))
        if not batch:
            return
        seen += len(batch)
        yield batch


def _requeue(server: Server, queue: str, job_ids: list[str], refused: list[Refused]) -> int:
    """Requeue jobs in one round trip, and return how many were looked at; `refused` grows by those that could not be."""
    calls = [requeue_job(server.scripts, job_id, "failed", queue, new_execution_id()) for job_id in job_ids]
    answers = zip(job_ids, server.caller.run_many(calls), strict=True)
    refused += [Refused(job_id, _REFUSALS[answer.code]) for job_id, answer in answers if answer.code in _REFUSALS]
    return len(job_ids)


def _describe(refused: list[Refused], total: int) -> str:
    named = "; ".join(f"{printable(job.id)} {job.reason}" for job in refused[:MOST_NAMED])
    more = f", and {len(refused) - MOST_NAMED} more" if len(refused) > MOST_NAMED else ""
    which = "Job " if total == 1 else f"{len(refused)} of {total} jobs could not be requeued: "
    return f"{which}{named}{more}"
