"""Runs an attempt through the methods of its `Job`: one that has callbacks, or whose class others have a hand in.

RQ's order: the function within its time limit; then, before anything is written down, the success callback or the failure callback within theirs. A success
callback that raises makes the attempt fail, and the failure callback hears of it. A function that returned a `Retry` has neither succeeded nor failed.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from rq.client.current import job_of
from rq.client.job import Job
from rq.core.clock import utc_now
from rq.core.defaults import CALLBACK_TIMEOUT
from rq.core.errors import JobTimeoutException
from rq.core.references import import_attribute
from rq.core.serializers import Serializer
from rq.core.tracebacks import format_exception, traceback_for_users
from rq.model.outcome import AskedRetry, Outcome, Raised, Returned, TimedOut
from rq.model.states import JobStatus
from rq.runtime.executors.base import AttemptTakenError
from rq.runtime.executors.job_run import (
    CurrentAttempt,
    outcome_of,
    outcome_of_exception,
    outcome_of_result,
    time_limit,
)
from rq.runtime.timeouts import BaseDeathPenalty

logger = logging.getLogger("rq.worker")


class Steps:
    """What is done around the function and its callbacks: here nothing, but that exception handlers are called. Workers with ways of their own do more.

    Args:
        current: The attempt, as its context knows it.
        death_penalty: How time limits are enforced.
    """

    def __init__(self, current: CurrentAttempt, death_penalty: type[BaseDeathPenalty]) -> None:
        self.current = current
        self.death_penalty = death_penalty

    def begin(self, job: Job) -> None:
        """The function is about to be called. What this raises makes the attempt fail."""

    def end(self, job: Job) -> None:
        """The function is over, in whatever way."""

    def succeed(self, job: Job, outcome: Returned) -> None:
        """The function returned, and the success callback is over. What this raises makes the attempt fail."""

    def ask_again(self, job: Job, retry: Any, outcome: AskedRetry) -> None:
        """The function returned a `Retry`."""

    def handle(self, job: Job, error: BaseException) -> None:
        """The attempt failed, and the failure callback is over."""
        del job
        call_exception_handlers(self.current, error, self.death_penalty)

    def fail(self, job: Job, outcome: Raised | TimedOut) -> None:
        """The attempt failed, and all have heard of it."""


def run_through_job(current: CurrentAttempt, serializer: Serializer, death_penalty: type[BaseDeathPenalty], steps: Steps | None = None) -> Outcome:
    """Run what there is to run of an attempt, and return what came of it.

    Args:
        current: The attempt, as its context knows it.
        serializer: What the result is written with.
        death_penalty: How time limits are enforced.
        steps: What is done around that.
    """
    job = job_of(current)
    if current.attempt.is_stopped:
        return _run_stopped_callback(current, job, death_penalty)
    steps = steps or Steps(current, death_penalty)
    try:
        steps.begin(job)
        with time_limit(current.attempt, death_penalty):
            result = job.perform()
            outcome = outcome_of_result(result, serializer)
    except AttemptTakenError:
        raise
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        return fail(steps, job, error, outcome_of(error, current.attempt))
    return conclude(steps, job, result, outcome)


def conclude(steps: Steps, job: Job, result: object, outcome: Returned | AskedRetry) -> Outcome:
    """Run the success callback of an attempt whose function returned `result`, and return what came of it all."""
    try:
        steps.end(job)
        if isinstance(outcome, AskedRetry):
            steps.ask_again(job, result, outcome)
            return outcome
        _begin_callback(steps.current, job, JobStatus.FINISHED, job.success_callback_timeout)
        job.execute_success_callback(steps.death_penalty, result)
        steps.succeed(job, outcome)
    except AttemptTakenError:
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        return fail(steps, job, error, outcome_of_exception(error))
    return outcome


def fail(steps: Steps, job: Job, error: BaseException, outcome: Raised | TimedOut) -> Outcome:
    """Run the failure callback, while `error` is being handled. If that raises, its text is stored instead, with `error` as its context."""
    error.__traceback__ = traceback_for_users(error.__traceback__)
    _begin_callback(steps.current, job, JobStatus.FAILED, job.failure_callback_timeout)
    try:
        steps.end(job)
        job.execute_failure_callback(steps.death_penalty, type(error), error, error.__traceback__)
    except AttemptTakenError:
        raise
    except BaseException as second:  # noqa: BLE001 - as above
        outcome = replace(outcome, exc_text=format_exception(second))
    steps.handle(job, error)
    steps.fail(job, outcome)
    return outcome


def call_exception_handlers(current: CurrentAttempt, error: BaseException, death_penalty: type[BaseDeathPenalty]) -> None:
    """Call an attempt's exception handlers, each within its time; one for which the job cannot even be made is logged as failed."""

    def begin() -> Job:
        job = job_of(current)
        _begin_callback(current, job, JobStatus.FAILED, CALLBACK_TIMEOUT)
        return job

    exc_info = (type(error), error, traceback_for_users(error.__traceback__))
    call_handlers(current.exception_handlers, current.attempt.job_id, begin, exc_info, death_penalty)


def call_handlers(
    handlers: Iterable[Callable[..., Any] | str],
    job_id: str,
    begin: Callable[[], Job],
    exc_info: tuple[Any, ...],
    death_penalty: type[BaseDeathPenalty],
) -> None:
    """Call exception handlers with `(job, exc_type, exc_value, traceback)`, in order, until one returns something false but None.

    They change nothing about what becomes of the job. One that raises, or takes longer than a callback may, is logged, and the others are called all the same.

    Args:
        handlers: functions, or the dotted paths of them.
        job_id: names the job in the log.
        begin: called before each of them; returns the job.
        exc_info: what went wrong: class, exception, traceback.
        death_penalty: how time limits are enforced.
    """
    for handler in handlers:
        try:
            job = begin()
            with death_penalty(CALLBACK_TIMEOUT, JobTimeoutException, job_id=job_id):
                function = import_attribute(handler) if isinstance(handler, str) else handler
                goes_on = function(job, *exc_info)
        except AttemptTakenError:
            raise
        except BaseException as second:  # noqa: BLE001 - as above
            logger.error("The exception handler %s failed for job %s\n%s", handler, job_id, format_exception(second).rstrip())  # noqa: TRY400 - with the text
            continue
        if goes_on is not None and not goes_on:
            return


def _run_stopped_callback(current: CurrentAttempt, job: Job, death_penalty: type[BaseDeathPenalty]) -> Outcome:
    _begin_callback(current, job, JobStatus.STOPPED, job.stopped_callback_timeout)
    try:
        job.execute_stopped_callback(death_penalty)
    except BaseException as error:  # noqa: BLE001 - as above
        return outcome_of(error, current.attempt)
    return Returned(None)


def _begin_callback(current: CurrentAttempt, job: Job, status: JobStatus, limit_seconds: int) -> None:
    """Have the job show how it ended, and whoever watches this process allow the callback its time."""
    job.record.status, job.record.ended_at = status, utc_now()
    if current.on_callback is not None:
        current.on_callback(float(limit_seconds) if limit_seconds > 0 else None)
