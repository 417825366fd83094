"""Runs attempts in threads of its own process: for jobs that wait most of their time. See `in_process` for what it cannot do."""

import time

from rq.model.outcome import Outcome, Released
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.called_in_thread import DaemonThreads, InterruptibleCall
from rq.runtime.executors.in_process import InProcessExecutor, LiveAttempt
from rq.runtime.executors.job_run import perform, run_attempt
from rq.runtime.timeouts import TimerDeathPenalty


class ThreadsExecutor(InProcessExecutor):
    """Runs each attempt in a thread, which is kept for the next one.

    Time limits, and whoever stops a job, raise an exception in its thread: at the next bytecode, so that code that blocks in C hears of it when it is over.
    """

    def start(self) -> None:
        """Make threads when they are needed."""
        self._threads = DaemonThreads("rq-job")

    def _begin(self, live: LiveAttempt) -> None:
        call = InterruptibleCall(lambda: perform(self._current(live), self._run_here))
        live.interrupt, live.where = call.interrupt, call.where

        def run() -> None:
            before = time.thread_time()
            outcome = call.run() or Released("it was taken away")
            self._end(live, outcome, time.thread_time() - before)

        self._threads.run(run)

    def _run_here(self, attempt: Attempt) -> Outcome:
        """Run `attempt` in this thread."""
        if self._run_attempt is not None and not attempt.is_stopped:
            return self._run_attempt(attempt)
        return run_attempt(attempt, self._serializer, TimerDeathPenalty)

    def _close(self) -> None:
        self._threads.close()
