"""Jobs for tests of workers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rq.job import Job, get_current_job

if TYPE_CHECKING:
    import redis


def add(a: int, b: int = 0) -> int:
    """Return the sum."""
    return a + b


def nothing() -> None:
    """Do nothing."""


def fail(text: str = "it broke") -> None:
    """Raise."""
    raise ValueError(text)


def append(path: str, word: str) -> str:
    """Append a word to a file, atomically."""
    with Path(path).open("a") as file:
        file.write(f"{word}\n")
    return word


def wait_for(path: str, started: str | None = None) -> int:
    """Return this process's id once the file exists; says so in another file when it begins."""
    if started:
        append(started, str(os.getpid()))
    while not Path(path).exists():
        time.sleep(0.005)
    return os.getpid()


def large_after(path: str, started: str, size: int) -> bytes:
    """Return so many bytes that do not get smaller, once there is such a file."""
    wait_for(path, started)
    return os.urandom(size)


def meet_files(own: str, all_of_them: list[str]) -> None:
    """End when all jobs that were told the same files have begun."""
    Path(own).touch()
    for path in all_of_them:
        wait_for(path)


def meet(directory: str, count: int) -> str | None:
    """Return the id of the current job once so many jobs are here at the same time."""
    job = get_current_job()
    assert job is not None
    (Path(directory) / job.id).touch()
    while len(list(Path(directory).iterdir())) < count:
        time.sleep(0.005)
    return job.id if get_current_job() is job else None


async def meet_as_a_task(directory: str, count: int) -> str | None:
    """As `meet`, as a coroutine."""
    job = get_current_job()
    assert job is not None
    (Path(directory) / job.id).touch()
    while len(os.listdir(directory)) < count:  # noqa: ASYNC110, PTH208 - whoever makes the files may be in another process
        await asyncio.sleep(0.005)
    return job.id if get_current_job() is job else None


def ignore_everything(path: str) -> None:
    """Block every signal that can be blocked, and never come back."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    append(path, str(os.getpid()))
    while True:
        time.sleep(60)


def die() -> None:
    """End this process as the out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave(status: int) -> None:
    """End this process without a word."""
    os._exit(status)


def note_success(job: Job, connection: redis.Redis, result: object) -> None:
    """Say what the function returned, and where the job stands on the server by now."""
    connection.rpush("callbacks", f"success {result} {job.get_status().value} {type(job).__name__}")


def note_failure(job: Job, connection: redis.Redis, kind: type[BaseException], value: BaseException, trace: object) -> None:
    """Say what the function raised."""
    connection.rpush("callbacks", f"failure {value} {job.get_status().value} {type(job).__name__}")


def note_stop(job: Job, connection: redis.Redis) -> None:
    """Say where the job stands on the server by now."""
    connection.rpush("callbacks", f"stopped {job.get_status().value} {os.getpid()}")


def note_stop_slowly(job: Job, connection: redis.Redis) -> None:
    """As `note_stop`, after several heartbeats of a worker with the shortest lease."""
    time.sleep(2)
    note_stop(job, connection)


def break_down(job: Job, connection: redis.Redis) -> None:
    """Raise, as a stopped callback."""
    raise LookupError("the callback broke")


def process_id() -> int:
    """Return the id of the process that runs the job."""
    return os.getpid()
