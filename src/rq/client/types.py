"""The types of RQ's public signatures (door: `rq.types`)."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

from rq.model.dependency import Dependency

if TYPE_CHECKING:
    import redis

    from rq.client.job import Job

FunctionReferenceType = str | Callable[..., Any]
JobDependencyType = Union[Dependency, "Job", str, list[Union[Dependency, "Job", str]]]
SuccessCallbackType = Callable[["Job", "redis.Redis", Any], Any]
FailureCallbackType = Callable[["Job", "redis.Redis", type[BaseException] | None, BaseException | None, TracebackType | None], Any]
