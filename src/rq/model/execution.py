"""One running attempt of a job, as its worker keeps it up to date on the server, with the fields of RQ 2.12."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution's hash. `worker_name` is '' in data of RQ before 2.11. The datetimes are aware, in UTC."""

    id: str
    job_id: str
    created_at: datetime | None
    last_heartbeat: datetime | None
    worker_name: str
