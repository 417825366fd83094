"""`@job`, which lets a function enqueue itself, and the types of what it makes."""

from rq.client.decorators import JobFunction, JobOptions, PreparedCall, job
from rq.client.webhooks import Webhook
from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.model.callback import Callback
from rq.queue import Queue

__all__ = [
    "DEFAULT_RESULT_TTL",
    "Callback",
    "JobFunction",
    "JobOptions",
    "PreparedCall",
    "Queue",
    "Webhook",
    "job",
]
