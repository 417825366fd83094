"""Fresh interpreters that run attempts: started ahead, handed one attempt after another, replaced when they have had enough.

    supervisor ──starts──▶ child
        └──attempt, report──┘

There are as many as were needed at the same time, and one more that waits ahead, up to the number of places.
No process is forked of this one, and no descriptor is passed on but at the start, so that this works where there is neither. A child that dies, or has to be
killed, costs only the attempt that it runs. See `warm` and `spawn` for the two executors that this is.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rq.core.defaults import DEFAULT_OUTPUT_BYTES
from rq.core.errors import RQError
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import Died, Outcome, Released
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.channel import JobReport
from rq.runtime.executors.child import PROGRAM, TITLE
from rq.runtime.executors.child_handle import Child
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.distant_worker import DistantWorker
from rq.runtime.executors.failures import Failures
from rq.runtime.executors.fresh_interpreter import start_interpreter
from rq.runtime.executors.handles import death_with
from rq.runtime.executors.in_other_processes import InOtherProcesses
from rq.runtime.executors.introduction import introduction
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.serializer_reference import SerializerReference

# A child that is to end may write out its output; then it is killed.
_LINGER_SECONDS = 5.0
# ... and at a shutdown, when somebody waits, sooner.
_LAST_LINGER_SECONDS = 1.0
# A child that closed its socket is about to end, or its job closed what is not its own.
_CLOSED_SECONDS = 1.0
# How often to look for the end of such children, and whether more of an attempt can be sent ...
_LOOK_SECONDS = 0.01
# ... and of those that run jobs: nearly always the end of the socket tells, but a process that a job started may hold it open.
_LOOK_AT_BUSY_SECONDS = 0.5


class ChildrenExecutor(InOtherProcesses[Child]):
    """Runs attempts in children; see the module.

    Not thread-safe: one thread calls everything.

    Args:
        places: How many attempts run at the same time; more are accepted and wait.
        limits: When a child is replaced.
        serializer: Reads payloads and writes results.
        connection_settings: Passed on to user code that asks for a connection (`CurrentAttempt`); opaque here.
        worker_name: Becomes RQ_WORKER_ID in the environment of jobs; empty: not set.
        job_class: What jobs are made of; None means RQ's own.
        exception_handlers: What is called when an attempt failed.
        output_bytes: How much is kept of what an attempt prints; 0: nothing.
        memory_limit_mib: How much memory a child may have; None: no limit.
        worker: The worker through whose methods attempts are run; None: they are run in the usual way.

    Raises:
        InvalidOptionError: There are no places, or children cannot be told what they have to know (a ValueError).
    """

    def __init__(  # noqa: PLR0913 - all by keyword, all optional
        self,
        *,
        places: int = 1,
        limits: ChildLimits | None = None,
        serializer: Serializer = DefaultSerializer,
        connection_settings: bytes | None = None,
        worker_name: str = "",
        job_class: type[Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any] | str] = (),
        output_bytes: int = DEFAULT_OUTPUT_BYTES,
        memory_limit_mib: int | None = None,
        worker: DistantWorker | None = None,
    ) -> None:
        super().__init__(places, job_class)
        self._limits = limits or ChildLimits()
        handlers = tuple(exception_handlers)
        settings = JobSettings(worker_name, SerializerReference.of(serializer), connection_settings, None, job_class, handlers, output_bytes, memory_limit_mib)
        self._introduction = introduction(settings, worker and worker._replace(ends=self._limits.max_jobs == 1))
        self._children: list[Child] = []
        self._failures = Failures()
        self._looked_at = 0.0

    # --- the protocol -------------------------------------------------------------------------------------------------

    @property
    def pids(self) -> list[int]:
        """The process ids of the children that take attempts, or are about to."""
        return [child.pid for child in self._children if not child.is_leaving]

    @property
    def has_free_child(self) -> bool:
        """Whether a child waits for the next attempt, so that it will begin at once."""
        return any(child.is_free for child in self._children)

    def start(self) -> None:
        """Start the first children."""
        self._order_children()

    def submit(self, attempt: Attempt) -> None:
        """Hand `attempt` to a child that is free, or to the next one that is.

        Raises:
            RQError: The executor was shut down.
        """
        if self._is_closed:
            raise RQError(f"This executor was shut down; start another one to run job {attempt.job_id}")
        self._waiting.append(attempt)
        if not self.has_free_child:
            self._attend()
        self._hand_out()

    def filenos(self) -> list[int]:
        """Return what becomes readable when anything happens; nothing after the shutdown."""
        if self._is_closed:
            return []
        if hasattr(self._selector, "fileno"):
            return [self._selector.fileno()]
        return [child.fileno() for child in self._children if child.events]

    def next_deadline(self) -> float | None:
        """Return the `time.monotonic()` at which `enforce()` must be called at the latest; None: no need."""
        if self._is_closed:
            return None
        deadlines = [child.deadline for child in self._children if child.deadline is not None]
        if any(child.is_leaving or child.events != selectors.EVENT_READ for child in self._children):
            deadlines.append(self._looked_at + _LOOK_SECONDS)
        elif self._running:
            deadlines.append(self._looked_at + _LOOK_AT_BUSY_SECONDS)
        if self._limits.max_seconds is not None:
            deadlines += [child.born + self._limits.max_seconds for child in self._children if child.is_free]
        if self._failures.retry_at is not None:
            deadlines.append(self._failures.retry_at)
        return min(deadlines, default=None)

    def enforce(self) -> None:
        """Kill what is past its time limit or does not start or end, and see to the places of children that ended."""
        if self._is_closed:
            return
        self._looked_at = now = time.monotonic()
        for child in list(self._children):
            code = child.look()
            if code is not None:
                self._settle(child, code)
            elif child.deadline is not None and child.deadline <= now:
                self._end_overdue(child)
            elif child.is_free and not self._is_fit(child):
                self._dismiss(child)
        self._failures.let_retry(now)
        self._hand_out()

    def shutdown(self) -> None:
        """End every child, and wait until all have ended."""
        if self._is_closed:
            return
        self._endings.close()
        self._attend()
        self._give_back_waiting("it was not begun when the executor was shut down")
        for child in list(self._children):
            if child.attempt is None:
                self._dismiss(child)
            else:
                child.verdict = child.verdict or Released("it was taken away when the executor was shut down")
                child.kill()
        self._see_off(time.monotonic() + _LAST_LINGER_SECONDS)
        self._is_closed = True
        self._selector.close()

    def _see_off(self, deadline: float) -> None:
        """Wait for the end of all children; those that live at the deadline are killed."""
        while self._children:
            for child in list(self._children):
                code = child.look()
                if code is not None:
                    self._settle(child, code)
                elif time.monotonic() > deadline:
                    child.kill()
            if self._children:
                time.sleep(_LOOK_SECONDS)

    # --- attempts -----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give waiting attempts to free children, as far as there are places."""
        free = deque(child for child in self._children if child.is_free and self._is_fit(child)) if self._waiting else deque[Child]()
        while self._waiting and free and len(self._running) < self.places:
            child = free.popleft()
            attempt = self._waiting[0]
            if not child.hand(attempt):
                self._dismiss(child)
                continue
            self._waiting.popleft()
            child.jobs += 1
            self._running[attempt.execution_id] = child
            self._watch(child)
        self._order_children()

    def _attend(self) -> None:
        """Deal with everything that happened on sockets."""
        for key, events in self._selector.select(0):
            child: Child = key.data
            if child.fileno() >= 0:  # else it was closed while what came before it was dealt with
                self._attend_to(child, events)

    def _attend_to(self, child: Child, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            child.send_rest()
        report = child.receive() if events & selectors.EVENT_READ else None
        if child.attempt is not None and report is not None:
            self._take(child, child.attempt, report)
        elif child.attempt is not None and child.has_declined:
            self._take_back(child, child.attempt)
        if child.is_ready:
            self._failures.end()
        self._watch(child)
        if child.events == 0 and not child.is_leaving:
            self._on_closed(child)

    def _on_closed(self, child: Child) -> None:
        """Deal with a child that closed its socket: most likely by its end, a moment ago or in a moment."""
        code = child.look()
        if code is not None:
            self._settle(child, code)
        else:
            until = time.monotonic() + _CLOSED_SECONDS
            child.deadline = until if child.deadline is None else min(child.deadline, until)

    def _take(self, child: Child, attempt: Attempt, report: JobReport) -> None:
        """End an attempt with the report of its child, which may be fit for another one."""
        self._free(child, attempt)
        self._end(attempt, report.outcome, report.peak_memory_kib or None, report.cpu_seconds, child.take_output())
        limit = self._limits.max_memory_kib
        if report.is_last or not self._is_fit(child) or (limit is not None and report.peak_memory_kib >= limit):
            self._dismiss(child)

    def _take_back(self, child: Child, attempt: Attempt) -> None:
        """Take an attempt back from a child that has read files which changed since. The others that wait may have read them too; those that run look later.

        A child that ran out of something is taken for one of those: the others are replaced in vain, and no job suffers.
        """
        self._free(child, attempt)
        self._waiting.appendleft(attempt)
        for one in [one for one in self._children if one.jobs and one.attempt is None and not one.is_leaving]:
            self._dismiss(one)

    def _judge_overdue(self, process: Child, attempt: Attempt) -> Outcome:
        """Return what to report of an attempt whose child is killed because its time is over, or because it closed its socket."""
        return super()._judge_overdue(process, attempt) if process.events else Died("The job closed the socket to its worker, so that its outcome is lost")

    def _settle(self, child: Child, code: int) -> None:
        """Deal with what a child that ended left behind: an attempt, perhaps with a report."""
        self._children.remove(child)
        attempt = child.attempt
        if attempt is not None:
            report = child.receive_rest()
            self._free(child, attempt)
            if report is not None:
                self._end(attempt, report.outcome, report.peak_memory_kib or None, report.cpu_seconds, child.take_output())
            elif child.has_declined:
                self._waiting.appendleft(attempt)
            else:
                self._bury(child, attempt, code)
        elif not (child.is_ready or child.is_leaving):
            self._count_failure("a process for jobs ended before it was ready; what it wrote to stderr says why")
        self._forget(child)

    def _bury(self, child: Child, attempt: Attempt, code: int) -> None:
        """End an attempt whose child died without a report; one that it never read begins anew elsewhere."""
        if not self._begins_anew(child, attempt):
            self._end(attempt, child.verdict or death_with(code, self._kills), output=child.take_output(), pid=child.pid)

    # --- children -----------------------------------------------------------------------------------------------------

    def _order_children(self) -> None:
        """See to it that a child is there, or on its way, for everything that runs or waits, and one more, as far as there are places.

        A child that runs its last job does not count: the next one is started meanwhile.
        """
        while not self._is_closed and self._failures.retry_at is None:
            fit = [child for child in self._children if self._is_fit(child)]
            busy = sum(child.attempt is not None for child in fit)
            if len(fit) >= min(self.places, busy + len(self._waiting) + 1):
                return
            try:
                self._start_child()
            except OSError as error:
                self._count_failure(f"no process for jobs can be started: {error}")

    def _start_child(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                interpreter = start_interpreter(PROGRAM, TITLE, theirs.fileno())
            except OSError:
                ours.close()
                raise
        with suppress(OSError):  # it ended at once, which its socket says
            ours.sendall(self._introduction)  # more than a socket holds, perhaps: there is somebody who reads
        child = Child(interpreter, ours)
        self._children.append(child)
        self._selector.register(child, selectors.EVENT_READ, child)

    def _is_fit(self, child: Child) -> bool:
        """Say whether a child may be handed an attempt when it is free."""
        limits = self._limits
        return not (
            child.is_leaving
            or (limits.max_jobs is not None and child.jobs >= limits.max_jobs)
            or (limits.max_seconds is not None and time.monotonic() - child.born >= limits.max_seconds)
        )

    def _dismiss(self, child: Child) -> None:
        """Have a child end that runs nothing."""
        self._forget(child)
        child.is_leaving, child.deadline = True, time.monotonic() + _LINGER_SECONDS

    def _free(self, child: Child, attempt: Attempt) -> None:
        del self._running[attempt.execution_id]
        child.attempt = child.deadline = None

    def _count_failure(self, reason: str) -> None:
        self._failures.add(time.monotonic())
        if self._failures.are_hopeless:
            self._give_back_waiting(reason)

    def _forget(self, child: Child) -> None:
        """Close the socket to a child; one that waits ends by that."""
        if child.fileno() < 0:
            return
        if self._selector.get_map().get(child) is not None:
            self._selector.unregister(child)
        child.close()
        child.events = 0
