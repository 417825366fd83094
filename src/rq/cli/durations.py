"""Options that take a time: in seconds, or with a unit, as `90`, `90s`, `30m`, `1h`, `2d`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import click

from rq.cli.options import MOST
from rq.core.errors import TimeoutFormatError
from rq.core.formats import parse_duration

Number = type[int | float]


def duration_of_at_least(least: float, number: Number = int) -> Callable[[str], float]:
    """Return a type for an option: a time of `least` seconds or more, in seconds, and no obvious mistake.

    Args:
        least: in seconds.
        number: of which kind it is; with `float`, fractions of seconds can be written as well.
    """

    def read(value: str) -> float:
        found = _seconds(str(value), number)
        if not least <= found < MOST:
            raise click.BadParameter(f"{value} is too {'much' if found >= MOST else f'small, it must be at least {least:g} (seconds)'}")
        return found

    return read


def _seconds(text: str, number: Number) -> float:
    if number is float:
        with suppress(ValueError):  # it may have a unit
            return float(text)
    try:
        return number(parse_duration(text) or 0)
    except TimeoutFormatError as error:
        raise click.BadParameter(f"{text!r} is no time; write seconds, such as 90, or a unit as well: 90s, 30m, 1h, 2d") from error
