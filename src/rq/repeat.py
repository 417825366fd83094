"""Running a job again after it succeeded."""

from rq.model.repeat import Repeat

__all__ = ["Repeat"]
