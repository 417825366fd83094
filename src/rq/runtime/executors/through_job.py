"""Runs an attempt through the methods of its `Job`: one that has callbacks, or whose class others have a hand in.

RQ's order: the function within its time limit; then, before anything is written down, the success callback or the failure callback within theirs. A success
callback that raises makes the attempt fail, and the failure callback hears of it. A function that returned a `Retry` has neither succeeded nor failed.
"""

import logging
from dataclasses import replace

from rq.client.current import job_of
from rq.client.job import Job
from rq.core.clock import utc_now
from rq.core.defaults import CALLBACK_TIMEOUT
from rq.core.errors import JobTimeoutException
from rq.core.references import import_attribute
from rq.core.serializers import Serializer
from rq.core.tracebacks import format_exception, within_user_code
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


def run_through_job(current: CurrentAttempt, serializer: Serializer, death_penalty: type[BaseDeathPenalty]) -> Outcome:
    """Run what there is to run of an attempt, and return what came of it.

    Args:
        current: The attempt, as its context knows it.
        serializer: What the result is written with.
        death_penalty: How time limits are enforced.
    """
    job = job_of(current)
    if current.attempt.is_stopped:
        return _run_stopped_callback(current, job, death_penalty)
    try:
        with time_limit(current.attempt, death_penalty):
            result = job.perform()
            outcome = outcome_of_result(result, serializer)
    except AttemptTakenError:
        raise
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        return fail(current, job, error, outcome_of(error, current.attempt), death_penalty)
    if isinstance(outcome, AskedRetry):
        return outcome
    return conclude(current, job, result, outcome, death_penalty)


def conclude(current: CurrentAttempt, job: Job, result: object, outcome: Returned, death_penalty: type[BaseDeathPenalty]) -> Outcome:
    """Run the success callback of an attempt whose function returned `result`, and return what came of it all."""
    try:
        _begin_callback(current, job, JobStatus.FINISHED, job.success_callback_timeout)
        job.execute_success_callback(death_penalty, result)
    except AttemptTakenError:
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        return fail(current, job, error, outcome_of_exception(error), death_penalty)
    return outcome


def fail(current: CurrentAttempt, job: Job, error: BaseException, outcome: Raised | TimedOut, death_penalty: type[BaseDeathPenalty]) -> Outcome:
    """Run the failure callback, while `error` is being handled. If that raises, its text is stored instead, with `error` as its context."""
    error.__traceback__ = within_user_code(error.__traceback__)
    _begin_callback(current, job, JobStatus.FAILED, job.failure_callback_timeout)
    try:
        job.execute_failure_callback(death_penalty, type(error), error, error.__traceback__)
    except AttemptTakenError:
        raise
    except BaseException as second:  # noqa: BLE001 - as above
        outcome = replace(outcome, exc_text=format_exception(second))
    call_exception_handlers(current, error, death_penalty)
    return outcome


def call_exception_handlers(current: CurrentAttempt, error: BaseException, death_penalty: type[BaseDeathPenalty]) -> None:
    """Call the worker's exception handlers with `(job, exc_type, exc_value, traceback)`, in order, until one returns something false but None.

    They change nothing about what becomes of the job. One that raises, or takes longer than a callback may, is logged, and the others are called all the same.
    """
    for handler in current.exception_handlers:
        try:
            job = job_of(current)
            _begin_callback(current, job, JobStatus.FAILED, CALLBACK_TIMEOUT)
            with death_penalty(CALLBACK_TIMEOUT, JobTimeoutException, job_id=job.id):
                function = import_attribute(handler) if isinstance(handler, str) else handler
                goes_on = function(job, type(error), error, within_user_code(error.__traceback__))
        except AttemptTakenError:
            raise
        except BaseException as second:  # noqa: BLE001 - as above
            logger.error("The exception handler %s failed for job %s\n%s", handler, current.attempt.job_id, format_exception(second).rstrip())  # noqa: TRY400 - with the text
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
