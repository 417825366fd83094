"""What is called when a job ended (doors: `rq.job`, `rq`)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

from rq.core.defaults import CALLBACK_TIMEOUT
from rq.core.errors import InvalidOptionError, UnimportableFunctionError
from rq.core.formats import parse_duration
from rq.core.references import check_importable, reference_of
from rq.model.intervals import MAX_SECONDS

CallbackFunction = Callable[..., Any] | str


class Callback:
    """A function to call when a job succeeded, failed or was stopped.

    Args:
        func: a function, or its dotted path. Methods, classes and other objects that can be called are refused: only a name is stored.
        timeout: how long it may run, in seconds or as a text such as '1m'; None or 0 for a minute, -1 for no limit.

    Raises:
        InvalidOptionError: for anything that is no function, or a timeout that makes no sense (a ValueError). TimeoutFormatError: for a text that is none.
    """

    __module__ = "rq.job"

    def __init__(self, func: CallbackFunction, timeout: int | str | None = None) -> None:
        self.name = _name_of(func)
        self.func = func
        self.timeout = parse_duration(timeout) or CALLBACK_TIMEOUT
        if not -1 <= self.timeout <= MAX_SECONDS:
            raise InvalidOptionError(f"The timeout of a callback is {timeout!r}: it must be between -1 and {MAX_SECONDS} seconds")


def as_callback(value: Callback | CallbackFunction | None, option_name: str) -> Callback | None:
    """Return what an option such as `on_success` says; None if nothing. A function or a path alone is taken with a warning, as in RQ.

    Raises:
        InvalidOptionError: for anything else (a ValueError). UnimportableFunctionError: for a function that no worker could import (a ValueError).
    """
    if value is None:
        return None
    callback = value if isinstance(value, Callback) else Callback(value)
    try:
        check_importable(callback.func)
    except UnimportableFunctionError as error:
        raise UnimportableFunctionError(f"{option_name}: {error}") from None
    if callback is not value:
        message = f"Passing a str or function as {option_name} is deprecated; pass Callback({callback.name!r})"
        warnings.warn(message, DeprecationWarning, stacklevel=_frames_of_this_package() + 1)
    return callback


def _name_of(func: object) -> str:
    if isinstance(func, str) and func:
        return func
    if isinstance(func, (FunctionType, BuiltinFunctionType)):
        reference = reference_of(func)
        if reference.instance is None:
            return reference.func_name
    raise InvalidOptionError(f"A callback is a function or the dotted path of one, not {func!r}")


def _frames_of_this_package() -> int:
    """Return how many calls, from this function's caller up, are this package's own: a warning should point at the user's line."""
    frame, count = sys._getframe(1), 0  # noqa: SLF001 - what `warnings` itself does
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("rq."):
        frame, count = frame.f_back, count + 1
    return count
