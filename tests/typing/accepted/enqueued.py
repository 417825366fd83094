"""`Queue.enqueue` and its relatives: a job has the type of what its function returns; a job of whom nothing is known may be anything."""

# pyright: strict

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import redis

from rq import Queue
from rq.job import Job
from rq.results import Result
from rq.types import FunctionReferenceType

queue = Queue(connection=redis.Redis())


def add(x: int, y: int) -> int:
    return x + y


async def fetch(address: str) -> bytes:
    await asyncio.sleep(0)
    return address.encode()


class Greeter:
    """Something that can be called, and has a method."""

    def greet(self, name: str) -> str:
        return name

    def __call__(self, name: str) -> list[str]:
        return [name]


# --- what is enqueued ---

assert_type(queue.enqueue(add, 1, 2, job_timeout=10), Job[int])
assert_type(queue.enqueue(fetch, "example.org"), Job[bytes])
assert_type(queue.enqueue(Greeter().greet, "ada"), Job[str])
assert_type(queue.enqueue(Greeter(), "ada"), Job[list[str]])
assert_type(queue.enqueue(len, "four"), Job[int])
assert_type(queue.enqueue("tasks.add", 1, 2), Job[Any])
assert_type(queue.enqueue_in(timedelta(1), add, 1, 2), Job[int])
assert_type(queue.enqueue_in("10m", fetch, "example.org"), Job[bytes])
assert_type(queue.enqueue_at(datetime.now(UTC), add, 1, 2), Job[int])
assert_type(queue.enqueue_at(datetime.now(UTC), "tasks.add", 1, 2), Job[Any])
assert_type(queue.enqueue_job(queue.enqueue(add, 1, 2)), Job[int])

without_annotation = queue.enqueue("tasks.add", 1, 2)


def enqueue_either(known: Callable[..., int] | str, unknown: FunctionReferenceType) -> None:
    assert_type(queue.enqueue(known), Job[int])
    assert_type(queue.enqueue(unknown), Job[Any])


# --- what comes of it ---

addition = queue.enqueue(add, 1, 2)
assert_type(addition.return_value(refresh=True), int | None)
assert_type(addition.latest_result(timeout=1), Result[int] | None)
assert_type(addition.results(), list[Result[int]])
assert_type(addition.results()[0].return_value, int | None)
assert_type(addition.requeue(), Job[int])

# --- jobs in annotations ---


def show(plain: Job, number: Job[float]) -> Job:
    return plain if plain.id < number.id else number


class AuditedJob(Job):
    """A class of jobs of a program's own."""


show(addition, queue.enqueue(add, 1, 2))
assert_type(Job.fetch("one", connection=queue.connection), Job[Any])
assert_type(Job[int].fetch("one", connection=queue.connection), Job[int])
assert_type(AuditedJob.fetch("one", connection=queue.connection), AuditedJob)
anything = Job.fetch("one", connection=queue.connection).return_value()
