"""`@job`, which lets a function enqueue itself, and the types of what it makes."""

from rq.client.decorators import JobFunction, JobOptions, PreparedCall, job
from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.queue import Queue

__all__ = ["DEFAULT_RESULT_TTL", "JobFunction", "JobOptions", "PreparedCall", "Queue", "job"]
