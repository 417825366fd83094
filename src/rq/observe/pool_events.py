"""The events of a pool: what became of the processes it supervises. One frozen value each; `pool_logs` makes lines of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolEvent:
    """Something that happened to the processes of a pool."""

    pool: str


@dataclass(frozen=True, slots=True)
class PoolStarted(PoolEvent):
    """The pool begins."""

    pid: int
    size: int


@dataclass(frozen=True, slots=True)
class PoolStopping(PoolEvent):
    """The pool was asked to stop; `cold` if running jobs are not to be waited for."""

    signal_name: str
    cold: bool


@dataclass(frozen=True, slots=True)
class PoolStopped(PoolEvent):
    """All processes of the pool have ended."""


@dataclass(frozen=True, slots=True)
class PoolScaled(PoolEvent):
    """The pool has another size."""

    former_size: int
    size: int


@dataclass(frozen=True, slots=True)
class RollBegan(PoolEvent):
    """Every process is about to be replaced by a fresh one."""

    size: int


@dataclass(frozen=True, slots=True)
class RollEnded(PoolEvent):
    """Every process was replaced."""


@dataclass(frozen=True, slots=True)
class RollFailed(PoolEvent):
    """A successor did not come up; the processes that were not replaced yet go on."""

    child: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChildStarted(PoolEvent):
    """A process was started."""

    child: str
    pid: int


@dataclass(frozen=True, slots=True)
class ChildCannotStart(PoolEvent):
    """The system refused to start a process."""

    child: str
    reason: str


@dataclass(frozen=True, slots=True)
class StartsFail(PoolEvent):
    """The processes of a place have failed to come up, `times` in a row, each time for the same reason; another one is about to be started."""

    place: str
    times: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChildReady(PoolEvent):
    """A process came up."""

    child: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ChildEnded(PoolEvent):
    """A process ended; `pause_seconds` until another one takes its place, None if none will."""

    child: str
    reason: str
    orderly: bool
    pause_seconds: float | None


@dataclass(frozen=True, slots=True)
class ChildKilled(PoolEvent):
    """A process did not do what it was told in time, and was killed."""

    child: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobsTakenBack(PoolEvent):
    """What a dead worker had went back to its queues, or was set aside as failed: ids of jobs."""

    child: str
    queued: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobsNotTakenBack(PoolEvent):
    """The server did not answer; the jobs of a dead worker go back when its lease runs out, or at the next try."""

    child: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reloaded(PoolEvent):
    """The settings of several pools were read again: names of those that are new, that are gone, and that run another way from now on.

    `server` is where their server is from now on, None if that is as before.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    server: str | None = None


@dataclass(frozen=True, slots=True)
class ReloadRefused(PoolEvent):
    """The settings have a mistake, or name a server that does not answer; those of before go on."""

    reason: str


PoolReport = Callable[[PoolEvent], None]
