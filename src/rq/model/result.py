"""What one finished attempt leaves behind: a record of the job's result stream, as in RQ 2.12."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class ResultType(Enum):
    """How an attempt ended. The numbers are RQ's, on the wire."""

    SUCCESSFUL = 1
    FAILED = 2
    STOPPED = 3
    RETRIED = 4
    MAX_RETRIES_EXCEEDED = 5


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """One entry of the stream; `return_value` is still serialized, None where the job returned None. The last four are this package's own."""

    id: str
    type: ResultType
    created_at: datetime
    worker_name: str
    return_value: bytes | None = None
    exc_string: str | None = None
    execution_id: str | None = None
    execution_started_at: datetime | None = None
    execution_ended_at: datetime | None = None
    killed_by: str | None = None
    output: str = ""
    peak_memory: int | None = None
    cpu_seconds: float | None = None
