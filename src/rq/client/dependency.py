"""Which jobs could go on (door: `rq.dependency`). Nothing depends on the answer: the step that enqueues a job, or ends another, looks for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.client import Pipeline

    from rq.client.job import Job


class Dependency:
    """RQ's internal helper of this name; what users say about dependencies is `rq.job.Dependency`."""

    __module__ = "rq.dependency"

    @classmethod
    def get_jobs_with_met_dependencies(cls, jobs: Iterable[Job], pipeline: Pipeline | None = None) -> tuple[list[Job], list[Job]]:
        """Return the jobs that wait for nothing any more, and the others, each in their order: one round trip per job that waits.

        Args:
            jobs: the jobs.
            pipeline: accepted and not used, as nothing is watched.
        """
        del pipeline
        met: list[Job] = []
        unmet: list[Job] = []
        for job in jobs:
            (met if job.dependencies_are_met() else unmet).append(job)
        return met, unmet
