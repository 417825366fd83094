"""Time limits on user code: the errors they raise, and the ways to enforce them."""

from rq.core.errors import BaseTimeoutException, HorseMonitorTimeoutException, JobTimeoutException
from rq.runtime.timeouts import (
    BaseDeathPenalty,
    TimerDeathPenalty,
    UnixSignalDeathPenalty,
    get_default_death_penalty_class,
)

__all__ = [
    "BaseDeathPenalty",
    "BaseTimeoutException",
    "HorseMonitorTimeoutException",
    "JobTimeoutException",
    "TimerDeathPenalty",
    "UnixSignalDeathPenalty",
    "get_default_death_penalty_class",
]
