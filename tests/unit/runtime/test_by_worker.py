"""The executor that leaves it to a worker how jobs run, and a worker whose jobs end late."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rq.model.outcome import Outcome, Released, Returned
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.by_worker import ByWorkerExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.runtime.executors.output import Keeper


class SlowWorker:
    """Begins attempts, and ends them when it is told to."""

    def __init__(self) -> None:
        self.end: Callable[[Outcome], None] = lambda _outcome: None

    def run_own(self, attempt: Attempt, keeper: Keeper | None, on_outcome: Callable[[Outcome], None]) -> None:
        self.end = on_outcome

    def kill_own(self) -> bool:
        return False


def test_a_job_that_ends_after_the_shutdown_writes_into_nobodys_pipe():
    worker = SlowWorker()
    executor = ByWorkerExecutor(worker)
    executor.submit(Attempt("job", "execution", "default", 1, None, {}))
    executor.shutdown()
    reader, writer = os.pipe()  # gets the numbers that have just become free
    os.set_blocking(reader, False)
    try:
        worker.end(Returned(None))
        with pytest.raises(BlockingIOError):
            os.read(reader, 1)
        (ended,) = executor.collect()
    finally:
        os.close(reader)
        os.close(writer)
    assert isinstance(ended.outcome, Released)
