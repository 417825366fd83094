"""The methods of a worker that run a job, where it runs: in the job's process (the work horse), or in the worker's own.

They are called if one of them is replaced (see `override_points`), and say then what came of the attempt; who writes it down is the supervisor, in one step,
under the attempt's lease. So nothing here talks to the server, and what a replaced method leaves out is no outcome that gets lost.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any, cast

from rq.client.current import job_of
from rq.client.execution import Execution
from rq.client.job import Job
from rq.core import context
from rq.core.errors import InvalidJobOperation, StopRequested
from rq.core.serializers import serialized_result
from rq.core.tracebacks import format_exception
from rq.model.outcome import AskedRetry, Outcome, Raised, Released, Returned, TimedOut
from rq.model.presence import WorkerStatus
from rq.runtime.executors.base import Attempt, AttemptTakenError
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of, outcome_of_result
from rq.runtime.executors.output import tees
from rq.runtime.executors.through_job import Steps, call_handlers, run_through_job
from rq.runtime.timeouts import BaseDeathPenalty, TimerDeathPenalty, UnixSignalDeathPenalty
from rq.runtime.worker_methods import SupervisorMethods

if TYPE_CHECKING:
    from rq.client.queue import Queue
    from rq.client.registry import StartedJobRegistry

logger = logging.getLogger("rq.worker")


# What the code of a worker raises that wants the worker to leave. A job that raises one of these has failed.
LEAVING = (StopRequested, SystemExit)


class HorseLeft(BaseException):
    """Raised in the place of `os._exit()` where a job's process still has to hand in what came of the attempt."""


@dataclass(slots=True)
class OwnAttempt:
    """An attempt that runs through the methods of its worker.

    Attributes:
        current: The attempt, as its context knows it.
        job: The job that is run.
        queue: The queue it came from.
        execution: Names the attempt.
        likely: What will have come of it if no method says otherwise.
        outcome: What came of it; None until a method said so. The first word counts.
        on_outcome: Called then, in whatever process and thread that is.
        report: Where a process that was forked for it writes the outcome; None where none is.
    """

    current: CurrentAttempt
    job: Job
    queue: Queue
    execution: Execution
    likely: Outcome | None = None
    outcome: Outcome | None = None
    on_outcome: Callable[[Outcome], None] = field(default=lambda _outcome: None)
    report: IO[bytes] | None = None

    def note(self, outcome: Outcome) -> None:
        """Say what came of the attempt, unless that has been said."""
        if self.outcome is None:
            self.outcome = outcome
            self.on_outcome(outcome)

    def note_answer(self, is_done: object) -> None:
        """Take what `perform_job()` answers for the outcome, if it said nothing else."""
        if is_done:
            self.note(self.returned())
        else:
            self.note(Raised(f"The worker's perform_job() says that job {self.job.id} failed, and not why\n", "builtins.Exception"))

    def returned(self) -> Outcome:
        """Return the outcome of a job that is done, as far as the job knows its result."""
        serializer = self.current.serializer
        result = self.job._result  # noqa: SLF001 - the property asks the server
        return Returned(None if result is None or serializer is None else serialized_result(result, serializer))


class HorseMethods(SupervisorMethods):
    """What runs a job and handles how it ended. All of these may be overridden."""

    _exc_handlers: list[Callable[..., Any]]
    _attempts: dict[str, OwnAttempt]
    _is_horse: bool

    @property
    def is_horse(self) -> bool:
        """Whether this is the process of a job."""
        return self._is_horse

    # --- running ------------------------------------------------------------------------------------------------------------------

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Be the process of a job: the first that is called in it. Whether it returns or calls `os._exit()` at its end makes no difference."""
        random.seed()
        self.setup_work_horse_signals()
        self._is_horse = True
        self._attempt_of(job).note_answer(self.perform_job(job, queue))

    def setup_work_horse_signals(self) -> None:
        """Ignore SIGINT, which a terminal sends to all, and end by SIGTERM."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run a job here, with its callbacks and the exception handlers. Says whether its function returned.

        Raises:
            InvalidJobOperation: the worker was not given this job to run.
        """
        del queue
        own = self._attempt_of(job)
        with _current(own.current, all_is_its_own=self.is_horse):
            own.note(run_through_job(own.current, self.serializer, self._death_penalty(), WorkerSteps(self, own)))
        return isinstance(own.outcome, (Returned, AskedRetry))

    # --- around the function --------------------------------------------------------------------------------------------------------

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """Called where the job runs, before it begins. What there was to prepare, the step that gave the job to this worker did."""
        del remove_from_intermediate_queue
        self._call_replaced("set_current_job_id", job.id)
        self._call_replaced("set_current_job_working_time", 0)

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        """Called when the function is over, before its callbacks."""

    def handle_job_success(self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry) -> None:
        """Say that the job is done; called after the success callback. What it raises makes the attempt fail."""
        del queue, started_job_registry
        own = self._attempt_of(job)
        own.note(own.likely if isinstance(own.likely, Returned) else own.returned())
        self._call_replaced("set_current_job_id", None)

    def handle_job_retry(self, job: Job, queue: Queue, retry: Any, started_job_registry: StartedJobRegistry, execution: Any) -> None:
        """Say that the function returned a `Retry`: the job runs again, if that is allowed."""
        del queue, started_job_registry, execution
        self._attempt_of(job).note(outcome_of_result(retry, self.serializer))
        self._call_replaced("set_current_job_id", None)

    def handle_job_failure(self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry | None = None, exc_string: str = "") -> None:
        """Say that the attempt failed, and with which text; called after the failure callback and the exception handlers. The job may have retries left."""
        del queue, started_job_registry
        own = self._attempt_of(job)
        outcome: Raised | TimedOut = Raised(exc_string, "builtins.Exception")
        if isinstance(own.likely, (Raised, TimedOut)):
            outcome = replace(own.likely, exc_text=exc_string or own.likely.exc_text)
        own.note(outcome)
        if not job.should_retry:
            job._exc_info = outcome.exc_text  # noqa: SLF001 - RQ's name for it, which whoever replaces `perform_job()` reads
        self._call_replaced("set_current_job_id", None)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Call the exception handlers, in order, each with `(job, exc_type, exc_value, traceback)`, until one returns something false but None."""
        call_handlers(self._exc_handlers, job.id, lambda: job, exc_info, self._death_penalty())

    def _replaced(self, among: Iterable[str]) -> frozenset[str]:
        raise NotImplementedError

    def _call_replaced(self, name: str, argument: object) -> None:
        """Call a method of this worker that says what the worker does, if it is replaced; else the steps on the server said so. What it raises is logged."""
        if not self._replaced((name,)):
            return
        try:
            getattr(self, name)(argument)
        except Exception as error:  # noqa: BLE001 - user code raises anything
            logger.error("%s() of worker %s failed\n%s", name, self.name, format_exception(error).rstrip())  # noqa: TRY400 - with the text

    # --- between the executor and these methods ---------------------------------------------------------------------------------------

    def _begin_own(self, current: CurrentAttempt, on_outcome: Callable[[Outcome], None] = lambda _outcome: None) -> OwnAttempt:
        """Note that this worker runs an attempt now.

        Raises:
            ReferenceNotFound: the class of the job cannot be imported. CorruptDataError: its hash cannot be read.
        """
        current.serializer = self.serializer
        queue, job_id = self._queue_named(current.attempt.queue), current.attempt.job_id
        execution = Execution(current.attempt.execution_id, job_id, self.connection, self.name)
        own = self._attempts[job_id] = OwnAttempt(current, job_of(current), queue, execution, on_outcome=on_outcome)
        self.execution = execution
        return own

    def _attempt_of(self, job: Job) -> OwnAttempt:
        own = self._attempts.get(job.id)
        if own is None:
            message = f"Worker {self.name} was not given job {job.id} to run: only what it took from a queue can be run, or ended, by its methods"
            raise InvalidJobOperation(message)
        return own

    def _leave_supervisor(self) -> None:
        """In a process that was forked for a job: let go of what is the worker's own."""
        self._supervisor, self._switch, self._executor, self._own_horse_pid = None, None, None, 0
        self._state = WorkerStatus.BUSY.value

    def _death_penalty(self) -> type[BaseDeathPenalty]:
        """Return what enforces time limits in this thread: signals are the main thread's."""
        if self.death_penalty_class is UnixSignalDeathPenalty and threading.current_thread() is not threading.main_thread():
            return TimerDeathPenalty
        return self.death_penalty_class

    def run_in_job_process(self, attempt: Attempt) -> Outcome:
        """Run an attempt in a process that was forked for it; what an executor is given."""
        del attempt  # it is the current one
        self._leave_supervisor()
        own = self._begin_own(cast("CurrentAttempt", context.top()))
        with _exit_comes_back(own):
            return _outcome_of_call(own, lambda: self.main_work_horse(own.job, own.queue))

    def run_in_worker_process(self, attempt: Attempt) -> Outcome:
        """Run an attempt in the process of the worker; what an executor is given."""
        own = self._begin_own(cast("CurrentAttempt", context.top()))

        def perform() -> None:
            try:
                own.note_answer(self.perform_job(own.job, own.queue))
            except LEAVING as error:
                self._leave_for(error, own)

        try:
            return _outcome_of_call(own, perform)
        finally:
            del self._attempts[attempt.job_id]
            self.execution = None

    def _leave_for(self, error: BaseException, own: OwnAttempt) -> None:
        """Let the worker leave, as its own code wants that runs a job in this process; a job of which nothing has been said goes back to its queue."""
        self._press(None)
        own.note(Released(f"the worker's own code raised {type(error).__name__}"))


class WorkerSteps(Steps):
    """Calls the methods of a worker around the function of a job, with arguments by name where RQ names them: whoever replaces one may rely on either."""

    def __init__(self, worker: HorseMethods, own: OwnAttempt) -> None:
        super().__init__(own.current, worker._death_penalty())  # noqa: SLF001 - the other half of this module
        self._worker = worker
        self._own = own
        self._started: StartedJobRegistry = own.queue.started_job_registry

    def begin(self, job: Job) -> None:
        """Tell the worker that the function is about to be called."""
        self._worker.prepare_job_execution(job, len(self._worker.queues) == 1)

    def end(self, job: Job) -> None:
        """Tell the worker that the function is over."""
        self._worker.handle_execution_ended(job, self._own.queue, self._worker.get_heartbeat_ttl(job))

    def succeed(self, job: Job, outcome: Returned) -> None:
        """Tell the worker that the job is done."""
        self._own.likely = outcome
        self._worker.handle_job_success(job=job, queue=self._own.queue, started_job_registry=self._started)

    def ask_again(self, job: Job, retry: Any, outcome: AskedRetry) -> None:
        """Tell the worker that the job wants to run again."""
        self._own.likely = outcome
        queue, started, execution = self._own.queue, self._started, self._own.execution
        self._worker.handle_job_retry(job=job, queue=queue, retry=retry, started_job_registry=started, execution=execution)

    def handle(self, job: Job, error: BaseException) -> None:
        """Have the worker handle what the job raised. It changes nothing about what becomes of the job, so if it fails itself, that is logged."""
        self._guard("handle_exception", lambda: self._worker.handle_exception(job, type(error), error, error.__traceback__))

    def fail(self, job: Job, outcome: Raised | TimedOut) -> None:
        """Tell the worker that the attempt failed."""
        self._own.likely = outcome
        queue, started, text = self._own.queue, self._started, outcome.exc_text
        self._guard("handle_job_failure", lambda: self._worker.handle_job_failure(job=job, queue=queue, started_job_registry=started, exc_string=text))

    def _guard(self, name: str, call: Callable[[], None]) -> None:
        try:
            call()
        except AttemptTakenError:
            raise
        except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
            logger.error("%s() of worker %s failed for job %s\n%s", name, self._worker.name, self._own.job.id, format_exception(error).rstrip())  # noqa: TRY400 - with the text


def _outcome_of_call(own: OwnAttempt, call: Callable[[], None]) -> Outcome:
    """Return what came of an attempt by this call; what it raises counts if nothing else was said before."""
    try:
        call()
    except AttemptTakenError:
        raise
    except HorseLeft:
        pass
    except BaseException as error:  # noqa: BLE001 - as above
        own.note(outcome_of(error, own.current.attempt))
    own.note(Raised(f"The worker did not run job {own.job.id}: its main_work_horse() ended without a call of perform_job()\n", "builtins.Exception"))
    assert own.outcome is not None  # noqa: S101 - it was noted a line above at the latest
    return own.outcome


@contextmanager
def _current(attempt: CurrentAttempt, *, all_is_its_own: bool) -> Iterator[None]:
    """Let an attempt be the current one, and its output be kept, unless an executor has seen to that.

    Args:
        attempt: the attempt.
        all_is_its_own: whether all that this process writes is its output.
    """
    if context.top() is attempt:
        yield
        return
    context.push(attempt)
    if attempt.keeper is not None:
        tees.install(attempt.keeper if all_is_its_own else None)
    try:
        yield
    finally:
        if attempt.keeper is not None:
            tees.restore()
        context.pop()


@contextmanager
def _exit_comes_back(own: OwnAttempt) -> Iterator[None]:
    """Let `os._exit()` come back to where the outcome is handed in, once there is one: workers written for RQ end their `main_work_horse` by it.

    A job that calls it ends its process without an outcome, as ever, and so do other processes that were forked here.
    """
    leave, pid = os._exit, os.getpid()

    def leave_or_come_back(status: int) -> None:
        if own.outcome is None or os.getpid() != pid:
            leave(status)
        raise HorseLeft

    os._exit = leave_or_come_back  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave
