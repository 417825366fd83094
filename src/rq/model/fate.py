"""What is kept of an attempt besides its outcome: what it used, what it printed, and what put an end to it."""

from __future__ import annotations

from dataclasses import dataclass

from rq.model.outcome import Outcome, Raised, TimedOut


@dataclass(frozen=True, slots=True)
class Fate:
    """One attempt's; nothing is known of what is blank or None.

    Args:
        killed_by: what put an end to it, in words, where the outcome does not say so itself.
        output: the end of what it wrote to stdout and stderr, UTF-8.
        peak_memory_kib: the most memory that its process had.
        cpu_seconds: the time of processors that it took.
    """

    killed_by: str = ""
    output: bytes = b""
    peak_memory_kib: int | None = None
    cpu_seconds: float | None = None


UNKNOWN = Fate()


def what_ended(outcome: Outcome, memory_limit_mib: int | None = None) -> str:
    """Return which limit ended an attempt, in words; '' if none did. A death and a request to stop have their reason with them.

    Args:
        outcome: how the attempt ended.
        memory_limit_mib: the limit that its process had.
    """
    match outcome:
        case TimedOut(limit_seconds=seconds, was_killed=was_killed):
            return f"its time limit of {seconds:g} s{', which it ignored' if was_killed else ''}"
        case Raised(exc_type="builtins.MemoryError") if memory_limit_mib is not None:
            return f"its memory limit of {memory_limit_mib} MiB"
        case _:
            return ""
