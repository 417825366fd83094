"""Runs attempts at coroutine functions on one event loop, in a thread of its own: for hundreds of jobs that wait for the network.

Other functions are run in threads, so that the loop is not held up; so are callbacks, exception handlers, and jobs of a class with ways of its own. A coroutine
that blocks holds up the others: nobody can do anything about that from outside.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeGuard

from rq.client.current import job_of
from rq.client.performing import is_replaced
from rq.core import context
from rq.core.errors import JobTimeoutException
from rq.model.outcome import AskedRetry, Outcome, Raised, Released, Returned, TimedOut
from rq.runtime.executors.base import Attempt, Run
from rq.runtime.executors.called_in_thread import DaemonThreads, InterruptibleCall
from rq.runtime.executors.in_process import InProcessExecutor, LiveAttempt
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of, outcome_of_result, perform
from rq.runtime.executors.output import tees
from rq.runtime.executors.through_job import Steps, conclude, fail, run_through_job
from rq.runtime.timeouts import TimerDeathPenalty, timeout_message


class AsyncioExecutor(InProcessExecutor):
    """Runs each attempt as a task of one event loop, or in a thread if its function is no coroutine function.

    A time limit, and whoever stops a job, cancel its task: the coroutine sees `asyncio.CancelledError` where it waits.
    """

    def start(self) -> None:
        """Start the event loop."""
        self._threads = DaemonThreads("rq-job")
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly
        threading.Thread(target=self._serve, name="rq-asyncio", daemon=True).start()

    def _begin(self, live: LiveAttempt) -> None:
        self._loop.call_soon_threadsafe(self._start_task, live)

    def _close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._threads.close()

    # --- the thread of the loop ---------------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Keep the loop running until the executor is closed, whatever a task that a job left behind raises."""
        while not self._is_closed:
            with suppress(BaseException):
                self._loop.run_forever()
        self._end_tasks()
        self._loop.close()

    def _end_tasks(self) -> None:
        """Cancel what is left on the loop, and run that until it has ended. What does not end goes on by itself, as a thread would."""
        asked: set[asyncio.Task[Any]] = set()
        while tasks := asyncio.all_tasks(self._loop):
            for task in tasks - asked:
                task.cancel()
            asked |= tasks
            with suppress(BaseException):  # SystemExit and its like, which get through a loop; and a stop of the loop that came late
                self._loop.run_until_complete(asyncio.wait(tasks))

    def _start_task(self, live: LiveAttempt) -> None:
        task = self._loop.create_task(self._live_through(live))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        live.interrupt = lambda: _call_on(self._loop, task.cancel)

    async def _live_through(self, live: LiveAttempt) -> None:
        """Run an attempt to its end, and report it."""
        outcome: Outcome = Released("it was taken away")
        if live.keeper is not None:
            tees.install()
        try:
            if live.verdict is None:
                outcome = await self._run(live, self._current(live))
        except BaseException as error:  # noqa: BLE001 - user code raises anything, and a task would hand it to the loop
            outcome = outcome_of(error, live.attempt)
        finally:
            if live.keeper is not None:
                tees.restore()
            self._end(live, outcome)

    async def _run(self, live: LiveAttempt, current: CurrentAttempt) -> Outcome:
        context.push(current)
        current.serializer = self._serializer
        if self._run_attempt is not None and not live.attempt.is_stopped:
            return await self._in_thread(live, current, self._run_attempt)
        try:
            job = job_of(current)
            function = None if live.attempt.is_stopped or is_replaced(type(job)) else job.func
            if not _gives_coroutine(function):
                return await self._in_thread(live, current, lambda _: run_through_job(current, self._serializer, TimerDeathPenalty))
            returned, result = await self._call(live.attempt, partial(function, *job.args, **job.kwargs))
        except BaseException as error:  # noqa: BLE001 - user code raises anything, SystemExit too
            return await self._fail(live, current, error)
        if isinstance(returned, AskedRetry) or not job.record.success_callback_name:
            return returned
        return await self._in_thread(live, current, lambda _: conclude(Steps(current, TimerDeathPenalty), job, result, returned))

    async def _call(self, attempt: Attempt, make: Callable[[], Awaitable[Any]]) -> tuple[Returned | AskedRetry, object]:
        """Await the job's coroutine within its time limit. What it returned comes as an outcome, and as it is.

        Raises:
            JobTimeoutException: Its time is over. BaseException: What the coroutine raises.
        """
        try:
            async with asyncio.timeout(attempt.timeout_seconds) as limit:
                result = await make()
                return outcome_of_result(result, self._serializer), result
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise JobTimeoutException(timeout_message(attempt.timeout_seconds or 0)) from error.__cause__

    async def _fail(self, live: LiveAttempt, current: CurrentAttempt, error: BaseException) -> Outcome:
        """Return what to report of an attempt that ended with `error`, after the failure callback and the exception handlers."""
        if live.verdict is not None:
            return live.verdict
        outcome = outcome_of(error, live.attempt)
        if not current.exception_handlers and not live.attempt.fields.get(b"failure_callback_name"):
            return outcome
        return await self._in_thread(live, current, lambda _: _fail_with(current, error, outcome))

    async def _in_thread(self, live: LiveAttempt, current: CurrentAttempt, run: Run) -> Outcome:
        """Run the attempt, or the rest of it, in a thread with the context variables of this task."""
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        call = InterruptibleCall(lambda: perform(current, run))
        live.interrupt, live.where = call.interrupt, call.where
        if live.verdict is not None:
            return live.verdict
        variables = copy_context()

        def run_there() -> None:
            outcome = variables.run(call.run) or Released("it was taken away")
            _call_on(self._loop, answer.set_result, outcome)

        self._threads.run(run_there)
        while True:
            try:
                return await asyncio.shield(answer)
            except asyncio.CancelledError:  # somebody asked this task to end a moment ago
                call.interrupt()


def _fail_with(current: CurrentAttempt, error: BaseException, outcome: Raised | TimedOut) -> Outcome:
    """Call who is to hear of `error`, while it is being handled."""
    try:
        raise error  # noqa: TRY301 - it is to be the context of what else is raised
    except BaseException:  # noqa: BLE001 - it may be anything
        return fail(Steps(current, TimerDeathPenalty), job_of(current), error, outcome)


def _call_on(loop: asyncio.AbstractEventLoop, function: Any, *args: object) -> None:
    """Have a loop call a function, in any thread; nothing happens if it is closed, because the executor was shut down."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)


def _gives_coroutine(function: Any) -> TypeGuard[Callable[..., Awaitable[Any]]]:
    """Say whether a call of `function`, or of an object that can be called, gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - for the method, not to see whether there is one
