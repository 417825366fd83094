"""Coroutines where a plain value is wanted: what a function returned is run to its end."""

from collections.abc import Coroutine
from typing import Any


def completed(value: Any) -> Any:
    """Return `value`; of a coroutine, what it returns. Its event loop is new, and tasks that it leaves behind are cancelled.

    The event loop of the calling thread, if there is one, is left as it was. One that runs at this moment is held up meanwhile: the coroutine has a thread of
    its own then, with the context variables of this one.
    """
    return _run(value) if isinstance(value, Coroutine) else value


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio  # noqa: PLC0415 - 5 MB and 50 ms that jobs without coroutines should not pay for

    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - what asyncio.get_running_loop() asks, without the exception
        return _run_aside(coroutine)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


def _run_aside(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in another thread, because this one has an event loop that is busy running the caller."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above
    from contextvars import copy_context  # noqa: PLC0415 - as above

    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(copy_context().run, _run, coroutine).result()
