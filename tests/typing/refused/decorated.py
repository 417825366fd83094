"""Mistakes with decorated functions."""

from __future__ import annotations

import redis

from rq import Queue
from rq.decorators import job
from rq.job import Job

queue = Queue("numbers", connection=redis.Redis())


@job(queue)
def add(x: int, y: int) -> int:
    return x + y


@job("texts")
async def fetch(address: str) -> bytes:
    return address.encode()


class Account:
    @job("reports")
    def statement(self, year: int) -> str:
        return f"{year}"


add("1", 2)  # error
add.delay("1", 2)  # error
add.delay("1")  # error
add.delay(1)  # error
add.delay(1, 2, 3)  # error
add.delay(1, z=2)  # error
add.enqueue("1", 2)  # error
fetch.delay(1)  # error
wrong_result: Job[str] = add.delay(1, 2)  # error
not_awaited: str | None = fetch.delay("example.org").return_value()  # error

add.using(job_idd="one")  # error
add.using(at_front="yes")  # error
add.using(job_id="one").enqueue("1", 2)  # error
add.using(job_id="one").enqueue(1, 2, at_front=True)  # error
add.using().enqueue_in(60, "1", 2)  # error

account = Account()
account.statement("2026")  # error
account.statement.delay(2026)  # error
Account.statement.delay(account, "2026")  # error

no_queue = job()  # error
bad_name = job(7)  # error
bad_option = job("default", priority=3)  # error
