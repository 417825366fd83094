"""What `rq info` shows, as text. Nothing here talks to a server.

The layouts are RQ's, because people's scripts read the raw one. Names come from the server, where anybody may have written them, so whatever a terminal would
take for a command is escaped.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from rq.core.printable import printable
from rq.store.overview import QueueCounts, WorkerRecord

_SCALES = (20, 50, 100, 200, 400, 600, 800, 1000)
_BAR_WIDTH = 20
_BESIDE_THE_BAR = 20
_NAME_WIDTH = 12
STATE_COLORS = {"busy": "red", "idle": "green", "suspended": "yellow"}

green, red, yellow = (functools.partial(click.style, fg=color) for color in ("green", "red", "yellow"))


@dataclass(frozen=True, slots=True)
class View:
    """What to show.

    Args:
        queues: whether queues are shown.
        workers: whether workers are shown.
        raw: one plain line for each thing, and nothing else.
        by_queue: workers grouped by the queues they listen on.
        columns: width of the terminal.
        ascii_only: whether the output can show nothing but ASCII.
    """

    queues: bool = True
    workers: bool = True
    raw: bool = False
    by_queue: bool = False
    columns: int = 80
    ascii_only: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The queues and workers of one moment, which is `taken_at` in local time.

    Args:
        queues: the queues.
        workers: the workers.
        suspended: whether all workers are.
        taken_at: when it was taken, in local time.
        unused_queues: the names of queues that workers listen on though no job was ever put into them.
        paused: what is paused by its name: `queue` or `worker`, and the name.
    """

    queues: Sequence[QueueCounts]
    workers: Sequence[WorkerRecord]
    suspended: bool
    taken_at: datetime
    unused_queues: Sequence[str] = ()
    paused: Sequence[tuple[str, str]] = ()


def render(snapshot: Snapshot, view: View) -> str:
    """Return the whole output, without a newline at its end."""
    parts: list[list[str]] = []
    if view.queues:
        parts.append(_queue_lines(snapshot.queues, view))
    if view.workers:
        parts.append(_worker_lines(snapshot, view))
    if view.raw:
        return "\n".join(line for part in parts for line in part)
    if view.workers and snapshot.suspended:
        parts[-1].append(click.style("suspended: no worker begins another job until `rq resume`", fg="yellow"))
    if view.workers and snapshot.paused:
        parts[-1].append(click.style(f"paused: {', '.join(f'{kind} {printable(name)}' for kind, name in snapshot.paused)}", fg="yellow"))
    if view.queues and view.workers:
        parts.append([f"Updated: {snapshot.taken_at}"])
    return "\n\n".join("\n".join(part) for part in parts)


# --- queues -------------------------------------------------------------------------------------------------------------------


def _queue_lines(queues: Sequence[QueueCounts], view: View) -> list[str]:
    if view.raw:
        return [f"queue {printable(queue.name)} {_counts(queue)}" for queue in queues]
    scale = bar_scale(max((queue.waiting for queue in queues), default=0))
    lines = [f"{printable(queue.name):<{_NAME_WIDTH}} {_bar(queue.waiting, scale, view)} {_counts(queue)}" for queue in queues]
    return [*lines, f"{_number(len(queues), 'queue')}, {_number(sum(queue.waiting for queue in queues), 'job')} total"]


def _number(count: int, noun: str) -> str:
    """Return `0 queues`, `1 queue`, `2 queues`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _counts(queue: QueueCounts) -> str:
    return f"{queue.waiting}, {queue.started} executing, {queue.finished} finished, {queue.failed} failed"


def bar_scale(longest: int) -> int:
    """Return the number of jobs for which a bar is full: a round one that is not exceeded, up to a thousand."""
    return next((scale for scale in _SCALES if scale >= longest), longest)


def _bar(count: int, scale: int, view: View) -> str:
    width = max(min(_BAR_WIDTH, view.columns - _BESIDE_THE_BAR), 0)
    block = "#" if view.ascii_only else "█"
    return click.style("|" + block * (width * count // scale), fg="green")


# --- workers ------------------------------------------------------------------------------------------------------------------


def _worker_lines(snapshot: Snapshot, view: View) -> list[str]:
    workers = sorted(snapshot.workers, key=lambda worker: worker.name)
    queue_names = [*(queue.name for queue in snapshot.queues), *(snapshot.unused_queues if view.by_queue else ())]
    describe = _raw_worker if view.raw else _worker
    lines = _by_queue(workers, queue_names, view) if view.by_queue else [describe(worker) for worker in workers]
    return lines if view.raw else [*lines, f"{_number(len(workers), 'worker')}, {_number(len(snapshot.queues), 'queue')}"]


def _worker(worker: WorkerRecord) -> str:
    return f"{printable(worker.name)} ({_place(worker)}): {_state(worker)} {_queues(worker)}. {_jobs(worker)}"


def _raw_worker(worker: WorkerRecord) -> str:
    return f"worker {printable(worker.name)} ({_place(worker)}) {printable(worker.state)} {_queues(worker)}. {_jobs(worker)}"


def _by_queue(workers: Sequence[WorkerRecord], queue_names: Sequence[str], view: View) -> list[str]:
    labels = [f"{printable(name)}:" for name in queue_names]
    width = max(map(len, labels), default=0)
    nobody = "-" if view.ascii_only else "–"  # noqa: RUF001 - RQ's dash
    lines = []
    for name, label in zip(queue_names, labels, strict=True):
        listening = [f"{printable(worker.name)} ({_state(worker)})" for worker in workers if name in worker.queues]
        lines.append(f"{label:<{width}} {', '.join(listening) or nobody}")
    return lines


def _place(worker: WorkerRecord) -> str:
    return printable(f"{worker.hostname or '?'} {worker.ip_address} {worker.pid or '?'}")


def _state(worker: WorkerRecord) -> str:
    return click.style(printable(worker.state), fg=STATE_COLORS.get(worker.state))


def _queues(worker: WorkerRecord) -> str:
    return ", ".join(map(printable, worker.queues))


def _jobs(worker: WorkerRecord) -> str:
    return f"jobs: {worker.successful_job_count} finished, {worker.failed_job_count} failed"


def can_show() -> bool:
    """Say whether the output can show bars and dashes."""
    try:
        "█–".encode(getattr(sys.stdout, "encoding", None) or "utf-8")  # noqa: RUF001 - RQ's dash
    except UnicodeEncodeError:
        return False
    return True
