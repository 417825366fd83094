"""The supervisor of groups of processes: one loop, one thread, one wait on signals, deaths and deadlines. It runs no user code.

| signal | what it means |
| --- | --- |
| SIGINT, SIGTERM | leave when the children have finished what they do; a second time: when they have put it back |
| SIGHUP | replace the children by fresh ones, one after another: new code without losing a job or a place |
| SIGTTIN, SIGTTOU | one child more, one less (of the only group) |

The children are told by SIGTERM, and die of nothing else that happens here: if this process is killed, each notices that by its end of the socket (see
`rq.runtime.membership`) and leaves when it has finished what it does.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

from rq.core.errors import InvalidOptionError
from rq.observe import pool_events as events
from rq.observe.pool_logs import log_pool_event
from rq.runtime.process_group import ProcessGroup
from rq.runtime.stop_switch import StopSwitch
from rq.store.waiting import wait_readable

# A worker takes two signals at the same instant for one.
_BETWEEN_SIGNALS_SECONDS = 0.3
# A child that had no time to hear two signals one by one has heard one: so the second is sent again.
_REPEAT_SECONDS = 1.0
# Children that were told to leave at once and do not are killed after this.
COLD_SECONDS = 15.0
# The first process of a container; orphans become its children.
INIT_PID = 1


class Duty(Protocol):
    """Something else that the loop of a supervisor does now and then."""

    def attend(self, now: float) -> None:
        """Do what is due."""

    def next_deadline(self) -> float | None:
        """Return when there is something to do, a `time.monotonic()`; None: no need."""


class PoolSupervisor:
    """Keeps groups of processes running until told to stop.

    A group is a `ProcessGroup`; with `child_of` and `Program` of `rq.runtime.children` its children are command lines:

        group = ProcessGroup("web", 4, lambda name: child_of(name, Program(["rq", "worker", "--name", name])))
        PoolSupervisor([group]).run()

    Args:
        groups: what to keep running; more can be added while it runs.
        name: what log lines call the whole; the name of the only group by default.
        duties: what else to do in this loop; more can be added until it runs.
        fail_fast: whether to stop at once when a group turns out to be unable to start at all: no child of it has ever come up, and in each of its places one
            has failed.
        on_hangup: what SIGHUP means; None: to roll all groups.
        report: told what happens.
    """

    def __init__(
        self,
        groups: Iterable[ProcessGroup],
        *,
        name: str | None = None,
        duties: Sequence[Duty] = (),
        fail_fast: bool = False,
        on_hangup: Callable[[], None] | None = None,
        report: events.PoolReport = log_pool_event,
    ) -> None:
        self.groups = {group.name: group for group in groups}
        self.name = name or next(iter(self.groups), "pool")
        self.switch = StopSwitch()
        self.duties = [*duties]
        self._fail_fast = fail_fast
        self._on_hangup = on_hangup or self.roll
        self._report = report
        self._requests: deque[Callable[[], None]] = deque()
        self._exit_status = 0
        self._warm_at: float | None = None
        self._cold_at: float | None = None
        self._repeat_at = 0.0

    # --- what others ask for: from any thread, and from signal handlers -------------------------------------------------------------

    def stop(self, asked_by: str = "the program") -> None:
        """Ask for a stop; asked again: for one that does not wait for what the children do."""
        self.switch.press(asked_by)

    def scale(self, count: int, group: str | None = None) -> None:
        """Have another number of children.

        Args:
            count: how many.
            group: of which group; None for the only one.

        Raises:
            InvalidOptionError: the number is negative, or there is no such group (a ValueError).
        """
        if count < 0:
            raise InvalidOptionError(f"A pool cannot have {count} processes; give 0 or more")
        found = self._find(group)
        self.ask(lambda: found.scale(count))

    def roll(self, group: str | None = None) -> None:
        """Replace the children of one group, or of all, by fresh ones, one after another.

        Raises:
            InvalidOptionError: there is no such group (a ValueError).
        """
        for found in list(self.groups.values()) if group is None else [self._find(group)]:
            self.ask(found.roll)

    def add(self, group: ProcessGroup) -> None:
        """Start another group.

        Raises:
            InvalidOptionError: there is one of that name (a ValueError).
        """
        if group.name in self.groups:
            raise InvalidOptionError(f"There is a group {group.name!r} already; choose another name")
        self.ask(lambda: self.groups.update({group.name: group}))

    def remove(self, group: str) -> None:
        """Stop a group when its children have finished what they do, and forget it.

        Raises:
            InvalidOptionError: there is no such group (a ValueError).
        """
        found = self._find(group)
        self.ask(found.stop)

    def ask(self, request: Callable[[], None]) -> None:
        """Have something done by the loop, soon."""
        self._requests.append(request)
        self.switch.wake()

    def _find(self, name: str | None) -> ProcessGroup:
        if name is None and len(self.groups) == 1:
            return next(iter(self.groups.values()))
        if name is None or name not in self.groups:
            raise InvalidOptionError(f"Say which group: one of {', '.join(self.groups) or 'none'}")
        return self.groups[name]

    # --- the loop ---------------------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run all groups until they are over or a signal asks to stop, and return when every child has ended. For the main thread only.

        Returns:
            0; with `fail_fast`, the status of a child of a group that could not start.

        Raises:
            InvalidOptionError: this is not the main thread, which alone hears of signals (a ValueError).
        """
        if threading.current_thread() is not threading.main_thread():
            raise InvalidOptionError("A pool runs in the main thread of its program, which alone hears of signals")
        self._report(events.PoolStarted(self.name, os.getpid(), sum(group.size for group in self.groups.values())))
        try:
            with self.switch.installed(), self._other_signals():
                self._loop()
        finally:
            self.switch.close()
        self._report(events.PoolStopped(self.name))
        return self._exit_status

    def _loop(self) -> None:
        while True:
            self._attend()
            if not self.groups and not self._requests:
                return
            self._wait()

    def _attend(self) -> None:
        """Do what was asked for and what is due, without waiting."""
        while self._requests:
            self._requests.popleft()()
        now = time.monotonic()
        self._pass_on_stop(now)
        for group in list(self.groups.values()):
            group.attend(now)
            if self._fail_fast and group.cannot_start and not self.switch.warm:
                self._exit_status = _status_of(group)
                self.switch.press("the failure of its processes to start")
            if group.is_over:
                del self.groups[group.name]
        for duty in self.duties:
            duty.attend(time.monotonic())
        if os.getpid() == INIT_PID:
            _reap_orphans({child.pid for group in self.groups.values() for child in group.children})

    def _wait(self) -> None:
        parts = [*self.groups.values(), *self.duties]
        until = [moment for part in parts if (moment := part.next_deadline()) is not None]
        until += [moment for moment in (self._next_stop_step(),) if moment is not None]
        descriptors = [self.switch.fileno(), *(fileno for group in self.groups.values() for fileno in group.filenos())]
        if self.switch.fileno() in wait_readable(descriptors, max(min(until) - time.monotonic(), 0.0) if until else None):
            self.switch.reset()

    # --- stopping ---------------------------------------------------------------------------------------------------------------------

    def _pass_on_stop(self, now: float) -> None:
        """Tell the children what the switch was told, the second time not too soon after the first, and kill who does not listen."""
        if self.switch.warm and self._warm_at is None:
            self._warm_at = now
            self._stop_groups(cold=False)
        elif self.switch.cold and self._cold_at is None and self._warm_at is not None and now >= self._warm_at + _BETWEEN_SIGNALS_SECONDS:
            self._cold_at, self._repeat_at = now, now + _REPEAT_SECONDS
            self._stop_groups(cold=True)
        elif self._cold_at is not None and now >= self._cold_at + COLD_SECONDS:
            self._cold_at = now
            for group in self.groups.values():
                for child in group.children:
                    self._report(events.ChildKilled(group.name, child.name, f"it was told to leave at once and did not within {COLD_SECONDS:g} seconds"))
                group.stop(signal.SIGKILL)
        elif self._cold_at is not None and now >= self._repeat_at:
            self._repeat_at = now + _REPEAT_SECONDS
            for group in self.groups.values():
                group.stop()

    def _stop_groups(self, *, cold: bool) -> None:
        self._report(events.PoolStopping(self.name, self.switch.signal_name, cold))
        for group in self.groups.values():
            group.stop()

    def _next_stop_step(self) -> float | None:
        if self._cold_at is not None:
            return min(self._cold_at + COLD_SECONDS, self._repeat_at)
        if self.switch.cold and self._warm_at is not None:
            return self._warm_at + _BETWEEN_SIGNALS_SECONDS
        return None

    # --- signals ----------------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _other_signals(self) -> Iterator[None]:
        """Let the signals of the table above be heard, and the death of a child; restores their handlers afterwards."""
        meanings: dict[int, Callable[[], None]] = {
            signal.SIGCHLD: lambda: None,
            signal.SIGHUP: self._on_hangup,
            signal.SIGTTIN: lambda: self._scale_by(1),
            signal.SIGTTOU: lambda: self._scale_by(-1),
        }

        def handle(number: int, _frame: FrameType | None) -> None:
            self.ask(meanings[number])

        former = {number: signal.signal(number, handle) for number in meanings}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _scale_by(self, difference: int) -> None:
        if len(self.groups) == 1:
            group = self._find(None)
            group.scale(max(group.size + difference, 0))


def _reap_orphans(own: Collection[int | None]) -> None:
    """Reap what ended and was left to the first process of a container, until one of our own is found, which its group reaps."""
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None and ended.si_pid not in own:
            os.waitpid(ended.si_pid, 0)


def _status_of(group: ProcessGroup) -> int:
    """Return the status to leave with because of a group that cannot start: that of its child, 1 if a signal killed it or the system refused to start it."""
    failure = group.last_failure
    return failure.exitcode if failure is not None and failure.exitcode is not None and failure.exitcode > 0 else 1
