"""A pool as a program of its own: `python pool_program.py URL KIND`, where KIND says what is special about it."""

from __future__ import annotations

import sys

import redis

from rq.queue import Queue
from rq.worker import SimpleWorker, Worker
from rq.worker_pool import WorkerPool
from tests.runtime import pool_jobs

if __name__ == "__main__":
    url, kind = sys.argv[1:]
    pool_jobs.seen.append("what the program set up")

    class MyWorker(Worker):
        """Cannot be imported by anybody."""

    class MyQueue(Queue):
        """Cannot be imported either."""

    options: dict[str, object] = {
        "plain": {},
        "simple": {"worker_class": SimpleWorker},
        "own": {"worker_class": MyWorker, "queue_class": MyQueue},
        "json": {"serializer": "json"},
        "fresh": {"fresh_interpreter": True, "exception_handlers": pool_jobs.note_failure},
        "fresh-json": {"fresh_interpreter": True, "serializer": "json", "job_class": pool_jobs.OwnJob},
        "handled": {"exception_handlers": [pool_jobs.note_failure]},
    }[kind.removesuffix("-burst")]  # type: ignore[assignment]
    pool = WorkerPool(["pool"], redis.Redis.from_url(url), 2, name="p", worker_options={"lease": 600}, **options)  # type: ignore[arg-type]
    pool.start(burst=kind.endswith("-burst"), logging_level="DEBUG")
    print(pool.status)  # noqa: T201 - the test reads it
