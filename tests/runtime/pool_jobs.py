"""Jobs for pools, and what their programs set up."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rq.job import Job

seen: list[str] = []


class OwnJob(Job):
    """A class of jobs that can be imported."""


def what_was_set_up() -> list[str]:
    return seen


def parent_pid() -> int:
    return os.getppid()


def fail() -> None:
    raise ValueError(os.environ["NOTE"])


def note_failure(_job, _kind, error, _traceback) -> None:
    Path(str(error)).touch()


def wait_for(gate: str, started: str) -> str:
    Path(started).touch()
    while not Path(gate).exists():
        time.sleep(0.005)
    return "done"
