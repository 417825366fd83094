"""The types of RQ's public signatures (door: `rq.types`), and what stands in them for the result of a job."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

from rq.model.dependency import Dependency

if TYPE_CHECKING:
    import redis
    from typing_extensions import TypeVar

    from rq.client.job import Job
    from rq.client.session import BaseSession

    # What handles talk through; `Any` where it does not matter whether that is to be awaited.
    ClientT = TypeVar("ClientT", default=Any)
    SessionT = TypeVar("SessionT", bound=BaseSession, default=Any)

    # The default makes a plain `Job` a `Job[Any]`, for the strictest checker too. Type checkers know it in every version of Python.
    T = TypeVar("T", default=Any)
    T_co = TypeVar("T_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    ClientT = TypeVar("ClientT")
    SessionT = TypeVar("SessionT")
    T = TypeVar("T")
    T_co = TypeVar("T_co", covariant=True)

FunctionReferenceType = str | Callable[..., Any]
JobDependencyType = Union[Dependency, "Job", str, list[Union[Dependency, "Job", str]]]
SuccessCallbackType = Callable[["Job", "redis.Redis", Any], Any]
FailureCallbackType = Callable[["Job", "redis.Redis", type[BaseException] | None, BaseException | None, TracebackType | None], Any]
