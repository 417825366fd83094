"""`rq.aio`: what the synchronous client promises, awaited."""

# pyright: strict

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import redis.asyncio

import rq.aio
from rq.aio import Job, Queue, Result
from rq.decorators import job
from rq.job import JobStatus

connection = redis.asyncio.Redis()
queue = Queue(connection=connection)


def add(x: int, y: int) -> int:
    return x + y


async def fetch(address: str) -> bytes:
    await asyncio.sleep(0)
    return address.encode()


@job(queue)
def multiply(x: int, y: int) -> int:
    return x * y


@job(rq.aio.Queue("texts", connection=rq.aio.connect("redis://")))
async def load(address: str) -> bytes:
    return await fetch(address)


async def enqueue() -> None:
    assert_type(await queue.enqueue(add, 1, 2, job_timeout=10), Job[int])
    assert_type(await queue.enqueue(fetch, "example.org"), Job[bytes])
    assert_type(await queue.enqueue("tasks.add", 1, 2), Job[Any])
    assert_type(await queue.enqueue_in("10m", fetch, "example.org"), Job[bytes])
    assert_type(await queue.enqueue_in(timedelta(1), add, 1, 2), Job[int])
    assert_type(await queue.enqueue_at(datetime.now(UTC), add, 1, 2), Job[int])
    assert_type(await queue.enqueue_job(await queue.enqueue(add, 1, 2)), Job[int])
    assert_type(await queue.enqueue_call(add, (1, 2), timeout="1m", at_front=True), Job[Any])
    assert_type(await queue.enqueue_many([queue.prepare_data(add, (1, 2))]), list[Job[Any]])
    first, second = await asyncio.gather(queue.enqueue(add, 1, 2), queue.enqueue(fetch, "a"))
    assert_type(first, Job[int])
    assert_type(second, Job[bytes])


async def follow(addition: Job[int]) -> int | None:
    assert_type(await addition.return_value(timeout=10), int | None)
    assert_type(await addition.latest_result(timeout=1), Result[int] | None)
    assert_type(await addition.results(), list[Result[int]])
    assert_type(await addition.requeue(), Job[int])
    assert_type(await addition.get_status(), JobStatus)
    assert_type(await addition.is_finished(), bool)
    assert_type(await queue.failed_job_registry.get_job_ids(), list[str])
    assert_type(await Job.fetch_many(["a"], connection), list[Job[Any] | None])
    result = await addition.latest_result()
    return result.return_value if result is not None else None


async def decorated() -> None:
    assert_type(multiply(1, 2), int)
    assert_type(await load("a"), bytes)
    assert_type(await multiply.delay(1, 2), Job[int])
    assert_type(await load.using(timeout=10).enqueue("a"), Job[bytes])
    assert_type(await multiply.using(at_front=True).enqueue_in(60, 1, y=2), Job[int])
    to_await: Coroutine[Any, Any, Job[int]] = multiply.delay(1, 2)
    await to_await
