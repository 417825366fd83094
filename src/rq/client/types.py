"""The types of RQ's public signatures (door: `rq.types`)."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import redis

    from rq.client.job import Job

FunctionReferenceType = str | Callable[..., Any]
SuccessCallbackType = Callable[["Job", "redis.Redis", Any], Any]
FailureCallbackType = Callable[["Job", "redis.Redis", type[BaseException] | None, BaseException | None, TracebackType | None], Any]
