"""What the parts of a worker share: its settings, and what it runs at this moment (written by its main loop, read by its services)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rq.model.presence import WorkerIdentity
from rq.model.record import JobRecord
from rq.observe.bus import EventBus
from rq.runtime.config import WorkerConfig
from rq.store.scripts import ScriptLibrary
from rq.store.settle import AttemptKey
from rq.store.suspension import Pauses


@dataclass(slots=True)
class RunningAttempt:
    """One attempt between its claim and its settlement.

    Args:
        key: names it.
        record: the job as it was claimed, as far as its worker needs to know it.
        fields: the job's raw hash as it was claimed.
        began: a `time.monotonic()`.
        was_stopped: whether it was told to end, by somebody's wish.
    """

    key: AttemptKey
    record: JobRecord
    fields: Mapping[bytes, bytes] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    was_stopped: bool = False

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began


class RunningAttempts:
    """The attempts of one worker, by execution id."""

    def __init__(self) -> None:
        self._attempts: dict[str, RunningAttempt] = {}
        self._lock = threading.Lock()

    def add(self, attempt: RunningAttempt) -> None:
        """Note an attempt whose lease must be kept from now on."""
        with self._lock:
            self._attempts[attempt.key.execution_id] = attempt

    def remove(self, execution_id: str) -> RunningAttempt | None:
        """Forget an attempt that is settled; None if it is not known."""
        with self._lock:
            return self._attempts.pop(execution_id, None)

    def get(self, execution_id: str) -> RunningAttempt | None:
        """Return an attempt; None if it is not known."""
        return self._attempts.get(execution_id)

    def snapshot(self) -> list[RunningAttempt]:
        """Return all attempts, oldest first."""
        with self._lock:
            return list(self._attempts.values())

    def another_than(self, execution_id: str) -> str:
        """Return the job of the attempt that was begun last, but for this one; '' if there is no other."""
        if len(self._attempts) <= 1:
            return ""
        return next((attempt.key.job_id for attempt in reversed(self.snapshot()) if attempt.key.execution_id != execution_id), "")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._attempts)


@dataclass(slots=True)
class Progress:
    """How far a worker has come. Moments are those of `time.monotonic()`.

    Args:
        claims: the number of its last claim, also of one that was left at the server and gave jobs.
        taken: how many jobs it got.
        ended: how many attempts ended.
        idle_since: when it last had a job.
        claim_at: when it claims next, unless every job that may be taken wakes it.
        rests_until: until then it asks for jobs only in the place of those that end, because one could not begin.
        must_give_back: whether ids may have been caught that nothing has given back; then it claims though it has no place free.
        suspended: whether the last claim said that no job may begin.
        pauses: what the last claim said of pauses.
        left_out: the paused queues, on which it does not wait.
        must_claim: whether it claims as soon as a place is free, whatever `claim_at` says.
        found_nothing: whether the last claim found nothing, and nothing more was to be claimed at once.
        takes_away: whether a cold stop has begun to put back what runs.
    """

    claims: int = 0
    taken: int = 0
    ended: int = 0
    idle_since: float = field(default_factory=time.monotonic)
    claim_at: float = 0.0
    rests_until: float = 0.0
    must_give_back: bool = False
    suspended: bool = False
    pauses: Pauses = field(default_factory=Pauses)
    left_out: tuple[str, ...] = ()
    must_claim: bool = False
    found_nothing: bool = False
    takes_away: bool = False

    @property
    def is_resting(self) -> bool:
        """Whether a job could not begin a moment ago."""
        return time.monotonic() < self.rests_until


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What the main loop of a worker and its services share.

    Args:
        identity: who the worker is.
        config: its settings.
        scripts: the scripts of its keyspace.
        bus: told what happens.
        running: what it runs.
        on_life: called when it has registered, and at each heartbeat, in whichever thread that is.
    """

    identity: WorkerIdentity
    config: WorkerConfig
    scripts: ScriptLibrary
    bus: EventBus
    running: RunningAttempts = field(default_factory=RunningAttempts)
    on_life: Callable[[], object] = lambda: None

    @property
    def name(self) -> str:
        """The worker's name."""
        return self.identity.name
