"""What an attempt printed and used is handed in with its outcome: one suite over all executors."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rq.model.outcome import Died, Raised, Released, Returned, Stopped, TimedOut
from tests.runtime import printing_jobs
from tests.runtime.driving import attempt_at, drive_until, in_processes, preload, wait_for, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.runtime.executors.base import Ended, Executor
    from rq.runtime.executors.fork import ForkExecutor
    from tests.support.processes import Processes

JOBS = printing_jobs.__name__

WORK_AND_LOOK = """
import sys
import redis
from rq import Queue, SimpleWorker
client = redis.Redis.from_url(sys.argv[1])
queue = Queue(connection=client)
queue.enqueue("builtins.print", "said")
SimpleWorker([queue], connection=client).work(burst=True, logging_level="ERROR")
print([vars(stream).get("write") for stream in (sys.stdout, sys.stderr)])
"""


def end_of(executor: Executor, function: str, *args: Any, **options: Any) -> Ended:
    """Run a job of `printing_jobs`, and return how it ended."""
    executor.submit(attempt_at(f"{JOBS}.{function}", *args, **options))
    (ended,) = wait_for(executor)
    return ended


def warm_up_for_printing(executor: ForkExecutor) -> None:
    """Have the module of the jobs preloaded, so that a short time limit is not over before the job begins."""
    warm_up(executor)
    end_of(executor, "say")
    if executor.start_method == "exec":
        preload(executor, JOBS)


def test_what_a_job_prints_and_logs_is_handed_in(executor: Executor) -> None:
    ended = end_of(executor, "say_in_every_way")
    assert ended.outcome == Returned(None)
    assert ended.output == b"printed\nto stderr\nlogged\n"


def test_a_job_that_prints_nothing_has_no_output(executor: Executor) -> None:
    assert end_of(executor, "say").output == b""


def test_each_attempt_has_its_own_output(executor: Executor) -> None:
    assert [end_of(executor, "say", word).output for word in ("one", "two", "three")] == [b"one\n", b"two\n", b"three\n"]


def test_what_is_printed_still_goes_where_it_went(start: Callable[..., Executor], capfd: pytest.CaptureFixture[str]) -> None:
    executor = start()
    end_of(executor, "say_in_every_way")
    executor.shutdown()
    assert sorted("".join(capfd.readouterr()).split()) == ["logged", "printed", "stderr", "to"]


def test_what_is_printed_between_jobs_is_nobodys_output(start: Callable[..., Executor]) -> None:
    executor = start()
    assert end_of(executor, "say").output == b""
    print("between")  # noqa: T201 - that is what is tried
    assert end_of(executor, "say", "word").output == b"word\n"


def test_the_streams_are_as_before_when_a_worker_has_left(processes: Processes, redis_url: str) -> None:
    done = processes.python(WORK_AND_LOOK, redis_url)
    assert done.succeed() == "said\n[None, None]\n"


def test_of_much_output_the_end_is_kept(start: Callable[..., Executor]) -> None:
    ended = end_of(start(output_bytes=100), "count_to", 10_000)
    first, _, rest = ended.output.partition(b"\n")
    assert first == b"... 48790 bytes left out ..."
    assert len(rest) == 100
    assert rest.endswith(b"\n9998\n9999\n")


def test_output_is_not_kept_if_nobody_wants_it(start: Callable[..., Executor]) -> None:
    assert end_of(start(output_bytes=0), "say", "something").output == b""


def test_a_job_that_fails_leaves_its_output(executor: Executor) -> None:
    ended = end_of(executor, "say_and_fail", "before")
    assert isinstance(ended.outcome, Raised)
    assert ended.output == b"before\n"


def test_a_job_that_gives_in_to_its_time_limit_leaves_its_output(start: Callable[..., Executor]) -> None:
    executor = start()
    warm_up(executor)
    end_of(executor, "say")
    ended = end_of(executor, "say_and_sleep", "before", 60, timeout=1.0)
    assert isinstance(ended.outcome, TimedOut)
    assert not ended.outcome.was_killed
    assert ended.output == b"before\n"


# --- processes of their own -------------------------------------------------------------------------------------------


@in_processes
def test_a_job_that_is_killed_leaves_its_output_and_what_it_used(forking: ForkExecutor) -> None:
    ended = end_of(forking, "say_and_be_killed", "last words")
    assert ended.outcome == Died("The job's process was killed by signal 9 (SIGKILL)", signal=signal.SIGKILL)
    assert ended.output == b"last words\n"
    assert ended.peak_memory_kib
    assert ended.cpu_seconds is not None


@in_processes
def test_a_job_that_ends_its_process_leaves_its_output(forking: ForkExecutor) -> None:
    ended = end_of(forking, "say_and_leave", "last words")
    assert isinstance(ended.outcome, Died)
    assert (ended.outcome.exit_status, ended.output) == (3, b"last words\n")


@in_processes
def test_a_job_that_ignores_its_time_limit_leaves_its_output(forking: ForkExecutor) -> None:
    warm_up_for_printing(forking)
    ended = end_of(forking, "say_and_ignore_everything", "last words", 600, timeout=1.0)
    assert isinstance(ended.outcome, TimedOut)
    assert ended.outcome.was_killed
    assert ended.output == b"last words\n"


@in_processes
@pytest.mark.parametrize("outcome", [Stopped("a user"), Released("a shutdown"), Died("a command")])
def test_a_job_that_somebody_ends_leaves_its_output(forking: ForkExecutor, tmp_path: Path, outcome: Any) -> None:
    attempt = attempt_at(f"{JOBS}.say_and_wait_for", "last words", str(tmp_path / "started"), str(tmp_path / "never"))
    forking.submit(attempt)
    drive_until(forking, (tmp_path / "started").exists, "the job did not begin")
    forking.kill(attempt.execution_id, outcome)
    (ended,) = wait_for(forking)
    assert (ended.outcome, ended.output) == (outcome, b"last words\n")


@in_processes
def test_what_a_copy_of_the_process_prints_is_kept_too(forking: ForkExecutor) -> None:
    assert end_of(forking, "say_with_a_copy").output == b"first\nof the copy\nlast\n"


@in_processes
def test_a_job_that_closed_every_descriptor_has_output_all_the_same(forking: ForkExecutor) -> None:
    assert end_of(forking, "close_everything_and_say", "still here").output == b"still here\n"


@in_processes
def test_no_descriptor_of_an_output_stays_open(forking: ForkExecutor) -> None:
    end_of(forking, "say", "first")
    drive_until(forking, lambda: forking.has_spare, "no process waits")
    before = _links_to_outputs()
    for function in ("say", "say_and_fail", "say_and_leave"):
        end_of(forking, function, "again")
    assert _links_to_outputs() == before


def _links_to_outputs() -> list[str]:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system has no /proc")
    return [target for link in descriptors.iterdir() if "rq-output" in (target := _target(link))]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # the descriptor of the listing itself
        return ""


# --- memory -----------------------------------------------------------------------------------------------------------

limits_memory = pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux limits the memory of a process")


def more_than_here(mebibytes: int) -> int:
    """Return a limit so far above what this process has, which a job forked from it has from the start."""
    [kibibytes] = re.findall(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kibibytes) // 1024 + mebibytes


@limits_memory
@in_processes
@pytest.mark.parametrize(("function", "args"), [("take_at_once", (1000,)), ("take_bit_by_bit", ())])
def test_a_job_that_takes_more_memory_than_it_may_is_told_where(start: Callable[..., ForkExecutor], function: str, args: tuple[int, ...]) -> None:
    limit = more_than_here(100)
    ended = end_of(start(memory_limit_mib=limit), function, *args)
    assert isinstance(ended.outcome, Raised)
    assert ended.outcome.exc_type == "builtins.MemoryError"
    assert f"in {function}" in ended.outcome.exc_text
    assert ended.peak_memory_kib is not None
    assert ended.peak_memory_kib < (limit + 200) * 1024


@limits_memory
@in_processes
def test_a_job_that_takes_what_it_may_is_not_disturbed(start: Callable[..., ForkExecutor]) -> None:
    executor = start(memory_limit_mib=more_than_here(300))
    for _ in range(2):
        assert isinstance(end_of(executor, "take_at_once", 100).outcome, Returned)
