"""Executors whose processes are fresh interpreters: kept for many jobs (warm), or for one (spawn)."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import InvalidOptionError
from rq.model.outcome import Died, Raised, Released, Returned, Stopped
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.children import ChildrenExecutor
from tests.runtime import callback_jobs, executor_jobs
from tests.runtime.driving import LIMIT, Modules, attempt_at, call, drive_until, facts_in, is_alive, run, wait_for
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.processes import Processes

BOTH = pytest.mark.parametrize("kind", ["spawn", "warm"], indirect=True)
WARM = pytest.mark.parametrize("kind", ["warm"], indirect=True)
SPAWN = pytest.mark.parametrize("kind", ["spawn"], indirect=True)


@pytest.fixture
def executor(start: Callable[..., ChildrenExecutor]) -> ChildrenExecutor:
    return start()


def drive_until_free(executor: ChildrenExecutor) -> None:
    drive_until(executor, lambda: executor.has_free_child, "no process became free")


# --- which process runs a job -----------------------------------------------------------------------------------------


@WARM
def test_a_warm_process_runs_one_job_after_another_and_keeps_what_they_import(executor: ChildrenExecutor) -> None:
    assert [call(executor, "append_state", value) for value in "abc"] == [["a"], ["a", "b"], ["a", "b", "c"]]


@BOTH
def test_a_program_may_have_more_to_say_to_its_processes_than_a_socket_holds(start: Callable[..., ChildrenExecutor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["program", *["x" * 1000] * 1000])
    assert call(start(), "append_state", "a") == ["a"]


@SPAWN
def test_an_interpreter_waits_ahead_of_its_job(executor: ChildrenExecutor) -> None:
    drive_until_free(executor)
    (waiting,) = executor.pids
    assert call(executor, "process_id") == waiting
    drive_until_free(executor)
    (next_one,) = executor.pids
    assert next_one != waiting
    assert call(executor, "process_id") == next_one


@WARM
def test_a_warm_process_is_replaced_after_so_many_jobs(start: Callable[..., ChildrenExecutor]) -> None:
    executor = start(limits=ChildLimits(max_jobs=2))
    pids = [call(executor, "process_id") for _ in range(6)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [2, 2, 2]


@WARM
def test_a_warm_process_is_replaced_when_it_needed_too_much_memory(start: Callable[..., ChildrenExecutor]) -> None:
    executor = start(limits=ChildLimits(max_memory_kib=300 * 1024))
    first = call(executor, "process_id")
    assert call(executor, "process_id") == first
    call(executor, "use_memory", 400)
    assert call(executor, "process_id") != first


@WARM
def test_the_memory_of_the_worker_does_not_count_as_that_of_a_warm_process(start: Callable[..., ChildrenExecutor]) -> None:
    ballast = bytearray(400 * 1024 * 1024)
    executor = start(limits=ChildLimits(max_memory_kib=300 * 1024))
    first = call(executor, "process_id")
    assert call(executor, "process_id") == first
    assert len(ballast) > 0


@WARM
def test_a_warm_process_is_replaced_when_it_is_too_old_while_nobody_needs_it(start: Callable[..., ChildrenExecutor]) -> None:
    executor = start(limits=ChildLimits(max_seconds=1.5))
    first = call(executor, "process_id")
    drive_until(executor, lambda: not is_alive(first), "the old process lives")
    assert call(executor, "process_id") != first


@pytest.mark.parametrize("limits", [{"max_jobs": 0}, {"max_seconds": -1}, {"max_memory_kib": 0}])
def test_limits_that_nothing_stays_below_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(InvalidOptionError, match="must be more than 0"):
        ChildLimits(**limits)


@WARM
def test_a_warm_process_runs_the_code_that_is_on_disk(modules: Modules, start: Callable[..., ChildrenExecutor]) -> None:
    executor = start(places=2)
    name = modules.write("changes_under_warm_processes", "def function(): return 1")
    assert [call(executor, f"{name}.function") for _ in range(4)] == [1] * 4
    modules.write(name, "def function(): return 'two'")
    assert [call(executor, f"{name}.function") for _ in range(4)] == ["two"] * 4


@WARM
def test_what_a_job_changed_about_its_process_is_put_back(executor: ChildrenExecutor, tmp_path: Path) -> None:
    before, pid = call(executor, "traces"), call(executor, "process_id")
    call(executor, "leave_traces", str(tmp_path))
    assert call(executor, "traces") == before
    assert call(executor, "process_id") == pid


# --- deaths -----------------------------------------------------------------------------------------------------------


@WARM
def test_a_process_that_a_job_has_spoiled_for_good_is_replaced(executor: ChildrenExecutor) -> None:
    for function in ("lower_hard_limit", "use_up_descriptors", "close_stdout"):
        pid = call(executor, "process_id")
        assert (call(executor, "process_id"), call(executor, function)) == (pid, None)
        assert call(executor, "process_id") != pid


@WARM
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nobody says how much memory the process has")
def test_a_job_that_its_process_cannot_even_receive_is_run_by_another(executor: ChildrenExecutor, tmp_path: Path) -> None:
    pid = call(executor, "process_id")
    wait, done = tmp_path / "wait", tmp_path / "done"
    call(executor, "leave_little_memory_later", str(wait), str(done))
    wait.touch()
    wait_until(done.exists)
    data = os.urandom(64 * 1024 * 1024)  # which cannot be compressed
    assert call(executor, "size_of", data) == len(data)
    assert call(executor, "process_id") != pid


@BOTH
def test_a_process_that_is_killed_costs_only_its_job(start: Callable[..., ChildrenExecutor], tmp_path: Path) -> None:
    executor = start(places=3)
    attempts = [attempt_at("announce_and_sleep", str(tmp_path / str(number))) for number in range(3)]
    for attempt in attempts:
        executor.submit(attempt)
    pids = [facts_in(tmp_path / str(number), executor)["job"] for number in range(3)]
    os.kill(pids[1], signal.SIGKILL)
    (ended,) = wait_for(executor)
    assert ended.execution_id == attempts[1].execution_id
    assert ended.outcome == Died("The job's process was killed by signal 9 (SIGKILL)", signal=9)
    executor.submit(attempt_at("nothing"))
    assert isinstance(wait_for(executor)[0].outcome, Returned)
    assert is_alive(pids[0])
    assert is_alive(pids[2])


@BOTH
def test_a_process_that_is_killed_while_it_waits_is_replaced(executor: ChildrenExecutor) -> None:
    drive_until_free(executor)
    (pid,) = executor.pids
    os.kill(pid, signal.SIGKILL)
    drive_until(executor, lambda: executor.has_free_child and executor.pids != [pid], "no other process came")
    assert call(executor, "process_id") != pid


@BOTH
def test_an_attempt_whose_process_dies_before_it_reads_it_is_run_by_another(executor: ChildrenExecutor) -> None:
    drive_until_free(executor)
    (pid,) = executor.pids
    os.kill(pid, signal.SIGSTOP)
    executor.submit(attempt_at("process_id"))
    os.kill(pid, signal.SIGKILL)
    (ended,) = wait_for(executor)
    assert isinstance(ended.outcome, Returned)
    assert pickle.loads(ended.outcome.payload or b"") != pid


@BOTH
def test_a_killed_attempt_leaves_its_place_to_the_next(executor: ChildrenExecutor, tmp_path: Path) -> None:
    attempt = attempt_at("announce_and_sleep", str(tmp_path / "pids"))
    executor.submit(attempt)
    facts_in(tmp_path / "pids", executor)
    executor.kill(attempt.execution_id, Stopped("somebody asked"))
    assert [ended.outcome for ended in wait_for(executor)] == [Stopped("somebody asked")]
    assert isinstance(run(executor, attempt_at("nothing")), Returned)


@BOTH
def test_a_shutdown_leaves_no_process(start: Callable[..., ChildrenExecutor], tmp_path: Path) -> None:
    executor = start(places=2)
    executor.submit(attempt_at("announce_and_sleep", str(tmp_path / "pids")))
    pids = facts_in(tmp_path / "pids", executor)
    waiting = [pid for pid in executor.pids if pid != pids["job"]]
    executor.shutdown()
    assert not any(is_alive(pid) for pid in (pids["job"], *waiting))
    wait_until(lambda: not is_alive(pids["child"]), LIMIT)
    assert [type(ended.outcome) for ended in executor.collect()] == [Released]


@BOTH
def test_when_the_supervisor_is_killed_its_jobs_and_processes_die(processes: Processes, tmp_path: Path, kind: str) -> None:
    supervisor = processes.python(f"""
        from rq.runtime.executors.{kind} import {kind.capitalize()}Executor
        from tests.runtime.driving import attempt_at, wait_for
        executor = {kind.capitalize()}Executor(places=2)
        executor.start()
        executor.submit(attempt_at("announce_and_sleep", {str(tmp_path / "pids")!r}))
        wait_for(executor, timeout=600)
    """)
    job = facts_in(tmp_path / "pids")["job"]
    waiting = [int(pid) for pid in Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()]
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in (job, *waiting)), LIMIT)


@BOTH
def test_attempts_come_back_when_no_process_can_be_started(start: Callable[..., ChildrenExecutor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rq.runtime.executors.children.PROGRAM", "raise SystemExit('broken')")
    executor = start()
    executor.submit(attempt_at("nothing"))
    (ended,) = wait_for(executor)
    assert isinstance(ended.outcome, Released)
    assert "before it was ready" in ended.outcome.reason


@BOTH
def test_many_jobs_leave_no_descriptor_and_no_process(start: Callable[..., ChildrenExecutor]) -> None:
    executor = start(places=2)

    def descriptors() -> int:
        drive_until(executor, lambda: executor._children and all(child.is_free for child in executor._children), "it did not come to rest")
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for number in range(12):
        function = ("nothing", "divide_by_zero", "exit_at_once")[number % 3]
        run(executor, attempt_at(function, *([1] if function == "exit_at_once" else [])))
    assert descriptors() == before


# --- what a fresh interpreter is told ---------------------------------------------------------------------------------


@BOTH
def test_a_class_of_jobs_and_exception_handlers_reach_the_process(start: Callable[..., ChildrenExecutor], tmp_path: Path) -> None:
    executor = start(job_class=callback_jobs.LoudJob, exception_handlers=[executor_jobs.write_error])
    assert call(executor, "name_of_job_class") == "LoudJob!"
    assert isinstance(run(executor, attempt_at("raise_with_path", str(tmp_path / "error"))), Raised)
    assert facts_in(tmp_path / "error") == {"LookupError": 1}


@BOTH
def test_a_class_of_jobs_that_cannot_be_imported_elsewhere_is_refused(start: Callable[..., ChildrenExecutor]) -> None:
    class Local(callback_jobs.LoudJob):
        """Defined where no other process finds it."""

    with pytest.raises(InvalidOptionError, match="top level of a module"):
        start(job_class=Local)
