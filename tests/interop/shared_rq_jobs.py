"""Jobs that speak with the library that runs them, whichever it is."""

from __future__ import annotations

from typing import Any

from rq import get_current_job
from rq.job import Retry


def current_job() -> Any:
    """Return the job that runs."""
    job: Any = get_current_job()
    assert job is not None
    return job


def next_run() -> int:
    """Write down, on the server, that this job runs; and return how often it has, this time included."""
    job = current_job()
    run = int(job.connection.incr(f"runs:{job.id}"))
    job.connection.rpush("order", f"{job.id} {run}")
    return run


def fail_at_first(times: int) -> int:
    """Raise that many times, then return which run this is."""
    run = next_run()
    if run <= times:
        raise ValueError(f"run {run}")
    return run


def ask_at_first(times: int, most: int, interval: int | list[int] = 0) -> int | Retry:
    """Ask that many times to be run again, and then return which run this is."""
    run = next_run()
    return Retry(max=most, interval=interval) if run <= times else run


def count() -> int:
    """Return which run this is."""
    return next_run()


def save_meta(name: str, value: str) -> str:
    """Put something into the job's meta."""
    job = current_job()
    job.meta[name] = value
    job.save_meta()
    return value
