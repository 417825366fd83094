"""`rq job`, and what workers are told about output and memory, as users run them."""

from __future__ import annotations

import json
import os
import pty
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.job_view import render_job, view_job
from rq.command import send_stop_job_command
from rq.model.record import JobRecord
from rq.model.result import ResultRecord, ResultType
from rq.model.states import JobStatus
from tests.support.dump import dump
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes

PRINTING = """
import os, signal, sys

def say(*words):
    for word in words:
        print(word)

def die():
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)

def take(mebibytes):
    return len(bytearray(mebibytes * 1024 * 1024))
"""
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def printing(rq: Rq) -> Rq:
    """The command line in a folder with jobs that print."""
    (rq.folder / "printing.py").write_text(PRINTING)
    return rq


def show(rq: Rq, job_id: str) -> Any:
    """What the command prints of a job for programs."""
    return json.loads(rq.run("job", job_id, "--json"))


# --- as a command -----------------------------------------------------------------------------------------------------


def test_a_job_is_shown_with_what_it_printed(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say", "hello", "world")
    printing.start("worker", "--burst", "--name", "wolf").succeed()
    shown = printing.run("job", job_id)
    assert f"Job {job_id}\n" in shown
    assert "call       printing.say('hello', 'world')\n" in shown
    assert re.search(r"status +finished\n", shown)
    assert "worker     wolf\n" in shown
    assert re.search(r"finished, [\d.]+ s, [\d.]+ s of CPU, \d+ MiB\n", shown)
    assert shown.endswith("Output of the last one\n  hello\n  world\n")


def test_of_a_job_that_waits_there_is_no_attempt(printing: Rq) -> None:
    shown = printing.run("job", printing.enqueue("printing.say"))
    assert re.search(r"status +queued\n", shown)
    assert "Attempts" not in shown


def test_a_job_that_was_killed_says_so(printing: Rq) -> None:
    job_id = printing.enqueue("printing.die")
    printing.start("worker", "--burst").succeed()
    shown = printing.run("job", job_id)
    assert shown.count("ended by   The job's process was killed by signal 9 (SIGKILL)\n") == 4
    assert shown.endswith("Output of the last one\n  last words\n")


def test_the_output_alone_is_printed_as_it_was_written(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say", *map(str, range(50)), "\x1b[31mred")
    assert printing.run("job", job_id, "--output") == ""
    printing.start("worker", "--burst").succeed()
    assert printing.run("job", job_id, "--output") == "".join(f"{word}\n" for word in [*range(50), "\x1b[31mred"])


def test_for_programs_there_is_json(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say", "hello")
    printing.start("worker", "--burst", "--name", "wolf").succeed()
    shown = show(printing, job_id)
    assert (shown["id"], shown["status"], shown["queue"], shown["worker"]) == (job_id, "finished", "default", "wolf")
    [attempt] = shown["attempts"]
    assert (attempt["outcome"], attempt["output"], attempt["killed_by"], attempt["exception"]) == ("finished", "hello\n", None, None)
    assert attempt["peak_memory"] > 0
    assert attempt["cpu_seconds"] > 0


def test_looking_changes_nothing(printing: Rq, redis_client: redis.Redis) -> None:
    job_id = printing.enqueue("printing.say", "hello")
    printing.start("worker", "--burst").succeed()
    before = dump(redis_client)
    for options in ([], ["--json"], ["--output"]):
        printing.run("job", job_id, *options)
    assert dump(redis_client) == before


@pytest.mark.parametrize(("arguments", "status", "said"), [(["nope"], 1, "No such job: nope"), (["nope", "--json", "--output"], 2, "use one of them")])
def test_a_call_that_cannot_be_answered_says_why(rq: Rq, arguments: list[str], status: int, said: str) -> None:
    assert said in rq.refuse("job", *arguments, status=status)


def test_a_job_can_be_named_by_one_of_its_attempts(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say")
    assert f"Job {job_id}\n" in printing.run("job", f"{job_id}:an-execution")


def test_a_terminal_shows_the_output_and_does_not_obey_it(printing: Rq, processes: Processes) -> None:
    job_id = printing.enqueue("printing.say", "\x1b[31mred", "a\tb")
    printing.start("worker", "--burst").succeed()
    controller, terminal = pty.openpty()
    program = "import os, sys; os.dup2(os.open(sys.argv.pop(1), os.O_WRONLY), 1); from rq.cli.main import main; main()"
    processes.python(program, os.ttyname(terminal), "job", job_id, "--output", env={"RQ_REDIS_URL": printing.url}).succeed()
    assert os.read(controller, 1000) == b"\\x1b[31mred\r\na\tb\r\n"
    os.close(controller)
    os.close(terminal)


# --- what workers are told --------------------------------------------------------------------------------------------


def test_a_worker_can_be_told_not_to_keep_output(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say", "hello")
    printing.start("worker", "--burst", "--no-keep-output").succeed()
    assert printing.run("job", job_id, "--output") == ""


def test_a_worker_can_be_told_how_much_to_keep(printing: Rq) -> None:
    job_id = printing.enqueue("printing.say", "x" * 3000)
    printing.start("worker", "--burst", "--output-size", "2").succeed()
    assert printing.run("job", job_id, "--output") == f"... {3001 - 2048} bytes left out ...\n{'x' * 2047}\n"


def test_a_worker_can_limit_the_memory_of_its_jobs(printing: Rq) -> None:
    job_id = printing.enqueue("printing.take", 1000)
    printing.start("worker", "--burst", "--job-memory", "200").succeed()
    [attempt] = show(printing, job_id)["attempts"]
    assert attempt["killed_by"] == "its memory limit of 200 MiB"
    assert "in take" in attempt["exception"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--job-memory", "1"], 2, "at least 64"),
        (["--output-size", "0"], 2, "at least 1"),
        (["--output-size", "999999"], 2, "output_bytes is"),
        (["--job-memory", "256", "--worker-class", "rq.SimpleWorker"], 2, "use Worker"),
    ],
)
def test_a_worker_refuses_limits_that_make_no_sense(rq: Rq, arguments: list[str], status: int, said: str) -> None:
    assert said in rq.refuse("worker", "--burst", *arguments, status=status)


def test_the_command_line_says_who_stopped_a_job(printing: Rq, redis_client: redis.Redis) -> None:
    job_id = printing.enqueue("tasks.wait_for", str(printing.folder / "never"), str(printing.folder / "began"))
    printing.start("worker", "--lease", "2")
    wait_until((printing.folder / "began").exists, message="the job did not begin")
    send_stop_job_command(redis_client, job_id)
    wait_until(lambda: show(printing, job_id)["status"] == "stopped", message="the job was not stopped")
    [attempt] = show(printing, job_id)["attempts"]
    assert re.fullmatch(r"stopped by \S+@\S+, pid \d+", attempt["killed_by"])


# --- as text ----------------------------------------------------------------------------------------------------------


def text_of(record: JobRecord, *results: ResultRecord, columns: int = 80) -> str:
    """The text of a job, without colours; the times are those of UTC."""
    text = re.sub("\x1b\\[[0-9;]*m", "", render_job(view_job(record, results), columns))
    return text.replace(NOON.astimezone().strftime("%Y-%m-%d %H:%M:%S"), "NOON")


def test_a_job_in_the_middle_of_its_retries_is_shown_as_it_stands() -> None:
    record = JobRecord("j", JobStatus.SCHEDULED, NOON, origin="q", description="tasks.fetch('x')", timeout=-1, retries_left=1, worker_name="wolf")
    failed = ResultRecord(
        *("2-0", ResultType.RETRIED, NOON, "bear", None, "Traceback\n  in fetch\nValueError: no\n", "e", NOON, NOON + timedelta(seconds=1.25)),
        *("its time limit of 3 s", "said\n", 2048, 0.5),
    )
    assert text_of(record, failed) == (
        "Job j\n"
        "  call       tasks.fetch('x')\n"
        "  status     scheduled\n"
        "  queue      q\n"
        "  created    NOON\n"
        "  worker     wolf\n"
        "  time limit none\n"
        "  retries    1 left\n"
        "\n"
        "Attempts that ended\n"
        "  NOON  to be retried, 1.25 s, 0.50 s of CPU, 2 MiB\n"
        "    worker     bear\n"
        "    ended by   its time limit of 3 s\n"
        "    exception  ValueError: no\n"
        "\n"
        "Output of the last one\n"
        "  said\n"
        "\n"
        "Traceback of the last one\n"
        "  Traceback\n"
        "    in fetch\n"
        "  ValueError: no"
    )


def test_a_job_that_waits_for_others_names_them() -> None:
    assert "  waits for  a, b\n" in text_of(JobRecord("j", JobStatus.DEFERRED, origin="q", dependency_ids=["a", "b"])) + "\n"


def test_long_values_are_wrapped_and_much_output_is_cut() -> None:
    record = JobRecord("j", JobStatus.FINISHED, origin="q", description=f"tasks.fetch({', '.join(['many'] * 40)})")
    output = "".join(f"line {number}\n" for number in range(100))
    text = text_of(record, ResultRecord("1-0", ResultType.SUCCESSFUL, NOON, "", output=output))
    assert max(map(len, text.splitlines())) <= 80
    assert "  ... 80 lines before these: rq job j --output\n  line 80\n" in text


def test_what_a_terminal_would_obey_is_escaped() -> None:
    record = JobRecord("j", JobStatus.FAILED, origin="q\x1b[2J", description="\x07")
    text = text_of(record, ResultRecord("1-0", ResultType.FAILED, NOON, "\x08", exc_string="\x9b\n\x1b]", execution_id="e", killed_by="\x1b", output="\x1bc"))
    assert not set(text) & set(map(chr, {*range(9), *range(11, 32), *range(127, 160)}))
