"""What a program writes of its worker by hand, in RQ's way. Workers at work need none of it: the steps that take and end jobs write what changes."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

from rq.client import execution as executions
from rq.client.execution import Execution
from rq.client.job import Job
from rq.core.clock import utc_now
from rq.core.formats import format_date
from rq.runtime.worker_reads import WorkerReads
from rq.store.fields import count_for_worker, expire_worker, forget_current_job, set_worker_fields

if TYPE_CHECKING:
    from redis.client import Pipeline

    from rq.store.calls import Argument, Call


class WorkerWrites(WorkerReads):
    """A worker, as far as its hash can be written by hand. `pipeline` collects a call instead of sending it, everywhere."""

    worker_ttl: int
    job_monitoring_interval: int
    execution: Execution | None

    def _get_state(self) -> str:
        """Return what the worker does. Deprecated: say `get_state()`."""
        warnings.warn("worker.state is deprecated; say worker.get_state()", DeprecationWarning, stacklevel=2)
        return self.get_state()

    def _set_state(self, state: str) -> None:
        """Say what the worker does. Deprecated: say `set_state()`."""
        warnings.warn("worker.state is deprecated; say worker.set_state(state)", DeprecationWarning, stacklevel=2)
        self.set_state(state)

    state = property(_get_state, _set_state)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Say what the worker does: started, busy, idle, suspended."""
        self._state = str(getattr(state, "value", state))
        self._write(pipeline, ("state", self._state))

    def set_current_job_id(self, job_id: str | None = None, pipeline: Pipeline | None = None) -> None:
        """Say which job the worker runs; None for none."""
        if job_id:
            self._write(pipeline, ("current_job", job_id))
        else:
            self._send(forget_current_job(self._session.scripts, self.name), pipeline)

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Pipeline | None = None) -> None:
        """Say for how many seconds the job has run."""
        self.current_job_working_time = current_job_working_time
        self._write(pipeline, ("current_job_working_time", current_job_working_time))

    def set_shutdown_requested_date(self) -> None:
        """Say that the worker was asked to stop, now."""
        self._write(None, ("shutdown_requested_date", format_date(utc_now())))

    def increment_successful_job_count(self, pipeline: Pipeline | None = None) -> None:
        """Count a job that was done."""
        self._send(count_for_worker(self._session.scripts, self.name, "successful_job_count", 1), pipeline)

    def increment_failed_job_count(self, pipeline: Pipeline | None = None) -> None:
        """Count an attempt that failed."""
        self._send(count_for_worker(self._session.scripts, self.name, "failed_job_count", 1), pipeline)

    def increment_total_working_time(self, job_execution_time: timedelta, pipeline: Pipeline | None = None) -> None:
        """Add to the time for which jobs have run."""
        self._send(count_for_worker(self._session.scripts, self.name, "total_working_time", job_execution_time.total_seconds()), pipeline)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Write a sign of life, and let the worker's hash live on for `timeout` seconds; by default its `worker_ttl` and a minute.

        The leases of a worker at work, and of its jobs, are kept whether this is called or not.
        """
        self.last_heartbeat = utc_now()
        self._write(pipeline, ("last_heartbeat", format_date(self.last_heartbeat)))
        self._send(expire_worker(self._session.scripts, self.name, timeout or self.worker_ttl + 60), pipeline)

    def get_heartbeat_ttl(self, job: Job) -> int:
        """Return for how many seconds an execution that is begun by hand lasts without a sign of life."""
        interval = self.job_monitoring_interval
        if job.timeout and job.timeout > 0:
            interval = min(int(job.timeout - self.current_job_working_time), interval)
        return interval + 60

    def prepare_execution(self, job: Job) -> Execution:
        """Begin an execution of a job, and return it; the worker is busy from now on. Of a job that this worker took, return the execution that has begun."""
        return executions.prepare_execution(self, job)

    def cleanup_execution(self, job: Job, pipeline: Pipeline) -> None:
        """End the execution that was begun by hand, if there is one."""
        executions.cleanup_execution(self, job, pipeline)

    def _write(self, pipeline: Pipeline | None, *fields: tuple[str, Argument]) -> None:
        self._send(set_worker_fields(self._session.scripts, self.name, fields), pipeline)

    def _send(self, call: Call[bool], pipeline: Pipeline | None) -> None:
        self._session.run_or_collect(call, pipeline)
