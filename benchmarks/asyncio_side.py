"""Enqueues jobs from many tasks at once, and prints figures as JSON. Of the two sides only this package has such a client.

python asyncio_side.py URL QUEUE FUNCTION COUNT TASKS
"""

import asyncio
import json
import sys
import time

from rq import aio


async def enqueue(url: str, name: str, function: str, count: int, tasks: int) -> dict[str, object]:
    """Enqueue `count` jobs from so many tasks, each of which waits for one before it enqueues the next; figure: jobs per second."""
    async with aio.connect(url) as connection:
        await aio.Queue("warm-up", connection=connection).enqueue(function, 0)  # connects, and does what is done once
        queue = aio.Queue(name, connection=connection)
        numbers = iter(range(count))

        async def enqueue_some() -> None:
            for number in numbers:
                await queue.enqueue(function, number)

        began = time.perf_counter()
        await asyncio.gather(*(enqueue_some() for _ in range(tasks)))
        return {"per_second": count / (time.perf_counter() - began)}


def main() -> None:
    """Do what the command line says."""
    url, name, function, count, tasks = sys.argv[1:]
    print(json.dumps(asyncio.run(enqueue(url, name, function, int(count), int(tasks)))))


if __name__ == "__main__":
    main()
