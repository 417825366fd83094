"""The methods of a worker by which RQ gives a job a process: fork one, watch over it, wait for its end, kill it.

They are called if one of them, or `execute_job`, is replaced: then the worker itself sees to it that its jobs run. The process that was forked writes what came
of its attempt into a file that both have open.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from rq.client.execution import Execution
from rq.client.job import Job
from rq.core.defaults import DEFAULT_TIMEOUT
from rq.core.errors import HorseMonitorTimeoutException
from rq.model.outcome import Died, Outcome
from rq.model.presence import WorkerStatus
from rq.runtime.executors.base import Attempt, AttemptTakenError
from rq.runtime.executors.channel import FrameReader, JobReport, decode_from_job, encode_report
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of
from rq.runtime.executors.link import flush_output
from rq.runtime.executors.output import Keeper
from rq.runtime.executors.process_control import die_with_parent
from rq.runtime.horse import LEAVING, HorseMethods, OwnAttempt
from rq.runtime.signal_names import signal_name

if TYPE_CHECKING:
    from rq.client.queue import Queue

# Kills a process for certain, where there is such a signal.
SHUTDOWN_SIGNAL = getattr(signal, "SIGKILL", signal.SIGTERM)
# Whoever watches over a job's process looks up so often, to hear that it shall end.
_LOOK_UP_SECONDS = 1
# A process that goes on for so much longer than its job may take is killed.
_OVERDUE_SECONDS = 60


class ExecutesJobs(HorseMethods):
    """What sees to it that a job is run, in the process of the worker. All of these may be overridden."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job. The place to override for a way of running jobs of one's own; `perform_job()` is to be called wherever that is.

        Raises:
            NotImplementedError: the class does not say where its jobs run.
        """
        raise NotImplementedError

    def prepare_execution(self, job: Job) -> Execution:
        """Return the execution of a job that this worker took, which has begun; of any other job, begin one by hand."""
        own = self._attempts.get(job.id)
        if own is None:
            return super().prepare_execution(job)
        self.execution = own.execution
        return own.execution

    def kill_horse(self, sig: signal.Signals = SHUTDOWN_SIGNAL) -> None:
        """Send a signal to the process of the job, and to all that it started; nothing happens if there is none."""
        for pid in self._horse_pids():
            with suppress(ProcessLookupError):
                os.killpg(pid, sig)

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait until the process of the job has ended, and return its id, its wait status, and what it used; Nones if there is none."""
        if not self._horse_pid:  # to the system it would mean any process that this one has started
            return None, None, None
        try:
            return os.wait4(self._horse_pid, 0)
        except ChildProcessError:
            return None, None, None

    # --- between the executor and these methods ---------------------------------------------------------------------------------------

    def run_own(self, attempt: Attempt, keeper: Keeper | None, on_outcome: Callable[[Outcome], None]) -> None:
        """Run an attempt by `execute_job()`; called by the executor."""
        with tempfile.TemporaryFile() as report:
            handlers = self._exc_handlers
            current = CurrentAttempt(attempt, connection=self.connection, job_class=self.job_class, exception_handlers=handlers, keeper=keeper)
            supervisor_pid = os.getpid()

            def tell(outcome: Outcome) -> None:
                if os.getpid() == supervisor_pid:
                    self._attempts.pop(attempt.job_id, None)
                    on_outcome(outcome)
                else:
                    report.write(_report_of(outcome, attempt))
                    report.flush()

            try:
                own = self._begin_own(current, tell)
            except Exception as error:  # noqa: BLE001 - its class cannot be imported, or says no
                on_outcome(outcome_of(error, attempt))
                return
            own.report = report
            try:
                self.execute_job(own.job, own.queue)
            except AttemptTakenError:
                self._attempts.pop(attempt.job_id, None)
                raise
            except LEAVING as error:
                self._leave_for(error, own)
            except BaseException as error:  # noqa: BLE001 - user code raises anything
                own.note(outcome_of(error, attempt))
            finally:
                self.execution = None
            _take_report(own)

    def kill_own(self) -> bool:
        """Kill the process of the job, if there is one; called by the executor."""
        if not self.horse_pid:
            return False
        self.kill_horse()
        return True


class ForksHorses(ExecutesJobs):
    """A worker that forks a process for each job."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job in a process of its own, and wait for its end."""
        self.prepare_execution(job)
        self.fork_work_horse(job, queue)
        self.monitor_work_horse(job, queue)
        self.set_state(WorkerStatus.IDLE)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork the process of a job, which calls `main_work_horse()`, and dies with this one."""
        worker_pid = os.getpid()
        flush_output()
        os.environ["RQ_WORKER_ID"], os.environ["RQ_JOB_ID"] = self.name, job.id
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # who forks in RQ's way has threads, as RQ has
            pid = os.fork()
        if pid:
            self._horse_pid = pid
            with suppress(OSError):  # it was faster, and may have ended
                os.setpgid(pid, pid)
            self.procline(f"Forked {pid} at {int(time.time())}")
            return
        status = 1
        try:
            os.setpgrp()
            if die_with_parent(worker_pid):
                self._leave_supervisor()
                self.main_work_horse(job, queue)
                status = 0
        except BaseException:  # noqa: BLE001 - nothing may get back into the stack of the worker
            traceback.print_exc()
        finally:
            flush_output()
            os._exit(status)

    def monitor_work_horse(self, job: Job, queue: Queue) -> None:
        """Wait for the end of the process of a job; meanwhile say so now and then, end it if that is wanted, and kill it if it is far beyond its time."""
        del queue
        began = time.monotonic()
        limit = DEFAULT_TIMEOUT if job.timeout is None else job.timeout
        while True:
            try:
                with self._death_penalty()(min(_LOOK_UP_SECONDS, self.job_monitoring_interval), HorseMonitorTimeoutException):
                    _, status, _ = self.wait_for_horse()
                break
            except HorseMonitorTimeoutException:
                if self._supervisor is not None:
                    self._supervisor.attend()
                self.maintain_heartbeats(job)
                if 0 < limit + _OVERDUE_SECONDS < time.monotonic() - began:
                    self.kill_horse()
        own = self._attempts.get(job.id)
        if own is not None and not _take_report(own):
            own.note(_death_of(status))
        self._horse_pid = 0


def _take_report(own: OwnAttempt) -> bool:
    """Read what a process that ran the attempt said of it. Says whether anybody has said what came of it."""
    report: IO[bytes] | None = own.report
    if own.outcome is None and report is not None and not report.closed:
        report.seek(0)
        outcome = _outcome_in(report.read())
        if outcome is not None:
            own.note(outcome)
    return own.outcome is not None


def _report_of(outcome: Outcome, attempt: Attempt) -> bytes:
    """Return an outcome as a process writes it down for its parent."""
    try:
        return encode_report(JobReport(outcome, 0, 0.0, None))
    except ValueError as error:  # no plain text: a failure, not a crash
        return encode_report(JobReport(outcome_of(error, attempt), 0, 0.0, None))


def _outcome_in(written: bytes) -> Outcome | None:
    """Return the outcome that a process wrote down; None if it was killed before, or in the middle of that. No code is loaded: a job can write there, too."""
    reader = FrameReader()
    reader.feed(written)
    body = reader.take()
    with suppress(ValueError):  # somebody else wrote there
        message = None if body is None else decode_from_job(body)
        return message.outcome if isinstance(message, JobReport) else None
    return None


def _death_of(status: int | None) -> Died:
    """Return the outcome of an attempt whose process ended with this wait status and said nothing."""
    if status is None:
        return Died("The job's process ended, and nobody knows how")
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return Died(f"The job's process was killed by signal {-code} ({signal_name(-code)})", signal=-code)
    return Died(f"The job's process ended with exit status {code} and without an outcome", exit_status=code)
