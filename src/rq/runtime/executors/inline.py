"""Runs attempts in the process and thread of the caller: no isolation, and no way to kill but by an exception."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rq.core.defaults import DEFAULT_OUTPUT_BYTES
from rq.core.errors import RQError
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import AskedRetry, Outcome, Returned
from rq.runtime.executors.base import Attempt, AttemptTakenError, Ended, Run
from rq.runtime.executors.job_run import CurrentAttempt, perform, run_attempt
from rq.runtime.executors.output import keeper_in_process, tees
from rq.runtime.timeouts import TimerDeathPenalty


class InlineExecutor:
    """Runs each attempt within `submit`. For tests, and for tiny jobs that can be trusted.

    Time limits work by exception only; in another thread than the main one, which gets no signals, they cannot interrupt blocking C code.

    Args:
        serializer: Reads payloads and writes results.
        run: Another way of running an attempt.
        connection: The connection that user code gets when it asks for one.
        job_class: What jobs are made of; None means RQ's own.
        exception_handlers: What is called when an attempt failed.
        output_bytes: How much is kept of what an attempt prints; 0: nothing.
    """

    def __init__(
        self,
        *,
        serializer: Serializer = DefaultSerializer,
        run: Run | None = None,
        connection: object | None = None,
        job_class: type[Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any] | str] = (),
        output_bytes: int = DEFAULT_OUTPUT_BYTES,
    ) -> None:
        self.places = 1
        self._run = run or partial(_run_in_this_thread, serializer=serializer)
        self._connection = connection
        self._job_class = job_class
        self._exception_handlers = tuple(exception_handlers)
        self._output_bytes = output_bytes
        self._is_closed = False
        self._holds_tees = False
        self._is_in_job = False
        self._verdict: Outcome | None = None
        self._ended: list[Ended] = []

    @property
    def running(self) -> int:
        """How many attempts were submitted and not yet collected."""
        return len(self._ended)

    def start(self) -> None:
        """Have what keeps the output of the first job left in place for the next: jobs follow one another quickly here."""
        if not self._holds_tees:
            tees.hold()
            self._holds_tees = True

    def submit(self, attempt: Attempt) -> None:
        """Run `attempt` to its end.

        Raises:
            RQError: The executor was shut down.
        """
        if self._is_closed:
            raise RQError(f"This executor was shut down; start another one to run job {attempt.job_id}")
        before = time.thread_time()
        keeper = keeper_in_process(self._output_bytes)
        handlers = self._exception_handlers
        outcome = self._perform(CurrentAttempt(attempt, connection=self._connection, job_class=self._job_class, exception_handlers=handlers, keeper=keeper))
        output = keeper.read() if keeper is not None else b""
        self._ended.append(Ended(attempt.execution_id, outcome, cpu_seconds=time.thread_time() - before, output=output))

    def _perform(self, current: CurrentAttempt) -> Outcome:
        """Run the attempt; an interruption between its end and ours counts as having come before its end."""
        outcome: Outcome | None = None
        try:
            self._is_in_job = True
            outcome = perform(current, self._run)
            self._is_in_job = False
        except AttemptTakenError:
            pass
        verdict, self._verdict, self._is_in_job = self._verdict, None, False
        if outcome is not None and (verdict is None or isinstance(outcome, (Returned, AskedRetry))):
            return outcome
        assert verdict is not None  # noqa: S101 - whoever interrupts leaves a verdict
        return verdict

    def filenos(self) -> list[int]:
        """Return nothing: what `submit` did is there to collect."""
        return []

    def collect(self) -> list[Ended]:
        """Return the attempts that ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def next_deadline(self) -> float | None:
        """Return None: nothing runs between calls."""
        return None

    def enforce(self) -> None:
        """Do nothing: nothing runs between calls."""

    def kill(self, execution_id: str, outcome: Outcome) -> None:
        """Do nothing: nothing runs between calls."""

    def interrupt(self, outcome: Outcome) -> None:
        """End the job that runs in this thread; called by a signal handler.

        Raises:
            AttemptTakenError: In the middle of the job, if one runs.
        """
        if self._is_in_job:
            self._verdict = outcome
            raise AttemptTakenError

    def shutdown(self) -> None:
        """Take no more attempts, and leave the streams as they were."""
        if self._holds_tees:
            tees.let_go()
        self._is_closed, self._holds_tees = True, False


def _run_in_this_thread(attempt: Attempt, serializer: Serializer) -> Outcome:
    is_main = threading.get_ident() == threading.main_thread().ident
    return run_attempt(attempt, serializer, death_penalty=None if is_main else TimerDeathPenalty)
