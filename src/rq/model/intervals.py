"""How often and after how long: the numbers that `Retry` and `Repeat` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rq.core.errors import InvalidOptionError, OptionTypeError

MAX_SECONDS = 10**11  # about 3,000 years; past it the server's own arithmetic on expiry times overflows
MAX_TIMES = 2**31 - 1  # the server counts them down; nobody lives to see it


def checked_times(option: str, value: object) -> int:
    """Return how many times something is done again: a whole number, at least 1.

    Raises:
        OptionTypeError: for anything but an int. InvalidOptionError: for one that is too small or too large.
    """
    return _whole_number(option, value, lowest=1, highest=MAX_TIMES)


def checked_seconds(option: str, value: object) -> int:
    """Return a delay in whole seconds, 0 or more.

    Raises:
        OptionTypeError: for anything but an int. InvalidOptionError: for one that is negative or too large.
    """
    return _whole_number(option, value, lowest=0, highest=MAX_SECONDS)


def checked_intervals(option: str, value: object) -> list[int]:
    """Return delays in whole seconds as a list: that of one number, or those of an iterable, which may be a generator.

    Raises:
        OptionTypeError: for anything but ints. InvalidOptionError: for a number that is negative or too large, or for no number at all.
    """
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        return [checked_seconds(option, value)]
    intervals = [checked_seconds(f"{option}[{position}]", item) for position, item in enumerate(value)]
    if not intervals:
        raise InvalidOptionError(f"{option} is empty: give a number of seconds, or a list of at least one")
    return intervals


def _whole_number(option: str, value: object, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionTypeError(f"{option} is {value!r}: it must be a whole number (an int)")
    if not lowest <= value <= highest:
        raise InvalidOptionError(f"{option} is {value}: it must be between {lowest} and {highest}")
    return value
