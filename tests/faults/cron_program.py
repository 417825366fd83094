"""A cron process under a clock that a test turns: `python cron_program.py URL`. It looks what is due each time it is told to, and says when it has."""

from __future__ import annotations

import os
import sys

import redis

from rq.core.keys import Keyspace
from rq.cron import CronScheduler
from tests.store.harness import scripts_with_a_clock


def told_key(pid: int) -> str:
    """Where a process is told to look."""
    return f"test:told:{pid}"


def looked_key(pid: int) -> str:
    """Where a process says that it has."""
    return f"test:looked:{pid}"


def main(url: str) -> None:
    """Look whenever told to, until somebody kills this process."""
    client = redis.Redis.from_url(url, socket_timeout=None)
    scheduler = CronScheduler(client)
    scheduler._session.scripts = scripts_with_a_clock(Keyspace())
    scheduler.register("tasks.sweep", "fixed", cron="30 2 * * *", timezone="Europe/Berlin", name="fixed")
    scheduler.register("tasks.sweep", "even", cron="*/10 * * * *", timezone="Europe/Berlin", name="even")
    scheduler.register("tasks.sweep", "interval", interval=420, missed="all", name="interval")
    while client.blpop([told_key(os.getpid())]):
        scheduler.enqueue_jobs()
        client.rpush(looked_key(os.getpid()), "looked")


if __name__ == "__main__":
    main(sys.argv[1])
