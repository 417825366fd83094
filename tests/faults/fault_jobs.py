"""Jobs for tests that kill workers. Each writes down when it begins and ends, in one append that no kill can tear."""

from __future__ import annotations

import os
import time


def note(path: str, word: str, job: str) -> None:
    """Append one line: what happened, to which job, in which process."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{word} {job} {os.getpid()}\n".encode())
    finally:
        os.close(descriptor)


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
