"""Waiting for something that another process does: the one place in the tests that may sleep."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.02


def wait_until(
    predicate: Callable[[], Value],
    timeout: float = 10.0,
    message: str | Callable[[], str] = "the condition never held",
) -> Value:
    """Call `predicate` until what it returns is true, and return that.

    `message` (or what it returns, asked for at the end) goes into the AssertionError raised after `timeout` seconds.
    Prefer an event (a file descriptor, a blocking read, `Process.wait`) where there is one; this is for state that
    can only be looked at.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            said = message if isinstance(message, str) else message()
            raise AssertionError(f"waited {timeout} s: {said}")
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
