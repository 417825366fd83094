"""`rq explain`: why is my job not running? Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import click

from rq.cli.boundary import Command, CommandFailed
from rq.cli.connect import Server, open_server
from rq.cli.hints import complete_hints
from rq.cli.json_output import print_json, takes_json_option
from rq.cli.options import SharedOptions, takes_shared_options
from rq.client.job_calls import parse_job_id
from rq.core.printable import printable
from rq.core.wording import listed
from rq.model.explanation import explain
from rq.model.situation import Explanation, Situation
from rq.store.explain import read_facts
from rq.store.search import find_job_ids

# How many keys of the server are looked through for ids like one that does not exist.
MOST_SEARCHED = 20_000


@click.command("explain", cls=Command)
@click.argument("job_ids", nargs=-1, required=True)
@takes_json_option
@takes_shared_options()
def explain_jobs(shared: SharedOptions, job_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Tell why jobs are not running.

    For each of JOB_IDS: how many others are before it, and whether a worker
    listens; when it is due; which jobs it depends on and how those stand;
    whether its worker is dead; why it failed. And what to do about it.

    Looking changes nothing. The status is 1 if there is no such job.
    """
    server = open_server(shared)
    explanations = [_explain(server, parse_job_id(job_id)) for job_id in job_ids]
    if as_json:
        print_json(explanations if len(explanations) > 1 else explanations[0])
    else:
        click.echo(complete_hints("\n".join(_paragraphs(explanations))))
    missing = [found.job_id for found in explanations if found.status is None and found.situation in {Situation.ABSENT, Situation.DELETED}]
    if missing:
        raise CommandFailed(f"No such job: {printable(listed(missing))}")


def _explain(server: Server, job_id: str) -> Explanation:
    found = explain(server.caller.follow(read_facts(server.scripts, job_id)))
    if found.situation is not Situation.ABSENT:
        return found
    like = find_job_ids(server.caller, server.scripts, job_id, MOST_SEARCHED)
    return replace(found, remark=f"there is {listed(like)}") if like else found


def _paragraphs(explanations: list[Explanation]) -> Iterator[str]:
    for found in explanations:
        for text in (found.sentence, found.remark, found.advice):
            if text:
                yield printable(f"{text[:1].upper()}{text[1:]}.")
