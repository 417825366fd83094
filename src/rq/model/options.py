"""What a caller may say about a job when enqueueing it: the one definition of every option.

`Queue.enqueue`, `enqueue_call`, `enqueue_at`, `enqueue_in`, `create_job`, `Job.create` and the command line all build an `EnqueueOptions`, which checks
everything before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rq.core.errors import InvalidOptionError
from rq.core.formats import parse_duration
from rq.core.ids import validate_job_id

MAX_SECONDS = 10**11  # about 3,000 years; past it the server's own arithmetic on expiry times overflows


@dataclass(slots=True)
class EnqueueOptions:
    """Options of one job. Durations accept whole seconds or texts such as '1h', '23m', '10s' (RQ's `parse_timeout`).

    Args:
        timeout: how long the job may run, in seconds; -1 for no limit; None for the queue's default.
        result_ttl: how long the result is kept after success, in seconds; 0 deletes the job at once, -1 keeps it for ever, None for the worker's default.
        ttl: how long the job may wait, in seconds, before it is dropped; None for ever.
        failure_ttl: how long a failed job is kept, in seconds; 0 deletes it, -1 keeps it for ever, None for a year.
        description: a text for people; None for the call as it would be written.
        job_id: the id; None for a new one.
        at_front: whether the job goes to the head of the queue.
        meta: anything the caller wants to keep with the job.

    Raises:
        InvalidOptionError: for a value that makes no sense, naming the option. TimeoutFormatError for a text that is no duration.
    """

    timeout: int | str | None = None
    result_ttl: int | str | None = None
    ttl: int | str | None = None
    failure_ttl: int | str | None = None
    description: str | None = None
    job_id: str | None = None
    at_front: bool = False
    meta: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Normalize the durations and refuse what makes no sense."""
        if self.job_id is not None:
            validate_job_id(self.job_id)
        if self.timeout is not None:
            self.timeout = _seconds("job_timeout", self.timeout, lowest=-1)
            if self.timeout == 0:
                message = "job_timeout is 0: no job could run. Use -1 for no limit, or at least 1 second"
                raise InvalidOptionError(message)
        if self.ttl is not None:
            self.ttl = _seconds("ttl", self.ttl, lowest=1)
        if self.result_ttl is not None:
            self.result_ttl = _seconds("result_ttl", self.result_ttl, lowest=-1)
        if self.failure_ttl is not None:
            self.failure_ttl = _seconds("failure_ttl", self.failure_ttl, lowest=-1)


def _seconds(option: str, value: int | str, lowest: int) -> int | None:
    seconds = parse_duration(value)
    if seconds is not None and not lowest <= seconds <= MAX_SECONDS:
        message = f"{option} is {value!r}: it must be between {lowest} and {MAX_SECONDS} seconds"
        raise InvalidOptionError(message)
    return seconds
