"""How numbers, durations and lists read in a sentence."""

from collections.abc import Sequence
from datetime import datetime

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
# So many names are written out; of more than that, nobody reads the rest.
_MOST_NAMED = 3


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `no worker`, `1 worker`, `1,200 workers`. The plural is that with an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}"


def duration_in_words(seconds: float) -> str:
    """Return a duration in its largest unit of which there are at least two, as people say it: `90 seconds`, `3 minutes`; below a second, `a moment`."""
    for unit, noun in _UNITS:
        if seconds >= 2 * unit or (unit == 1 and seconds >= 1):
            return counted(int(seconds // unit), noun)
    return "a moment"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`."""
    is_teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def listed(names: Sequence[str], most: int = _MOST_NAMED) -> str:
    """Return names as a sentence lists them: `a`, `a and b`, `a, b and c`, `a, b, c and 7 more`."""
    shown = [*names[:most], *([f"{len(names) - most:,} more"] if len(names) > most else [])]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def moment_in_words(moment: datetime) -> str:
    """Return a moment that carries its zone, to the second: `2030-05-27 19:45:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname()}"
