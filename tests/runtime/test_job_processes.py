"""Executors that give each job a process of its own: nothing that a job does to its process reaches anybody else."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq.model.outcome import Died, Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.base import Ended
from rq.runtime.executors.fork import ForkExecutor
from tests.runtime import executor_jobs
from tests.runtime.driving import (
    LIMIT,
    Modules,
    alone,
    attempt_at,
    call,
    drive_until,
    facts_in,
    in_processes,
    is_alive,
    outside,
    run,
    wait_for,
    warm_up,
)
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.processes import Processes

# --- the process of a job ---------------------------------------------------------------------------------------------


@in_processes
def test_each_job_has_a_process_of_its_own_with_ordinary_signals(forking: ForkExecutor) -> None:
    first, second = call(forking, "process_facts"), call(forking, "process_facts")
    assert first["pid"] == first["group"] != second["pid"]
    assert first["pid"] != os.getpid() != first["parent"]
    assert first["sigterm"]
    assert first["sigint"]
    assert first["sigchld"]
    assert first["mask"] == sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))


@in_processes
def test_a_job_has_no_descriptors_but_the_usual_ones_and_its_socket(forking: ForkExecutor) -> None:
    own = set(executor_jobs.process_facts()["fds"])
    facts = call(forking, "process_facts")
    extra = {int(fd): mode for fd, mode in facts["fds"].items() if fd not in own}
    assert len(extra) == 1, extra
    assert min(extra) >= 1024


@outside
def test_a_job_finds_its_ids_in_the_environment(start: Callable[..., ForkExecutor]) -> None:
    executor = start(worker_name="worker-1")
    attempt = attempt_at("environment", "RQ_WORKER_ID", "RQ_JOB_ID", "RQ_EXECUTION_ID")
    outcome = run(executor, attempt)
    assert isinstance(outcome, Returned)
    assert pickle.loads(outcome.payload or b"") == ["worker-1", attempt.job_id, attempt.execution_id]
    assert "RQ_JOB_ID" not in os.environ


@in_processes
def test_the_code_that_runs_jobs_is_adapted_before_the_first_one(forking: ForkExecutor) -> None:
    assert call(forking, "adapted_functions", "perform", "run_attempt", "outcome_of_result") == ["perform", "run_attempt", "outcome_of_result"]


@alone
def test_jobs_draw_different_random_numbers(forking: ForkExecutor) -> None:
    warm_up(forking)
    assert len({call(forking, "random_number") for _ in range(5)}) == 5


@in_processes
def test_a_job_begins_at_once(forking: ForkExecutor) -> None:
    warm_up(forking)
    latencies = []
    for _ in range(20):
        drive_until(forking, lambda: forking.has_spare, "no spare came")
        submitted = time.monotonic()
        latencies.append(call(forking, "monotonic") - submitted)
    assert sorted(latencies)[5] < 0.02


@outside
def test_the_report_says_what_the_process_used(forking: ForkExecutor) -> None:
    forking.submit(attempt_at("many_bytes", 1))
    (ended,) = wait_for(forking)
    assert ended.peak_memory_kib is not None
    assert 1_000 < ended.peak_memory_kib < 1_000_000
    assert ended.cpu_seconds is not None
    assert 0 < ended.cpu_seconds < 10


@alone
def test_the_state_of_a_module_is_fresh_for_every_job(forking: ForkExecutor) -> None:
    warm_up(forking)
    assert [call(forking, "append_state", value) for value in "abc"] == [["a"], ["b"], ["c"]]


@in_processes
def test_what_a_job_prints_is_written_once(processes: Processes, kind: str) -> None:
    program = f"""
        import sys
        from rq.runtime.executors.fork import ForkExecutor
        from tests.runtime.driving import attempt_at, wait_for
        sys.stdout.write("before ")
        executor = ForkExecutor(start_method={kind!r})
        executor.start()
        for text in ("one", "two", "three"):
            executor.submit(attempt_at("print_text", text))
            wait_for(executor)
        executor.shutdown()
        sys.stdout.write("after")
    """
    assert processes.python(program).succeed().split() == ["before", "one", "two", "three", "after"]


# --- places -----------------------------------------------------------------------------------------------------------


@outside
def test_many_jobs_run_in_three_places(start: Callable[..., ForkExecutor], kind: str) -> None:
    executor = start(places=3)
    count = 8 if kind == "spawn" else 20  # each is an interpreter
    attempts = [attempt_at("describe", number) for number in range(count)]
    for attempt in attempts:
        executor.submit(attempt)
    assert executor.running == count
    ended = {one.execution_id: one.outcome for one in wait_for(executor, count)}
    assert len(ended) == count
    for number, attempt in enumerate(attempts):
        outcome = ended[attempt.execution_id]
        assert isinstance(outcome, Returned)
        assert pickle.loads(outcome.payload or b"") == ((number,), {})


@outside
def test_as_many_jobs_run_at_the_same_time_as_there_are_places(start: Callable[..., ForkExecutor], tmp_path: Path) -> None:
    executor = start(places=3)
    for number in range(4):
        executor.submit(attempt_at("announce_and_sleep", str(tmp_path / str(number))))
    drive_until(executor, lambda: len(list(tmp_path.glob("[0-9]"))) == 3, "three jobs did not begin")
    assert not (tmp_path / "3").exists()
    assert executor.running == 4


# --- deaths -----------------------------------------------------------------------------------------------------------


@outside
@pytest.mark.parametrize("status", [0, 7])
def test_a_process_that_exits_without_an_outcome_died(forking: ForkExecutor, status: int) -> None:
    outcome = run(forking, attempt_at("exit_at_once", status))
    assert isinstance(outcome, Died)
    assert outcome.exit_status == status
    assert outcome.signal is None
    assert call(forking, "describe") == ((), {})


@outside
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_a_process_that_is_killed_died_of_the_signal(forking: ForkExecutor, number: int) -> None:
    outcome = run(forking, attempt_at("send_itself", int(number)))
    assert isinstance(outcome, Died)
    assert outcome.signal == number
    assert signal.Signals(number).name in outcome.reason


@outside
def test_a_segmentation_fault_is_a_death(forking: ForkExecutor) -> None:
    outcome = run(forking, attempt_at("crash"))
    assert isinstance(outcome, Died)
    assert outcome.signal == signal.SIGSEGV
    assert call(forking, "describe") == ((), {})


@outside
def test_a_job_that_signals_its_group_hits_only_itself(forking: ForkExecutor) -> None:
    outcome = run(forking, attempt_at("signal_own_group"))
    assert isinstance(outcome, Died)
    assert outcome.signal == signal.SIGTERM
    assert call(forking, "describe") == ((), {})


@outside
def test_a_job_that_ignores_its_time_limit_is_killed(forking: ForkExecutor) -> None:
    limit = warm_up(forking)
    before = time.monotonic()
    outcome = run(forking, attempt_at("ignore_everything_and_sleep", 60, timeout=limit))
    assert isinstance(outcome, TimedOut)
    assert outcome.limit_seconds == limit
    assert "killed" in outcome.exc_text
    assert limit + 1 <= time.monotonic() - before < 10


@outside
def test_killing_a_job_takes_its_children_along(forking: ForkExecutor, tmp_path: Path) -> None:
    attempt = attempt_at("announce_and_sleep", str(tmp_path / "pids"))
    forking.submit(attempt)
    pids = facts_in(tmp_path / "pids", forking)
    forking.kill(attempt.execution_id, Stopped("somebody asked"))
    (ended,) = wait_for(forking)
    assert ended == Ended(attempt.execution_id, Stopped("somebody asked"), ended.peak_memory_kib, ended.cpu_seconds)
    wait_until(lambda: not is_alive(pids["job"]) and not is_alive(pids["child"]), LIMIT)


@outside
def test_a_waiting_attempt_that_is_killed_never_begins(forking: ForkExecutor, tmp_path: Path) -> None:
    first, second = (attempt_at("announce_and_sleep", str(tmp_path / name)) for name in ("first", "second"))
    forking.submit(first)
    forking.submit(second)
    forking.kill(second.execution_id, Stopped("somebody asked"))
    assert wait_for(forking) == [Ended(second.execution_id, Stopped("somebody asked"))]
    facts_in(tmp_path / "first", forking)
    assert not (tmp_path / "second").exists()


@in_processes
def test_the_outcome_that_a_job_handed_in_before_it_was_killed_counts(forking: ForkExecutor) -> None:
    drive_until(forking, lambda: forking.has_spare, "no spare came")
    attempt = attempt_at("describe")
    forking.submit(attempt)
    pid = forking._running[attempt.execution_id].pid
    wait_until(lambda: not is_alive(pid), LIMIT)
    forking.kill(attempt.execution_id, Stopped("somebody asked"))
    (ended,) = wait_for(forking)
    assert isinstance(ended.outcome, Returned)


@alone
def test_what_a_job_started_ends_with_it(forking: ForkExecutor, tmp_path: Path) -> None:
    pid = call(forking, "leave_a_process_behind", str(tmp_path / "pids"))
    drive_until(forking, lambda: not is_alive(pid), "the grandchild lives")


@outside
def test_a_daemon_that_holds_the_socket_does_not_hide_the_death_of_its_job(forking: ForkExecutor, tmp_path: Path) -> None:
    outcome = run(forking, attempt_at("leave_a_daemon_behind", str(tmp_path / "pids")))
    assert isinstance(outcome, Died)
    os.kill(facts_in(tmp_path / "pids", forking)["daemon"], signal.SIGKILL)


@outside
def test_threads_that_a_job_leaves_behind_do_not_hold_it_up(forking: ForkExecutor) -> None:
    before = time.monotonic()
    assert call(forking, "leave_a_thread_behind") == "done"
    assert time.monotonic() - before < 4


@in_processes
def test_a_shutdown_leaves_nothing_alive(forking: ForkExecutor, tmp_path: Path) -> None:
    attempt, waiting = attempt_at("announce_and_sleep", str(tmp_path / "pids")), attempt_at("nothing")
    forking.submit(attempt)
    forking.submit(waiting)
    pids = facts_in(tmp_path / "pids", forking)
    forking.shutdown()
    assert not any(is_alive(pid) for pid in (pids["job"], pids["zygote"]))
    wait_until(lambda: not is_alive(pids["child"]), LIMIT)
    outcomes = {ended.execution_id: ended.outcome for ended in forking.collect()}
    assert outcomes.keys() == {attempt.execution_id, waiting.execution_id}
    assert all(isinstance(outcome, Released) for outcome in outcomes.values())


_SUPERVISOR = """
    from rq.runtime.executors.fork import ForkExecutor
    from tests.runtime.driving import attempt_at, wait_for
    from tests.runtime.driving import preload
    executor = ForkExecutor(start_method={kind!r})
    executor.start()
    executor.submit(attempt_at({first!r}))
    wait_for(executor)
    if {module!r}:
        preload(executor, {module!r})
    executor.submit(attempt_at("announce_and_sleep", {path!r}))
    wait_for(executor, timeout=600)
"""


@in_processes
def test_when_the_supervisor_is_killed_everything_dies(processes: Processes, tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "pids")
    supervisor = processes.python(_SUPERVISOR.format(kind=kind, path=path, first="nothing", module=""))
    pids = facts_in(tmp_path / "pids")
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in pids.values()), LIMIT, f"some of {pids} live")


@in_processes
def test_when_the_supervisor_is_killed_zygotes_with_preloaded_modules_die_too(modules: Modules, processes: Processes, tmp_path: Path, kind: str) -> None:
    name = modules.write("preloaded_before_the_end", "def function(): return 1")
    path = str(tmp_path / "pids")
    program = _SUPERVISOR.format(kind=kind, path=path, first=f"{name}.function", module=name)
    supervisor = processes.python(program, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    pids = facts_in(tmp_path / "pids")
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in pids.values()), LIMIT, f"some of {pids} live")


@in_processes
def test_when_the_supervisor_is_killed_an_import_that_hangs_dies_too(modules: Modules, processes: Processes, tmp_path: Path, kind: str) -> None:
    name = modules.write(
        "hangs_for_ever",
        f"""
        import os, time
        if "RQ_JOB_ID" not in os.environ:
            with open({str(modules.path / "pid.new")!r}, "w") as file: file.write(str(os.getpid()))
            os.rename({str(modules.path / "pid.new")!r}, {str(modules.path / "pid")!r})
            time.sleep(600)
        def function(): return 1
        """,
    )
    program = _SUPERVISOR.format(kind=kind, path=str(tmp_path / "pids"), first=f"{name}.function", module="")
    supervisor = processes.python(program, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    wait_until((modules.path / "pid").exists, LIMIT)
    pid = int((modules.path / "pid").read_text())
    assert is_alive(pid)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: not is_alive(pid), LIMIT, "the import still hangs")


@in_processes
def test_when_the_zygote_is_killed_its_jobs_died_and_the_next_job_runs(forking: ForkExecutor, tmp_path: Path) -> None:
    attempt = attempt_at("announce_and_sleep", str(tmp_path / "pids"))
    forking.submit(attempt)
    pids = facts_in(tmp_path / "pids", forking)
    os.kill(pids["zygote"], signal.SIGKILL)
    (ended,) = wait_for(forking)
    assert isinstance(ended.outcome, Died)
    assert "zygote" in ended.outcome.reason
    wait_until(lambda: not any(is_alive(pid) for pid in pids.values()), LIMIT, f"some of {pids} live")
    assert call(forking, "describe") == ((), {})


@in_processes
def test_a_job_that_kills_its_zygote_died(forking: ForkExecutor) -> None:
    for _ in range(3):
        assert isinstance(run(forking, attempt_at("kill_zygote")), Died)
    assert call(forking, "describe") == ((), {})


@in_processes
def test_an_attempt_whose_process_dies_before_it_reads_it_is_run_by_another(forking: ForkExecutor) -> None:
    drive_until(forking, lambda: forking.has_spare, "no spare came")
    (spare,) = forking._spares
    os.kill(spare.pid, signal.SIGSTOP)
    attempt = attempt_at("describe")
    forking.submit(attempt)
    os.kill(spare.pid, signal.SIGKILL)
    (ended,) = wait_for(forking)
    assert isinstance(ended.outcome, Returned)


@in_processes
def test_a_spare_that_dies_is_replaced(forking: ForkExecutor) -> None:
    drive_until(forking, lambda: forking.has_spare, "no spare came")
    (spare,) = forking._spares
    os.kill(spare.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(spare.pid), LIMIT)
    assert call(forking, "describe") == ((), {})


# --- mischief ---------------------------------------------------------------------------------------------------------


@outside
def test_a_job_can_close_all_descriptors_it_can_think_of(forking: ForkExecutor) -> None:
    assert call(forking, "close_everything", 1024) == "still here"


@outside
def test_a_job_that_closes_its_socket_too_died(forking: ForkExecutor) -> None:
    outcome = run(forking, attempt_at("close_everything", 4096))
    assert isinstance(outcome, Died)
    assert outcome.exit_status not in {0, None}


@outside
def test_of_a_job_that_forks_and_returns_twice_the_first_process_counts(forking: ForkExecutor) -> None:
    assert call(forking, "return_twice") > 0
    assert forking.collect() == []


@alone
def test_a_job_that_spoils_the_standard_library_hands_in_its_result(forking: ForkExecutor) -> None:
    warm_up(forking)
    assert call(forking, "spoil_the_standard_library") == "spoiled"
    assert call(forking, "add_slowly", 1, 2) == 3


@in_processes
def test_two_hundred_jobs_leave_no_descriptor_and_no_zombie(forking: ForkExecutor) -> None:
    warm_up(forking)

    def resources() -> tuple[int, int]:
        zygotes = [forking._lineage.current.pid, forking._lineage._root.pid]  # type: ignore[union-attr]
        fds = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in [os.getpid(), *zygotes])
        return fds, sum(len(_children(pid)) for pid in [os.getpid(), *zygotes])

    def settle() -> None:
        drive_until(forking, lambda: len(forking._spares) == forking._spare_count and not forking._lingering, "it did not come to rest")

    settle()
    before = resources()
    for number in range(200):
        function = ("nothing", "exit_at_once", "divide_by_zero")[number % 3]
        run(forking, attempt_at(function, *([1] if function == "exit_at_once" else [])))
    settle()

    def has_not_grown() -> bool:
        forking.collect()
        return all(now <= then for now, then in zip(resources(), before, strict=True))

    wait_until(has_not_grown, LIMIT, lambda: f"{before} became {resources()}")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


# --- starting ---------------------------------------------------------------------------------------------------------


@in_processes
def test_jobs_of_a_forked_executor_see_what_the_program_set_up(start: Callable[..., ForkExecutor], kind: str) -> None:
    module = types.ModuleType("made_by_the_program")
    module.function = executor_jobs.nothing  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    try:
        outcome = run(start(), attempt_at("made_by_the_program.function"))
    finally:
        del sys.modules[module.__name__]
    assert isinstance(outcome, Returned if kind == "fork" else Raised)


def test_a_fresh_zygote_imports_no_more_than_it_needs(processes: Processes) -> None:
    program = "import sys; from rq.runtime.executors import zygote; print(*sys.modules)"
    loaded = set(processes.python(program).succeed().split())
    assert not loaded & {"redis", "click", "asyncio", "logging", "subprocess", "threading", "concurrent.futures"}


def test_attempts_come_back_when_no_zygote_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    executor = ForkExecutor()
    monkeypatch.setattr("rq.runtime.executors.starting.PROGRAM", "raise SystemExit('broken')")
    executor.start()
    attempt = attempt_at("nothing")
    executor.submit(attempt)
    (ended,) = wait_for(executor)
    assert isinstance(ended.outcome, Released)
    executor.shutdown()
