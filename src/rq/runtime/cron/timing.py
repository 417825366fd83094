"""What a cron job says about time: an interval, or a cron string in croniter's language and a time zone. The one place that knows croniter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

from rq.core.errors import InvalidOptionError
from rq.core.formats import parse_duration
from rq.model.cron import Every, Progress, Schedule, WallClock, counts_after

_EVERY_HOUR = (["*"], list(range(24)))


class CronString:
    """A cron string as a pattern of wall times (see `rq.model.cron.Pattern`).

    Args:
        string: five fields; six, with seconds last; or seven, with the year last; or one of `@hourly`, `@daily` and their like. What fields may hold is what
            croniter takes: https://github.com/pallets-eco/croniter.

    Raises:
        InvalidOptionError: if it is none (a ValueError; its cause is croniter's own error).
    """

    def __init__(self, string: str) -> None:
        self._string = string
        try:
            fields, _ = croniter.expand(string)
        except (CroniterError, ValueError, TypeError, AttributeError) as error:
            message = f"{string!r} is no cron string: {error}; write minute, hour, day, month and weekday, such as '30 2 * * mon-fri'"
            raise InvalidOptionError(message) from error
        self.is_hourly = fields[1] in _EVERY_HOUR

    def first_after(self, wall: int) -> int | None:
        """Return the first time that matches after a wall time; None if there is none within croniter's horizon of fifty years."""
        return self._look(wall, "get_next")

    def last_before(self, wall: int) -> int | None:
        """Return the last time that matches before a wall time; None if there was none."""
        return self._look(wall, "get_prev")

    def _look(self, wall: int, direction: str) -> int | None:
        try:
            found: float = getattr(croniter(self._string, float(wall)), direction)(float)
        except CroniterBadDateError:
            return None
        return round(found)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a cron job is due, whenever it began.

    Args:
        interval: seconds from one tick to the next, None for a cron string.
        cron: the cron string.
        zone: the time zone that it is about.
        pattern: the string, read.
    """

    interval: int | None
    cron: str | None
    zone: tzinfo
    pattern: CronString | None

    @classmethod
    def of(cls, interval: int | str | timedelta | None, cron: str | None, timezone: str | tzinfo) -> Self:
        """Return what people wrote, checked.

        Raises:
            InvalidOptionError: for both or neither of interval and cron, or one that makes no sense (a ValueError).
        """
        seconds = _seconds_of(interval)
        if bool(seconds) == bool(cron):
            raise InvalidOptionError("A cron job has an interval of at least a second, or a cron string: pass one of interval= and cron=")
        return cls(seconds or None, cron or None, zone_of(timezone), CronString(cron) if cron else None)

    def schedule(self, since: float) -> Schedule:
        """Return all ticks; those of an interval count from `since`."""
        return Every(self.interval or 0, int(since)) if self.pattern is None else WallClock(self.pattern, self.zone)

    def counts_after(self, progress: Progress) -> int:
        """Return the moment after which its ticks count. The first tick of an interval is at once."""
        return counts_after(progress, is_first_at_once=self.pattern is None)

    def __str__(self) -> str:
        return describe_timing(self.interval, self.cron, str(self.zone))


def describe_timing(interval: int | None, cron: str | None, timezone: str) -> str:
    """Return when a cron job is due, as people are told."""
    return f"every {interval} second{'' if interval == 1 else 's'}" if interval else f"{cron} ({timezone})"


def zone_of(timezone: str | tzinfo) -> tzinfo:
    """Return a time zone that every process finds by its name.

    Raises:
        InvalidOptionError: if this system knows none of that name (a ValueError).
    """
    if timezone is UTC or isinstance(timezone, ZoneInfo):
        return timezone
    try:
        return UTC if timezone == "UTC" else ZoneInfo(timezone)  # type: ignore[arg-type] # anything but a name is an error, see below
    except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        message = f"There is no time zone {timezone!r} here: write its name, such as 'Europe/Berlin'; the package tzdata brings those that a system lacks"
        raise InvalidOptionError(message) from error


def _seconds_of(interval: int | str | timedelta | None) -> int:
    seconds = int(interval.total_seconds()) if isinstance(interval, timedelta) else parse_duration(interval or None)
    if seconds is not None and seconds < 0:
        raise InvalidOptionError(f"The interval of a cron job is {interval!r}: it must be at least 1 second")
    return seconds or 0
