"""What executors share that run several attempts at the same time in their own process.

Such an attempt can be asked to end, by an exception in the middle of its code, and nobody can do more than ask. One that does not end within a second is
reported as if it had, so that its worker is not held up; it goes on by itself, and its place is lost until it is over.
"""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rq.core.defaults import DEFAULT_OUTPUT_BYTES, TIMEOUT_GRACE_SECONDS
from rq.core.errors import InvalidOptionError, RQError
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import Outcome, Released, Stopped, TimedOut
from rq.runtime.executors.base import Attempt, Ended, Run
from rq.runtime.executors.bell import Bell
from rq.runtime.executors.endings import Endings, deadline_after, judged
from rq.runtime.executors.job_run import CurrentAttempt
from rq.runtime.executors.output import Keeper, keeper_in_process
from rq.runtime.timeouts import timeout_message
from rq.store.waiting import wait_readable


@dataclass(slots=True, eq=False)
class LiveAttempt:
    """An attempt that runs in this process.

    Attributes:
        attempt: What runs.
        deadline: When to give it up (`time.monotonic()`); None: never.
        keeper: Keeps what it prints; None if nobody does.
        verdict: What to report if it was asked to end and does; None while nobody asked.
        interrupt: Asks its code to end; called in any thread.
        where: Returns the lines of a traceback of what it is doing; empty where nobody knows.
    """

    attempt: Attempt
    deadline: float | None
    keeper: Keeper | None = None
    verdict: Outcome | None = None
    interrupt: Callable[[], None] = lambda: None
    where: Callable[[], str] = str


class InProcessExecutor(ABC):
    """Runs attempts in this process, beside the thread that drives it. Subclasses say how.

    Args:
        places: How many attempts run at the same time; more are accepted and wait.
        serializer: Reads payloads and writes results.
        run: Another way of running an attempt, called in a thread.
        connection: The connection that user code gets when it asks for one.
        job_class: What jobs are made of; None means RQ's own.
        exception_handlers: What is called when an attempt failed.
        output_bytes: How much is kept of what an attempt prints; 0: nothing.

    Raises:
        InvalidOptionError: There are no places (a ValueError).
    """

    def __init__(  # noqa: PLR0913 - all by keyword, all optional
        self,
        *,
        places: int = 1,
        serializer: Serializer = DefaultSerializer,
        run: Run | None = None,
        connection: object | None = None,
        job_class: type[Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any] | str] = (),
        output_bytes: int = DEFAULT_OUTPUT_BYTES,
    ) -> None:
        if places < 1:
            raise InvalidOptionError(f"An executor has at least one place, not {places}")
        self._place_count = places
        self._serializer = serializer
        self._run_attempt = run
        self._connection = connection
        self._job_class = job_class
        self._exception_handlers = tuple(exception_handlers)
        self._output_bytes = output_bytes
        self._is_closed = False
        self._bell = Bell()
        self._waiting: deque[Attempt] = deque()
        self._live: dict[str, LiveAttempt] = {}
        self._lost: set[LiveAttempt] = set()
        self._over: deque[tuple[LiveAttempt, Outcome, float | None]] = deque()
        self._endings = Endings(job_class)

    # --- for subclasses -----------------------------------------------------------------------------------------------

    @abstractmethod
    def start(self) -> None:
        """Get ready; called once, before anything else."""

    @abstractmethod
    def _begin(self, live: LiveAttempt) -> None:
        """Have an attempt run; `_end` is to be called when it is over. Returns at once."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of what runs attempts; those that do not end go on by themselves."""

    def _current(self, live: LiveAttempt) -> CurrentAttempt:
        """Return what `rq.core.context` is to hold while an attempt runs."""

        def begin_callback(limit_seconds: float | None) -> None:
            if live.verdict is None:  # else it was asked to end
                live.deadline = deadline_after(limit_seconds)
                self._bell.ring()

        return CurrentAttempt(
            live.attempt,
            connection=self._connection,
            job_class=self._job_class,
            on_callback=begin_callback,
            exception_handlers=self._exception_handlers,
            keeper=live.keeper,
        )

    def _end(self, live: LiveAttempt, outcome: Outcome, cpu_seconds: float | None = None) -> None:
        """Report that an attempt is over; called in any thread."""
        self._over.append((live, outcome, cpu_seconds))
        self._bell.ring()

    # --- the protocol -------------------------------------------------------------------------------------------------

    @property
    def places(self) -> int:
        """How many attempts run at the same time: all places but those of attempts that did not end when they had to."""
        return self._place_count - len(self._lost)

    @property
    def running(self) -> int:
        """How many attempts were submitted and not yet collected."""
        return len(self._waiting) + len(self._live) + len(self._endings)

    def submit(self, attempt: Attempt) -> None:
        """Have `attempt` run as soon as a place is free.

        Raises:
            RQError: The executor was shut down.
        """
        if self._is_closed:
            raise RQError(f"This executor was shut down; start another one to run job {attempt.job_id}")
        self._waiting.append(attempt)
        self._hand_out()

    def filenos(self) -> list[int]:
        """Return the one descriptor that becomes readable when an attempt ended; none after the shutdown."""
        return [] if self._is_closed else [self._bell.fileno()]

    def collect(self) -> list[Ended]:
        """Return the attempts that ended since the last call; never blocks."""
        if not self._is_closed:
            self._attend()
            self._hand_out()
        return self._endings.take()

    def next_deadline(self) -> float | None:
        """Return the `time.monotonic()` at which `enforce()` must be called at the latest; None: no need."""
        return min((live.deadline for live in self._live.values() if live.deadline is not None), default=None)

    def enforce(self) -> None:
        """Give up what is past its time limit, or was asked to end, and does not."""
        now = time.monotonic()
        for live in list(self._live.values()):
            if live.deadline is not None and live.deadline <= now:
                self._give_up(live)
        self._hand_out()

    def kill(self, execution_id: str, outcome: Outcome) -> None:
        """Ask an attempt to end, or take it back if it has not begun; `outcome` is reported for it, a second later at the latest."""
        if isinstance(outcome, Stopped) and self._endings.is_stopped(execution_id):
            return  # it was stopped, and its stopped callback has its time
        live = self._live.get(execution_id)
        if live is not None:
            if live.verdict is None:
                live.verdict, live.deadline = outcome, time.monotonic() + TIMEOUT_GRACE_SECONDS
                live.interrupt()
            return
        for attempt in self._waiting:
            if attempt.execution_id == execution_id:
                self._waiting.remove(attempt)
                self._report(attempt, outcome)
                return

    def interrupt(self, outcome: Outcome) -> None:  # noqa: B027 - there is nothing for subclasses to say
        """Do nothing: no job runs in this thread."""

    def shutdown(self) -> None:
        """Ask every attempt to end, and leave those that do not within a second to themselves."""
        if self._is_closed:
            return
        self._endings.close()
        while self._waiting:
            self._report(self._waiting.popleft(), Released("it was not begun when the executor was shut down"))
        for execution_id in list(self._live):
            self.kill(execution_id, Released("it was taken away when the executor was shut down"))
        deadline = time.monotonic() + TIMEOUT_GRACE_SECONDS
        while self._live and time.monotonic() < deadline:
            wait_readable([self._bell.fileno()], max(deadline - time.monotonic(), 0))
            self._attend()
        for live in list(self._live.values()):
            self._give_up(live)
        self._is_closed = True
        self._close()
        self._bell.close()

    # --- attempts -----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Begin waiting attempts, as far as there are places; a stopped callback needs none."""
        while self._waiting and (self._waiting[0].is_stopped or len(self._live) < self.places):
            attempt = self._waiting.popleft()
            live = self._live[attempt.execution_id] = LiveAttempt(attempt, deadline_after(attempt.timeout_seconds), keeper_in_process(self._output_bytes))
            self._begin(live)

    def _attend(self) -> None:
        """Deal with what is over."""
        self._bell.silence()
        while self._over:
            live, outcome, cpu_seconds = self._over.popleft()
            if live in self._lost:
                self._lost.remove(live)
            else:
                del self._live[live.attempt.execution_id]
                self._report(live.attempt, judged(outcome, live.verdict), cpu_seconds, live.keeper)

    def _give_up(self, live: LiveAttempt) -> None:
        """Report an attempt that does not end, though it was asked to."""
        del self._live[live.attempt.execution_id]
        self._lost.add(live)
        if live.verdict is None:
            limit = live.attempt.timeout_seconds or 0.0
            live.verdict = TimedOut(
                f"{live.where()}rq.timeouts.JobTimeoutException: {timeout_message(limit)} and does not end by itself; it goes on in the worker\n", limit
            )
            live.interrupt()
        self._report(live.attempt, live.verdict, keeper=live.keeper)

    def _report(self, attempt: Attempt, outcome: Outcome, cpu_seconds: float | None = None, keeper: Keeper | None = None) -> None:
        output = b"" if keeper is None else keeper.read()
        first = self._endings.add(attempt, Ended(attempt.execution_id, outcome, cpu_seconds=cpu_seconds, output=output))
        if first is not None:
            self._waiting.appendleft(first)
