"""A process of jobs that was not forked: a fresh interpreter that runs one attempt after another, as long as its supervisor hands it any."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import NoReturn

from rq.runtime.executors.base import Attempt
from rq.runtime.executors.channel import CHILD_READY, DECLINED, JobReport, decode_attempt, encode_report
from rq.runtime.executors.introduction import be_introduced
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of, perform
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.link import Link, flush_output
from rq.runtime.executors.memory_limit import memory_limit
from rq.runtime.executors.output import Keeper, tees
from rq.runtime.executors.process_control import die_with_parent, identity_of, leave_group, put_aside, resources_used
from rq.runtime.executors.process_state import ProcessState
from rq.runtime.executors.sources import SourceRecorder, SourceWatch

# What a fresh interpreter runs; its arguments are a title for process lists, the socket's descriptor and sys.path.
PROGRAM = "import sys; sys.path[:] = sys.argv[3:]; from rq.runtime.executors.child import main; main()"
TITLE = "rq:jobs"

_LOOK_FOR_SUPERVISOR_SECONDS = 1.0


def main() -> None:
    """Be the process (see `PROGRAM`). When this returns the interpreter ends as any program does: what jobs left with `atexit` is run."""
    end = socket.socket(fileno=int(sys.argv[2]))
    settings, supervisor_pid = be_introduced(end)
    leave_group()
    _die_with(supervisor_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if settings.worker_name:
        os.environ["RQ_WORKER_ID"] = settings.worker_name
    fd = put_aside(end.detach())
    Child(Link(fd, identity_of(fd)), settings).serve()


class Child:
    """Takes attempts from its supervisor and hands in reports."""

    def __init__(self, link: Link, settings: JobSettings) -> None:
        self._link = link
        self._settings = settings
        self._state = ProcessState()
        self._recorder = SourceRecorder()
        self._watch = SourceWatch()
        self._watched = 0
        self._known = frozenset(sys.modules)
        self._keeper = Keeper(settings.output_bytes) if settings.output_bytes else None
        if self._keeper is not None:
            tees.install(self._keeper)

    def serve(self) -> None:
        """Run attempts until the supervisor closes the socket, source files have changed, or a job has taken from the process what others need."""
        with suppress(BrokenPipeError):  # the supervisor left; the socket says it again
            self._link.send(CHILD_READY)
        has_run = is_last = False
        while not is_last and (attempt := self._next(can_decline=has_run)) is not None:
            has_run = True
            report = self._run(attempt)
            is_last = not self._state.restore()
            flush_output()
            self._link.send(self._encode(report._replace(is_last=is_last), attempt))

    def _next(self, *, can_decline: bool) -> Attempt | None:
        """Wait for the next attempt; None if there is none, or if it is declined, so that another process runs it.

        Args:
            can_decline: Whether one may be declined that cannot be received, because jobs before it left too little. What a fresh process lacks, another one
                lacks as well.
        """
        try:
            body = self._link.receive()
            if body is None:
                return None
            attempt = decode_attempt(body)
            if not self._is_out_of_date():
                return attempt
        except (MemoryError, OSError):
            if not can_decline:
                raise
        self._link.send(DECLINED)
        return None

    def _run(self, attempt: Attempt) -> JobReport:
        """Run an attempt and return its report. Copies that the job forked of this process end here."""
        if self._settings.memory_limit_mib is not None:
            memory_limit.set(self._settings.memory_limit_mib)  # anew: it is lifted when it was reached
        os.environ["RQ_JOB_ID"] = attempt.job_id
        os.environ["RQ_EXECUTION_ID"] = attempt.execution_id
        settings = self._settings
        if self._keeper is not None:
            self._keeper.begin(self._link.share_output)
        current = CurrentAttempt(
            attempt,
            settings.connection_settings,
            job_class=settings.job_class,
            on_callback=self._link.tell_callback_began,
            exception_handlers=settings.exception_handlers,
        )
        _, seconds_before = resources_used()
        sys.meta_path.insert(0, self._recorder)
        outcome = perform(current, settings.run_here)
        if self._recorder in sys.meta_path:
            sys.meta_path.remove(self._recorder)
        self._record_rest()
        self._link.end_copy()
        peak_kib, seconds = resources_used()
        return JobReport(outcome, peak_kib, seconds - seconds_before, None)

    def _encode(self, report: JobReport, attempt: Attempt) -> bytes:
        try:
            return encode_report(report)
        except Exception as error:  # noqa: BLE001 - no memory, or no plain bytes: a failure, not a crash
            return encode_report(report._replace(outcome=outcome_of(error, attempt)))

    def _record_rest(self) -> None:
        """Record the files of modules that the job imported past the recorder."""
        if len(sys.modules) != len(self._known):  # comparing names takes longer than a short job
            self._recorder.record_rest(self._known)
            self._known = frozenset(sys.modules)

    def _is_out_of_date(self) -> bool:
        """Tell whether a file changed that earlier jobs imported."""
        if len(self._recorder.sources) != self._watched:
            self._watched = len(self._recorder.sources)
            self._watch.watch(self._recorder.sources.values())
        return self._watch.has_changed()


def _die_with(supervisor_pid: int) -> None:
    """Do not outlive the supervisor, not even in the middle of a job."""
    if not die_with_parent(supervisor_pid):
        os._exit(0)
    if not sys.platform.startswith("linux"):
        import threading  # noqa: PLC0415 - nobody else needs it here

        threading.Thread(target=_look_for, args=(supervisor_pid,), daemon=True).start()


def _look_for(supervisor_pid: int) -> NoReturn:
    while os.getppid() == supervisor_pid:
        time.sleep(_LOOK_FOR_SUPERVISOR_SECONDS)
    os._exit(0)
