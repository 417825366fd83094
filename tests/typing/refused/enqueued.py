"""Mistakes with what `Queue.enqueue` returns."""

from __future__ import annotations

import redis

from rq import Queue
from rq.job import Job

queue = Queue(connection=redis.Redis())


def add(x: int, y: int) -> int:
    return x + y


async def fetch(address: str) -> bytes:
    return address.encode()


number: Job[str] = queue.enqueue(add, 1, 2)  # error
not_yet: int = queue.enqueue(add, 1, 2).return_value()  # error
content: Job[str] = queue.enqueue(fetch, "example.org")  # error
later: Job[str] = queue.enqueue_in(60, add, 1, 2)  # error
queue.enqueue(7)  # error
queue.enqueue_at("tomorrow", add, 1, 2)  # error

for result in queue.enqueue(add, 1, 2).results():
    text: str | None = result.return_value  # error
