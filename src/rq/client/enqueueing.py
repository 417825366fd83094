"""From the arguments of `Queue.enqueue` to the options of a job: what RQ takes for itself, and what is the function's."""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.core.formats import parse_duration
from rq.model.options import EnqueueOptions

# Options that RQ has and this version does not carry out yet. They are RQ's own names, so they are refused rather than handed to the function.
LATER_OPTIONS = frozenset({"depends_on", "repeat", "retry", "unique", "webhooks"})

# Options that are no keywords of `enqueue` in RQ: a function may have arguments of these names. Groups set the one, `job_timeout` is the other.
_NOT_TAKEN = frozenset({"group_id", "timeout"})

# Keyword of `enqueue` -> parameter of `enqueue_call`. The limit of a job's run is `job_timeout` in the one and `timeout` in the other, as in RQ.
_TAKEN = {"job_timeout": "timeout"} | {name: name for name in ({field.name for field in fields(EnqueueOptions)} | {"pipeline"}) - _NOT_TAKEN}


def split_options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Return the function's positional and keyword arguments, and the options, named as in `enqueue_call`.

    The function's arguments may be given as they are, or all together as `args=` and `kwargs=`.

    Raises:
        InvalidOptionError: if both ways are mixed (RQ: an AssertionError for positional arguments; others are dropped without a word).
    """
    if not kwargs:
        return args, kwargs, {}
    options = {_TAKEN[name]: kwargs.pop(name) for name in _TAKEN.keys() & kwargs.keys()}
    if "args" not in kwargs and "kwargs" not in kwargs:
        return args, kwargs, options
    explicit_args, explicit_kwargs = kwargs.pop("args", None), kwargs.pop("kwargs", None)
    if args or kwargs:
        extra = [*(repr(value) for value in args), *kwargs]
        message = f"With args= or kwargs= all of the function's arguments go in there; these would be lost: {', '.join(extra)}"
        raise InvalidOptionError(message)
    return explicit_args, explicit_kwargs, options


def refuse_later_options(**options: Any) -> None:
    """Refuse an option of RQ that this version does not carry out yet; None, False and empty mean that it was not given.

    Raises:
        InvalidOptionError: naming the option (a ValueError).
    """
    for name, value in options.items():
        if value:
            message = f"{name} is an option of RQ that this version does not support yet; enqueue the job without it"
            raise InvalidOptionError(message)


def delay_of(value: timedelta | float | str) -> timedelta:
    """Return how long to wait: a timedelta, a number of seconds (fractions count), or a text such as '90' or '10m'.

    Raises:
        OptionTypeError: for anything else (a TypeError).
        InvalidOptionError: for a number that no time can be (a ValueError); TimeoutFormatError for a text that is no duration.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        message = f"A job cannot be enqueued in {value!r}: give a timedelta, a number of seconds, or a text such as '10m'"
        raise OptionTypeError(message)
    seconds = parse_duration(value) or 0 if isinstance(value, str) else value
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        message = f"A job cannot wait for {value!r} seconds"
        raise InvalidOptionError(message) from error


def check_due(moment: object) -> None:
    """Refuse what is no time at which a job can be due.

    Raises:
        OptionTypeError: if it is neither a datetime nor a timedelta (a TypeError).
    """
    if not isinstance(moment, (datetime, timedelta)):
        message = f"A job cannot be enqueued at {moment!r}: give a datetime or a timedelta"
        raise OptionTypeError(message)


def new_nonce() -> str:
    """Return a fresh name for one call, so that the server knows it again if it is sent twice."""
    return os.urandom(8).hex()
