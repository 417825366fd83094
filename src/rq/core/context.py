"""The job that is running here: what `get_current_job()` reads.

A stack, because a job may run another one inside itself (`is_async=False`). It lives in a context variable, so
threads, greenlets and asyncio tasks each see their own job, and a task sees the job that created it.
"""

from contextvars import ContextVar

_stack: ContextVar[tuple[object, ...]] = ContextVar("rq_running_jobs", default=())


def push(current: object) -> None:
    """Make `current` the running job of this context."""
    _stack.set((*_stack.get(), current))


def pop() -> object | None:
    """End the running job of this context and return it; None if there is none."""
    stack = _stack.get()
    if not stack:
        return None
    _stack.set(stack[:-1])
    return stack[-1]


def top() -> object | None:
    """Return the running job of this context; None outside of jobs."""
    stack = _stack.get()
    return stack[-1] if stack else None


def running() -> tuple[object, ...]:
    """Return all running jobs of this context, each inside the one before it."""
    return _stack.get()
