"""Time limits inside a process: RQ's death penalties (door: `rq.timeouts`).

A death penalty is a context manager that raises a timeout exception inside its body when the time is over. It is the
polite limit: user code can catch the exception, block the signal or never come back from C. The executor that watches
the process is the other one.
"""

import _signal  # type: ignore[import-not-found]
import _thread
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Literal

from rq.core.errors import BaseTimeoutException, JobTimeoutException

if TYPE_CHECKING:
    import threading

_Handler = Callable[[int, FrameType | None], Any] | int | None


def timeout_message(seconds: float) -> str:
    """Return RQ's sentence about a time limit that has passed."""
    return f"Task exceeded maximum timeout value ({int(seconds) if seconds == int(seconds) else seconds} seconds)"


class BaseDeathPenalty:
    """Raises `exception` in its body after `timeout` seconds; subclasses say how.

    Args:
        timeout: Seconds, fractions allowed; 0 and less mean no limit.
        exception: The class to raise, called with a message that names the limit.
        **kwargs: Accepted and not used; RQ passes `job_id` for the penalties of users who want it.
    """

    __module__ = "rq.timeouts"

    def __init__(self, timeout: float, exception: type[BaseTimeoutException] = BaseTimeoutException, **kwargs: object) -> None:
        del kwargs
        self._timeout = timeout
        self._exception = exception

    def __enter__(self) -> None:
        self.setup_death_penalty()

    def __exit__(self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> Literal[False]:
        """End the limit. An exception of the body goes on; a limit that passes in here came too late to matter."""
        try:
            self.cancel_death_penalty()
        except BaseTimeoutException:
            self.cancel_death_penalty()
        return False

    def setup_death_penalty(self) -> None:
        """Start the clock."""
        raise NotImplementedError

    def cancel_death_penalty(self) -> None:
        """Stop the clock and leave things as they were before."""
        raise NotImplementedError

    def _message(self) -> str:
        return timeout_message(self._timeout)


class UnixSignalDeathPenalty(BaseDeathPenalty):
    """Raises from a handler of SIGALRM: interrupts system calls too, works in the main thread only.

    The handler and the timer found at the start are put back at the end, so penalties nest and an application keeps its
    own.
    """

    __module__ = "rq.timeouts"

    _previous_handler: _Handler = signal.SIG_DFL
    _previous_remaining = 0.0
    _started_at = 0.0

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """Raise the exception, in whatever the main thread was doing."""
        del signum, frame
        raise self._exception(self._message())

    def setup_death_penalty(self) -> None:
        """Install the handler and set the timer.

        Raises:
            ValueError: This is not the main thread.
        """
        # Not through the module signal: it turns numbers into enums, which costs more than all the rest, and a job process a copy of fifty pages of memory.
        self._previous_handler = _signal.signal(signal.SIGALRM, self.handle_death_penalty)
        self._previous_remaining, _ = signal.setitimer(signal.ITIMER_REAL, max(self._timeout, 0))
        if self._previous_remaining:
            self._started_at = time.monotonic()

    def cancel_death_penalty(self) -> None:
        """Stop the timer and put back the handler and the timer found at the start."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        # None: somebody installed it from C, so it cannot be put back from here.
        _signal.signal(signal.SIGALRM, signal.SIG_DFL if self._previous_handler is None else self._previous_handler)
        if self._previous_remaining:
            left = self._previous_remaining - (time.monotonic() - self._started_at)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.000001))


class TimerDeathPenalty(BaseDeathPenalty):
    """Raises from a timer thread into the one that entered it: works in any thread, cannot interrupt blocking C code."""

    __module__ = "rq.timeouts"

    _timer: "threading.Timer | None" = None
    _target_thread_id = 0

    def __init__(self, timeout: float, exception: type[BaseTimeoutException] = JobTimeoutException, **kwargs: object) -> None:
        super().__init__(timeout, exception, **kwargs)
        self._lock = _thread.allocate_lock()

    def new_timer(self) -> "threading.Timer":
        """Return a timer that has not been started."""
        import threading  # noqa: PLC0415 - job processes with the other penalty should not load it

        timer = threading.Timer(self._timeout, self.handle_death_penalty)
        timer.daemon = True
        return timer

    def handle_death_penalty(self) -> None:
        """Raise the exception in the thread that entered the penalty, at its next bytecode; nothing happens once the penalty is over."""
        with self._lock:
            if self._timer is not None:
                self._raise()

    def _raise(self) -> None:
        message = self._message()
        kind = self._exception

        def with_message(self: BaseTimeoutException, *args: object) -> None:
            kind.__init__(self, *(args or (message,)))

        # The interpreter instantiates the class without arguments; a subclass of the same name brings the message.
        namespace = {"__init__": with_message, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
        raise_in_thread(self._target_thread_id, type(kind.__name__, (kind,), namespace))

    def setup_death_penalty(self) -> None:
        """Start the timer, aimed at the current thread."""
        if self._timeout <= 0:
            return
        import threading  # noqa: PLC0415 - job processes with the other penalty should not load it

        self._target_thread_id = threading.get_ident()
        self._timer = self.new_timer()
        self._timer.start()

    def cancel_death_penalty(self) -> None:
        """Stop the timer, and take back an exception that it sent and that has not been raised yet."""
        if self._timer is None:
            return
        self._timer.cancel()
        with self._lock:
            self._timer = None
            raise_in_thread(self._target_thread_id, None)


_DEFAULT: type[BaseDeathPenalty] = UnixSignalDeathPenalty if hasattr(signal, "SIGALRM") else TimerDeathPenalty


def get_default_death_penalty_class() -> type[BaseDeathPenalty]:
    """Return the death penalty for this platform: signals where there are signals."""
    return _DEFAULT


def raise_in_thread(thread_id: int, kind: type[BaseException] | None) -> None:
    """Make a thread raise `kind` at its next bytecode; None takes back what has not been raised yet."""
    import ctypes  # noqa: PLC0415 - as above

    target = ctypes.c_ulong(thread_id)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None if kind is None else ctypes.py_object(kind))
