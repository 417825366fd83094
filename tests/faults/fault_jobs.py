"""Jobs for tests that kill workers. Each writes down when it begins and ends, in one append that no kill can tear."""

from __future__ import annotations

import os
import time

from rq.job import Retry


def note(path: str, word: str, job: str) -> None:
    """Append one line: what happened, to which job, in which process."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{word} {job} {os.getpid()}\n".encode())
    finally:
        os.close(descriptor)


def times_noted(path: str, word: str, job: str) -> int:
    """Return how often that happened to this job so far."""
    with open(path, encoding="ascii") as lines:  # noqa: PTH123 - imports nothing more into a process that is forked often
        return sum(line.startswith(f"{word} {job} ") for line in lines)


def take_time(path: str, job: str, seconds: float) -> str:
    """Run for that long."""
    note(path, "begin", job)
    time.sleep(seconds)
    note(path, "end", job)
    return job


def wait_for_file(path: str, job: str, gate: str) -> str:
    """Run until the file `gate` exists."""
    note(path, "begin", job)
    while not os.path.exists(gate):  # noqa: PTH110 - imports nothing more into a process that is forked often
        time.sleep(0.005)
    note(path, "end", job)
    return job


def fail_at_first(path: str, job: str, times: int) -> str:
    """Raise that many times; then return."""
    note(path, "begin", job)
    if times_noted(path, "fail", job) < times:
        note(path, "fail", job)
        raise ValueError("not yet")
    note(path, "end", job)
    return job


def ask_at_first(path: str, job: str, times: int) -> str | Retry:
    """Ask that many times to be run again; then return."""
    note(path, "begin", job)
    if times_noted(path, "ask", job) < times:
        note(path, "ask", job)
        return Retry(max=times, interval=[0, 1])
    note(path, "end", job)
    return job
