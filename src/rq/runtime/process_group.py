"""A group of child processes that do the same: so many places, and in each a child that is replaced when it dies.

A place holds a child, or waits until the next one may be started. While the group is rolled a place holds two: the child, and its successor until that one has
come up. A child that was told to leave (another took its place, or the group shrank) has no place any more; it is looked after until it has ended.

The group never waits. Whoever owns it calls `attend` when a child has ended or said something, or when `next_deadline` has come.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from rq.core.ids import new_name
from rq.observe import pool_events as events
from rq.observe.pool_logs import log_pool_event
from rq.runtime.children import Child
from rq.runtime.restarting import Ending, Restarts

# Who has failed so often in a row, for the same reason, will most likely go on so until somebody mends that.
HOPELESS_AFTER = 3
# A successor that has not come up after this long is taken for broken.
START_SECONDS = 60.0


@dataclass(slots=True)
class Place:
    """One place of a group.

    Args:
        number: from 1.
        child: who has it.
        successor: who gets it once it has come up.
        start_at: when the next child is started if there is none, a `time.monotonic()`; None: never.
        restarts: how often in a row its children have failed.
        failed: the last child that failed before it had come up, until the next one is started.
        reason: why; and `repeated`, how often in a row.
    """

    number: int
    child: Child | None = None
    successor: Child | None = None
    start_at: float | None = 0.0
    restarts: Restarts = field(default_factory=Restarts)
    failed: Child | None = None
    reason: str = ""
    repeated: int = 0

    def is_due(self, now: float) -> bool:
        """Say whether a child is to be started."""
        return self.child is None and self.start_at is not None and self.start_at <= now

    @property
    def is_hopeless(self) -> bool:
        """Whether its children fail again and again for the same reason."""
        return self.repeated >= HOPELESS_AFTER

    def note_failure(self) -> None:
        """Count that the last child failed to come up. By now, a pause later, all that it has said was heard."""
        failed, self.failed = self.failed, None
        if failed is not None:
            self.note_reason((failed.last_words() or failed.end_description()).replace(failed.name, "it"))

    def note_reason(self, reason: str) -> None:
        """Count a failure for this reason."""
        self.repeated = self.repeated + 1 if reason == self.reason else 1
        self.reason = reason


class ProcessGroup:
    """A number of children, kept at that number.

    Args:
        name: of the group; its children are called `<name>.<place>-<six random digits>`.
        count: how many children; 0 is allowed.
        make_child: returns a child of that name, not started yet.
        respawn: whether a child that ended is replaced; if not, the group is over when all have ended.
        on_end: told of every child that has ended, after another one took its place.
        report: told what happens.
    """

    def __init__(
        self,
        name: str,
        count: int,
        make_child: Callable[[str], Child],
        *,
        respawn: bool = True,
        on_end: Callable[[Child], None] = lambda _child: None,
        report: events.PoolReport = log_pool_event,
    ) -> None:
        self.name = name
        self.respawn = respawn
        self.was_ever_ready = False
        self.last_failure: Child | None = None
        self._make_child = make_child
        self._on_end = on_end
        self._report = report
        self._places = [Place(number) for number in range(1, count + 1)]
        self._leaving: list[Child] = []
        self._stopping = False
        self._generation = 0
        self._rolling = False

    # --- what its owner asks and tells --------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many children there shall be."""
        return len(self._places)

    @property
    def children(self) -> list[Child]:
        """All children that have not been seen to end, those that leave included."""
        held = [child for place in self._places for child in (place.child, place.successor) if child is not None]
        return held + self._leaving

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing will be started."""
        return not self.children and (self._stopping or (not self.respawn and all(place.start_at is None for place in self._places)))

    @property
    def cannot_start(self) -> bool:
        """Whether a child has given up in every place and none has ever come up, though nobody told it to leave or killed it: what it is told must be wrong."""
        is_hopeless = bool(self._places) and not self.was_ever_ready and all(place.restarts.refusals for place in self._places)
        return is_hopeless and not self._stopping

    @property
    def trouble(self) -> str | None:
        """Why children cannot come up, if that happened again and again for the same reason; None if they do. Safe in any thread."""
        return next((place.reason for place in list(self._places) if place.is_hopeless), None)

    def scale(self, count: int) -> None:
        """Have another number of children from the next `attend` on. Those that are too many, the last ones, are told to finish what they do."""
        if count < 0 or count == self.size or self._stopping:
            return
        former = self.size
        self._report(events.PoolScaled(self.name, former, count))
        surplus, self._places = self._places[count:], self._places[:count]
        for place in surplus:
            for child in (place.child, place.successor):
                if child is not None:
                    self._dismiss(child)
        self._places += [Place(number) for number in range(former + 1, count + 1)]

    def roll(self) -> None:
        """Replace every child by a fresh one, place after place: each is told to finish what it does when its successor has come up. Asked again: anew."""
        if self._stopping:
            return
        self._generation += 1
        self._rolling = True
        self._report(events.RollBegan(self.name, self.size))
        for place in self._places:
            if place.child is None and place.start_at is not None:  # it waits after failures, which may be over with the new code
                place.restarts, place.start_at = Restarts(), 0.0
                place.failed, place.repeated = None, 0

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Tell all children to leave, and start no more; may be called again, with another signal."""
        self._stopping, self._rolling = True, False
        for child in self.children:
            child.send_signal(number)

    def reap(self, now: float) -> list[Child]:
        """Note who came up and who has ended, and return the latter; nothing is started, and `on_end` not told."""
        return self._note_leaving() + [child for place in self._places for child in self._note_place(place, now)]

    def fill(self, now: float) -> None:
        """Start a child in every place that has none, without regard to pauses and to `respawn`."""
        for place in self._places:
            if place.child is None:
                self._start(place, now)

    def start_one(self, now: float) -> None:
        """Start one child: in a place that has none, or in a new one."""
        empty = next((place for place in self._places if place.child is None), None)
        if empty is None:
            empty = Place(self.size + 1)
            self._places.append(empty)
        self._start(empty, now)

    def attend(self, now: float) -> None:
        """Do what is due: note who came up and who has ended, start children, go on with a roll."""
        ended = self.reap(now)
        for place in self._places:
            if place.is_due(now) and not self._stopping:
                self._start(place, now)
        if self._rolling:
            self._continue_roll(now)
        for child in ended:
            self._on_end(child)

    def next_deadline(self) -> float | None:
        """Return when `attend` has something to do though nobody said anything, a `time.monotonic()`; None: no need."""
        until = [child.will_be_ready_at() for child in self.children]
        until += [place.successor.started_at + START_SECONDS for place in self._places if place.successor]
        if not self._stopping:
            until += [place.start_at for place in self._places if place.child is None]
        return min((moment for moment in until if moment is not None), default=None)

    def filenos(self) -> list[int]:
        """Return what becomes readable when a child comes up."""
        return [fileno for child in self.children if (fileno := child.fileno()) is not None]

    # --- what happened ------------------------------------------------------------------------------------------------------------

    def _note_leaving(self) -> list[Child]:
        ended = [child for child in self._leaving if not child.is_alive()]
        self._leaving = [child for child in self._leaving if child not in ended]
        for child in ended:
            self._report_end(child, None)
        return ended

    def _note_place(self, place: Place, now: float) -> list[Child]:
        ended = []
        if place.successor is not None and not self._is_well(place.successor):
            ended.append(place.successor)
            self._report_end(place.successor, None)
            self._give_up_roll(place, place.successor.end_description())
        if place.child is not None and not self._is_well(place.child):
            ended.append(place.child)
            self._vacate(place, place.child, now)
        elif place.child is not None and place.child.is_ready:
            place.repeated = 0
        return ended

    def _is_well(self, child: Child) -> bool:
        """Say whether a child lives; notes when it has come up."""
        was_ready = child.is_ready
        is_alive = child.is_alive()
        if child.is_ready and not was_ready:
            self.was_ever_ready = True
            self._report(events.ChildReady(self.name, child.name, child.lived_seconds))
        return is_alive

    def _vacate(self, place: Place, child: Child, now: float) -> None:
        """Note the end of the child of a place."""
        place.child = None
        orderly = child.exitcode == 0
        if not orderly:
            self.last_failure = child
        if place.successor is not None:  # it is needed sooner than it was thought
            place.child, place.successor = place.successor, None
            self._report_end(child, None)
            return
        if not orderly and not child.is_ready and (child.exitcode or 0) > 0:
            place.failed = child
        pause = self._pause_after(place, Ending(child.lived_seconds, orderly, child.is_ready, was_killed=(child.exitcode or 0) < 0))
        place.start_at = now + pause if self.respawn else None
        self._report_end(child, None if self._stopping or not self.respawn else pause)

    def _report_end(self, child: Child, pause: float | None) -> None:
        self._report(events.ChildEnded(self.name, child.name, child.end_description(), child.exitcode == 0, pause))

    # --- starting and leaving -----------------------------------------------------------------------------------------------------

    def _start(self, place: Place, now: float) -> None:
        place.note_failure()
        if place.is_hopeless:
            self._report(events.StartsFail(self.name, f"{self.name}.{place.number}", place.repeated, place.reason))
        place.child = self._start_child(place)
        if place.child is None:
            pause = self._pause_after(place, Ending(0.0, orderly=False, was_ready=False))
            place.start_at = now + pause if self.respawn else None

    def _pause_after(self, place: Place, ending: Ending) -> float:
        return place.restarts.pause_after(ending, random.random())  # noqa: S311 - spreads load, keeps no secret

    def _start_child(self, place: Place) -> Child | None:
        """Start a child for a place; None if the system refuses."""
        child = self._make_child(f"{self.name}.{place.number}-{new_name()[:6]}")
        child.generation = self._generation
        try:
            child.start()
        except OSError as error:
            place.note_reason(str(error))
            self._report(events.ChildCannotStart(self.name, child.name, str(error)))
            return None
        self._report(events.ChildStarted(self.name, child.name, child.pid or 0))
        return child

    def _dismiss(self, child: Child) -> None:
        child.send_signal(signal.SIGTERM)
        self._leaving.append(child)

    # --- rolling ------------------------------------------------------------------------------------------------------------------

    def _continue_roll(self, now: float) -> None:
        """Let successors that have come up take over, and start the next one."""
        for place in self._places:
            successor = place.successor
            if successor is not None and not successor.is_ready:
                if now >= successor.started_at + START_SECONDS:
                    self._kill(successor, f"it did not come up within {START_SECONDS:g} seconds")
                return
            if successor is not None:
                self._succeed(place, successor)
            if place.child is not None and place.child.generation < self._generation:
                place.successor = self._start_child(place)
                if place.successor is None:
                    self._give_up_roll(place, "the system refused to start it")
                return
        self._rolling = False
        self._report(events.RollEnded(self.name))

    def _succeed(self, place: Place, successor: Child) -> None:
        former, place.child, place.successor = place.child, successor, None
        if former is not None:
            self._dismiss(former)

    def _give_up_roll(self, place: Place, reason: str) -> None:
        successor, place.successor = place.successor, None
        if self._rolling:
            self._rolling = False
            self._report(events.RollFailed(self.name, successor.name if successor else f"the successor of place {place.number}", reason))

    def _kill(self, child: Child, reason: str) -> None:
        self._report(events.ChildKilled(self.name, child.name, reason))
        child.send_signal(signal.SIGKILL)
