"""Questions that a server may refuse, or that have no answer because a key holds something of another type: for those who look at whatever is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from redis.exceptions import ResponseError

from rq.core.errors import ScriptsRefused
from rq.store.calls import Call
from rq.store.connection import Caller

T = TypeVar("T")


def ask(caller: Caller, call: Call[T], otherwise: T) -> T:
    """Return the answer to a question, or something else if there is none."""
    try:
        return caller.run(call)
    except (ResponseError, ScriptsRefused):
        return otherwise


def ask_many(caller: Caller, calls: Sequence[Call[Any]]) -> list[Any]:
    """Return the answers to some questions, None for each that has none: one round trip, if all have."""
    try:
        return caller.run_many(calls)
    except (ResponseError, ScriptsRefused):
        return [ask(caller, call, None) for call in calls]
