"""Takes back what dead workers had, from the server that each of them worked for: a deployment that is read again may name another one.

Workers that began before that go on at the former server until their successors have come up, and may die there.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from rq.runtime.children import Child
from rq.runtime.reclaiming import Reclaimer


class Reclaimers:
    """A duty of a fleet: one `Reclaimer` for each server of which workers live, or have died a moment ago.

    Args:
        current: of the server that workers begin with.
    """

    def __init__(self, current: Reclaimer) -> None:
        self._current = current
        self._former: list[Reclaimer] = []
        self._of: WeakKeyDictionary[Child, Reclaimer] = WeakKeyDictionary()  # one that could not be started never ends

    def follow(self, current: Reclaimer) -> None:
        """Have workers begin with another server from now on."""
        self._former.append(self._current)
        self._current = current

    def note_start(self, child: Child) -> None:
        """Note that a worker is about to begin."""
        self._of[child] = self._current

    def note_end(self, child: Child) -> None:
        """Note that a worker ended."""
        self._of.pop(child, self._current).note_end(child)

    def attend(self, now: float) -> None:
        """Take back what is due, and forget the servers of which no worker is left."""
        for reclaimer in self._all():
            reclaimer.attend(now)
        needed = {id(reclaimer) for reclaimer in self._of.values()}
        self._former = [reclaimer for reclaimer in self._former if id(reclaimer) in needed or reclaimer.next_deadline() is not None]

    def next_deadline(self) -> float | None:
        """Return when there is something to do, a `time.monotonic()`; None: no need."""
        return min((moment for reclaimer in self._all() if (moment := reclaimer.next_deadline()) is not None), default=None)

    def finish(self) -> None:
        """Take back what all the dead had, now or never, when the supervisor has ended."""
        for reclaimer in self._all():
            reclaimer.finish()

    def _all(self) -> list[Reclaimer]:
        return [*self._former, self._current]
