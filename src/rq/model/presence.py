"""What a worker says of itself, and what others read of it: the fields of a worker's hash in RQ 2.12, and ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class WorkerStatus(str, Enum):  # noqa: UP042 - RQ's enum; its str() is part of the interface
    """What a worker is doing. Compares equal to its text."""

    STARTED = "started"
    SUSPENDED = "suspended"
    BUSY = "busy"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """One run of a worker. `incarnation` tells it from earlier owners of the same name; `process_start` tells its pid from a reused one."""

    name: str
    incarnation: str
    queues: tuple[str, ...]
    hostname: str
    pid: int
    process_start: str
    ip_address: str
    version: str
    python_version: str


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker as Redis knows it."""

    name: str
    queues: tuple[str, ...]
    state: str
    hostname: str | None
    pid: int | None
    ip_address: str
    version: str | None
    python_version: str | None
    birth: datetime | None
    last_heartbeat: datetime | None
    current_job_id: str | None
    current_job_working_time: float
    successful_job_count: int
    failed_job_count: int
    total_working_time: float
    shutdown_requested_at: datetime | None
    death: datetime | None
