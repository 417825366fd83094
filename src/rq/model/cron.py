"""When a cron job is due: pure rules about moments, which are whole seconds since 1970.

A schedule knows its ticks; a policy says which of those that passed still become jobs. Whoever computes with the same schedule and the same progress finds the
same ticks, so that any number of processes may do it at once.

Cron strings are about a clock on a wall. Where that clock is put forward or back, the rule is that of Vixie's cron, which people know from their machines: a
string that names hours is about the times of a day, and runs once for each of them, though the clock skips a time (then at the moment when it is put forward)
or shows it twice (then the first time); a string for every hour is about the time that passes, and goes on evenly, whatever the clock shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from rq.core.defaults import CRON_MISSED_AFTER_SECONDS, MOST_MISSED_TICKS
from rq.core.errors import InvalidOptionError

# What becomes of ticks that passed while nobody was there to enqueue them.
MISSED_POLICIES = ("skip", "once", "all")

# No clock is put back further than this.
_LONGEST_REPETITION = 3 * 60 * 60


class Schedule(Protocol):
    """The ticks of a cron job."""

    def first_after(self, moment: int) -> int | None:
        """Return the first tick after a moment; None if there is none any more."""

    def last_until(self, moment: int) -> int | None:
        """Return the last tick that is not after a moment; None if there was none yet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a cron job has come, in seconds since 1970; None for what never happened.

    Args:
        since: when the server first heard of it.
        last: its last tick that became a job.
        resumed: when it was last resumed after a pause.
        paused: since when it is paused.
    """

    since: float | None = None
    last: float | None = None
    resumed: float | None = None
    paused: float | None = None

    @property
    def first(self) -> float | None:
        """From when on its ticks count: since the server heard of it; or, if that cannot be read, from the last one that is known."""
        return self.last if self.since is None else self.since


@dataclass(frozen=True, slots=True)
class Every:
    """A tick at the moment `since`, and then every so many seconds."""

    seconds: int
    since: int

    def first_after(self, moment: int) -> int:
        """Return the first tick after a moment."""
        return max(self.since, self.since + ((moment - self.since) // self.seconds + 1) * self.seconds)

    def last_until(self, moment: int) -> int | None:
        """Return the last tick that is not after a moment; None before the first."""
        return None if moment < self.since else moment - (moment - self.since) % self.seconds


class Pattern(Protocol):
    """A cron string. It knows a clock on a wall and no time zones: a wall time is the number of seconds that would be a moment if the clock showed UTC."""

    @property
    def is_hourly(self) -> bool:
        """Whether the string is for every hour."""

    def first_after(self, wall: int) -> int | None:
        """Return the first time that matches after a wall time; None if there is none any more."""

    def last_before(self, wall: int) -> int | None:
        """Return the last time that matches before a wall time; None if there was none."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """A tick whenever a clock of a time zone shows a time that matches a cron string."""

    pattern: Pattern
    zone: tzinfo

    def first_after(self, moment: int) -> int | None:
        """Return the first tick after a moment; None if there is none any more."""
        return self._first_hourly(moment) if self.pattern.is_hourly else self._first_of_day(moment)

    def last_until(self, moment: int) -> int | None:
        """Return the last tick that is not after a moment; None if there was none."""
        return self._last_hourly(moment) if self.pattern.is_hourly else self._last_of_day(moment)

    # --- strings for every hour: between two changes of the clock they are as in UTC ---

    def _first_hourly(self, moment: int) -> int | None:
        start = moment + 1
        while True:
            offset = self._offset(start)
            wall = self.pattern.first_after(start + offset - 1)
            if wall is None or self._offset(wall - offset) == offset:
                return None if wall is None else wall - offset
            start = self._change_between(start, wall - offset)

    def _last_hourly(self, moment: int) -> int | None:
        end = moment
        while True:
            offset = self._offset(end)
            wall = self.pattern.last_before(end + offset + 1)
            if wall is None or self._offset(wall - offset) == offset:
                return None if wall is None else wall - offset
            end = self._change_between(wall - offset, end) - 1

    # --- strings that name hours: each time of a day has one moment ---

    def _first_of_day(self, moment: int) -> int | None:
        wall = self.pattern.first_after(moment + self._offset(moment))
        while wall is not None and self._moment_of(wall) <= moment:
            wall = self.pattern.first_after(wall)
        return None if wall is None else self._moment_of(wall)

    def _last_of_day(self, moment: int) -> int | None:
        latest = moment + max(self._offset(moment), self._offset(moment - _LONGEST_REPETITION))
        wall = self.pattern.last_before(latest + 1)
        while wall is not None and self._moment_of(wall) > moment:
            wall = self.pattern.last_before(wall)
        return None if wall is None else self._moment_of(wall)

    def _moment_of(self, wall: int) -> int:
        """Return when the clock shows a time: for one that it shows twice the first, for one that it skips the moment when it is put forward."""
        shown = datetime.fromtimestamp(wall, UTC).replace(tzinfo=self.zone)
        moment = int(shown.timestamp())
        if moment + self._offset(moment) == wall:
            return moment
        return self._change_between(int(shown.replace(fold=1).timestamp()), moment)

    # --- the clock ---

    def _offset(self, moment: int) -> int:
        """Return how many seconds the clock is ahead of UTC at a moment."""
        offset = datetime.fromtimestamp(moment, self.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    def _change_between(self, before: int, after: int) -> int:
        """Return the moment, after the first and not after the second, from which on the clock has the offset that it has at the second."""
        offset = self._offset(after)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(middle) == offset:
                after = middle
            else:
                before = middle
        return after


def counts_after(progress: Progress, *, is_first_at_once: bool) -> int:
    """Return the moment after which ticks count: that of the last job, of the end of a pause, or when the server first heard of the cron job.

    Args:
        progress: how far it has come.
        is_first_at_once: whether that very moment is its first tick.
    """
    happened = [int(moment) for moment in (progress.last, progress.resumed) if moment is not None]
    return max(happened) if happened else int(progress.since or 0) - (1 if is_first_at_once else 0)


def ticks_due(schedule: Schedule, after: int, now: float, missed: str) -> Sequence[int]:
    """Return the ticks that become jobs now, oldest first.

    Args:
        schedule: all ticks.
        after: the moment after which they count.
        now: the present moment.
        missed: what becomes of ticks that nobody enqueued in time: `skip` them; let them become one job (`once`); or `all` of them, but no more than the
            latest thousand.
    """
    newest = schedule.last_until(int(now))
    if newest is None or newest <= after:
        return ()
    if missed == "skip":
        return (newest,) if now - newest < CRON_MISSED_AFTER_SECONDS else ()
    if missed == "once":
        return (newest,)
    ticks = [newest]
    while len(ticks) < MOST_MISSED_TICKS and (tick := schedule.last_until(ticks[-1] - 1)) is not None and tick > after:
        ticks.append(tick)
    return ticks[::-1]


def check_missed(missed: str) -> str:
    """Return the name of a policy for missed ticks.

    Raises:
        InvalidOptionError: if it is none (a ValueError).
    """
    if missed not in MISSED_POLICIES:
        raise InvalidOptionError(f"missed is {missed!r}: it must be one of {', '.join(MISSED_POLICIES)}")
    return missed


def identity_of(*parts: str | int | None) -> str:
    """Return a short name for a cron job that every process finds: from what it calls, when, and where to."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
