"""Leaves it to a worker's own `execute_job()` where and how a job runs: in this thread, in a process that it forks, in threads or greenlets of its own.

`submit` calls it, in the thread of the supervisor. What came of the attempt may be said before that returns, or later, from any thread. Leases are kept
meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from rq.core.defaults import DEFAULT_OUTPUT_BYTES
from rq.core.errors import RQError
from rq.model.outcome import AskedRetry, Outcome, Raised, Released, Returned, TimedOut
from rq.runtime.executors.base import Attempt, AttemptTakenError, Ended
from rq.runtime.executors.bell import Bell
from rq.runtime.executors.output import Keeper, shared_keeper
from rq.runtime.timeouts import timeout_message

# Time limits are kept where the job runs, and callbacks have times of their own. Of what is silent for so much longer nothing will be heard.
_SILENCE_SECONDS = 60.0


class RunsAttempts(Protocol):
    """A worker, as far as this executor needs one."""

    def run_own(self, attempt: Attempt, keeper: Keeper | None, on_outcome: Callable[[Outcome], None]) -> None:
        """Run an attempt, or begin to; `keeper` keeps what it prints, and `on_outcome` is to be called once, from any thread."""

    def kill_own(self) -> bool:
        """Kill the process that runs a job, if there is one. Says whether there was."""


class ByWorkerExecutor:
    """Runs attempts in the way of a worker; see the module.

    Args:
        worker: Runs them.
        output_bytes: How much is kept of what an attempt prints; 0: nothing.
    """

    def __init__(self, worker: RunsAttempts, output_bytes: int = DEFAULT_OUTPUT_BYTES) -> None:
        self._worker = worker
        self._output_bytes = output_bytes
        self._keepers: dict[str, Keeper | None] = {}
        self._open: dict[str, Attempt] = {}
        self._deadlines: dict[str, float] = {}
        self._verdicts: dict[str, Outcome] = {}
        self._said: deque[tuple[str, Outcome]] = deque()
        self._submitting: str | None = None
        self._is_closed = False
        self._bell = Bell()

    @property
    def places(self) -> int:
        """How many attempts may be begun and not over: one more than there are. Who begins no more than some at once waits before he returns from it."""
        return len(self._open) + 1

    @property
    def running(self) -> int:
        """How many attempts were submitted and not yet collected."""
        return len(self._open)

    def start(self) -> None:
        """Do nothing: the worker is there."""

    def submit(self, attempt: Attempt) -> None:
        """Have the worker run `attempt`, or begin to.

        Raises:
            RQError: The executor was shut down.
        """
        if self._is_closed:
            raise RQError(f"This executor was shut down; start another one to run job {attempt.job_id}")
        execution_id = attempt.execution_id
        self._open[execution_id] = attempt
        keeper = self._keepers[execution_id] = shared_keeper(self._output_bytes)
        if attempt.timeout_seconds is not None:
            self._deadlines[execution_id] = time.monotonic() + attempt.timeout_seconds + _SILENCE_SECONDS
        try:
            self._submitting = execution_id
            self._worker.run_own(attempt, keeper, lambda outcome: self._say(execution_id, outcome))
            self._submitting = None
        except AttemptTakenError:
            self._submitting = None
        if execution_id in self._verdicts:
            self._say(execution_id, self._verdicts[execution_id])

    def filenos(self) -> list[int]:
        """Return what becomes readable when an attempt is over; nothing after the shutdown."""
        return [] if self._is_closed else [self._bell.fileno()]

    def collect(self) -> list[Ended]:
        """Return the attempts that ended since the last call. The first word about each counts, unless it was to be ended before."""
        self._bell.silence()
        ended = []
        while self._said:
            execution_id, outcome = self._said.popleft()
            if self._open.pop(execution_id, None) is None:
                continue
            self._deadlines.pop(execution_id, None)
            verdict = self._verdicts.pop(execution_id, None)
            is_done = isinstance(outcome, (Returned, AskedRetry, Raised, TimedOut))
            keeper = self._keepers.pop(execution_id)
            output = b"" if keeper is None else keeper.read()
            ended.append(Ended(execution_id, outcome if verdict is None or is_done else verdict, output=output))
        return ended

    def next_deadline(self) -> float | None:
        """Return when an attempt of which nothing is heard is given up."""
        return min(self._deadlines.values(), default=None)

    def enforce(self) -> None:
        """Give up the attempts of which nothing was heard for far longer than their time limit."""
        now = time.monotonic()
        for execution_id in [key for key, deadline in self._deadlines.items() if deadline <= now]:
            limit = self._open[execution_id].timeout_seconds or 0.0
            self._say(execution_id, TimedOut(f"{timeout_message(limit)} and nothing was heard of it since\n", limit))

    def kill(self, execution_id: str, outcome: Outcome) -> None:
        """End an attempt: by killing its process, if it has one. What else runs it goes on, and is not listened to any more."""
        if execution_id not in self._open:
            return
        self._verdicts.setdefault(execution_id, outcome)
        if not self._worker.kill_own() and self._submitting != execution_id:
            self._say(execution_id, outcome)

    def interrupt(self, outcome: Outcome) -> None:
        """End the job that runs in this thread, or the process that this thread waits for; called by a signal handler.

        Raises:
            AttemptTakenError: In the middle of the job, if it runs in this thread.
        """
        if self._submitting is not None:
            self._verdicts.setdefault(self._submitting, outcome)
            if not self._worker.kill_own():
                raise AttemptTakenError

    def shutdown(self) -> None:
        """Take no more attempts; those that were begun and are not over are given back, and what they say from now on is not heard."""
        if self._is_closed:
            return
        for execution_id in list(self._open):
            self.kill(execution_id, Released("it was taken away when the worker left"))
        self._is_closed = True
        self._bell.close()

    def _say(self, execution_id: str, outcome: Outcome) -> None:
        self._said.append((execution_id, outcome))
        self._bell.ring()
