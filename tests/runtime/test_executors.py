"""One suite over all executors: what a job is given, what it hands back, and the protocol."""

from __future__ import annotations

import os
import pickle
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import InvalidOptionError, RQError
from rq.core.serializers import JSONSerializer
from rq.model.outcome import Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.base import Attempt, Executor
from rq.runtime.executors.fork import ForkExecutor
from tests.runtime import executor_jobs
from tests.runtime.conftest import KINDS
from tests.runtime.driving import (
    IN_THIS_PROCESS,
    JOBS,
    Modules,
    attempt_at,
    attempt_with,
    call,
    changeable,
    run,
    warm_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable


# --- results ----------------------------------------------------------------------------------------------------------


def test_the_value_that_a_job_returns_comes_back_serialized(executor: Executor) -> None:
    assert call(executor, "describe", 1, "two", three=b"3") == ((1, "two"), {"three": b"3"})


def test_none_comes_back_as_no_payload(executor: Executor) -> None:
    assert run(executor, attempt_at("nothing")) == Returned(None)


def test_a_method_is_called_on_the_object_that_came_with_the_job(executor: Executor) -> None:
    payload = pickle.dumps(("greet", executor_jobs.Greeter("hello"), ("world",), {}))
    outcome = run(executor, attempt_with(payload))
    assert isinstance(outcome, Returned)
    assert pickle.loads(outcome.payload or b"") == "hello, world"


def test_a_builtin_function_is_called_by_its_name(executor: Executor) -> None:
    assert call(executor, "builtins.len", [1, 2, 3]) == 3


def test_a_coroutine_is_run_to_its_end(executor: Executor) -> None:
    assert call(executor, "add_slowly", 2, 3) == 5


def test_tasks_that_a_coroutine_leaves_behind_do_not_hold_it_up(executor: Executor) -> None:
    assert call(executor, "leave_a_task_behind") == "done"


def test_an_uncompressed_payload_is_run(executor: Executor) -> None:
    attempt = Attempt("j", "e", "q", 1, None, {b"data": pickle.dumps((f"{JOBS}.describe", None, (1,), {}))})
    assert isinstance(run(executor, attempt), Returned)


def test_a_job_can_be_given_fifty_megabytes(executor: Executor) -> None:
    # Not compressed, so that all of it travels.
    attempt = Attempt("j", "e", "q", 1, None, {b"data": pickle.dumps((f"{JOBS}.size_of", None, (b"\xa5" * 50_000_000,), {}))})
    assert run(executor, attempt) == Returned(pickle.dumps(50_000_000, protocol=5))


def test_a_job_can_return_fifty_megabytes(executor: Executor) -> None:
    assert call(executor, "many_bytes", 50_000_000) == b"\xa5" * 50_000_000


def test_a_result_that_cannot_be_serialized_is_replaced_by_the_marker(executor: Executor) -> None:
    assert call(executor, "unpicklable") == "Unserializable return value"


def test_a_result_that_cannot_be_serialized_in_time_is_replaced_by_the_marker(executor: Executor) -> None:
    outcome = run(executor, attempt_at("endless_to_pickle", timeout=warm_up(executor)))
    assert outcome == Returned(pickle.dumps("Unserializable return value", protocol=5))


def test_a_job_knows_its_attempt(start: Callable[..., Executor], kind: str) -> None:
    options: dict[str, object] = {"connection": object()} if kind in IN_THIS_PROCESS else {"connection_settings": b"secret"}
    executor = start(**options)
    attempt = attempt_at("current_attempt")
    outcome = run(executor, attempt)
    assert isinstance(outcome, Returned)
    expected = (attempt.job_id, "default", 1, None if kind in IN_THIS_PROCESS else b"secret")
    assert pickle.loads(outcome.payload or b"") == expected


@pytest.mark.parametrize("serializer", [JSONSerializer, executor_jobs.MarkedJSON("!")])
def test_another_serializer_reads_the_payload_and_writes_the_result(start: Callable[..., Executor], serializer: Any) -> None:
    executor = start(serializer=serializer)
    payload = serializer.dumps([f"{JOBS}.describe", None, [1], {"a": 2}])
    assert run(executor, attempt_with(payload)) == Returned(serializer.dumps([[1], {"a": 2}]))


def test_a_module_can_be_the_serializer(start: Callable[..., Executor]) -> None:
    executor = start(serializer=pickle)
    assert call(executor, "describe", 1) == ((1,), {})


@changeable
def test_attempts_can_be_run_in_another_way(start: Callable[..., Executor], kind: str) -> None:
    attempt = attempt_at("nothing")
    outcome = run(start(run=executor_jobs.run_released), attempt)
    assert isinstance(outcome, Released)
    assert outcome.reason.startswith(attempt.job_id)
    assert (str(os.getpid()) in outcome.reason) == (kind in IN_THIS_PROCESS)


def test_a_way_of_running_attempts_cannot_reach_a_fresh_interpreter() -> None:
    with pytest.raises(InvalidOptionError, match='start_method="fork"'):
        ForkExecutor(start_method="exec", run=executor_jobs.run_released)


@changeable
def test_a_way_of_running_that_gives_no_outcome_fails_the_job(start: Callable[..., Executor]) -> None:
    outcome = run(start(run=executor_jobs.run_nothing), attempt_at("nothing"))
    assert isinstance(outcome, Raised)
    assert "gave no outcome" in outcome.exc_text


# --- exceptions -------------------------------------------------------------------------------------------------------


def test_an_exception_comes_back_as_a_traceback_that_begins_in_the_job(executor: Executor) -> None:
    outcome = run(executor, attempt_at("divide_by_zero"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.ZeroDivisionError"
    assert outcome.exc_bases == ("builtins.ArithmeticError", "builtins.Exception", "builtins.BaseException")
    lines = outcome.exc_text.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in divide_by_zero")
    assert lines[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("status", [0, 3, None, "words"])
def test_a_job_that_calls_sys_exit_raised(executor: Executor, status: object) -> None:
    outcome = run(executor, attempt_at("leave", status))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.SystemExit"


def test_a_job_that_raises_keyboard_interrupt_raised(executor: Executor) -> None:
    outcome = run(executor, attempt_at("interrupt"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.KeyboardInterrupt"


def test_an_exception_that_cannot_be_printed_is_named(executor: Executor) -> None:
    outcome = run(executor, attempt_at("raise_unprintable"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == f"{JOBS}.UnprintableError"
    assert "UnprintableError" in outcome.exc_text


def test_the_text_of_an_exception_is_capped_and_valid_utf8(executor: Executor) -> None:
    outcome = run(executor, attempt_at("raise_huge"))
    assert isinstance(outcome, Raised)
    assert len(outcome.exc_text.encode()) <= 65536
    assert outcome.exc_text.startswith("Traceback")
    assert "bytes left out" in outcome.exc_text
    assert outcome.exc_text.endswith("xxx\n")


def test_endless_recursion_is_an_ordinary_exception(executor: Executor) -> None:
    outcome = run(executor, attempt_at("recurse"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.RecursionError"


@pytest.mark.parametrize("fields", [{}, {b"data": b""}, {b"data": b"junk"}, {b"data": zlib.compress(b"junk")}, {b"data": pickle.dumps(7)}])
def test_a_payload_that_cannot_be_loaded_raised_a_deserialization_error(executor: Executor, fields: dict[bytes, bytes]) -> None:
    outcome = run(executor, Attempt("j", "e", "q", 1, 5.0, fields))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "rq.exceptions.DeserializationError"


@pytest.mark.parametrize("name", ["no_such_package.module.function", f"{JOBS}.no_such_function", "nonsense", "a..b"])
def test_a_function_that_does_not_exist_raised(executor: Executor, name: str) -> None:
    outcome = run(executor, attempt_with(pickle.dumps((name, None, (), {}))))
    assert isinstance(outcome, Raised)
    assert name in outcome.exc_text


def test_a_module_that_exits_when_it_is_imported_raised(modules: Modules, executor: Executor) -> None:
    modules.write("exits_at_import", "import sys; sys.exit(1)")
    outcome = run(executor, attempt_at("exits_at_import.function"))
    assert isinstance(outcome, Raised)
    assert outcome.exc_type == "builtins.SystemExit"


# --- time limits ------------------------------------------------------------------------------------------------------


def test_a_job_that_runs_too_long_timed_out_where_it_was(executor: Executor) -> None:
    limit = warm_up(executor)
    outcome = run(executor, attempt_at("sleep", 60, timeout=limit))
    assert isinstance(outcome, TimedOut)
    assert outcome.limit_seconds == limit
    assert "in sleep" in outcome.exc_text
    assert f"JobTimeoutException: Task exceeded maximum timeout value ({limit} seconds)" in outcome.exc_text


def test_a_coroutine_that_runs_too_long_timed_out(executor: Executor) -> None:
    assert isinstance(run(executor, attempt_at("sleep_async", 60, timeout=0.2)), TimedOut)


def test_a_job_within_its_time_limit_is_left_alone(executor: Executor) -> None:
    assert isinstance(run(executor, attempt_at("nothing", timeout=30)), Returned)


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_nothing_can_be_submitted_after_the_shutdown(executor: Executor) -> None:
    executor.shutdown()
    executor.shutdown()
    assert executor.filenos() == []
    assert executor.next_deadline() is None
    executor.enforce()
    with pytest.raises(RQError, match="shut down"):
        executor.submit(attempt_at("nothing"))


def test_killing_what_is_over_does_nothing(executor: Executor) -> None:
    executor.kill("unknown", Stopped("somebody asked"))
    assert executor.collect() == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "inline"])
def test_an_executor_without_places_is_refused(kind: str) -> None:
    with pytest.raises(InvalidOptionError, match="at least one place"):
        KINDS[kind](places=0)
