"""A job that says how far it has come, whether the server hears it or not."""

from __future__ import annotations

import time
from pathlib import Path

from rq import get_current_job


def read_pages(started: str, gate: str, done: str) -> str:
    """Wait for the gate, then say a hundred times how far it is."""
    job = get_current_job()
    assert job is not None
    job.set_progress(0, "waiting")
    Path(started).touch()
    while not Path(gate).exists():
        time.sleep(0.005)
    for page in range(100):
        job.set_progress(page + 1, "reading")
    Path(done).touch()
    return "read"
