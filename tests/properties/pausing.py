"""The model, in the basement: who may begin no jobs, and what workers are told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rq.store.suspension import Pauses
from tests.properties.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pausing(World):
    """Pauses of queues and workers, each with its end; and commands that are kept for a worker."""

    def pause(self, seconds: float | None, queues: Sequence[str], workers: Sequence[str]) -> int:
        """From now on none of these begins a job."""
        self.paused = {name: ends for name, ends in self.paused.items() if ends > self.now}
        members = _members(queues, workers)
        known = sum(member in self.paused for member in members)
        self.paused |= dict.fromkeys(members, math.inf if seconds is None else self.now + seconds)
        last = max(self.paused.values())
        self.paused_ttl = None if math.isinf(last) else math.ceil(last - self.now) + 1
        return known

    def resume(self, queues: Sequence[str], workers: Sequence[str]) -> int:
        """They begin jobs again."""
        members = _members(queues, workers)
        ended = sum(self._is_paused(member) for member in members)
        for member in members:
            self.paused.pop(member, None)
        return ended

    def find_pauses(self, worker: str, queues: Sequence[str]) -> Pauses:
        """What a worker that waits is told."""
        return Pauses(self.suspended or self._is_paused(f"worker:{worker}"), tuple(queue for queue in queues if self._is_paused(f"queue:{queue}")))

    def open_queues(self, worker: str, queues: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
        """The queues that give a worker jobs, and those that are paused; neither, if it may begin none at all."""
        pauses = self.find_pauses(worker, queues)
        return ([], ()) if pauses.everything else ([queue for queue in queues if queue not in pauses.queues], pauses.queues)

    def _is_paused(self, member: str) -> bool:
        return self.paused.get(member, -math.inf) > self.now

    def tell_worker(self, worker: str, kind: str, command_id: str) -> bool:
        """A command is kept for a worker of ours, with the attempts that run at this moment; the last one of its kind."""
        side = self.sides.get(worker)
        if side is not None:
            side.commands[kind] = (command_id, *sorted(execution for _, execution in side.held))
        return side is not None


def _members(queues: Sequence[str], workers: Sequence[str]) -> list[str]:
    return [*(f"queue:{queue}" for queue in queues), *(f"worker:{worker}" for worker in workers)]
