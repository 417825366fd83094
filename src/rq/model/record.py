"""What a job is: the one table of its fields.

`JobRecord` is the job as a value in memory; `store.codec` alone turns it into RQ's hash and back. Each field below names the type that a reader of the record
sees; how a field is written on the wire, as in RQ 2.12's job hash, stands in the codec's table, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rq.model.states import JobStatus


@dataclass(slots=True)
class JobRecord:
    """One job. Mutable, because `Job` hands its fields out as attributes; a state is only ever changed by the store.

    Durations are whole seconds; -1 means 'without end' where RQ says so. Datetimes are aware, in UTC.
    """

    id: str
    status: JobStatus | str | None = None
    created_at: datetime | None = None
    data: bytes | None = None
    origin: str = ""
    description: str | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_heartbeat: datetime | None = None
    worker_name: str | None = None
    group_id: str | None = None
    timeout: int | None = None
    result_ttl: int | None = None
    failure_ttl: int | None = None
    ttl: int | None = None
    success_callback_name: str | None = None
    success_callback_timeout: int | None = None
    failure_callback_name: str | None = None
    failure_callback_timeout: int | None = None
    stopped_callback_name: str | None = None
    stopped_callback_timeout: int | None = None
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    meta: bytes | None = None
    dependency_ids: list[str] = field(default_factory=list)
    allow_dependency_failures: bool | None = None
    enqueue_at_front: bool | None = None
    dependency_policies: dict[str, str] = field(default_factory=dict)
    retries_left: int | None = None
    retry_intervals: list[int] | None = None
    retry_policy: dict[str, Any] | None = None
    enqueue_at_front_on_retry: bool = False
    number_of_retries: int | None = None
    repeats_left: int | None = None
    repeat_intervals: list[int] | None = None
    repeats_done: int = 0
    legacy_result: bytes | None = None
    legacy_exc_info: bytes | None = None
    attempt: int = 0
    crashes: int = 0
    execution_id: str | None = None
