"""The jobs of the benchmarks. Importing this costs nothing."""

import time


def do_nothing(number: int) -> int:
    """Return the argument: what remains is the cost of the queue."""
    return number


def nap(seconds: float) -> None:
    """Take that long."""
    time.sleep(seconds)


def note_the_time(_called: int) -> int:
    """Return the moment of its first line, in nanoseconds of the clock that all processes of the machine share."""
    return time.monotonic_ns()
