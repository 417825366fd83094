"""Functions with `@job`: a job has the type of what its function returns, or of what awaiting it returns."""

# pyright: strict

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, assert_type

import redis

from rq import Queue
from rq.decorators import job
from rq.job import Job

connection = redis.Redis()
queue = Queue("numbers", connection=connection)


@job(queue)
def add(x: int, y: int = 0) -> int:
    return x + y


@job("texts", connection=lambda: connection, timeout="1h", result_ttl=0, meta={"team": "blue"})
async def fetch(address: str) -> bytes:
    await asyncio.sleep(0)
    return address.encode()


@job("texts")
def log(*lines: str, job_id: int = 0) -> None:
    """Take a parameter that has the name of an option."""


@job("texts", connection)
def find(name: str) -> list[str] | None:
    return [name]


# --- a call is a call ---

assert_type(add(1, y=2), int)
a_function: Callable[[int, int], int] = add
a_coroutine_function: Callable[[str], Coroutine[Any, Any, bytes]] = fetch
its_name: str = add.__name__


async def use() -> None:
    assert_type(await fetch("example.org"), bytes)
    await asyncio.gather(fetch("a"), asyncio.create_task(fetch("b")))


# --- a job is a job ---

assert_type(add.delay(1, 2), Job[int])
assert_type(add.enqueue(1), Job[int])
assert_type(add.delay(x=1).return_value(), int | None)
assert_type(fetch.delay("example.org"), Job[bytes])
assert_type(log.delay("one", "two", job_id=3), Job[None])
assert_type(find.delay("ada"), Job[list[str] | None])

# RQ's three options among the keywords.
assert_type(add.delay(1, 2, job_id="one", at_front=True), Job[int])
assert_type(add.delay(1, 2, at_front=True), Job[int])
assert_type(add.delay(1, 2, depends_on=["one"]), Job[int])

# All options, apart from the arguments.
assert_type(add.using(job_id="one", ttl="10m", meta={"a": 1}).enqueue(1, y=2), Job[int])
assert_type(add.using().delay(1), Job[int])
assert_type(add.using(at_front=True).enqueue_in(timedelta(minutes=1), 1, 2), Job[int])
assert_type(fetch.using(timeout=-1).enqueue_at(timedelta(minutes=1), "example.org"), Job[bytes])
assert_type(log.using(job_id="one").enqueue("text", job_id=1), Job[None])

# On another queue.
assert_type(queue.enqueue(add, 1, 2), Job[int])
assert_type(queue.enqueue(fetch, "example.org"), Job[bytes])


# --- methods ---


class Account:
    """Something with methods that are jobs."""

    @job("reports")
    def statement(self, year: int) -> str:
        return f"{year}"

    @job("reports")
    @staticmethod
    def total(*amounts: float) -> float:
        return sum(amounts)

    @staticmethod
    @job("reports")
    async def balance(owner: str) -> float:
        await asyncio.sleep(0)
        return len(owner) / 2


account = Account()
assert_type(account.statement(2026), str)
assert_type(Account.statement(account, 2026), str)
assert_type(Account.statement.delay(account, 2026), Job[str])
assert_type(account.statement.using(ttl=10).enqueue(account, year=2026), Job[str])
assert_type(Account.total(1, 2), float)
assert_type(Account.total.delay(1, 2), Job[float])
assert_type(Account.balance.delay("ada"), Job[float])
