"""How RQ's own functions read the arguments of a job (door: `rq.cli.helpers`). The work is done in `rq.cli.arguments`."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from rq.cli import arguments
from rq.core.clock import utc_now


class ParsingMode(Enum):
    """What a value on the command line is: a text, JSON, or a Python literal."""

    PLAIN_TEXT = 0
    JSON = 1
    LITERAL_EVAL = 2


def parse_function_arg(argument: str, arg_pos: int) -> tuple[str | None, Any]:
    """Return the name (None for a positional one) and the value of one argument; `arg_pos` is accepted, and not used.

    Raises:
        WrongCall: it, or its file, cannot be read.
    """
    del arg_pos
    positional, keywords = arguments.parse_arguments([argument])
    return (None, positional[0]) if positional else next(iter(keywords.items()))


def parse_schedule(schedule_in: str | None, schedule_at: str | None) -> datetime | None:
    """Return when a job is to be enqueued: after a duration, aware, in UTC; at a local time, naive; None for at once.

    Raises:
        WrongCall: both are given, or one cannot be read.
    """
    when = arguments.parse_schedule(schedule_in, schedule_at)
    return utc_now() + when if isinstance(when, timedelta) else when
