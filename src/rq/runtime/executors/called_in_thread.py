"""Calls in threads: each can be ended by an exception in the middle of its code, and none keeps the program from ending."""

import sys
import threading
import traceback
from collections.abc import Callable
from contextvars import copy_context
from itertools import dropwhile
from queue import SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from rq.runtime.executors.base import AttemptTakenError
from rq.runtime.timeouts import raise_in_thread

T = TypeVar("T")


class DaemonThreads:
    """Threads that are kept for the next call. There are as many as there were calls at the same time.

    Args:
        name: What the names of the threads begin with.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def run(self, call: Callable[[], None]) -> None:
        """Have `call`, which must not raise, called in a thread; returns at once."""
        self._calls.put(call)
        if not self._idle.acquire(blocking=False):
            self._count += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._count}", daemon=True).start()

    def close(self) -> None:
        """Have all threads end, each after the call that it is busy with."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()


class InterruptibleCall(Generic[T]):
    """A call that other threads can end: an `AttemptTakenError` is raised in its code, at the next bytecode; never outside of it.

    Args:
        body: What to call.
    """

    def __init__(self, body: Callable[[], T]) -> None:
        self._body = body
        self._lock = threading.Lock()
        self._thread_id = 0
        self._is_taken = False

    def run(self) -> T | None:
        """Call the body, with context variables of its own, and return what it returns; None if the call was ended."""
        found: T | None = None
        try:
            if self._enter():
                found = copy_context().run(self._body)
            self._leave()
        except AttemptTakenError:  # in the body, or a moment after its end; there is no second one
            self._leave()
        return found

    def interrupt(self) -> None:
        """End the call, or keep it from beginning; in any thread. Nothing happens if it is over, or was asked to end before."""
        with self._lock:
            was_taken, self._is_taken = self._is_taken, True
            if self._thread_id and not was_taken:
                raise_in_thread(self._thread_id, AttemptTakenError)

    def where(self) -> str:
        """Return a traceback of what the call is doing, without its last line; empty if it does nothing."""
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - documented in spite of its name
        if frame is None:
            return ""
        frames = reversed(list(traceback.walk_stack(frame)))
        summary = traceback.StackSummary.extract(dropwhile(lambda item: _is_ours(item[0]), frames))
        return "".join(["Traceback (most recent call last):\n", *summary.format()])

    def _enter(self) -> bool:
        with self._lock:
            self._thread_id = threading.get_ident()
            return not self._is_taken

    def _leave(self) -> None:
        """Let nobody end this thread any more, and forget that somebody just wanted to."""
        with self._lock:
            self._thread_id = 0
            raise_in_thread(threading.get_ident(), None)


def _is_ours(frame: FrameType) -> bool:
    """Say whether a frame is one of those that every call begins with."""
    name = str(frame.f_globals.get("__name__"))
    return name == "threading" or name.startswith("rq.")
