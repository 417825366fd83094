"""What the supervisor of a deployment does beside keeping processes running. Each is a `Duty` of `rq.runtime.pool`."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable

from rq.observe import pool_events as events
from rq.observe.pool_logs import log_pool_event
from rq.runtime.deployment.notify import Notifier
from rq.runtime.pool import COLD_SECONDS, PoolSupervisor
from rq.runtime.process_group import ProcessGroup

# A worker takes two signals at the same instant for one.
_LEAST_SECONDS = 0.5
# One that had no time to hear two signals one by one has heard one: so the second is sent again.
_REPEAT_SECONDS = 1.0
# By then the service is called up, whoever is still missing: its server may come up later than it does.
UP_AFTER_SECONDS = 30.0
# The loop turns at least that often; when it has not turned for three times that long, the program hangs.
TURN_SECONDS = 10.0


class StopTimeouts:
    """Ends what has not ended in time after the supervisor was told to stop: jobs are put back, then processes are killed.

    Args:
        supervisor: whose groups.
        seconds_of: how long a group of that name has.
        report: told what happens.
    """

    def __init__(self, supervisor: PoolSupervisor, seconds_of: Callable[[str], float], report: events.PoolReport = log_pool_event) -> None:
        self._supervisor = supervisor
        self._seconds_of = seconds_of
        self._report = report
        self._stopping_since: float | None = None
        self._told_again_at: dict[str, float] = {}
        self._killed: set[str] = set()

    def attend(self, now: float) -> None:
        """Do what is due."""
        if self._stopping_since is None:
            self._stopping_since = now if self._supervisor.switch.warm else None
            return
        for name, group in self._supervisor.groups.items():
            if name in self._killed or now < self._next_step(name):
                continue
            if now >= self._cold_at(name) + COLD_SECONDS:
                self._killed.add(name)
                group.stop(signal.SIGKILL)
                continue
            if name not in self._told_again_at:
                self._report(events.PoolStopping(name, "its stop_timeout", cold=True))
            self._told_again_at[name] = now
            group.stop()

    def next_deadline(self) -> float | None:
        """Return when something is due, a `time.monotonic()`; None: nothing."""
        if self._stopping_since is None:
            return None
        return min((self._next_step(name) for name in self._supervisor.groups if name not in self._killed), default=None)

    def _next_step(self, name: str) -> float:
        told_at = self._told_again_at.get(name)
        return self._cold_at(name) if told_at is None else min(told_at + _REPEAT_SECONDS, self._cold_at(name) + COLD_SECONDS)

    def _cold_at(self, name: str) -> float:
        return (self._stopping_since or 0.0) + max(self._seconds_of(name), _LEAST_SECONDS)


class Herald:
    """Tells the service manager how things are, and its watchdog that the loop turns.

    Args:
        supervisor: of whose groups it tells.
        notifier: how.
    """

    def __init__(self, supervisor: PoolSupervisor, notifier: Notifier) -> None:
        self._supervisor = supervisor
        self._notifier = notifier
        self._began_at = self._turned_at = self._alive_at = time.monotonic()
        self._is_up = self._is_stopping = False
        self._status = ""

    def attend(self, now: float) -> None:
        """Tell what there is to tell."""
        self._turned_at = now
        groups = self._supervisor.groups.values()
        status = _status_of(groups)
        if not self._is_up and (all(group.was_ever_ready or not group.size for group in groups) or now >= self._began_at + UP_AFTER_SECONDS):
            self._is_up = True
            self._notifier.ready(status)
        elif self._supervisor.switch.warm and not self._is_stopping:
            self._is_stopping = True
            self._notifier.stopping()
        elif status != self._status and not self._is_stopping:
            self._notifier.status(status)
        self._status = status
        if self._notifier.watchdog_seconds is not None and now >= self._alive_at:
            self._alive_at = now + self._notifier.watchdog_seconds / 2
            self._notifier.alive()

    def reloaded(self, reload: Callable[[], None]) -> None:
        """Tell that new settings are taken over while that is done."""
        self._notifier.reloading()
        reload()
        self._notifier.ready(self._status)

    def next_deadline(self) -> float:
        """Return when there is something to tell though nothing happened, a `time.monotonic()`."""
        until = [self._turned_at + TURN_SECONDS]
        if not self._is_up:
            until.append(self._began_at + UP_AFTER_SECONDS)
        if self._notifier.watchdog_seconds is not None:
            until.append(self._alive_at)
        return min(until)

    def is_alive(self) -> bool:
        """Say whether the loop turns. Safe in any thread."""
        return time.monotonic() < self._turned_at + 3 * TURN_SECONDS


def _status_of(groups: Iterable[ProcessGroup]) -> str:
    return ", ".join(f"{group.name} {min(sum(child.is_ready for child in group.children), group.size)}/{group.size}" for group in groups)
