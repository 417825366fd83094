"""What a worker is told, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from rq.core.defaults import (
    BEATS_PER_LEASE,
    DEFAULT_JOB_MONITORING_INTERVAL,
    DEFAULT_LEASE_SECONDS,
    DEFAULT_OUTPUT_BYTES,
    DEFAULT_RESULT_TTL,
    DEFAULT_WORKER_TTL,
    MAX_CRASHES,
    MAX_OUTPUT_BYTES,
    MIN_JOB_MEMORY_MIB,
    MIN_LEASE_SECONDS,
    SWEEP_SECONDS,
)
from rq.core.errors import InvalidOptionError
from rq.model.intervals import MAX_SECONDS


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Settings of one worker.

    Args:
        queues: names, in order of priority.
        lease_seconds: how long a job stays this worker's without a sign of life. After a death it takes this long, plus a sweep, until others take the job.
        worker_ttl_seconds: the worker's hash expires this long (plus a minute) after its last sign of life while it is idle.
        job_monitoring_seconds: the same while it runs a job.
        default_result_ttl: seconds a result is kept if the job does not say; 0 deletes the job, -1 keeps it for ever.
        most_crashes: a job whose attempts ended without an outcome more often than this is set aside as failed.
        output_bytes: how much is kept of what an attempt prints; 0: nothing.
        memory_limit_mib: how much memory the process of a job may have; None: no limit.
        burst: leave when there is nothing more to do.
        max_jobs: leave after that many jobs; None: no limit.
        max_idle_seconds: leave after that long without a job; None: no limit.
        records_failures: whether results and entries in the registry are written of jobs that failed.
        backoff_factor: by how much the pause grows after which a call that was not answered is sent again.
        longest_pause_seconds: how long that pause gets.

    Raises:
        InvalidOptionError: for a value that makes no sense.
    """

    queues: tuple[str, ...]
    lease_seconds: float = DEFAULT_LEASE_SECONDS
    worker_ttl_seconds: int = DEFAULT_WORKER_TTL
    job_monitoring_seconds: int = DEFAULT_JOB_MONITORING_INTERVAL
    default_result_ttl: int = DEFAULT_RESULT_TTL
    most_crashes: int = MAX_CRASHES
    output_bytes: int = DEFAULT_OUTPUT_BYTES
    memory_limit_mib: int | None = None
    burst: bool = False
    max_jobs: int | None = None
    max_idle_seconds: float | None = None
    records_failures: bool = True
    backoff_factor: float = 2.0
    longest_pause_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not self.queues:
            message = "A worker needs at least one queue to listen on"
            raise InvalidOptionError(message)
        if not self.lease_seconds >= MIN_LEASE_SECONDS:
            message = f"The lease is {self.lease_seconds} seconds: it must be at least {MIN_LEASE_SECONDS}, so that a heartbeat can come in time"
            raise InvalidOptionError(message)
        if not -1 <= self.default_result_ttl <= MAX_SECONDS:
            message = f"default_result_ttl is {self.default_result_ttl}: it must be between -1 and {MAX_SECONDS} seconds"
            raise InvalidOptionError(message)
        if not 0 <= self.output_bytes <= MAX_OUTPUT_BYTES:
            message = f"output_bytes is {self.output_bytes}: it must be between 0, which keeps nothing, and {MAX_OUTPUT_BYTES}"
            raise InvalidOptionError(message)
        if self.memory_limit_mib is not None and self.memory_limit_mib < MIN_JOB_MEMORY_MIB:
            message = f"job_memory is {self.memory_limit_mib}: it must be at least {MIN_JOB_MEMORY_MIB} MiB, which Python itself needs"
            raise InvalidOptionError(message)
        if self.max_jobs is not None and self.max_jobs < 1:
            message = f"max_jobs is {self.max_jobs}: it must be at least 1"
            raise InvalidOptionError(message)
        if self.max_idle_seconds is not None and self.max_idle_seconds < 0:
            message = f"max_idle_time is {self.max_idle_seconds}: it must be 0 or more seconds"
            raise InvalidOptionError(message)

    @property
    def beat_seconds(self) -> float:
        """The time between two heartbeats."""
        return self.lease_seconds / BEATS_PER_LEASE

    @property
    def sweep_seconds(self) -> float:
        """The time between two looks for what dead workers left."""
        return min(SWEEP_SECONDS, self.lease_seconds / 4)

    @property
    def block_seconds(self) -> float:
        """How long one blocking wait lasts on the server.

        Half of what is left of a lease after a missed heartbeat, so that the connection of a worker that died catches nothing once its lease ran out.
        """
        return self.lease_seconds / BEATS_PER_LEASE

    def hash_ttl_seconds(self, *, busy: bool) -> int:
        """Return after how many seconds the worker's hash expires (spec: TTL of the worker hash)."""
        return (self.job_monitoring_seconds if busy else self.worker_ttl_seconds) + 60
