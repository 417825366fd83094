"""A stand-in for a pipeline: gathers the jobs that are enqueued with it, so that they can be sent together with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.store.enqueue import NewJob


class Gathering:
    """What `Queue.enqueue_job` is called with for each of many jobs where it was replaced.

    Args:
        pipeline: gets the commands that the replacement has of its own.

    Attributes:
        gathered: the jobs, each with what is to be sent of it.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.gathered: list[tuple[Job, NewJob]] = []

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the pipeline."""
        return getattr(self._pipeline, name)
