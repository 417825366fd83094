"""Which jobs could go on. What users say about dependencies is `rq.job.Dependency`."""

from rq.client.dependency import Dependency
from rq.client.job import Job

__all__ = ["Dependency", "Job"]
