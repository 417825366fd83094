"""When the next child is started in the place of one that has ended. No clock and no randomness of its own."""

from __future__ import annotations

from dataclasses import dataclass

# Who has lived that long is no part of a row of failures.
STEADY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 60.0
# Children that leave by their own wish (`--max-jobs`) are replaced at once, but not more often than this.
SHORTEST_LIFE_SECONDS = 1.0
_JITTER = 0.25


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    Args:
        lived_seconds: from its start.
        orderly: it left by its own wish, with status 0.
        was_ready: it had come up.
        was_killed: a signal ended it, which says nothing about what it was told.
    """

    lived_seconds: float
    orderly: bool
    was_ready: bool
    was_killed: bool = False


@dataclass(slots=True)
class Restarts:
    """The failures of one place, in a row; and how often in all a child gave up by itself before it had come up."""

    failures: int = 0
    refusals: int = 0

    def pause_after(self, ending: Ending, rand: float) -> float:
        """Return how many seconds to wait before the next start.

        The first death is answered at once, so that a killed worker is not missed; those that follow soon after a start double the pause, up to a minute. What
        never came up waits from its first failure on: what is wrong with its settings will be wrong again.

        Args:
            ending: how the last child ended.
            rand: from 0 to 1; many places that failed together do not start together.
        """
        if ending.orderly:
            self.failures = 0
            return max(SHORTEST_LIFE_SECONDS - ending.lived_seconds, 0.0)
        self.refusals += not (ending.was_ready or ending.was_killed)
        self.failures = 1 if ending.was_ready and ending.lived_seconds >= STEADY_SECONDS else self.failures + 1
        doublings = self.failures - (2 if ending.was_ready else 1)
        if doublings < 0:
            return 0.0
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(doublings, 16), LONGEST_PAUSE_SECONDS) * (1 - _JITTER * rand)
