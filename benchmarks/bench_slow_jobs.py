"""A job whose module takes 300 ms to import, as one does that uses a web framework or a machine learning library."""

import time

time.sleep(0.3)


def do_nothing(number: int) -> int:
    """Return the argument."""
    return number
