"""A fresh process for every job, forked from a quiet process that has imported what earlier jobs needed.

    supervisor ──orders, reports── zygote ──forks──▶ job process
        └────────────attempt, report──────────────────────┘

A job process is forked ahead of its job (a spare) and waits. `submit` writes the attempt into its socket, so a job
begins at once, and orders the next spare, which is forked while the job runs. The job process writes its report into
the same socket; from then on the attempt is over. A process that ends without a report died; the zygote, its parent,
says how. Nothing a job does to its process (exit, crash, block signals, close descriptors, leave threads or children
behind) reaches the supervisor, another job or the next one.
"""

import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from rq.core.defaults import DEFAULT_OUTPUT_BYTES
from rq.core.errors import InvalidOptionError, RQError
from rq.core.references import path_of_class
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import Died, Released
from rq.runtime.executors.base import Attempt, Run
from rq.runtime.executors.channel import Gone, JobReport
from rq.runtime.executors.handles import JobProcess, ZygoteHandle, death_of
from rq.runtime.executors.in_other_processes import InOtherProcesses
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.lineage import Lineage
from rq.runtime.executors.serializer_reference import SerializerReference
from rq.runtime.executors.starting import start_forked, start_fresh

# A process that handed in its report may flush its output; then it is killed.
_LINGER_SECONDS = 5.0
# ... and at a shutdown, when somebody waits, sooner.
_LAST_LINGER_SECONDS = 1.0


class ForkExecutor(InOtherProcesses[JobProcess]):
    """Runs every attempt in a process of its own; see the module.

    Not thread-safe: one thread calls everything. With `start_method="fork"`, `start()` is to be called before the
    program starts threads: locks that another thread holds at that moment stay locked in every job.

    Args:
        places: How many attempts run at the same time; more are accepted and wait.
        start_method: Where the first zygote comes from. "exec": a fresh interpreter, which knows of this program what
            it inherits by the environment, the working directory, `sys.path` and `sys.argv`; small, so that forks are
            cheap. "fork": this process, so that jobs see everything the program set up before `start()`.
        serializer: Reads payloads and writes results.
        run: Another way of running an attempt, called in the job process; only with "fork".
        connection_settings: Passed on to user code that asks for a connection (`CurrentAttempt`); opaque here.
        worker_name: Becomes RQ_WORKER_ID in the environment of jobs; empty: not set.
        spares: How many processes wait ahead of their jobs; None: one per place, and one more, so that the zygote forks while the supervisor writes.
        job_class: What jobs are made of; None means RQ's own.
        exception_handlers: What is called when an attempt failed.
        modules: What to preload without waiting for a job that needs it.
        learns: Whether to preload the modules that the functions of jobs come from.
        output_bytes: How much is kept of what a job prints; 0: nothing.
        memory_limit_mib: How much memory a job process may have; None: no limit.

    Raises:
        InvalidOptionError: An impossible combination (a ValueError).
    """

    def __init__(  # noqa: PLR0913 - all by keyword, all optional
        self,
        *,
        places: int = 1,
        start_method: Literal["exec", "fork"] = "exec",
        serializer: Serializer = DefaultSerializer,
        run: Run | None = None,
        connection_settings: bytes | None = None,
        worker_name: str = "",
        spares: int | None = None,
        job_class: type[Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any] | str] = (),
        modules: Iterable[str] = (),
        learns: bool = True,
        output_bytes: int = DEFAULT_OUTPUT_BYTES,
        memory_limit_mib: int | None = None,
    ) -> None:
        if start_method == "exec" and run is not None:
            raise InvalidOptionError('A way of running attempts cannot reach a fresh interpreter; use start_method="fork"')
        self._spare_count = places + 1 if spares is None else spares
        self.start_method = start_method
        known_as = SerializerReference.of(serializer) if start_method == "exec" else serializer
        known_class: type[Any] | str | None = job_class
        if start_method == "exec" and job_class is not None:
            known_class, modules = path_of_class(job_class), (*modules, job_class.__module__)
        super().__init__(places, known_class)
        self._settings = JobSettings(*(worker_name, known_as, connection_settings, run, known_class, tuple(exception_handlers), output_bytes, memory_limit_mib))
        self._lineage = Lineage(self._start_zygote, self._selector, self, modules, learns)
        self._spares: deque[JobProcess] = deque()
        self._lingering: set[JobProcess] = set()

    # --- the protocol -------------------------------------------------------------------------------------------------

    @property
    def preloaded(self) -> frozenset[str]:
        """The modules that new job processes find imported."""
        current = self._lineage.current
        return frozenset(current.modules if current else ())

    @property
    def excluded(self) -> Mapping[str, str]:
        """The modules that are not preloaded, with the reason: a line, or a traceback."""
        return dict(self._lineage.excluded)

    @property
    def job_pids(self) -> tuple[int, ...]:
        """The processes that run attempts now, each the leader of a group; in the order in which the attempts began."""
        return tuple(process.pid for process in self._running.values())

    @property
    def has_spare(self) -> bool:
        """Whether a process waits for the next attempt, so that it will begin at once."""
        return bool(self._spares)

    def start(self) -> None:
        """Start the first zygote and order the first spares.

        Raises:
            OSError: The system refuses.
        """
        self._lineage.start()
        self._order_spares()

    def submit(self, attempt: Attempt) -> None:
        """Hand `attempt` to a spare, or to the next process that comes.

        Raises:
            RQError: The executor was shut down.
        """
        if self._is_closed:
            raise RQError(f"This executor was shut down; start another one to run job {attempt.job_id}")
        self._lineage.refresh()
        self._waiting.append(attempt)
        if not self._spares:
            self._attend()
        self._hand_out()

    def filenos(self) -> list[int]:
        """Return the one descriptor that becomes readable when anything happens; none after the shutdown."""
        return [] if self._is_closed else [self._selector.fileno()]  # type: ignore[attr-defined]

    def next_deadline(self) -> float | None:
        """Return the `time.monotonic()` at which `enforce()` must be called at the latest; None: no need."""
        if self._is_closed:
            return None
        processes = (*self._running.values(), *self._lingering)
        deadlines = [process.deadline for process in processes if process.deadline is not None]
        of_zygotes = self._lineage.next_deadline()
        return min([*deadlines, *([] if of_zygotes is None else [of_zygotes])], default=None)

    def enforce(self) -> None:
        """Kill what is past its time limit, and what does not end after its report."""
        if self._is_closed:
            return
        now = time.monotonic()
        for process in [*self._running.values(), *self._lingering]:
            if process.deadline is not None and process.deadline <= now:
                self._end_overdue(process)
        self._lineage.enforce(now)
        self._hand_out()

    def shutdown(self) -> None:
        """Kill every job process and every zygote, and wait until they have ended."""
        if self._is_closed:
            return
        self._let_linger()
        self._is_closed = True
        self._endings.close()
        for process in self._running.values():
            process.kill()
        self._give_back_waiting("it was not begun when the executor was shut down")
        self._lineage.close()
        for process in self._running.values():
            report = process.receive_rest()
            verdict = process.verdict or Released("it was taken away when the executor was shut down")
            if process.attempt is not None:
                self._end(process.attempt, report.outcome if report else verdict, output=process.take_output())
        for process in (*self._running.values(), *self._spares):
            self._forget(process)
        self._running.clear()
        self._spares.clear()
        self._selector.close()

    # --- what zygotes report (Listener) -------------------------------------------------------------------------------

    def on_forked(self, process: JobProcess) -> None:
        """Keep the new process as a spare."""
        self._selector.register(process, process.events, process)
        self._spares.append(process)

    def on_gone(self, process: JobProcess, gone: Gone) -> None:
        """Settle what the process left behind."""
        self._settle(process, death_of(gone, self._kills), gone)

    def on_lost(self, process: JobProcess) -> None:
        """Make sure of the end of a process whose zygote ended, and settle what it left behind."""
        process.kill()
        self._settle(process, Died("The zygote that watched over the job's process ended, and the process with it"), None)

    def on_succession(self) -> None:
        """Dismiss the spares of other zygotes than the current one."""
        current = self._lineage.current
        for process in [spare for spare in self._spares if spare.zygote is not current]:
            self._spares.remove(process)
            self._forget(process)
        if not self._is_closed:
            self._order_spares()

    def on_hopeless(self, reason: str) -> None:
        """Give back what waits for processes that do not come."""
        self._give_back_waiting(reason)

    # --- attempts -----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give waiting attempts to spares, as far as there are places."""
        while self._waiting and self._spares and len(self._running) < self.places:
            process = self._spares.popleft()
            attempt = self._waiting[0]
            if not process.hand(attempt):
                self._forget(process)
                continue
            self._waiting.popleft()
            self._running[attempt.execution_id] = process
            self._watch(process)
        self._order_spares()

    def _attend(self) -> None:
        """Deal with everything that happened on sockets and channels."""
        for key, events in self._selector.select(0):
            source = key.data
            if source.fileno() < 0:
                continue  # closed while what came before it was dealt with
            if isinstance(source, ZygoteHandle):
                self._lineage.receive(source)
            else:
                self._attend_to(source, events)

    def _attend_to(self, process: JobProcess, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            process.send_rest()
        report = process.receive() if events & selectors.EVENT_READ else None
        if report is not None and process.attempt is not None:
            self._take(process, process.attempt, report)
        else:
            self._watch(process)

    def _take(self, process: JobProcess, attempt: Attempt, report: JobReport) -> None:
        """End an attempt with the report of its process, which may live a little longer."""
        del self._running[attempt.execution_id]
        process.attempt = None
        process.deadline = time.monotonic() + _LINGER_SECONDS
        self._lingering.add(process)
        output = process.take_output()
        self._forget(process)
        self._end(attempt, report.outcome, report.peak_memory_kib, report.cpu_seconds, output)
        if report.imported_module is not None:
            self._lineage.learn(report.imported_module)

    def _settle(self, process: JobProcess, death: Died, gone: Gone | None) -> None:
        """Deal with a process that ended: as a spare, after its report, or without one."""
        attempt = process.attempt
        if attempt is not None:
            report = process.receive_rest()
            if report is not None:
                self._take(process, attempt, report)
            else:
                self._bury(process, attempt, death, gone)
        elif process in self._spares:
            self._spares.remove(process)
            self._forget(process)
        self._lingering.discard(process)

    def _bury(self, process: JobProcess, attempt: Attempt, death: Died, gone: Gone | None) -> None:
        """End an attempt whose process died without a report; one that it never read begins anew elsewhere."""
        del self._running[attempt.execution_id]
        output = process.take_output()
        self._forget(process)
        if self._begins_anew(process, attempt):
            return
        if gone is None:
            self._end(attempt, process.verdict or death, output=output)
        else:
            self._end(attempt, process.verdict or death, gone.peak_memory_kib, gone.cpu_seconds, output, gone.pid)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _start_zygote(self) -> ZygoteHandle:
        if self.start_method == "exec":
            return start_fresh(self._settings)
        sockets = [key.fd for key in self._selector.get_map().values()]
        return start_forked(self._settings, [*self.filenos(), *sockets])

    def _order_spares(self) -> None:
        """See to it that enough processes wait, or are on their way, for what waits and for what comes."""
        self._lineage.ensure_forks(self._spare_count + len(self._waiting) - len(self._spares))

    def _forget(self, process: JobProcess) -> None:
        """Close the socket to a process; a spare ends by that."""
        if self._selector.get_map().get(process) is not None:
            self._selector.unregister(process)
        process.close()

    def _let_linger(self) -> None:
        """Give processes that handed in their report a moment to write out their output."""
        deadline = time.monotonic() + _LAST_LINGER_SECONDS
        while self._lingering and time.monotonic() < deadline:
            self._selector.select(deadline - time.monotonic())
            self._attend()
