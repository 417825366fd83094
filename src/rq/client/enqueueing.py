"""From the arguments of `Queue.enqueue` to the options of a job: what RQ takes for itself, and what is the function's."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.core.formats import parse_duration
from rq.model.options import EnqueueOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.client import Pipeline

# Options that are no keywords of `enqueue` in RQ: a function may have arguments of these names. Groups set the one, `job_timeout` is the other.
_NOT_TAKEN = frozenset({"group_id", "timeout"})

# Keyword of `enqueue` -> parameter of `enqueue_call`. The limit of a job's run is `job_timeout` in the one and `timeout` in the other, as in RQ.
_TAKEN = {"job_timeout": "timeout"} | {name: name for name in ({field.name for field in fields(EnqueueOptions)} | {"pipeline"}) - _NOT_TAKEN}

OPTION_NAMES = frozenset(_TAKEN.values())


class CallOptions(TypedDict, total=False):
    """The options of one job but for its pipeline, for type checkers; named as in `Queue.enqueue_call`. See `EnqueueOptions`."""

    timeout: int | str | None
    result_ttl: int | str | None
    ttl: int | str | None
    failure_ttl: int | str | None
    description: str | None
    depends_on: Any
    job_id: str | None
    at_front: bool
    meta: Mapping[str, Any] | None
    retry: Any
    repeat: Any
    on_success: Any
    on_failure: Any
    on_stopped: Any
    unique: bool
    webhooks: Any


class EnqueueArgs(NamedTuple):
    """What `Queue.parse_args` makes of the arguments of `enqueue`: RQ's fields in RQ's order, but with a value for each that was not given."""

    func: Callable[..., Any] | str
    timeout: int | str | None = None
    description: str | None = None
    result_ttl: int | str | None = None
    ttl: int | str | None = None
    failure_ttl: int | str | None = None
    depends_on: Any = None
    job_id: str | None = None
    at_front: bool = False
    meta: Mapping[str, Any] | None = None
    retry: Any = None
    repeat: Any = None
    on_success: Any = None
    on_failure: Any = None
    on_stopped: Any = None
    pipeline: Pipeline | None = None
    unique: bool = False
    args: Sequence[Any] | None = ()
    kwargs: Mapping[str, Any] | None = None
    webhooks: Any = None


def split_options(func: Callable[..., Any] | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Return the function's positional and keyword arguments, and the options, named as in `enqueue_call`.

    The function's arguments may be given as they are, or all together as `args=` and `kwargs=`. `timeout`, the name of `job_timeout` before RQ 1.0, is the
    function's, unless it cannot be.

    Raises:
        InvalidOptionError: if both ways are mixed (RQ: an AssertionError for positional arguments; others are dropped without a word).
    """
    if not kwargs:
        return args, kwargs, {}
    options = {_TAKEN[name]: kwargs.pop(name) for name in _TAKEN.keys() & kwargs.keys()}
    together = "args" in kwargs or "kwargs" in kwargs
    if "timeout" in kwargs and (together or not _may_take_timeout(func)):
        warnings.warn("enqueue() takes job_timeout, not timeout", DeprecationWarning, stacklevel=3)
        options.setdefault("timeout", kwargs.pop("timeout"))
    if not together:
        return args, kwargs, options
    explicit_args, explicit_kwargs = kwargs.pop("args", None), kwargs.pop("kwargs", None)
    if args or kwargs:
        extra = [*(repr(value) for value in args), *kwargs]
        message = f"With args= or kwargs= all of the function's arguments go in there; these would be lost: {', '.join(extra)}"
        raise InvalidOptionError(message)
    return explicit_args, explicit_kwargs, options


def _may_take_timeout(func: Callable[..., Any] | str) -> bool:
    """Say whether a function may have an argument `timeout`: yes also where nobody can tell, as for a path."""
    try:
        parameters = inspect.signature(func, follow_wrapped=False).parameters  # type: ignore[arg-type] # a path is a TypeError
    except (TypeError, ValueError):
        return True
    return "timeout" in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def keywords_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options that are named as in `enqueue_call` as keywords of `enqueue`: what `split_options` does, backwards."""
    keywords = {parameter: keyword for keyword, parameter in _TAKEN.items()}
    return {keywords[name]: value for name, value in options.items()}


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
