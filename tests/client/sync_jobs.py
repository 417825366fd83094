"""Functions that the tests of synchronous queues run, and their callbacks."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, NoReturn

from rq import Queue, get_current_job
from rq.job import Job, Retry

if TYPE_CHECKING:
    import redis

# What happened, in order; tests empty it.
SEEN: list[Any] = []


def this_job() -> Job:
    job = get_current_job()
    assert job is not None
    return job


def describe_itself() -> dict[str, Any]:
    job = this_job()
    job.meta["progress"] = 50
    job.save_meta()
    SEEN.append(job)
    return {"thread": threading.get_ident(), "status": job.get_status().value, "worker": job.worker_name, "ttl": job.connection.ttl(job.key)}


def fail() -> NoReturn:
    raise ZeroDivisionError("it broke")


def leave() -> NoReturn:
    raise SystemExit(1)


async def add_slowly(a: int, b: int) -> int:
    await asyncio.sleep(0)
    job = this_job()
    SEEN.append(job.id)
    return a + b


def ask_again() -> Retry:
    return Retry(max=3)


def unpicklable() -> Any:
    return lambda: None


def enqueue_another() -> str:
    job = this_job()
    inner = Queue("inner", connection=job.connection, is_async=False).enqueue(describe_itself)
    assert this_job() is job
    return inner.id


def succeeded(job: Job, connection: redis.Redis, result: Any) -> None:
    SEEN.append(("succeeded", job.id, job.get_status().value, result, get_current_job() is job))


def failed(job: Job, connection: redis.Redis, kind: Any, value: Any, trace: Any) -> None:
    SEEN.append(("failed", job.id, job.get_status().value, kind, str(value), trace.tb_frame.f_code.co_name))


def break_down(job: Job, connection: redis.Redis, *about: Any) -> NoReturn:
    raise LookupError("the callback broke")
