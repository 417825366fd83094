"""What a caller may say about running a job again after it succeeded (door: `rq.repeat`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rq.model.intervals import checked_intervals, checked_times


@dataclass(init=False)
class Repeat:
    """Run the job again after each success: `times` more runs, so `times + 1` in all.

    Args:
        times: how many more, at least 1.
        interval: seconds between the end of a run and the next; or a list of them, of which the last is used for all further runs. 0 means at once.

    Raises:
        InvalidOptionError: for a number that makes no sense, or an empty list (a ValueError). OptionTypeError: for anything but ints (a TypeError).
    """

    __module__ = "rq.repeat"

    times: int
    intervals: list[int]

    def __init__(self, times: int, interval: int | Iterable[int] = 0) -> None:
        self.times = checked_times("times", times)
        self.intervals = checked_intervals("interval", interval)

    @staticmethod
    def get_interval(count: int, intervals: Sequence[int]) -> int:
        """Return the seconds to wait after `count` repetitions; those that the list has no number for wait as long as the last."""
        return intervals[min(count, len(intervals) - 1)]
