"""Failures to start processes of jobs, in a row: when it is tried again, and whether those who wait for one are to wait on."""

from dataclasses import dataclass

# It is tried again after this, doubled every time up to the longest ...
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
# ... which is reached by so many doublings.
_MOST_DOUBLINGS = 7
# After this many failures in a row (a second and a half) waiting attempts are given back.
_HOPELESS_AFTER = 5


@dataclass(slots=True)
class Failures:
    """How often in a row a process could not be started.

    Attributes:
        in_a_row: So many times.
        retry_at: When to try again (`time.monotonic()`); None: at any time.
    """

    in_a_row: int = 0
    retry_at: float | None = None

    @property
    def are_hopeless(self) -> bool:
        """Whether nobody should wait for a process any longer."""
        return self.in_a_row >= _HOPELESS_AFTER

    def add(self, now: float) -> None:
        """Count another one, at a `time.monotonic()`."""
        self.retry_at = now + min(_FIRST_PAUSE_SECONDS * 2 ** min(self.in_a_row, _MOST_DOUBLINGS), _LONGEST_PAUSE_SECONDS)
        self.in_a_row += 1

    def end(self) -> None:
        """Note that a process was started."""
        self.in_a_row = 0

    def let_retry(self, now: float) -> None:
        """Allow the next try if its time has come."""
        if self.retry_at is not None and self.retry_at <= now:
            self.retry_at = None
