"""A fresh interpreter for every job: for platforms and libraries that cannot fork."""

from collections.abc import Callable, Sequence
from typing import Any

from rq.core.serializers import DefaultSerializer, Serializer
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.children import ChildrenExecutor

_ONE_JOB = ChildLimits(max_jobs=1)


class SpawnExecutor(ChildrenExecutor):
    """Gives every attempt an interpreter of its own, which was started ahead of it, so that the attempt begins at once.

    Args:
        places: How many attempts run at the same time; more are accepted and wait. As many interpreters wait ahead.
        serializer: As for `ChildrenExecutor`, and so are the others.
        connection_settings: The same.
        worker_name: The same.
        job_class: The same.
        exception_handlers: The same.
    """

    def __init__(
        self,
        *,
        places: int = 1,
        serializer: Serializer = DefaultSerializer,
        connection_settings: bytes | None = None,
        worker_name: str = "",
        job_class: type[Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any] | str] = (),
    ) -> None:
        super().__init__(
            places=places,
            limits=_ONE_JOB,
            serializer=serializer,
            connection_settings=connection_settings,
            worker_name=worker_name,
            job_class=job_class,
            exception_handlers=exception_handlers,
        )
