"""A fresh interpreter for every job: for platforms and libraries that cannot fork."""

from typing import Any

from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.children import ChildrenExecutor

_ONE_JOB = ChildLimits(max_jobs=1)


class SpawnExecutor(ChildrenExecutor):
    """Gives every attempt an interpreter of its own, which was started ahead of it, so that the attempt begins at once.

    Args:
        **options: Those of `ChildrenExecutor`, but for its limits. As many interpreters as places wait ahead.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(limits=_ONE_JOB, **options)
