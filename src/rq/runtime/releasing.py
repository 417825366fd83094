"""The releaser: lets jobs go on that waited for others, where the step that ended those others could not.

A job with many dependents leaves a note when it ends; the note is carried out here, at once if this worker ended the job. And parents that an RQ worker
ended, or that expired, tell nobody: the deferred jobs of this worker's queues are looked at in turn, some in each round.
"""

from __future__ import annotations

import threading

from rq.runtime.running import WorkerContext
from rq.store.connection import Caller
from rq.store.dependents import list_releases, release_dependents, sweep_deferred


class Releaser:
    """One round: all notes, and some deferred jobs of every queue.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.

    Attributes:
        released: how many jobs it let go on so far, or end with those they waited for.
    """

    def __init__(self, caller: Caller, context: WorkerContext) -> None:
        self._caller = caller
        self._context = context
        self._ranks = dict.fromkeys(context.config.queues, 0)
        self._lock = threading.Lock()
        self.released = 0

    def run_once(self) -> None:
        """Look once: one round trip, more while there are notes to carry out."""
        with self._lock:
            self.released += self._look()

    def _look(self) -> int:
        scripts = self._context.scripts
        parents, *swept = self._caller.run_many(
            [list_releases(scripts), *(sweep_deferred(scripts, queue, rank) for queue, rank in self._ranks.items())],
        )
        self._ranks = {queue: next_rank or 0 for queue, (_, next_rank) in zip(self._ranks, swept, strict=True)}
        went_on: int = sum(count for count, _ in swept)
        return went_on + sum(self._release_all(parent) for parent in parents)

    def _release_all(self, parent: str) -> int:
        released, are_more = 0, True
        while are_more:
            are_more, count = self._caller.run(release_dependents(self._context.scripts, parent))
            released += count
        return released
