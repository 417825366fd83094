"""The states of a job and the moves between them: a table, no more.

The table and the diagram of the documentation come from here, and the header of every script is checked against it. The names and texts are those of
`JobStatus` in RQ 2.12.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class JobStatus(str, Enum):  # noqa: UP042 - RQ's str() gives 'JobStatus.QUEUED'; StrEnum would give 'queued'
    """Where a job stands. Compares equal to its text."""

    CREATED = "created"
    QUEUED = "queued"
    FINISHED = "finished"
    FAILED = "failed"
    STARTED = "started"
    DEFERRED = "deferred"
    SCHEDULED = "scheduled"
    STOPPED = "stopped"
    CANCELED = "canceled"


class Transition(NamedTuple):
    """One legal move of a job: its name (that of its script), and the states it leads from and to. None is 'no such job'."""

    name: str
    sources: tuple[JobStatus | None, ...]
    targets: tuple[JobStatus | None, ...]


_S = JobStatus
_EVERY = tuple(JobStatus)
# Where a job goes when those it depends on have ended: on, or the way of one that ended badly; with a failure_ttl of 0 nothing is left of it then.
_AFTER_WAITING = (_S.QUEUED, _S.SCHEDULED, _S.CANCELED, _S.FAILED, None)

TRANSITIONS: tuple[Transition, ...] = (
    Transition("enqueue", (None, *_EVERY), (_S.QUEUED, _S.SCHEDULED)),
    Transition("enqueue_many", (None, *_EVERY), (_S.DEFERRED, *_AFTER_WAITING)),
    Transition("cron_tick", (None, *_EVERY), (_S.QUEUED,)),
    Transition("promote", (_S.SCHEDULED,), (_S.QUEUED,)),
    Transition("claim", (_S.QUEUED, _S.CREATED), (_S.STARTED,)),
    Transition("heartbeat", (_S.STARTED,), (_S.STARTED,)),
    Transition("finish", (_S.STARTED,), (_S.FINISHED, _S.QUEUED, _S.SCHEDULED, None)),
    Transition("fail", (_S.STARTED,), (_S.FAILED, _S.STOPPED, _S.QUEUED, _S.SCHEDULED, None)),
    Transition("reclaim", (_S.STARTED,), (_S.QUEUED, _S.FAILED, None)),
    Transition("reclaim_worker", (_S.STARTED,), (_S.QUEUED, _S.FAILED, None)),
    Transition("release", (_S.STARTED,), (_S.QUEUED,)),
    Transition("cancel", (_S.CREATED, _S.QUEUED, _S.SCHEDULED, _S.DEFERRED, _S.STARTED), (_S.CANCELED,)),
    Transition("requeue", (_S.FAILED, _S.STOPPED, _S.CANCELED, _S.FINISHED, _S.SCHEDULED, _S.DEFERRED), (_S.QUEUED,)),
    Transition("purge", (_S.QUEUED,), (None,)),
    Transition("delete", _EVERY, (None,)),
    Transition("stop", (_S.STARTED,), (_S.STARTED,)),
    Transition("release_dependents", (_S.DEFERRED,), _AFTER_WAITING),
    Transition("sweep_deferred", (_S.DEFERRED,), _AFTER_WAITING),
)

TERMINAL: frozenset[JobStatus] = frozenset({_S.FINISHED, _S.FAILED, _S.STOPPED, _S.CANCELED})

# The key template of the registry that holds the jobs of a state. Queued jobs stand in their queue's list, created ones nowhere.
REGISTRY_OF: dict[JobStatus, str] = {
    _S.STARTED: "wip",
    _S.FINISHED: "finished",
    _S.FAILED: "failed",
    _S.STOPPED: "failed",
    _S.DEFERRED: "deferred",
    _S.SCHEDULED: "scheduled",
    _S.CANCELED: "canceled",
}


def ended_as(status: str | None) -> str:
    """Return how a job ended, for those who wait for it: `failed`, `stopped` or `canceled`, `gone` if there is none, and `finished` for anything else."""
    if status is None:
        return "gone"
    return JobStatus(status).value if status in TERMINAL else _S.FINISHED.value
