"""What a caller, or a job by returning it, may say about trying again (doors: `rq.job`, `rq`).

RQ's workers know a number of retries and a list of waits. Backoff is therefore worked out beforehand, into such a list; only what a list cannot say
(the spread, the filters) goes into a field of its own, the policy, which RQ's workers do not look at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.core.references import dotted_name
from rq.model.intervals import MAX_SECONDS, checked_intervals, checked_seconds, checked_times

MOST_INTERVALS = 100  # of a backoff; retries after that wait as long as the last one

ExceptionFilter = type[BaseException] | str


class Retry:
    """Try the job again when it fails: `max` more attempts, so `max + 1` in all.

    A function may also return a `Retry` to be run again, for as long as fewer than `max` attempts ended that way. There, `jitter` and the filters say nothing.

    Args:
        max: how many more attempts, at least 1.
        interval: seconds before the next attempt; or a list of them. 0 means at once.
        enqueue_at_front: whether the next attempt goes to the head of the queue.
        backoff: each wait is this many times the one before; 1 for waits of the same length. It takes a single interval to begin with.
        max_interval: the most seconds that a wait may grow to; None for no such limit.
        jitter: spread each wait by up to this fraction either way (0.1: 10 % shorter to 10 % longer), so that jobs which failed together come back one by one.
        only_on: exceptions that are retried, and no others: classes or their dotted names, with their subclasses. A name without a dot is a builtin.
        never_on: exceptions that are not retried, in the same form.

    Raises:
        InvalidOptionError: for a number that makes no sense, or an empty list (a ValueError). OptionTypeError: for anything of the wrong type (a TypeError).
    """

    __module__ = "rq.job"

    # Where a `Retry` that RQ pickled finds what RQ does not know.
    backoff: float = 1.0
    max_interval: int | None = None
    jitter: float = 0.0
    only_on: tuple[str, ...] = ()
    never_on: tuple[str, ...] = ()

    def __init__(  # noqa: PLR0913 - RQ's signature, and five of ours by name
        self,
        max: int,
        interval: int | Iterable[int] = 0,
        enqueue_at_front: bool = False,
        *,
        backoff: float = 1.0,
        max_interval: int | None = None,
        jitter: float = 0.0,
        only_on: ExceptionFilter | Iterable[ExceptionFilter] = (),
        never_on: ExceptionFilter | Iterable[ExceptionFilter] = (),
    ) -> None:
        self.max = checked_times("max", max)
        self.enqueue_at_front = enqueue_at_front
        self.backoff = _checked_factor("backoff", backoff, lowest=1.0)
        self.max_interval = None if max_interval is None else checked_seconds("max_interval", max_interval)
        self.jitter = _checked_factor("jitter", jitter, lowest=0.0, highest=1.0)
        self.only_on = _exception_names("only_on", only_on)
        self.never_on = _exception_names("never_on", never_on)
        self.intervals = self._all_intervals(checked_intervals("interval", interval))

    def _all_intervals(self, intervals: list[int]) -> list[int]:
        most = MAX_SECONDS if self.max_interval is None else self.max_interval
        if self.backoff == 1:
            return [min(seconds, most) for seconds in intervals]
        if len(intervals) > 1 or intervals[0] == 0:
            raise InvalidOptionError(f"backoff={self.backoff} multiplies a single interval of at least 1 second, but interval is {intervals}")
        waits = [float(min(intervals[0], most))]
        while len(waits) < min(self.max, MOST_INTERVALS):
            waits.append(min(waits[-1] * self.backoff, most))
        return [round(seconds) for seconds in waits]

    @property
    def policy(self) -> dict[str, Any] | None:
        """What RQ does not know, as it is stored with the job; None if there is nothing of it."""
        given = {name: value for name in POLICY if name != "max" and (value := getattr(self, name)) != getattr(Retry, name)}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return {"max": self.max, **plain} if plain else None

    @staticmethod
    def get_interval(count: int, intervals: int | Sequence[int] | None) -> int:
        """Return the seconds to wait after `count` retries, of a list that is read from its beginning; 0 without one, and the last for all further retries."""
        if isinstance(intervals, int):
            return intervals
        return intervals[min(count, len(intervals) - 1)] if intervals else 0

    def __repr__(self) -> str:
        one = len(self.intervals) == 1 or self.backoff != 1
        ours = "".join(f", {name}={value!r}" for name, value in (self.policy or {}).items() if name != "max")
        return f"Retry(max={self.max}, interval={self.intervals[0] if one else self.intervals}, enqueue_at_front={self.enqueue_at_front}{ours})"


def _checked_factor(option: str, value: object, lowest: float, highest: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionTypeError(f"{option} is {value!r}: it must be a number")
    if not lowest <= value <= highest or math.isinf(value):
        wanted = f"at least {lowest:g}" if highest == math.inf else f"between {lowest:g} and {highest:g}"
        raise InvalidOptionError(f"{option} is {value}: it must be {wanted}")
    return float(value)


def _exception_names(option: str, value: object) -> tuple[str, ...]:
    items = value if isinstance(value, Iterable) and not isinstance(value, (str, type)) else [value]
    return tuple(_exception_name(option, item) for item in items)


def _exception_name(option: str, item: object) -> str:
    if isinstance(item, type) and issubclass(item, BaseException):
        return dotted_name(item)
    if not isinstance(item, str):
        raise OptionTypeError(f"{option} takes exception classes or their dotted names, not {item!r}")
    if not item or "" in item.split("."):
        raise InvalidOptionError(f"{option} holds {item!r}, which is no dotted name of an exception class")
    return item if "." in item else f"builtins.{item}"


# --- the policy, as it is stored --------------------------------------------------------------------------------------


def _checked_names(option: str, value: object) -> list[str]:
    if not isinstance(value, list):
        raise OptionTypeError(f"{option} is {value!r}: it must be a list")
    return list(_exception_names(option, value))


# Key of a policy -> how its value is checked.
POLICY: dict[str, Callable[[str, Any], Any]] = {
    "max": checked_times,
    "backoff": lambda option, value: _checked_factor(option, value, lowest=1.0),
    "max_interval": checked_seconds,
    "jitter": lambda option, value: _checked_factor(option, value, lowest=0.0, highest=1.0),
    "only_on": _checked_names,
    "never_on": _checked_names,
}


def checked_policy(value: object) -> dict[str, Any] | None:
    """Return a policy that was stored, without keys of later versions; None if there is nothing in it.

    Raises:
        OptionTypeError: if it, or a value in it, is of the wrong type. InvalidOptionError: for a value that makes no sense.
    """
    if value is not None and not isinstance(value, Mapping):
        raise OptionTypeError("it is no JSON object")
    return {name: POLICY[name](name, item) for name, item in (value or {}).items() if name in POLICY} or None


def is_retried(policy: Mapping[str, Any] | None, exception_names: Iterable[str]) -> bool:
    """Say whether a policy lets an exception be retried; `exception_names` are those of its class and of all that it derives from."""
    if not policy:
        return True
    names = set(exception_names)
    only_on = policy.get("only_on")
    return (not only_on or not names.isdisjoint(only_on)) and names.isdisjoint(policy.get("never_on", ()))
