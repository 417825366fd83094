"""Executors that run several jobs in this process: threads, and the tasks of one event loop."""

from __future__ import annotations

import gc
import pickle
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq.core.defaults import TIMEOUT_GRACE_SECONDS
from rq.model.outcome import Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.asyncio import AsyncioExecutor
from rq.runtime.executors.base import Attempt, Ended, Executor
from tests.runtime import executor_jobs
from tests.runtime.driving import JOBS, attempt_at, call, drive_until, run, wait_for
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH = pytest.mark.parametrize("kind", ["threads", "asyncio"], indirect=True)
ASYNCIO = pytest.mark.parametrize("kind", ["asyncio"], indirect=True)

# How each executor waits, and how a job waits in it that cannot be made to end.
WAITING = pytest.mark.parametrize(
    ("kind", "function"), [("threads", "wait_patiently"), ("asyncio", "wait_patiently"), ("asyncio", "wait_as_a_task")], indirect=["kind"]
)
STUBBORN = pytest.mark.parametrize(
    ("kind", "function"), [("threads", "wait_stubbornly"), ("asyncio", "wait_stubbornly"), ("asyncio", "wait_stubbornly_as_a_task")], indirect=["kind"]
)


@pytest.fixture(autouse=True)
def state() -> Iterator[list[str]]:
    """What the jobs of a test noted; they run in this process."""
    executor_jobs.STATE.clear()
    yield executor_jobs.STATE
    executor_jobs.STATE.clear()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file that jobs wait for; those that still wait are let go with the test."""
    path = tmp_path / "gate"
    yield path
    path.touch()


def value_of(ended: Ended) -> object:
    assert isinstance(ended.outcome, Returned), ended
    return pickle.loads(ended.outcome.payload or b"")


def with_callback(attempt: Attempt, kind: str, function: str) -> Attempt:
    return attempt._replace(fields={**attempt.fields, f"{kind}_callback_name".encode(): f"{JOBS}.{function}".encode()})


def begin(executor: Executor, attempt: Attempt) -> None:
    """Submit an attempt, and wait until it has surely begun: a later one has ended."""
    executor.submit(attempt)
    assert isinstance(run_beside(executor, attempt_at("nothing")), Returned)


def run_beside(executor: Executor, attempt: Attempt) -> object:
    executor.submit(attempt)
    (ended,) = wait_for(executor)
    assert ended.execution_id == attempt.execution_id
    return ended.outcome


# --- places -----------------------------------------------------------------------------------------------------------


@WAITING
def test_eight_jobs_run_at_the_same_time_and_each_knows_which_it_is(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start(places=8)
    attempts = [attempt_at(function, str(gate)) for _ in range(8)]
    for attempt in attempts:
        executor.submit(attempt)
    ninth = attempt_at("nothing")
    executor.submit(ninth)
    assert executor.collect() == []
    gate.touch()
    ended = {one.execution_id: one for one in wait_for(executor, 9)}
    assert [value_of(ended[attempt.execution_id]) for attempt in attempts] == [attempt.job_id for attempt in attempts]


@ASYNCIO
def test_two_hundred_coroutines_wait_in_one_thread(start: Callable[..., AsyncioExecutor], gate: Path) -> None:
    executor = start(places=200)
    for _ in range(199):
        executor.submit(attempt_at("wait_as_a_task", str(gate)))
    assert isinstance(run_beside(executor, attempt_at("add_slowly", 1, 2)), Returned)
    assert executor._threads._count == 0
    gate.touch()
    assert len({value_of(ended) for ended in wait_for(executor, 199)}) == 199


@ASYNCIO
def test_coroutines_run_in_the_thread_of_the_loop(executor: Executor) -> None:
    assert call(executor, "name_of_thread") == "rq-asyncio"


@ASYNCIO
def test_a_function_that_blocks_does_not_hold_up_the_loop(start: Callable[..., Executor], gate: Path) -> None:
    executor = start(places=2)
    executor.submit(attempt_at("wait_patiently", str(gate)))
    assert isinstance(run_beside(executor, attempt_at("add_slowly", 1, 2)), Returned)


# --- ends -------------------------------------------------------------------------------------------------------------


@WAITING
def test_a_job_is_killed_where_it_waits(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start(places=2)
    attempt = attempt_at(function, str(gate))
    begin(executor, attempt)
    executor.kill(attempt.execution_id, Released("the lease was lost"))
    (ended,) = wait_for(executor)
    assert ended.outcome == Released("the lease was lost")
    assert executor.places == 2
    assert isinstance(run(executor, attempt_at("nothing")), Returned)


@WAITING
def test_a_time_limit_ends_a_job_where_it_waits(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start()
    outcome = run(executor, attempt_at(function, str(gate), timeout=0.2))
    assert isinstance(outcome, TimedOut)
    assert f"in {function}" in outcome.exc_text
    assert "JobTimeoutException: Task exceeded maximum timeout value (0.2 seconds)\n" in outcome.exc_text
    assert executor.places == 1


@STUBBORN
def test_a_job_that_does_not_end_is_given_up_and_its_place_comes_back_when_it_does(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start(places=2)
    attempt = attempt_at(function, str(gate), timeout=0.1)
    outcome = run(executor, attempt)
    assert isinstance(outcome, TimedOut)
    assert "does not end by itself" in outcome.exc_text
    assert (executor.places, executor.running) == (1, 0)
    gate.touch()
    drive_until(executor, lambda: executor.places == 2, "the place did not come back")


@STUBBORN
def test_a_stubborn_job_is_reported_as_what_killed_it(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start(places=2)
    attempt = attempt_at(function, str(gate))
    begin(executor, attempt)
    executor.kill(attempt.execution_id, Stopped("somebody asked"))
    executor.kill(attempt.execution_id, Released("never mind"))
    (ended,) = wait_for(executor)
    assert ended.outcome == Stopped("somebody asked")


@BOTH
def test_a_job_that_waits_for_a_place_can_be_taken_back(start: Callable[..., Executor], gate: Path) -> None:
    executor = start()
    executor.submit(attempt_at("wait_patiently", str(gate)))
    waiting = attempt_at("nothing")
    executor.submit(waiting)
    executor.kill(waiting.execution_id, Stopped("somebody asked"))
    assert [ended.outcome for ended in wait_for(executor)] == [Stopped("somebody asked")]


@WAITING
def test_a_shutdown_takes_away_what_runs_and_what_waits(start: Callable[..., Executor], function: str, gate: Path) -> None:
    executor = start()
    attempts = [attempt_at(function, str(gate)) for _ in range(3)]
    for attempt in attempts:
        executor.submit(attempt)
    executor.shutdown()
    ended = {one.execution_id: one.outcome for one in executor.collect()}
    assert ended.keys() == {attempt.execution_id for attempt in attempts}
    assert all(isinstance(outcome, Released) for outcome in ended.values())


@BOTH
def test_an_exit_of_the_program_does_not_wait_for_stubborn_jobs(processes, kind: str, tmp_path: Path) -> None:
    program = f"""
        from rq.runtime.executors.{kind} import {kind.capitalize()}Executor
        from tests.runtime.driving import attempt_at, run
        executor = {kind.capitalize()}Executor()
        executor.start()
        print(run(executor, attempt_at("wait_stubbornly", {str(tmp_path / "never")!r}, timeout=0.1)).limit_seconds)
        executor.shutdown()
    """
    assert processes.python(program).succeed() == "0.1\n"


# --- callbacks --------------------------------------------------------------------------------------------------------


@WAITING
def test_the_callback_of_a_stopped_job_is_called(start: Callable[..., Executor], function: str, gate: Path, state: list[str]) -> None:
    executor = start(places=2, connection=object())
    attempt = with_callback(attempt_at(function, str(gate)), "stopped", "note_stop")
    begin(executor, attempt)
    executor.kill(attempt.execution_id, Stopped("somebody asked"))
    (ended,) = wait_for(executor)
    assert (ended.outcome, ended.aftermath) == (Stopped("somebody asked"), Returned(None))
    assert state == [f"stopped {attempt.job_id}"]


def job_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(("rq-job", "rq-asyncio"))}


def let_end_after_shutdown(attempts: list[Attempt], gate: Path) -> None:
    """Shut an executor down whose attempts go on, open their gate a good while later, and wait until all has ended."""
    others = job_threads()
    executor = AsyncioExecutor(places=len(attempts) + 1)
    executor.start()
    last = attempt_at("nothing")
    for attempt in (*attempts, last):
        executor.submit(attempt)
    wait_until(lambda: last.execution_id in {ended.execution_id for ended in executor.collect()})
    executor.shutdown()
    opens_at = time.monotonic() + TIMEOUT_GRACE_SECONDS + 0.2
    wait_until(lambda: time.monotonic() > opens_at)
    gate.touch()
    wait_until(lambda: executor._loop.is_closed() and not job_threads() - others)  # which stubborn jobs of other tests may have left


@pytest.mark.parametrize("function", ["wait_stubbornly", "wait_stubbornly_as_a_task", "leave_a_stubborn_task_behind"])
def test_what_does_not_end_at_a_shutdown_is_run_to_its_end(function: str, gate: Path, caplog: pytest.LogCaptureFixture) -> None:
    let_end_after_shutdown([attempt_at(function, str(gate))], gate)
    gc.collect()
    assert caplog.messages == []


def test_tasks_that_raise_what_is_no_exception_keep_no_other_from_ending(gate: Path, caplog: pytest.LogCaptureFixture) -> None:
    let_end_after_shutdown([attempt_at("exit_when_canceled") for _ in range(3)], gate)
    gc.collect()
    assert "was destroyed" not in caplog.text


@STUBBORN
def test_the_callback_of_a_stubborn_stopped_job_is_called_without_a_place(start: Callable[..., Executor], function: str, gate: Path, state: list[str]) -> None:
    executor = start(places=1, connection=object())
    attempt = with_callback(attempt_at(function, str(gate)), "stopped", "note_stop")
    executor.submit(attempt)
    executor.kill(attempt.execution_id, Stopped("somebody asked"))
    (ended,) = wait_for(executor)
    assert (ended.outcome, ended.aftermath) == (Stopped("somebody asked"), Returned(None))


@ASYNCIO
def test_the_success_callback_of_a_coroutine_is_called_in_a_thread(start: Callable[..., Executor], state: list[str]) -> None:
    executor = start(connection=object())
    outcome = run(executor, with_callback(attempt_at("add_slowly", 1, 2), "success", "note_success"))
    assert isinstance(outcome, Returned)
    assert state == ["success 3 rq-job-1"]


@ASYNCIO
def test_the_failure_callback_of_a_coroutine_is_called(start: Callable[..., Executor], state: list[str]) -> None:
    executor = start(connection=object())
    outcome = run(executor, with_callback(attempt_at("raise_as_a_task"), "failure", "note_failure"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.LookupError"
    assert "in raise_as_a_task" in outcome.exc_text
    assert state == ["failure LookupError('no luck')"]


@BOTH
def test_no_exception_handler_hears_of_a_job_that_was_taken_away(start: Callable[..., Executor], gate: Path, state: list[str]) -> None:
    executor = start(places=2, connection=object(), exception_handlers=[f"{JOBS}.note_error"])
    attempt = attempt_at("wait_patiently", str(gate))
    begin(executor, attempt)
    executor.kill(attempt.execution_id, Released("taken"))
    assert [ended.outcome for ended in wait_for(executor)] == [Released("taken")]
    assert state == []


@BOTH
def test_exception_handlers_hear_of_a_job_that_failed(start: Callable[..., Executor], state: list[str]) -> None:
    executor = start(connection=object(), exception_handlers=[f"{JOBS}.note_error"])
    for function in ("divide_by_zero", "raise_as_a_task"):
        assert isinstance(run(executor, attempt_at(function)), Raised)
    assert state == ["error ZeroDivisionError", "error LookupError"]


@WAITING
def test_the_failure_callback_hears_of_a_time_limit(start: Callable[..., Executor], function: str, gate: Path, state: list[str]) -> None:
    executor = start(connection=object())
    outcome = run(executor, with_callback(attempt_at(function, str(gate), timeout=0.2), "failure", "note_failure"))
    assert isinstance(outcome, TimedOut)
    assert state == ["failure JobTimeoutException('Task exceeded maximum timeout value (0.2 seconds)')"]
