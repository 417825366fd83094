"""What a caller may say about a job when enqueueing it: the one definition of every option.

`Queue.enqueue`, `enqueue_call`, `enqueue_at`, `enqueue_in`, `create_job`, `Job.create` and the command line all build an `EnqueueOptions`, which checks
everything before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.core.formats import parse_duration
from rq.core.ids import validate_job_id
from rq.model.callback import Callback, CallbackFunction, as_callback
from rq.model.dependency import Dependencies, dependencies_of
from rq.model.intervals import MAX_SECONDS
from rq.model.record import JobRecord
from rq.model.repeat import Repeat
from rq.model.retry import Retry
from rq.model.webhook import Webhook

CALLBACK_OPTIONS = ("on_success", "on_failure", "on_stopped")


@dataclass(slots=True)
class EnqueueOptions:
    """Options of one job. Durations accept whole seconds or texts such as '1h', '23m', '10s' (RQ's `parse_timeout`).

    Args:
        timeout: how long the job may run, in seconds; -1 for no limit; None for the queue's default.
        result_ttl: how long the result is kept after success, in seconds; 0 deletes the job at once, -1 keeps it for ever, None for the worker's default.
        ttl: how long the job may wait, in seconds, before it is dropped; None for ever.
        failure_ttl: how long a failed job is kept, in seconds; 0 deletes it, -1 keeps it for ever, None for a year.
        description: a text for people; a number or UTF-8 is taken as the text that it is; None, or an empty one, for the call as it would be written.
        job_id: the id; None for a new one.
        at_front: whether the job goes to the head of the queue.
        meta: anything the caller wants to keep with the job.
        depends_on: what the job waits for: a job, an id, a `Dependency`, or an iterable of these; None or an empty one for nothing.
        retry: whether it is tried again when it fails.
        repeat: whether it runs again after it succeeded.
        on_success: what is called when it succeeded: a `Callback`.
        on_failure: what is called when an attempt failed.
        on_stopped: what is called when somebody stopped it.
        webhooks: which requests are sent when it has ended.
        unique: whether it is refused while a job with its id exists.
        group_id: the name of the group that it belongs to.

    Raises:
        InvalidOptionError: for a value that makes no sense, naming the option (a ValueError). TimeoutFormatError for a text that is no duration.
        UnimportableFunctionError: for a callback that no worker could import (a ValueError).
        OptionTypeError: for a description, meta, retry, repeat, webhooks or group_id of another type (a TypeError).
    """

    timeout: int | str | None = None
    result_ttl: int | str | None = None
    ttl: int | str | None = None
    failure_ttl: int | str | None = None
    description: str | None = None
    job_id: str | None = None
    at_front: bool = False
    meta: Mapping[str, Any] | None = None
    depends_on: Any = None
    retry: Retry | None = None
    repeat: Repeat | None = None
    on_success: Callback | CallbackFunction | None = None
    on_failure: Callback | CallbackFunction | None = None
    on_stopped: Callback | CallbackFunction | None = None
    webhooks: Sequence[Webhook] | None = None
    unique: bool = False
    group_id: str | None = None

    def __post_init__(self) -> None:
        """Normalize durations, callbacks and dependencies, and refuse what makes no sense."""
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
        if self.description:
            self.description = description_of(self.description)
        if self.meta:
            _check_type("meta", self.meta, Mapping)
        if self._says_more():
            self._check_relations()

    def _says_more(self) -> bool:
        """Say whether there is anything but the plain values that nearly every job has; an option that is empty was not given, as in RQ."""
        return bool(
            self.depends_on
            or self.retry
            or self.repeat
            or self.on_success
            or self.on_failure
            or self.on_stopped
            or self.webhooks
            or self.unique
            or self.group_id
        )

    def _check_relations(self) -> None:
        _check_type("retry", self.retry, Retry)
        check_repeat(self.repeat)
        _check_type("group_id", self.group_id, str)
        for name in CALLBACK_OPTIONS:
            setattr(self, name, as_callback(getattr(self, name) or None, name))
        self.webhooks = _checked_webhooks(self.webhooks)
        self.depends_on = dependencies_of(self.depends_on or None)
        check_unique(self.job_id, unique=self.unique)

    def apply_to(self, record: JobRecord) -> None:
        """Write the options into a new job's record: all but the id and the meta, which only the job's serializer can write."""
        record.timeout, record.ttl = self.timeout, self.ttl  # type: ignore[assignment] # seconds by now
        record.result_ttl, record.failure_ttl = self.result_ttl, self.failure_ttl  # type: ignore[assignment] # as above
        record.description = self.description
        if self._says_more():
            self._apply_relations(record)

    def _apply_relations(self, record: JobRecord) -> None:
        record.group_id = self.group_id
        record.webhooks = [webhook.to_dict() for webhook in self.webhooks or ()]
        self._apply_callbacks(record)
        if self.retry:
            record.retries_left, record.retry_intervals = self.retry.max, self.retry.intervals
            record.enqueue_at_front_on_retry, record.retry_policy = self.retry.enqueue_at_front, self.retry.policy
        if self.repeat:
            apply_repeat(self.repeat, record)
        dependencies = cast("Dependencies", self.depends_on)
        if dependencies.ids:
            record.dependency_ids, record.dependency_policies = list(dependencies.ids), dict(dependencies.policies)
            record.allow_dependency_failures = dependencies.allow_failure
            # A job that waits has no place in its queue yet; the record remembers where it wants to be.
            record.enqueue_at_front = self.at_front or dependencies.at_front

    def _apply_callbacks(self, record: JobRecord) -> None:
        on_success, on_failure, on_stopped = (cast("Callback | None", getattr(self, name)) for name in CALLBACK_OPTIONS)
        if on_success:
            record.success_callback_name, record.success_callback_timeout = on_success.name, on_success.timeout
        if on_failure:
            record.failure_callback_name, record.failure_callback_timeout = on_failure.name, on_failure.timeout
        if on_stopped:
            record.stopped_callback_name, record.stopped_callback_timeout = on_stopped.name, on_stopped.timeout


def description_of(description: object) -> str:
    """Return the text of a description, in which RQ takes numbers and bytes as well.

    Raises:
        OptionTypeError: if it is anything else (a TypeError).
        InvalidOptionError: for bytes that are no UTF-8 (a ValueError).
    """
    if isinstance(description, str):
        return description
    if isinstance(description, (int, float)) and not isinstance(description, bool):
        return str(description)
    if isinstance(description, bytes):
        try:
            return description.decode()
        except UnicodeDecodeError as error:
            raise InvalidOptionError(f"description must be a text, and these bytes are no UTF-8: {description!r}") from error
    raise OptionTypeError(f"description must be a str, not {type(description).__name__}: {description!r}; write it out as a text")


def check_unique(job_id: str | None, *, unique: bool) -> None:
    """Refuse a unique job without an id of its own.

    Raises:
        InvalidOptionError: if there is none (a ValueError, as with RQ).
    """
    if unique and not job_id:
        raise InvalidOptionError("unique=True needs a job_id: it is the id that there may be only one of")


def check_repeat(repeat: object) -> None:
    """Refuse a repetition that is said by anything but a `Repeat`.

    Raises:
        OptionTypeError: if it is (a TypeError).
    """
    _check_type("repeat", repeat, Repeat)


def apply_repeat(repeat: Repeat, record: JobRecord) -> None:
    """Write a repetition into a job's record; apart from the other options, because `Job.create` of RQ does not take it."""
    record.repeats_left, record.repeat_intervals = repeat.times, list(repeat.intervals)


def _check_type(option: str, value: object, kind: type) -> None:
    if value and not isinstance(value, kind):
        raise OptionTypeError(f"{option} must be a {kind.__name__}, not {type(value).__name__}: {value!r}")


def _checked_webhooks(webhooks: object) -> Sequence[Webhook]:
    if not webhooks:
        return ()
    if isinstance(webhooks, str) or not isinstance(webhooks, Sequence) or not all(isinstance(item, Webhook) for item in webhooks):
        raise OptionTypeError(f"webhooks must be a list of Webhook, not {webhooks!r}")
    return webhooks


def _seconds(option: str, value: int | str, lowest: int) -> int | None:
    seconds = parse_duration(value)
    if seconds is not None and not lowest <= seconds <= MAX_SECONDS:
        message = f"{option} is {value!r}: it must be between {lowest} and {MAX_SECONDS} seconds"
        raise InvalidOptionError(message)
    return seconds
