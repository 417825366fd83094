"""What the executors share that run attempts in other processes: attempts wait, are handed to processes, and end there, with a word or without one."""

import selectors
import time
from collections import deque
from typing import Any, Generic, TypeVar

from rq.core.errors import InvalidOptionError
from rq.model.outcome import Outcome, Released, Stopped
from rq.runtime.executors.base import Attempt, Ended
from rq.runtime.executors.channel import JobReport
from rq.runtime.executors.endings import Endings, overdue
from rq.runtime.executors.handles import JobProcess
from rq.runtime.executors.kill_counter import KillCounter

# An attempt whose process ended before it read it was not begun; it gets another process this many times.
_MAX_UNREAD = 3

P = TypeVar("P", bound=JobProcess)


class InOtherProcesses(Generic[P]):
    """Attempts that wait and run. Where processes come from, and what becomes of them, a subclass says.

    Args:
        places: How many attempts run at the same time; more are accepted and wait.
        job_class: What jobs are made of, or the dotted path of that; None means RQ's own.

    Raises:
        InvalidOptionError: There are no places (a ValueError).
    """

    def __init__(self, places: int, job_class: type[Any] | str | None) -> None:
        if places < 1:
            raise InvalidOptionError(f"An executor has at least one place, not {places}")
        self.places = places
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._waiting: deque[Attempt] = deque()
        self._running: dict[str, P] = {}
        self._unread: dict[str, int] = {}
        self._endings = Endings(job_class)
        self._kills = KillCounter()
        self._is_closed = False

    # --- the protocol -------------------------------------------------------------------------------------------------

    @property
    def running(self) -> int:
        """How many attempts were submitted and not yet collected."""
        return len(self._waiting) + len(self._running) + len(self._endings)

    def collect(self) -> list[Ended]:
        """Return the attempts that ended since the last call; never blocks."""
        if not self._is_closed:
            self._attend()
            self._hand_out()
        return self._endings.take()

    def kill(self, execution_id: str, outcome: Outcome) -> None:
        """Kill an attempt with all it started, or take it back if it has not begun; `outcome` is reported for it."""
        if isinstance(outcome, Stopped) and self._endings.is_stopped(execution_id):
            return  # it was stopped, and its stopped callback has its time
        process = self._running.get(execution_id)
        if process is not None and process.attempt is not None:
            report = process.receive()
            if report is not None:
                self._take(process, process.attempt, report)
            else:
                process.verdict = process.verdict or outcome
                process.kill()
            return
        for attempt in self._waiting:
            if attempt.execution_id == execution_id:
                self._waiting.remove(attempt)
                self._end(attempt, outcome)
                return

    def interrupt(self, outcome: Outcome) -> None:
        """Do nothing: no job runs in this thread."""

    # --- what a subclass does -----------------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Deal with everything that happened."""
        raise NotImplementedError

    def _hand_out(self) -> None:
        """Give waiting attempts to processes, as far as there are places."""
        raise NotImplementedError

    def _take(self, process: P, attempt: Attempt, report: JobReport) -> None:
        """End an attempt with the report of its process."""
        raise NotImplementedError

    # --- how attempts end ---------------------------------------------------------------------------------------------

    def _end_overdue(self, process: P) -> None:
        """Kill a process whose time is over, unless what it said meanwhile tells otherwise."""
        attempt = process.attempt
        if attempt is not None:
            report = process.receive()
            if report is not None:
                self._take(process, attempt, report)
                return
            if process.deadline is None or process.deadline > time.monotonic():
                return  # the function was over in time, and a callback runs
            process.verdict = process.verdict or self._judge_overdue(process, attempt)
        process.kill()

    def _judge_overdue(self, process: P, attempt: Attempt) -> Outcome:  # noqa: ARG002 - a subclass looks at the process
        """Return what to report of an attempt whose process is killed because its time is over."""
        return overdue(attempt)

    def _begins_anew(self, process: P, attempt: Attempt) -> bool:
        """Let an attempt wait again that its process, which died, has never read. Says whether it does."""
        times = self._unread.get(attempt.execution_id, 0)
        if not process.left_attempt_unread or process.verdict is not None or times >= _MAX_UNREAD:
            return False
        self._unread[attempt.execution_id] = times + 1
        self._waiting.appendleft(attempt)
        return True

    def _end(
        self,
        attempt: Attempt,
        outcome: Outcome,
        peak_memory_kib: int | None = None,
        cpu_seconds: float | None = None,
        output: bytes = b"",
        pid: int | None = None,
    ) -> None:
        self._unread.pop(attempt.execution_id, None)
        first = self._endings.add(attempt, Ended(attempt.execution_id, outcome, peak_memory_kib, cpu_seconds, output=output, pid=pid))
        if first is not None:
            self._waiting.appendleft(first)

    def _give_back_waiting(self, reason: str) -> None:
        while self._waiting:
            self._end(self._waiting.popleft(), Released(reason))

    # --- sockets ------------------------------------------------------------------------------------------------------

    def _watch(self, process: P) -> None:
        """Have the selector watch for what the process's socket can do next."""
        key = self._selector.get_map().get(process) if process.fileno() >= 0 else None
        if key is None:
            return
        if process.events == 0:
            self._selector.unregister(process)
        elif key.events != process.events:
            self._selector.modify(process, process.events, process)
