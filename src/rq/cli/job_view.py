"""What `rq job` shows of a job, as a value and as text. Nothing here talks to a server.

Descriptions, names and output come from the server, where anybody may have written them, so whatever a terminal would take for a command is escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from rq.core.printable import printable, printable_lines
from rq.model.record import JobRecord
from rq.model.result import ResultRecord, ResultType

_OUTCOMES = {
    ResultType.SUCCESSFUL: "finished",
    ResultType.FAILED: "failed",
    ResultType.STOPPED: "stopped",
    ResultType.RETRIED: "to be retried",
    ResultType.MAX_RETRIES_EXCEEDED: "asked for one retry too many",
}
_COLORS = {"finished": "green", "failed": "red", "stopped": "red", "started": "yellow", "to be retried": "yellow", "asked for one retry too many": "red"}
_LABEL_WIDTH = 11
# Of the output so many lines are shown beside everything else; `--output` shows all.
_LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt that has ended. Of what nobody knows there is None; `peak_memory` is in KiB."""

    execution_id: str | None
    outcome: str
    worker: str
    started_at: datetime | None
    ended_at: datetime
    cpu_seconds: float | None
    peak_memory: int | None
    killed_by: str | None
    exception: str | None
    output: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and its attempts, oldest first; the ten last ones are kept. `timeout` is in seconds."""

    id: str
    status: str
    queue: str
    description: str | None
    created_at: datetime | None
    enqueued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None
    timeout: int | None
    retries_left: int | None
    depends_on: list[str]
    attempts: list[AttemptView]


def view_job(record: JobRecord, results: Sequence[ResultRecord]) -> JobView:
    """Return what there is to show of a job.

    Args:
        record: the job.
        results: what its attempts left, newest first.
    """
    status = str(getattr(record.status, "value", record.status) or "created")
    attempts = [_view_attempt(result) for result in reversed(results)]
    return JobView(
        id=record.id,
        status=status,
        queue=record.origin,
        description=record.description,
        created_at=record.created_at,
        enqueued_at=record.enqueued_at,
        started_at=record.started_at,
        ended_at=record.ended_at,
        worker=record.worker_name,
        timeout=record.timeout,
        retries_left=record.retries_left,
        depends_on=record.dependency_ids,
        attempts=attempts,
    )


def _view_attempt(result: ResultRecord) -> AttemptView:
    return AttemptView(
        execution_id=result.execution_id,
        outcome=_OUTCOMES[result.type],
        worker=result.worker_name,
        started_at=result.execution_started_at,
        ended_at=result.execution_ended_at or result.created_at,
        cpu_seconds=result.cpu_seconds,
        peak_memory=result.peak_memory,
        killed_by=result.killed_by,
        exception=result.exc_string,
        output=result.output,
    )


# --- as text ------------------------------------------------------------------------------------------------------------------


def render_job(view: JobView, columns: int) -> str:
    """Return the whole text, without a newline at its end.

    Args:
        view: the job.
        columns: width of the terminal.
    """
    parts = [list(_facts(view, columns))]
    if view.attempts:
        parts.append(["Attempts that ended", *(line for attempt in view.attempts for line in _attempt(attempt, view.worker, columns))])
        latest = view.attempts[-1]
        if latest.output:
            parts.append(["Output of the last one", *_output(latest.output, view.id)])
        if latest.exception and "\n" in latest.exception.rstrip():
            parts.append(["Traceback of the last one", *(f"  {line}" for line in printable_lines(latest.exception))])
    return "\n\n".join("\n".join(part) for part in parts)


def _facts(view: JobView, columns: int) -> Iterator[str]:
    yield f"Job {printable(view.id)}"
    facts = {
        "call": view.description,
        "status": view.status,
        "queue": view.queue,
        "waits for": ", ".join(view.depends_on) if view.status == "deferred" else None,
        "created": _moment(view.created_at),
        "enqueued": _moment(view.enqueued_at),
        "started": _moment(view.started_at),
        "ended": _moment(view.ended_at),
        "worker": view.worker,
        "time limit": None if view.timeout is None else f"{view.timeout} s" if view.timeout > 0 else "none",
        "retries": None if view.retries_left is None else f"{view.retries_left} left",
    }
    for label, value in facts.items():
        if value:
            yield from _labelled(label, value, columns, _COLORS.get(view.status) if label == "status" else None)


def _attempt(attempt: AttemptView, last_worker: str | None, columns: int) -> Iterator[str]:
    used = [
        f"{(attempt.ended_at - attempt.started_at).total_seconds():.2f} s" if attempt.started_at else "",
        f"{attempt.cpu_seconds:.2f} s of CPU" if attempt.cpu_seconds is not None else "",
        f"{attempt.peak_memory / 1024:.0f} MiB" if attempt.peak_memory is not None else "",
    ]
    outcome = click.style(attempt.outcome, fg=_COLORS.get(attempt.outcome))
    yield f"  {_moment(attempt.started_at or attempt.ended_at)}  {', '.join([outcome, *filter(None, used)])}"
    facts = {
        "worker": attempt.worker if attempt.worker != last_worker else None,
        "ended by": attempt.killed_by,
        "exception": attempt.exception.rstrip().rsplit("\n", 1)[-1] if attempt.exception else None,
    }
    for label, value in facts.items():
        if value:
            yield from (f"  {line}" for line in _labelled(label, value, columns - 2, None))


def _labelled(label: str, value: str, columns: int, color: str | None) -> Iterator[str]:
    wrapped = textwrap.wrap(printable(value), max(columns - _LABEL_WIDTH - 2, 20), break_on_hyphens=False) or [""]
    for index, line in enumerate(wrapped):
        yield f"  {'' if index else label:<{_LABEL_WIDTH}}{click.style(line, fg=color)}"


def _output(output: str, job_id: str) -> Iterator[str]:
    lines = printable_lines(output)
    if len(lines) > _LINES_SHOWN:
        yield f"  ... {len(lines) - _LINES_SHOWN} lines before these: rq job {printable(job_id)} --output"
    yield from (f"  {line}" for line in lines[-_LINES_SHOWN:])


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""
