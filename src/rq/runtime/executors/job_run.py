"""How a job is run in the process it was given to: from stored bytes to an `Outcome`.

Job processes import this before they are forked, so it imports no more than it needs: asyncio comes when a job returns
a coroutine.
"""

import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from rq.core import context
from rq.core.defaults import UNSERIALIZABLE_RETURN_VALUE_PAYLOAD
from rq.core.errors import DeserializationError, JobTimeoutException
from rq.core.formats import decompress
from rq.core.references import import_attribute
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import Outcome, Raised, Returned, TimedOut
from rq.runtime.executors.base import Attempt, Run
from rq.runtime.timeouts import BaseDeathPenalty, get_default_death_penalty_class

# The stored traceback: its beginning says where, its end says what.
MAX_EXC_BYTES = 64 * 1024
_EXC_HEAD_BYTES = 16 * 1024
_EXC_TAIL_BYTES = MAX_EXC_BYTES - _EXC_HEAD_BYTES - 100


@dataclass(slots=True)
class CurrentAttempt:
    """What `rq.core.context` holds while a job runs.

    Attributes:
        attempt: The attempt that runs.
        connection_settings: What the executor was given to connect with, opaque here; None without it.
        connection: A connection that is there already; None where user code has to ask for one first.
        serializer: What the payload is read with, once `run_attempt` has begun; None means pickle.
        job: The job as user code sees it, once it has asked for it.
    """

    attempt: Attempt
    connection_settings: bytes | None = None
    connection: object | None = None
    serializer: Serializer | None = None
    job: object | None = None


def perform(current: CurrentAttempt, run: Run) -> Outcome:
    """Call `run` with the attempt while `rq.core.context` names it, and return the outcome; raises nothing.

    Every executor runs its attempts through this. It is the boundary to user code: `run` may be the user's too.
    """
    context.push(current)
    try:
        outcome = run(current.attempt)
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        outcome = outcome_of(error, current.attempt)
    else:
        outcome = _insist(outcome, current.attempt)
    finally:
        context.pop()
    return outcome


def run_attempt(
    attempt: Attempt,
    serializer: Serializer = DefaultSerializer,
    death_penalty: type[BaseDeathPenalty] | None = None,
) -> Outcome:
    """Load the job, call its function within its time limit, and return what came of it.

    Loading and serializing the result count towards the time limit. A coroutine is run to its end on a new event loop.
    A result that cannot be serialized in time or at all is replaced by RQ's marker: the work is done, and doing it
    again would not help.

    Args:
        attempt: What to run.
        serializer: What the payload was written with and the result is written with.
        death_penalty: How the time limit is enforced; None means the way of this platform.

    Returns:
        Returned, Raised or TimedOut. Whatever user code raises is an outcome.
    """
    current = context.top()
    if isinstance(current, CurrentAttempt):
        current.serializer = serializer
    try:
        with _time_limit(attempt, death_penalty):
            function, args, kwargs = _load_call(attempt, serializer)
            result = function(*args, **kwargs)
            if isinstance(result, Coroutine):
                result = _run_coroutine(result)
            return Returned(None if result is None else _serialized(result, serializer))
    except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
        return outcome_of(error, attempt)


def outcome_of(error: BaseException, attempt: Attempt) -> Outcome:
    """Return the outcome of an attempt that ended with `error`."""
    text = format_exception(error)
    if isinstance(error, JobTimeoutException) and attempt.timeout_seconds is not None:
        return TimedOut(text, attempt.timeout_seconds)
    return Raised(text, _dotted_name(type(error)))


def format_exception(error: BaseException) -> str:
    """Return the traceback as it is stored: UTF-8, at most `MAX_EXC_BYTES`, whatever the exception does about it."""
    try:
        lines = traceback.format_exception(type(error), error, _below_this_file(error.__traceback__))
        text = "".join(lines)
    except BaseException as second:  # noqa: BLE001 - it is a user's class, and so is its text
        text = f"{_dotted_name(type(error))} (printing it failed with {_dotted_name(type(second))})\n"
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) > MAX_EXC_BYTES:
        left_out = len(encoded) - _EXC_HEAD_BYTES - _EXC_TAIL_BYTES
        note = f"\n... {left_out} bytes left out ...\n".encode()
        encoded = encoded[:_EXC_HEAD_BYTES] + note + encoded[-_EXC_TAIL_BYTES:]
    return encoded.decode("utf-8", "ignore")


def _insist(outcome: Any, attempt: Attempt) -> Outcome:
    """Return what a user's way of running attempts gave, if it is an outcome."""
    if isinstance(outcome, Outcome):
        return outcome
    return Raised(f"Running job {attempt.job_id} gave no outcome but {outcome!r}\n", "builtins.TypeError")


def _time_limit(attempt: Attempt, death_penalty: type[BaseDeathPenalty] | None) -> AbstractContextManager[None]:
    if attempt.timeout_seconds is None:
        return nullcontext()
    kind = death_penalty or get_default_death_penalty_class()
    return kind(attempt.timeout_seconds, JobTimeoutException, job_id=attempt.job_id)


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


def _run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end on a new event loop; tasks it leaves behind are cancelled."""
    import asyncio  # noqa: PLC0415 - 5 MB and 50 ms that jobs without coroutines should not pay for

    return asyncio.run(coroutine)


def _serialized(result: object, serializer: Serializer) -> bytes:
    try:
        return bytes(serializer.dumps(result))
    except BaseException:  # noqa: BLE001 - `__reduce__` is user code; the job is done whatever it raises
        return serializer.dumps(UNSERIALIZABLE_RETURN_VALUE_PAYLOAD)


def _below_this_file(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without its outermost frames in this file, which tell users nothing."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _dotted_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
