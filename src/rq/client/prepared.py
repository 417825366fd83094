"""Calls for `Queue.enqueue_many`, as they are described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rq.core.errors import OptionTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class EnqueueData(NamedTuple):
    """One call for `Queue.enqueue_many`; made by `Queue.prepare_data`, which explains the fields. The fields and their order are RQ's, but for the last."""

    func: Callable[..., Any] | str
    args: Sequence[Any] | None
    kwargs: dict[str, Any] | None
    timeout: int | str | None
    result_ttl: int | str | None
    ttl: int | str | None
    failure_ttl: int | str | None
    description: str | None
    depends_on: Any
    job_id: str | None
    at_front: bool
    meta: Mapping[str, Any] | None
    retry: Any
    on_success: Any
    on_failure: Any
    on_stopped: Any
    repeat: Any
    webhooks: Any
    unique: bool = False

    def for_create_job(self) -> tuple[Any, ...]:
        """Return what `Queue.create_job` takes by position."""
        return (*self[:8], self.depends_on, self.job_id, self.meta)

    def relations(self) -> dict[str, Any]:
        """Return what `Queue.create_job` takes by name, as far as it was given."""
        if not any(self[12:18]):
            return {}
        return {name: getattr(self, name) for name in ("retry", "repeat", "on_success", "on_failure", "on_stopped", "webhooks")}


def prepare_data(  # noqa: PLR0913, PLR0917 - RQ's signature
    func: Callable[..., Any] | str,
    args: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
    timeout: int | str | None = None,
    result_ttl: int | str | None = None,
    ttl: int | str | None = None,
    failure_ttl: int | str | None = None,
    description: str | None = None,
    depends_on: Any = None,
    job_id: str | None = None,
    at_front: bool = False,
    meta: Mapping[str, Any] | None = None,
    retry: Any = None,
    on_success: Any = None,
    on_failure: Any = None,
    on_stopped: Any = None,
    repeat: Any = None,
    webhooks: Any = None,
    *,
    unique: bool = False,
) -> EnqueueData:
    """Return a call for `Queue.enqueue_many`: `func` with its `args` and `kwargs`, and the options of `Queue.enqueue_call`. They are checked when enqueued."""
    return EnqueueData(
        func,
        args,
        kwargs,
        timeout,
        result_ttl,
        ttl,
        failure_ttl,
        description,
        depends_on,
        job_id,
        at_front,
        meta,
        retry,
        on_success,
        on_failure,
        on_stopped,
        repeat,
        webhooks,
        unique,
    )


def check_prepared(data: object) -> None:
    """Refuse what people give in the place of a prepared call: a function, a tuple of it and its arguments, a job, a single call that is no list of them.

    Raises:
        OptionTypeError: if it is none (a TypeError).
    """
    if not isinstance(data, EnqueueData):
        message = f"A call is described by Queue.prepare_data(function, args, kwargs), not by {data!r}; enqueue_many takes a list of such calls"
        raise OptionTypeError(message)
