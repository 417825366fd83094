"""How attempts end: what is reported of them, and the callback that is run first if one was stopped."""

import time
from dataclasses import replace
from typing import Any

from rq.core.defaults import CALLBACK_TIMEOUT, TIMEOUT_GRACE_SECONDS
from rq.model.outcome import AskedRetry, Outcome, Returned, Stopped, TimedOut
from rq.runtime.executors.base import Attempt, Ended
from rq.runtime.executors.job_run import has_stopped_callback
from rq.runtime.timeouts import timeout_message


class Endings:
    """What an executor has to report, until it is collected.

    Args:
        job_class: What jobs are made of, or the dotted path of that; None means RQ's own.
    """

    def __init__(self, job_class: type[Any] | str | None) -> None:
        self._job_class = job_class
        self._ended: list[Ended] = []
        # What will be reported of the attempts whose stopped callback waits or runs.
        self._stopped: dict[str, Ended] = {}
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many wait to be collected."""
        return len(self._ended)

    def add(self, attempt: Attempt, ended: Ended) -> Attempt | None:
        """Report how an attempt ended; of one that was stopped, once its stopped callback is over as well.

        Returns:
            What has to be run first, ahead of all that waits: the stopped callback. None if there is none.
        """
        execution_id = ended.execution_id
        stopped = self._stopped.pop(execution_id, None)
        if stopped is not None:
            ended = replace(stopped, aftermath=ended.outcome, output=stopped.output + ended.output)
        elif isinstance(ended.outcome, Stopped) and not self._is_closed and has_stopped_callback(attempt, self._job_class):
            self._stopped[execution_id] = ended
            return _aftermath_of(attempt)
        self._ended.append(ended)
        return None

    def is_stopped(self, execution_id: str) -> bool:
        """Say whether an attempt was stopped and its stopped callback is not over."""
        return execution_id in self._stopped

    def take(self) -> list[Ended]:
        """Return what was reported since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Have no more callbacks run."""
        self._is_closed = True


def judged(outcome: Outcome, verdict: Outcome | None) -> Outcome:
    """Return what to report of an attempt that ended with `outcome` in a process that goes on, though `verdict` was to be its end: what was done is done."""
    return outcome if verdict is None or isinstance(outcome, (Returned, AskedRetry)) else verdict


def deadline_after(limit_seconds: float | None) -> float | None:
    """Return when to end by force what began now and has so many seconds (`time.monotonic()`); None: never."""
    return None if limit_seconds is None else time.monotonic() + limit_seconds + TIMEOUT_GRACE_SECONDS


def overdue(attempt: Attempt) -> TimedOut:
    """Return the outcome of an attempt that had to be killed: in its function, or in a callback after that."""
    limit = attempt.timeout_seconds or 0.0
    return TimedOut(f"{timeout_message(limit)} and did not end by itself; its process was killed\n", limit, was_killed=True)


def _aftermath_of(attempt: Attempt) -> Attempt:
    """Return what runs the stopped callback of an attempt."""
    try:
        limit = int(attempt.fields.get(b"stopped_callback_timeout") or 0) or CALLBACK_TIMEOUT
    except ValueError:
        limit = CALLBACK_TIMEOUT
    return attempt._replace(is_stopped=True, timeout_seconds=float(limit) if limit > 0 else None)
