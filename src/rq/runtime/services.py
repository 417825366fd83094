"""The small services beside a worker's main loop: each a thread with one duty, started, stopped, and run once in a while."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

# After an error the next call comes this much later, doubled with every error that follows up to the longest; never later than without an error.
FIRST_TROUBLE_PAUSE_SECONDS = 0.5
LONGEST_TROUBLE_PAUSE_SECONDS = 5.0
_MOST_DOUBLINGS = 4


class PeriodicService:
    """Calls a duty at an interval, in a thread of its own.

    Args:
        name: of the thread.
        interval_seconds: between the beginnings of two calls.
        run_once: the duty; it may return after how many seconds it should come again at the latest.
        on_trouble: told about an error of the server, and the seconds until the next try.
        at_once: whether the first call comes at the start, not an interval later.
        jitter: the part of the interval by which each call may come earlier, so that many workers do not act at the same instant.
    """

    def __init__(
        self,
        name: str,
        interval_seconds: float,
        run_once: Callable[[], float | None],
        on_trouble: Callable[[Exception, float], None],
        *,
        at_once: bool = False,
        jitter: float = 0.0,
    ) -> None:
        self._interval = interval_seconds
        self._run_once = run_once
        self._on_trouble = on_trouble
        self._at_once = at_once
        self._jitter = jitter
        self._stopping = False
        self._call = threading.Event()  # somebody wants something: a round now, or an end
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """End the thread; a call that hangs on the network is not waited for longer than that."""
        self._stopping = True
        self._call.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def wake(self) -> None:
        """Let the next call come now."""
        self._call.set()

    def _loop(self) -> None:
        next_at = time.monotonic() + (0.0 if self._at_once else self._pause())
        errors = 0
        while not self._is_ended(next_at):
            began = time.monotonic()
            try:
                wanted = self._run_once()
                next_at, errors = began + self._pause(), 0
                if wanted is not None:
                    next_at = min(next_at, time.monotonic() + wanted)
            except Exception as error:  # noqa: BLE001 - a service that ends in silence would cost the worker its leases
                pause = min(self._interval, FIRST_TROUBLE_PAUSE_SECONDS * 2 ** min(errors, _MOST_DOUBLINGS), LONGEST_TROUBLE_PAUSE_SECONDS)
                self._on_trouble(error, pause)
                next_at, errors = time.monotonic() + pause, errors + 1

    def _is_ended(self, next_at: float) -> bool:
        """Wait until the next call is due, or wanted at once. Says whether there will be none."""
        self._call.wait(max(0.0, next_at - time.monotonic()))
        if not self._stopping:
            self._call.clear()  # before the call: who asks for one during it gets another
        return self._stopping

    def _pause(self) -> float:
        return self._interval * (1 - self._jitter * random.random())  # noqa: S311 - spreads load, keeps no secret
