"""A bar for work that takes a while, for people on a terminal. It goes to stderr, so that what a command prints stays what it is; elsewhere there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

# Less than that many things are done before anybody could read the bar.
FEW = 1000


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[int], object]]:
    """Show a bar while the block runs. The block calls what it gets with how many things it has done since the last call."""
    if total < FEW or not sys.stderr.isatty():
        yield lambda _done: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield bar.update
