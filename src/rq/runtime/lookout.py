"""The lookout: queues scheduled jobs when they are due, and hears of pauses, whatever the worker's jobs are doing.

Every worker has one, and none of them is the leader: nothing stands still because some worker died, or because all of them run long jobs. It looks once a
second and at the moment at which the next job is due; whoever schedules one that is due before that says so over a channel (`lua/lib/schedule.lua`). RQ's
producers do not: a job of theirs that is due within a second is at most a second late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rq.runtime.running import WorkerContext
from rq.store.calls import Call
from rq.store.connection import Caller
from rq.store.enqueue import MOST_PROMOTIONS, promote_jobs
from rq.store.suspension import Pauses, find_pauses

LOOK_SECONDS = 1.0
# While more jobs are due than one look may move, others get their turn on the server between two looks.
BREATH_SECONDS = 0.0005


class Lookout:
    """One look: all queues of the worker in one round trip.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.
        on_look: told what is paused.
    """

    def __init__(self, caller: Caller, context: WorkerContext, on_look: Callable[[Pauses], None]) -> None:
        self._caller = caller
        self._on_look = on_look
        scripts, queues = context.scripts, context.config.queues
        most = max(MOST_PROMOTIONS // len(queues), 1)  # the server carries the calls out one after the other, and others wait meanwhile
        self._calls: list[Call[Any]] = [*(promote_jobs(scripts, queue, most, context.name) for queue in queues), find_pauses(scripts, context.name, queues)]

    def run_once(self) -> float | None:
        """Look once. Returns the seconds until the next job is due, hardly any if more are due already, None if nothing is scheduled."""
        *promoted, pauses = self._caller.run_many(self._calls)
        self._on_look(pauses)
        return min((max(due, BREATH_SECONDS) for _, due in promoted if due is not None), default=None)
