"""The views of `rq info` as functions, as programs call them (door: `rq.cli.helpers`). The work is done in `rq.cli.rendering`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from rq.cli.rendering import STATE_COLORS, Snapshot, View, bar_scale, can_show, render
from rq.core.keys import current_keyspace
from rq.store.connection import Caller
from rq.store.overview import read_overview
from rq.store.scripts import ScriptLibrary

if TYPE_CHECKING:
    import redis

get_scale = bar_scale


def pad(s: str, pad_to_length: int) -> str:
    """Return a text with spaces behind it, up to a length."""
    return s.ljust(pad_to_length)


def state_symbol(state: str) -> str:
    """Return the state of a worker in its colour."""
    return click.style(state, fg=STATE_COLORS[state]) if state in STATE_COLORS else state


def refresh(interval: float | None, func: Callable[..., Any], *args: Any) -> None:
    """Call a function; with an interval in seconds, clear the screen and call it, again and again, until something is raised."""
    while interval:
        click.clear()
        func(*args)
        time.sleep(interval)
    func(*args)


def show_queues(queues: Sequence[Any], raw: bool, by_queue: bool, queue_class: Any, worker_class: Any, connection: redis.Redis) -> None:
    """Print the queues; `by_queue` and the classes are accepted, and not used."""
    del by_queue, queue_class, worker_class
    _show(queues, View(workers=False, raw=raw), connection)


def show_workers(queues: Sequence[Any], raw: bool, by_queue: bool, queue_class: Any, worker_class: Any, connection: redis.Redis) -> None:
    """Print the workers that listen on the queues, all workers without any; the classes are accepted, and not used."""
    del queue_class, worker_class
    _show(queues, View(queues=False, raw=raw, by_queue=by_queue), connection)


def show_both(queues: Sequence[Any], raw: bool, by_queue: bool, queue_class: Any, worker_class: Any, connection: redis.Redis) -> None:
    """Print the queues and the workers; the classes are accepted, and not used."""
    del queue_class, worker_class
    _show(queues, View(raw=raw, by_queue=by_queue), connection)


def _show(queues: Sequence[Any], view: View, connection: redis.Redis) -> None:
    names = [queue.name for queue in queues]
    overview = read_overview(Caller(connection), ScriptLibrary(current_keyspace()), names)
    shown = overview.queues if names else []
    now = datetime.now()  # noqa: DTZ005 - shown to people, in their own time
    fitting = View(view.queues, view.workers, view.raw, view.by_queue, shutil.get_terminal_size().columns, ascii_only=not can_show())
    text = render(Snapshot(shown, overview.workers, overview.suspended, now, paused=overview.paused), fitting)
    if text:
        click.echo(text)
