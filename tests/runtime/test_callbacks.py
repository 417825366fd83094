"""What runs beside a job's function, on every executor: its callbacks, and the methods of its class."""

from __future__ import annotations

import pickle
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import InvalidOptionError
from rq.job import Job, Retry
from rq.model.outcome import AskedRetry, Died, Outcome, Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.base import Attempt, Executor
from rq.runtime.executors.fork import ForkExecutor
from rq.runtime.executors.inline import InlineExecutor
from rq.store.connection import describe_client
from tests.runtime import callback_jobs, executor_jobs
from tests.runtime.callback_jobs import OwnJob, PlainJob, seen_in
from tests.runtime.driving import IN_THIS_PROCESS, attempt_at, drive_until, in_processes, interrupting, is_alive, outside, preload, run, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

JOBS = callback_jobs.__name__
SLEEP = f"{executor_jobs.__name__}.sleep"


@pytest.fixture
def begin(start: Callable[..., Any], kind: str, redis_client: redis.Redis) -> Callable[..., Any]:
    """Starts an executor that knows the server."""
    connected: dict[str, Any] = {"connection": redis_client} if kind in IN_THIS_PROCESS else {"connection_settings": describe_client(redis_client)}
    return lambda **options: start(**connected, **options)


@pytest.fixture
def executor(begin: Callable[..., Any]) -> Any:
    return begin()


def attempt(function: str, *args: Any, timeout: float | None = None, **callbacks: str | int) -> Attempt:
    """An attempt at a job with callbacks: `success="succeeded"`, `failure_timeout=3`, ..."""
    made = attempt_at(function if "." in function else f"{JOBS}.{function}", *args, timeout=timeout)
    return made._replace(fields={**made.fields, **dict(_field(name, value) for name, value in callbacks.items())})


def _field(name: str, value: str | int) -> tuple[bytes, bytes]:
    ending, _, detail = name.partition("_")
    if detail:
        return f"{ending}_callback_timeout".encode(), str(value).encode()
    return f"{ending}_callback_name".encode(), (value if "." in str(value) else f"{JOBS}.{value}").encode()  # type: ignore[union-attr]


def raised(outcome: Outcome) -> Raised:
    assert isinstance(outcome, Raised), outcome
    return outcome


# --- success --------------------------------------------------------------------------------------------------------------------


def test_the_success_callback_gets_the_job_its_connection_and_the_result(executor: Executor, redis_client: redis.Redis) -> None:
    given = attempt("give", 7, success="succeeded", failure="failed")
    assert run(executor, given) == Returned(pickle.dumps(7, protocol=5))
    assert seen_in(redis_client) == [f"succeeded {given.job_id} finished 7 True"]


def test_a_callback_runs_in_the_process_of_its_job(executor: Executor, redis_client: redis.Redis) -> None:
    run(executor, attempt("say_where", success="say_where_afterwards"))
    job, callback = seen_in(redis_client)
    assert job.split()[1] == callback.split()[1]


def test_a_coroutine_function_can_be_a_callback(executor: Executor, redis_client: redis.Redis) -> None:
    assert isinstance(run(executor, attempt("give", 1, success="succeeded_slowly")), Returned)
    assert seen_in(redis_client) == ["awaited 1"]


def test_a_success_callback_that_raises_makes_the_attempt_fail_and_the_failure_callback_hears_of_it(executor: Executor, redis_client: redis.Redis) -> None:
    given = attempt("give", 7, success="break_down", failure="failed")
    outcome = raised(run(executor, given))
    assert outcome.exc_type == "builtins.LookupError"
    assert outcome.exc_text.endswith("LookupError: the callback broke\n")
    assert seen_in(redis_client) == [f"failed {given.job_id} failed LookupError True break_down"]


def test_a_success_callback_that_cannot_be_imported_makes_the_attempt_fail(executor: Executor) -> None:
    assert "no_such_callback" in raised(run(executor, attempt("give", 1, success="no_such_callback"))).exc_text


def test_a_success_callback_that_exits_makes_the_attempt_fail(executor: Executor) -> None:
    assert raised(run(executor, attempt("give", 1, success="exit_afterwards"))).exc_type == "builtins.SystemExit"


@interrupting
def test_a_success_callback_that_takes_too_long_makes_the_attempt_fail(executor: Executor) -> None:
    outcome = raised(run(executor, attempt("give", 1, timeout=30.0, success="sleep_for_long", success_timeout=1)))
    assert outcome.exc_type == "rq.timeouts.JobTimeoutException"
    assert "1 seconds" in outcome.exc_text


# --- failure --------------------------------------------------------------------------------------------------------------------


def test_the_failure_callback_gets_the_exception_and_the_traceback_begins_in_the_job(executor: Executor, redis_client: redis.Redis) -> None:
    given = attempt("fail", success="succeeded", failure="failed")
    outcome = raised(run(executor, given))
    assert outcome.exc_type == "builtins.ZeroDivisionError"
    assert outcome.exc_text.splitlines()[1].endswith("in fail")
    assert seen_in(redis_client) == [f"failed {given.job_id} failed ZeroDivisionError True fail"]


@interrupting
def test_the_failure_callback_hears_of_a_time_limit(executor: Executor, redis_client: redis.Redis) -> None:
    given = attempt(SLEEP, 60, timeout=0.3, failure="failed")
    outcome = run(executor, given)
    assert isinstance(outcome, TimedOut)
    assert outcome.limit_seconds == 0.3
    assert seen_in(redis_client) == [f"failed {given.job_id} failed JobTimeoutException True sleep"]


def test_the_failure_callback_hears_of_a_function_that_does_not_exist(executor: Executor, redis_client: redis.Redis) -> None:
    assert raised(run(executor, attempt("no_such_function", failure="say_where_afterwards"))).exc_type == "rq.exceptions.ReferenceNotFound"
    assert len(seen_in(redis_client)) == 1


def test_the_failure_callback_gets_a_traceback_though_no_code_of_the_job_ran(executor: Executor, redis_client: redis.Redis) -> None:
    run(executor, attempt("no_such_function", failure="failed"))
    (seen,) = seen_in(redis_client)
    assert seen.split()[2:5] == ["failed", "ReferenceNotFound", "True"]


def test_the_text_of_a_failure_callback_that_raises_is_stored_with_the_jobs_own_before_it(executor: Executor) -> None:
    outcome = raised(run(executor, attempt("fail", failure="break_down")))
    assert outcome.exc_type == "builtins.ZeroDivisionError"
    job, callback = outcome.exc_text.split("During handling of the above exception, another exception occurred:")
    assert job.strip().endswith("ZeroDivisionError: the job broke")
    assert callback.strip().endswith("LookupError: the callback broke")
    assert "through_job.py" not in outcome.exc_text


# --- a function that asks for a retry -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callbacks", [{}, {"success": "succeeded", "failure": "failed"}], ids=["alone", "with callbacks"])
def test_a_function_that_returns_a_retry_has_neither_succeeded_nor_failed(executor: Executor, redis_client: redis.Redis, callbacks: dict[str, Any]) -> None:
    outcome = run(executor, attempt("ask_again", **callbacks))
    assert isinstance(outcome, AskedRetry)
    assert (outcome.max, outcome.intervals, outcome.at_front) == (3, (5, 7), True)
    assert isinstance(pickle.loads(outcome.payload), Retry)
    assert seen_in(redis_client) == []


def test_a_retry_that_cannot_be_serialized_is_carried_out_all_the_same(executor: Executor) -> None:
    outcome = run(executor, attempt("ask_again_unspeakably"))
    assert outcome == AskedRetry(pickle.dumps("Unserializable return value", protocol=5), 1, (0,), at_front=False)


# --- time -----------------------------------------------------------------------------------------------------------------------


@in_processes
def test_a_process_is_left_alone_while_its_callback_has_time(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    assert isinstance(run(executor, attempt("give", 1, timeout=1.0, success="sleep_a_while")), Returned)
    assert seen_in(redis_client) == ["sleeping", "slept"]


@outside
def test_a_callback_that_ignores_its_time_limit_is_killed(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    outcome = run(executor, attempt("give", 1, timeout=60.0, success="ignore_the_time", success_timeout=1))
    assert isinstance(outcome, TimedOut)
    assert seen_in(redis_client) == ["ignoring"]


@in_processes
def test_a_function_that_ignores_its_time_limit_is_killed_though_it_has_callbacks(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    began = time.monotonic()
    given = attempt(f"{executor_jobs.__name__}.ignore_everything_and_sleep", 60, timeout=0.5, success="succeeded", failure="failed")
    assert isinstance(run(executor, given), TimedOut)
    assert time.monotonic() - began < 10
    assert seen_in(redis_client) == []


@outside
def test_of_a_job_that_forks_and_returns_twice_one_process_calls_back(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    assert isinstance(run(executor, attempt("fork_and_return_twice", success="say_where_afterwards")), Returned)
    assert len(seen_in(redis_client)) == 1


# --- stopped --------------------------------------------------------------------------------------------------------------------

STOPPED = Stopped("somebody stopped it")


def stop(executor: ForkExecutor, given: Attempt, client: redis.Redis) -> Any:
    """Stop an attempt that says where it runs and then waits, and return how it ended, with the process it ran in."""
    executor.submit(given)
    drive_until(executor, lambda: seen_in(client), "the job did not begin")
    [began] = seen_in(client)
    executor.kill(given.execution_id, STOPPED)
    (ended,) = wait_for(executor)
    assert executor.running == 0
    assert not is_alive(int(began.split()[1]))
    return ended


def say_where_and_wait() -> None:
    callback_jobs.say_where()
    time.sleep(60)


WAITING = f"{__name__}.say_where_and_wait"


@outside
def test_the_stopped_callback_runs_in_another_process_before_the_end_is_reported(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    given = attempt(WAITING, success="succeeded", failure="failed", stopped="stopped")
    ended = stop(executor, given, redis_client)
    assert (ended.outcome, ended.aftermath) == (STOPPED, Returned(None))
    assert seen_in(redis_client)[1:] == [f"stopped {given.job_id} stopped True"]


@outside
@pytest.mark.parametrize(
    ("callback", "aftermath"),
    [("break_down", Raised), ("no_such_callback", Raised), ("sleep_for_long", TimedOut), ("ignore_the_time", TimedOut), ("die", Died)],
)
def test_whatever_a_stopped_callback_does_the_job_is_stopped(executor: ForkExecutor, redis_client: redis.Redis, callback: str, aftermath: type) -> None:
    ended = stop(executor, attempt(WAITING, stopped=callback, stopped_timeout=1), redis_client)
    assert ended.outcome == STOPPED
    assert isinstance(ended.aftermath, aftermath)


@outside
def test_stopping_a_job_again_leaves_its_stopped_callback_alone(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    given = attempt(WAITING, stopped="sleep_a_while")
    executor.submit(given)
    drive_until(executor, lambda: seen_in(redis_client), "the job did not begin")
    executor.kill(given.execution_id, STOPPED)
    drive_until(executor, lambda: "sleeping" in seen_in(redis_client), "the callback did not begin")
    executor.kill(given.execution_id, STOPPED)
    (ended,) = wait_for(executor)
    assert (ended.outcome, ended.aftermath) == (STOPPED, Returned(None))


@outside
def test_a_job_without_a_stopped_callback_is_stopped_at_once(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    ended = stop(executor, attempt(WAITING, failure="failed"), redis_client)
    assert (ended.outcome, ended.aftermath) == (STOPPED, None)
    assert len(seen_in(redis_client)) == 1


@outside
def test_a_job_that_is_taken_away_does_not_call_back(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    given = attempt(WAITING, stopped="stopped", failure="failed")
    executor.submit(given)
    drive_until(executor, lambda: seen_in(redis_client), "the job did not begin")
    executor.kill(given.execution_id, Released("the worker leaves"))
    (ended,) = wait_for(executor)
    assert (ended.outcome, ended.aftermath) == (Released("the worker leaves"), None)
    assert len(seen_in(redis_client)) == 1


@outside
def test_a_job_whose_stopped_callback_is_ended_by_a_shutdown_was_stopped(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    given = attempt(WAITING, stopped="ignore_the_time")
    executor.submit(given)
    drive_until(executor, lambda: seen_in(redis_client), "the job did not begin")
    executor.kill(given.execution_id, STOPPED)
    drive_until(executor, lambda: "ignoring" in seen_in(redis_client), "the callback did not begin")
    executor.shutdown()
    (ended,) = executor.collect()
    assert ended.outcome == STOPPED
    assert isinstance(ended.aftermath, Released)


# --- classes of jobs ------------------------------------------------------------------------------------------------------------


def test_the_methods_of_a_class_of_jobs_are_called_in_order(begin: Callable[..., Executor], redis_client: redis.Redis) -> None:
    executor = begin(job_class=OwnJob)
    run(executor, attempt("give", 1))
    run(executor, attempt("fail"))
    assert seen_in(redis_client) == ["perform", "_execute", "execute_success_callback 1", "perform", "_execute", "execute_failure_callback ZeroDivisionError"]


@outside
def test_a_class_of_jobs_hears_of_a_stop(begin: Callable[..., ForkExecutor], redis_client: redis.Redis) -> None:
    executor = begin(job_class=OwnJob)
    given = attempt(WAITING)
    executor.submit(given)
    drive_until(executor, lambda: len(seen_in(redis_client)) == 3, "the job did not begin")
    executor.kill(given.execution_id, STOPPED)
    (ended,) = wait_for(executor)
    assert ended.outcome == STOPPED
    assert seen_in(redis_client)[3:] == ["execute_stopped_callback"]


@pytest.mark.parametrize("job_class", [None, PlainJob, OwnJob])
def test_the_current_job_is_of_the_class_asked_for(begin: Callable[..., Executor], job_class: type[Job] | None) -> None:
    outcome = run(begin(job_class=job_class), attempt("kind_of_current_job"))
    assert isinstance(outcome, Returned)
    assert pickle.loads(outcome.payload or b"") == (job_class or Job).__name__


@pytest.mark.parametrize("kind", ["inline", "fork"], indirect=True)
def test_a_method_that_was_replaced_on_the_class_of_jobs_is_called(
    begin: Callable[..., Executor], redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Job.perform

    def traced(job: Job) -> Any:
        job.connection.rpush(callback_jobs.SEEN, f"traced {job.id}")
        return original(job)

    monkeypatch.setattr(Job, "perform", traced)
    given = attempt("give", 1)
    assert isinstance(run(begin(), given), Returned)
    assert seen_in(redis_client) == [f"traced {given.job_id}"]


def test_a_class_of_jobs_that_a_fresh_interpreter_cannot_import_is_refused() -> None:
    class HiddenJob(Job):
        """Defined where nobody can import it from."""

    with pytest.raises(InvalidOptionError, match="HiddenJob"):
        ForkExecutor(job_class=HiddenJob)


def test_a_job_without_callbacks_makes_no_job_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rq.runtime.executors.through_job", raising=False)
    executor = InlineExecutor()
    assert isinstance(run(executor, attempt("give", 1)), Returned)
    assert "rq.runtime.executors.through_job" not in sys.modules


@pytest.mark.parametrize("kind", ["exec"], indirect=True)
def test_what_callbacks_need_is_imported_ahead_of_later_jobs(executor: ForkExecutor, redis_client: redis.Redis) -> None:
    for module in (JOBS, "rq.runtime.executors.through_job", "rq.store.connection"):
        for _ in range(3):  # a process that waits already does not have what was learned last
            assert isinstance(run(executor, attempt("give", 1, success="succeeded")), Returned)
        preload(executor, module)


# --- exception handlers ---------------------------------------------------------------------------------------------------------


def test_exception_handlers_are_called_in_order_where_the_job_failed_until_one_ends_the_chain(begin, tmp_path):
    executor = begin(exception_handlers=[callback_jobs.first_handler, callback_jobs.broken_handler, callback_jobs.last_handler, callback_jobs.first_handler])
    log = str(tmp_path / "log")
    outcome = raised(run(executor, attempt("fail_with_a_log", log)))
    assert "ValueError" in outcome.exc_text
    assert (tmp_path / "log").read_text().split() == ["first:ValueError", "last:ValueError"]


def test_an_exception_handler_gets_a_traceback_though_no_code_of_the_job_ran(begin, tmp_path):
    executor = begin(exception_handlers=[callback_jobs.handler_of_tracebacks])
    run(executor, attempt("no_such_function", str(tmp_path / "log")))
    assert (tmp_path / "log").read_text().split() == ["1"]


def test_a_job_that_succeeds_has_no_exception_handler_called(begin, tmp_path):
    executor = begin(exception_handlers=[callback_jobs.first_handler])
    assert isinstance(run(executor, attempt(f"{executor_jobs.__name__}.nothing")), Returned)
