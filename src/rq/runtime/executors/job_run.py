"""How a job is run in the process it was given to: from stored bytes to an `Outcome`.

Most jobs are one call of a function, made here. A job with callbacks, or of a class that others have a hand in, goes
through the methods of its `Job` instead (`through_job`). Job processes import this before they are forked, so it
imports no more than it needs: `Job` and asyncio come when a job needs them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from rq.core import context
from rq.core.coroutines import completed
from rq.core.errors import DeserializationError, JobTimeoutException
from rq.core.formats import decompress
from rq.core.references import import_attribute
from rq.core.serializers import DefaultSerializer, Serializer, serialized_result
from rq.core.tracebacks import format_exception
from rq.model.outcome import AskedRetry, Outcome, Raised, Returned, TimedOut, exception_names
from rq.model.retry import Retry
from rq.runtime.executors.base import Attempt, AttemptTakenError, Run
from rq.runtime.executors.memory_limit import memory_limit
from rq.runtime.executors.output import Keeper, tees
from rq.runtime.timeouts import BaseDeathPenalty, get_default_death_penalty_class


@dataclass(slots=True)
class CurrentAttempt:
    """What `rq.core.context` holds while a job runs.

    Attributes:
        attempt: The attempt that runs.
        connection_settings: What the executor was given to connect with, opaque here; None without it.
        connection: A connection that is there already; None where user code has to ask for one first.
        job_class: What the job is made of, or the dotted path of that; None means RQ's own.
        exception_handlers: What is called when an attempt failed, in order, or the dotted paths of that.
        is_replaced: Whether `Job` is run in a way of its own (see `is_job_replaced`); None where nobody has looked yet.
        on_callback: Told when the function is over and a callback begins, with the seconds that it may take (None: no limit).
        keeper: Keeps what the attempt prints, where its process is not its own; None: nobody does, or whoever watches the process.
        serializer: What the payload is read with, once `run_attempt` has begun; None means pickle.
        job: The job as user code sees it, once anybody has asked for it.
    """

    attempt: Attempt
    connection_settings: bytes | None = None
    connection: object | None = None
    job_class: type[Any] | str | None = None
    is_replaced: bool | None = None
    on_callback: Callable[[float | None], None] | None = None
    exception_handlers: Sequence[Callable[..., Any] | str] = ()
    keeper: Keeper | None = None
    serializer: Serializer | None = None
    job: object | None = None


def perform(current: CurrentAttempt, run: Run) -> Outcome:
    """Call `run` with the attempt while `rq.core.context` names it, and return the outcome; raises nothing.

    Every executor runs its attempts through this. It is the boundary to user code: `run` may be the user's too.
    """
    context.push(current)
    if current.keeper is not None:
        tees.install()
    try:
        outcome = run(current.attempt)
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        outcome = outcome_of(error, current.attempt)
    else:
        outcome = _insist(outcome, current.attempt)
    finally:
        if current.keeper is not None:
            tees.restore()
        context.pop()
    return outcome


def run_attempt(
    attempt: Attempt,
    serializer: Serializer = DefaultSerializer,
    death_penalty: type[BaseDeathPenalty] | None = None,
) -> Outcome:
    """Load the job, call its function within its time limit, then its callbacks, and return what came of it.

    Loading and serializing the result count towards the time limit. A coroutine is run to its end on a new event loop.
    A result that cannot be serialized in time or at all is replaced by RQ's marker: the work is done, and doing it
    again would not help. Of an attempt that was stopped, the stopped callback is run.

    Args:
        attempt: What to run.
        serializer: What the payload was written with and the result is written with.
        death_penalty: How the time limit is enforced; None means the way of this platform.

    Returns:
        Returned, AskedRetry, Raised or TimedOut. Whatever user code raises is an outcome.
    """
    current = context.top()
    if isinstance(current, CurrentAttempt):
        current.serializer = serializer
        if _is_accompanied(attempt, current):
            from rq.runtime.executors.through_job import run_through_job  # noqa: PLC0415 - see the top

            return run_through_job(current, serializer, death_penalty or get_default_death_penalty_class())
    try:
        with time_limit(attempt, death_penalty):
            function, args, kwargs = _load_call(attempt, serializer)
            return outcome_of_result(completed(function(*args, **kwargs)), serializer)
    except AttemptTakenError:
        raise
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        outcome = outcome_of(error, attempt)
        if isinstance(current, CurrentAttempt) and current.exception_handlers:
            from rq.runtime.executors.through_job import call_exception_handlers  # noqa: PLC0415 - see the top

            call_exception_handlers(current, error, death_penalty or get_default_death_penalty_class())
        return outcome


def _is_accompanied(attempt: Attempt, current: CurrentAttempt) -> bool:
    """Say whether an attempt is more than the call of a function. Nearly none is, and a job process copies each page of memory that it looks at."""
    fields = attempt.fields
    return bool(
        attempt.is_stopped
        or fields.get(b"success_callback_name")
        or fields.get(b"failure_callback_name")
        or current.job_class is not None  # it may have ways of its own
        or (is_job_replaced() if current.is_replaced is None else current.is_replaced)
    )


def has_stopped_callback(attempt: Attempt, job_class: type[Any] | str | None) -> bool:
    """Say whether there is something to call when an attempt was stopped."""
    return bool(attempt.fields.get(b"stopped_callback_name")) or job_class is not None or is_job_replaced()


def is_job_replaced() -> bool:
    """Say whether somebody replaced methods of `Job` in this process. Where the class is not loaded, nobody can have."""
    jobs, performing = sys.modules.get("rq.client.job"), sys.modules.get("rq.client.performing")
    return jobs is not None and performing is not None and performing.is_replaced(jobs.Job)


def outcome_of_result(result: object, serializer: Serializer) -> Returned | AskedRetry:
    """Return the outcome of an attempt whose function returned `result`."""
    if isinstance(result, Retry):
        return AskedRetry(serialized_result(result, serializer), result.max, tuple(result.intervals), result.enqueue_at_front)
    return Returned(None if result is None else serialized_result(result, serializer))


def outcome_of(error: BaseException, attempt: Attempt) -> Raised | TimedOut:
    """Return the outcome of an attempt that ended with `error`."""
    if isinstance(error, JobTimeoutException) and attempt.timeout_seconds is not None:
        return TimedOut(format_exception(error), attempt.timeout_seconds)
    return outcome_of_exception(error)


def outcome_of_exception(error: BaseException) -> Raised:
    """Return the outcome of an attempt that ended with `error`, which is no time limit of the job itself."""
    if isinstance(error, MemoryError):
        memory_limit.lift()  # printing the traceback takes memory, and it holds on to what the job has
    own_name, *bases = exception_names(type(error))
    return Raised(format_exception(error), own_name, tuple(bases))


def _insist(outcome: Any, attempt: Attempt) -> Outcome:
    """Return what a user's way of running attempts gave, if it is an outcome."""
    if isinstance(outcome, Outcome):
        return outcome
    return Raised(f"Running job {attempt.job_id} gave no outcome but {outcome!r}\n", "builtins.TypeError")


def time_limit(attempt: Attempt, death_penalty: type[BaseDeathPenalty] | None) -> AbstractContextManager[None]:
    """Return what enforces the time limit of an attempt inside its process."""
    if attempt.timeout_seconds is None:
        return nullcontext()
    kind, seconds = death_penalty or get_default_death_penalty_class(), attempt.timeout_seconds
    # Whole seconds are an int, as in RQ: `signal.alarm()` takes nothing else.
    return kind(int(seconds) if float(seconds).is_integer() else seconds, JobTimeoutException, job_id=attempt.job_id)


def _load_call(attempt: Attempt, serializer: Serializer) -> tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]:
    """Return what to call, and with what."""
    data = attempt.fields.get(b"data")
    if data is None:
        raise DeserializationError(f"Job {attempt.job_id} has no payload: the field 'data' of its hash is missing")
    try:
        func_name, instance, args, kwargs = serializer.loads(decompress(data))
    except JobTimeoutException:
        raise
    except Exception as error:
        raise DeserializationError(
            f"The payload of job {attempt.job_id} cannot be loaded; do the producer and this worker use the same serializer and the same code?"
        ) from error
    function = import_attribute(func_name) if instance is None else getattr(instance, func_name)
    return function, args, kwargs
