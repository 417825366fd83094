"""Mistakes with `rq.aio`."""

from __future__ import annotations

import redis
import redis.asyncio

import rq
import rq.aio
from rq.decorators import job

queue = rq.aio.Queue(connection=redis.asyncio.Redis())

rq.aio.Queue(connection=redis.Redis())  # error
rq.Queue(connection=redis.asyncio.Redis())  # error


def add(x: int, y: int) -> int:
    return x + y


@job(queue)
def multiply(x: int, y: int) -> int:
    return x * y


def show(*values: object) -> None:
    """Take them."""


async def enqueue() -> None:
    job_id: str = queue.enqueue(add, 1, 2).id  # error
    number: rq.aio.Job[str] = await queue.enqueue(add, 1, 2)  # error
    of_the_other_client: rq.job.Job[int] = await queue.enqueue(add, 1, 2)  # error
    await queue.enqueue(7)  # error
    await queue.enqueue_call(add, (1, 2), time_out=10)  # error
    await multiply.delay(1, "2")  # error
    await multiply.using(time_out=10).enqueue(1, 2)  # error
    multiply.delay(1, 2).get_status()  # error
    show(job_id, number, of_the_other_client)


async def follow(addition: rq.aio.Job[int]) -> None:
    text: str | None = await addition.return_value()  # error
    many: bool = queue.count() > 3  # error
    finished: bool = addition.is_finished  # error
    show(text, many, finished)
