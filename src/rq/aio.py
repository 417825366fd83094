"""The asyncio client: `Queue`, `Job`, `Group`, `Result` and the registries, as in the rest of `rq`, with `await`, over a client of `redis.asyncio`."""

from rq.client.aio.group import Group
from rq.client.aio.job import Job
from rq.client.aio.queue import Queue
from rq.client.aio.registry import (
    BaseRegistry,
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.client.aio.result import Result
from rq.store.servers import connect_asyncio as connect

__all__ = [
    "BaseRegistry",
    "CanceledJobRegistry",
    "DeferredJobRegistry",
    "FailedJobRegistry",
    "FinishedJobRegistry",
    "Group",
    "Job",
    "Queue",
    "Result",
    "ScheduledJobRegistry",
    "StartedJobRegistry",
    "connect",
]
