"""How an attempt at a job ended.

Made where the job ran, or by whoever watched its process; judged by `rq.model.settlement`.
"""

from dataclasses import dataclass

from rq.core.references import dotted_name


@dataclass(frozen=True, slots=True)
class Returned:
    """The job's function returned; `payload` is the serialized value, None when it returned None."""

    payload: bytes | None


@dataclass(frozen=True, slots=True)
class AskedRetry:
    """The function returned a `Retry`: it wants to run again, if fewer than `max` attempts ended that way.

    `payload` is the serialized `Retry`; `intervals` are seconds to wait, read from the beginning.
    """

    payload: bytes
    max: int
    intervals: tuple[int, ...]
    at_front: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """The function, or loading it, raised: `exc_text` is the traceback (at most 64 KiB), `exc_type` the dotted class.

    `exc_bases` are the dotted names of what the class derives from; see `exception_names`.
    """

    exc_text: str
    exc_type: str
    exc_bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The job ran into its time limit of `limit_seconds`; `was_killed` if it did not give in to the exception."""

    exc_text: str
    limit_seconds: float
    was_killed: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended without an outcome: by `signal`, or with `exit_status`; neither if nobody saw it end."""

    reason: str
    signal: int | None = None
    exit_status: int | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody asked for this attempt to be stopped, and it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    """The attempt does not count: it was not begun, or a shutdown took it away."""

    reason: str


Outcome = Returned | AskedRetry | Raised | TimedOut | Died | Stopped | Released


def exception_names(kind: type[BaseException]) -> tuple[str, ...]:
    """Return the dotted names of an exception's class and of all that it derives from, itself first, without object."""
    return tuple(dotted_name(base) for base in kind.__mro__ if base is not object)
