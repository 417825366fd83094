"""What a producer hears from a server whose memory is used up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import OutOfMemoryError

from rq import aio
from rq.exceptions import QueueFullError, RQError
from rq.job import Job
from rq.queue import Queue
from tests.client import tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from tests.support.server import ValkeyServer

KIB = 1024


@pytest.fixture
def leave_room(redis_client: redis.Redis) -> Iterator[Callable[[int], None]]:
    """Lets the server use so many more KiB than it does now.

    With 0 it is full whatever it gives back in the meantime, such as the buffers of a client that has gone.
    """

    def set_limit(kib: int) -> None:
        redis_client.config_set("maxmemory-policy", "noeviction")
        used = redis_client.info("memory")["used_memory"]
        redis_client.config_set("maxmemory", used + kib * KIB if kib else 1)

    yield set_limit
    redis_client.config_set("maxmemory", 0)


def test_a_full_server_refuses_a_job_in_a_sentence(queue, leave_room):
    leave_room(0)
    with pytest.raises(QueueFullError, match="The server's memory is full, and it takes in no job") as raised:
        queue.enqueue(tasks.add, 1)
    assert isinstance(raised.value, RQError)
    assert isinstance(raised.value, OutOfMemoryError)
    assert queue.job_ids == []


def test_a_job_for_later_is_refused_alike(queue, leave_room):
    leave_room(0)
    with pytest.raises(QueueFullError):
        queue.enqueue_in("10m", tasks.add, 1)
    assert queue.scheduled_job_registry.get_job_ids() == []


def test_enqueue_many_says_which_jobs_were_enqueued_before_the_server_was_full(queue, redis_client, leave_room):
    datas = [queue.prepare_data(tasks.add, (number, "x" * KIB)) for number in range(5000)]
    leave_room(2000)
    with pytest.raises(QueueFullError, match=r"; \d+ of the 5000 jobs of this call were enqueued before") as raised:
        queue.enqueue_many(datas)
    assert 0 < len(raised.value.enqueued) < 5000
    assert queue.job_ids == raised.value.enqueued
    redis_client.config_set("maxmemory", 0)
    assert all(Job.fetch_many(raised.value.enqueued[-3:], redis_client))
    assert len(queue.enqueue_many(datas[:2])) == 2  # the connection is as good as before


def test_the_asyncio_client_says_the_same(valkey: ValkeyServer, leave_room: Callable[[int], None]):
    async def enqueue() -> None:
        async with aio.connect(valkey.url) as connection:
            queue = aio.Queue("default", connection=connection)
            await queue.enqueue(tasks.add, 0)
            leave_room(0)
            with pytest.raises(QueueFullError):
                await queue.enqueue(tasks.add, 1)
            with pytest.raises(QueueFullError, match="; 0 of the 3 jobs"):
                await queue.enqueue_many([Queue.prepare_data(tasks.add, (number,)) for number in range(3)])

    asyncio.run(enqueue())
