"""The protocol of executors: attempts go in, outcomes come out.

An executor is driven by one thread and never by itself. Its owner waits with `select` (or a relative) on `filenos()`
until `next_deadline()`, then calls `collect()` and, when the deadline passed, `enforce()`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from rq.model.outcome import Outcome


class Attempt(NamedTuple):
    """One run of one job.

    Attributes:
        job_id: The job's id.
        execution_id: Names this attempt; no two attempts share one.
        queue: The name of the queue the job was taken from.
        number: How many attempts at this job were begun, this one included.
        timeout_seconds: The time limit; None means none.
        fields: The job's hash as it was claimed: names and values as the server holds them. `data` is the compressed,
            serialized `(func_name, instance, args, kwargs)`.
        is_stopped: Whether the job was stopped, so that what is to run is its stopped callback.
    """

    job_id: str
    execution_id: str
    queue: str
    number: int
    timeout_seconds: float | None
    fields: Mapping[bytes, bytes]
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt is over: its outcome, and what its process used (None where nobody measured).

    `aftermath` is what came of the stopped callback, if one was called; `output` the end of what it printed, UTF-8; `pid` is that of a process that died.
    """

    execution_id: str
    outcome: Outcome
    peak_memory_kib: int | None = None
    cpu_seconds: float | None = None
    aftermath: Outcome | None = None
    output: bytes = b""
    pid: int | None = field(default=None, compare=False)


class AttemptTakenError(BaseException):
    """Raised inside a job by a signal handler: the worker leaves at once and the job goes back to its queue."""


# Runs an attempt to its end in the process it is called in. It should not raise: what escapes is recorded as the job's
# exception.
Run = Callable[[Attempt], Outcome]


class Executor(Protocol):
    """A place, or several, where attempts run."""

    @property
    def places(self) -> int:
        """How many attempts run at the same time."""

    @property
    def running(self) -> int:
        """How many attempts were submitted and not yet collected."""

    def start(self) -> None:
        """Get ready; called once, before anything else."""

    def submit(self, attempt: Attempt) -> None:
        """Run `attempt` as soon as a place is ready. Returns at once, but for executors that run the job right here."""

    def filenos(self) -> list[int]:
        """Return what to wait on: when one of them is readable, `collect()` may have something."""

    def collect(self) -> list[Ended]:
        """Return the attempts that ended since the last call; never blocks."""

    def next_deadline(self) -> float | None:
        """Return the `time.monotonic()` at which `enforce()` must be called at the latest; None: no need."""

    def enforce(self) -> None:
        """Kill what is past its time limit."""

    def kill(self, execution_id: str, outcome: Outcome) -> None:
        """Kill an attempt with everything it started; nothing happens if it is over.

        `collect()` reports `outcome` for it once it is dead, unless the attempt's own outcome came first. If that is
        Stopped and the job has a stopped callback, the callback is run in the job's place before.
        """

    def interrupt(self, outcome: Outcome) -> None:
        """End the job that runs in this very thread; called by a signal handler, maybe in the middle of `submit`.

        `outcome` is reported for it. Executors that run jobs elsewhere do nothing; their attempts are killed.
        """

    def shutdown(self) -> None:
        """End everything: no attempt and no helper process survives. Idempotent.

        Attempts that ran, or waited, are collected as released.
        """


def keep_time_limits(executor: Executor) -> None:
    """Have an executor kill what is past its time limit, if the time for that has come."""
    deadline = executor.next_deadline()
    if deadline is not None and time.monotonic() >= deadline:
        executor.enforce()
