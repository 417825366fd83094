"""`rq worker-pool`, as users run it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.commands.worker import worker
from rq.cli.commands.worker_pool import NOT_PASSED_ON, environment_of, passed_on, worker_pool
from rq.job import Job
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import StartedProcess

# Starting an interpreter takes long on a machine that does ten other things.
LIMIT = 60.0


def start_pool(rq: Rq, count: int, *options: object, **where) -> StartedProcess:
    """Start a pool called p, and wait until all its workers have come up."""
    pool = rq.start("worker-pool", "-n", count, "--name", "p", "--logging-level", "debug", *options, **where)
    wait_for_lines(pool, "came up", count)
    return pool


def wait_for_lines(process: StartedProcess, fragment: str, count: int) -> None:
    wait_until(lambda: process.output.count(fragment) >= count, LIMIT, lambda: process.output)


def workers_of(client: redis.Redis) -> dict[str, int]:
    """The registered workers: name -> pid."""
    members: Any = client.zrange("rq:x:workers", 0, -1)
    names = [name.decode() for name in members]
    return {name: int(client.hget(f"rq:worker:{name}", "pid") or 0) for name in names}


def enqueue_waiting_job(rq: Rq, number: int = 0) -> tuple[str, Path, Path]:
    """Enqueue a job that says when it began and ends when it may; returns its id and the two files."""
    started, may_end = rq.folder / f"started{number}", rq.folder / "may_end"
    return rq.enqueue("tasks.wait_for", str(may_end), str(started)), started, may_end


def status_of(client: redis.Redis, job_id: str) -> str:
    return Job.fetch(job_id, connection=client).get_status().value


def test_a_burst_pool_runs_the_waiting_jobs_and_leaves(rq: Rq, redis_client: redis.Redis):
    job_ids = [rq.enqueue("tasks.greet", "bob") for _ in range(6)]
    output = rq.run("worker-pool", "--burst", "-n", "2")
    assert output.count("Job OK") == 6
    assert {status_of(redis_client, job_id) for job_id in job_ids} == {"finished"}
    assert workers_of(redis_client) == {}


def test_without_a_number_a_pool_has_one_worker(rq: Rq):
    assert "1 process(es)" in rq.run("worker-pool", "--burst")


def test_the_workers_are_called_by_the_pool_and_their_place(rq: Rq, redis_client: redis.Redis):
    start_pool(rq, 2)
    assert sorted(name.partition("-")[0] for name in workers_of(redis_client)) == ["p.1", "p.2"]


def test_a_pool_takes_its_queues_as_a_worker_does(rq: Rq, redis_client: redis.Redis):
    start_pool(rq, 1, "high", "low")
    (name,) = workers_of(redis_client)
    assert redis_client.hget(f"rq:worker:{name}", "queues") == b"high,low"


def test_queues_name_and_server_can_stand_in_the_settings(rq_without_server: Rq, redis_url: str, redis_client: redis.Redis):
    rq = rq_without_server
    (rq.folder / "settings.py").write_text(f"REDIS_URL = {redis_url!r}\nQUEUES = ['low']\nNAME = 'named'\n")
    pool = rq.start("worker-pool", "--config", "settings", "-l", "debug")
    wait_for_lines(pool, "came up", 1)
    (name,) = workers_of(redis_client)
    assert name.startswith("named.1-")
    assert redis_client.hget(f"rq:worker:{name}", "queues") == b"low"


def test_a_killed_worker_is_replaced_and_its_job_runs_again_at_once(rq: Rq, redis_client: redis.Redis):
    job_id, started, may_end = enqueue_waiting_job(rq)
    pool = start_pool(rq, 1, "--lease", "600")
    wait_until(started.exists, LIMIT)
    ((name, pid),) = workers_of(redis_client).items()
    started.unlink()
    os.kill(pid, signal.SIGKILL)
    wait_until(started.exists, LIMIT, lambda: pool.output)
    assert name not in workers_of(redis_client)
    may_end.touch()
    wait_until(lambda: status_of(redis_client, job_id) == "finished", LIMIT)
    assert f"{name} killed by SIGKILL; starting another one now" in pool.output
    assert f"put back what the dead {name} had: {job_id}" in pool.output


def test_one_signal_lets_the_running_jobs_finish(rq: Rq, redis_client: redis.Redis):
    job_id, started, may_end = enqueue_waiting_job(rq)
    pool = start_pool(rq, 2)
    wait_until(started.exists, LIMIT)
    pool.terminate()
    wait_for_lines(pool, "warm shut down requested by SIGTERM", 3)
    may_end.touch()
    pool.succeed(LIMIT)
    assert status_of(redis_client, job_id) == "finished"
    assert workers_of(redis_client) == {}


def test_a_second_signal_puts_the_running_jobs_back(rq: Rq, redis_client: redis.Redis):
    jobs = [enqueue_waiting_job(rq, number) for number in range(2)]
    pool = start_pool(rq, 2)
    for _, started, _ in jobs:
        wait_until(started.exists, LIMIT)
    pool.send_signal(signal.SIGINT)
    wait_for_lines(pool, "warm shut down requested by", 3)
    wait_until(lambda: press_again(pool), LIMIT, lambda: pool.output)
    pool.succeed(LIMIT)
    assert {status_of(redis_client, job_id) for job_id, _, _ in jobs} == {"queued"}


def press_again(pool: StartedProcess) -> bool:
    """Signal the pool until it takes that for a second time: two signals at the same instant count as one."""
    pool.send_signal(signal.SIGINT)
    return "cold shut down requested" in pool.output


def test_ctrl_c_in_a_terminal_reaches_the_workers_once(rq: Rq, redis_client: redis.Redis):
    job_id, started, may_end = enqueue_waiting_job(rq)
    pool = start_pool(rq, 1)
    wait_until(started.exists, LIMIT)
    os.killpg(pool.pid, signal.SIGINT)
    wait_for_lines(pool, "warm shut down requested by", 2)
    may_end.touch()
    pool.succeed(LIMIT)
    assert status_of(redis_client, job_id) == "finished"
    assert "cold" not in pool.output


def test_sighup_brings_new_code_and_lets_running_jobs_finish(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "version.py").write_text("def number(): return 1\n")
    job_id, started, may_end = enqueue_waiting_job(rq)
    pool = start_pool(rq, 2, "--worker-class", "rq.SimpleWorker")
    wait_until(started.exists, LIMIT)
    before = workers_of(redis_client)
    (rq.folder / "new.py").write_text("def number(): return 2\n")
    (rq.folder / "new.py").replace(rq.folder / "version.py")
    pool.send_signal(signal.SIGHUP)
    pool.wait_for_output("all processes were restarted", LIMIT)
    wait_until(lambda: len(workers_of(redis_client)) == 3)  # two new ones, and the one that runs the job
    assert len(set(workers_of(redis_client)) - set(before)) == 2
    version = rq.enqueue("version.number")
    wait_until(lambda: status_of(redis_client, version) == "finished", LIMIT)
    assert Job.fetch(version, connection=redis_client).return_value() == 2
    may_end.touch()
    wait_until(lambda: status_of(redis_client, job_id) == "finished", LIMIT)
    wait_until(lambda: len(workers_of(redis_client)) == 2, LIMIT)


def test_a_restart_with_broken_code_keeps_the_old_workers(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "mine.py").write_text("from rq import Worker\nclass MyWorker(Worker): pass\n")
    pool = start_pool(rq, 2, "--worker-class", "mine.MyWorker")
    before = workers_of(redis_client)
    (rq.folder / "mine.py").write_text("import no_such_module\n")
    pool.send_signal(signal.SIGHUP)
    pool.wait_for_output("the restart was given up", LIMIT)
    assert workers_of(redis_client) == before
    job_id = rq.enqueue("tasks.greet")
    wait_until(lambda: status_of(redis_client, job_id) == "finished", LIMIT)


def test_two_signals_add_and_take_away_a_worker(rq: Rq, redis_client: redis.Redis):
    pool = start_pool(rq, 1)
    pool.send_signal(signal.SIGTTIN)
    wait_until(lambda: len(workers_of(redis_client)) == 2, LIMIT)
    pool.send_signal(signal.SIGTTOU)
    wait_until(lambda: len(workers_of(redis_client)) == 1, LIMIT)
    (name,) = workers_of(redis_client)
    assert name.startswith("p.1-")


def test_workers_leave_after_their_jobs_when_the_pool_is_killed(rq: Rq, redis_client: redis.Redis):
    job_id, started, may_end = enqueue_waiting_job(rq)
    pool = start_pool(rq, 2)
    wait_until(started.exists, LIMIT)
    pool.kill()
    wait_until(lambda: len(workers_of(redis_client)) == 1, LIMIT)
    may_end.touch()
    wait_until(lambda: workers_of(redis_client) == {}, LIMIT)
    assert status_of(redis_client, job_id) == "finished"


def test_workers_that_cannot_start_end_the_pool_with_their_status(rq: Rq):
    pool = rq.start("worker-pool", "-n", "2", "--worker-class", "no.such.Class")
    assert pool.wait(LIMIT) == 2
    assert "--worker-class no.such.Class" in pool.stderr
    assert "Traceback" not in pool.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-v", "-q"), "--verbose and --quiet exclude one another"),
        (("-l", "loud"), "there is no such level"),
        (("--log-format", "%(nothing)s"), "--log-format"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(rq: Rq, arguments: tuple[str, ...], said: str):
    assert said in rq.refuse("worker-pool", *arguments, status=2)


def test_a_pool_without_a_server_says_so(rq_without_server: Rq):
    assert "Cannot reach the server" in rq_without_server.refuse("worker-pool", "--url", "redis://127.0.0.1:1", status=1)


def test_a_pool_that_starts_while_workers_are_suspended_says_so_and_one_that_runs_replaces_its_workers_all_the_same(rq: Rq, redis_client: redis.Redis):
    pool = start_pool(rq, 1)
    rq.run("suspend")
    assert "rq resume" in rq.refuse("worker-pool", status=1)
    (pid,) = workers_of(redis_client).values()
    os.kill(pid, signal.SIGKILL)
    wait_for_lines(pool, "came up", 2)


def test_a_worker_that_has_run_as_many_jobs_as_it_may_is_replaced(rq: Rq):
    for _ in range(3):
        rq.enqueue("tasks.greet")
    pool = start_pool(rq, 1, "--max-jobs", "1")
    wait_for_lines(pool, "Job OK", 3)
    wait_for_lines(pool, "came up", 3)
    assert "killed by" not in pool.output


def test_the_process_id_of_the_pool_is_written(rq: Rq):
    pool = rq.start("worker-pool", "--pid", "pool.pid", "--logging-level", "debug")
    wait_for_lines(pool, "came up", 1)
    assert int((rq.folder / "pool.pid").read_text()) == pool.pid


def test_the_log_lines_of_pool_and_workers_have_the_format_that_was_asked_for(rq: Rq):
    output = rq.run("worker-pool", "--burst", "--log-format", "<%(levelname)s %(asctime)s> %(message)s", "--date-format", "%Y")
    assert all(line.startswith("<INFO 2") for line in output.splitlines())


@pytest.mark.parametrize(("option", "shown"), [("--verbose", True), ("--quiet", False), ("--logging-level=warning", False)])
def test_the_amount_of_logging_can_be_chosen(rq: Rq, option: str, shown: bool):
    output = rq.run("worker-pool", "--burst", option)
    assert ("Listening on" in output) is shown
    assert ("started with PID" in output) is shown


OPTIONS = [
    "--results-ttl=77",
    "--lease=31",
    "--worker-ttl=400",
    "--job-monitoring-interval=20",
    "--maintenance-interval=500",
    "--disable-job-desc-logging",
    "--exception-handler=tasks.greet",
    "--serializer=json",
    "--job-class=rq.job.Job",
    "--queue-class=rq.Queue",
    "--connection-class=redis.Redis",
    "--path=.",
    "--max-jobs=100",
]


def test_the_options_of_a_worker_are_passed_on(rq: Rq, redis_client: redis.Redis, redis_url: str):
    given = ["-S", "json", "-u", redis_url, *(option for option in OPTIONS if not option.startswith("--serializer"))]
    context = worker_pool.make_context("worker-pool", list(given))
    # What a worker shows to others of its own command line is its title.
    assert set(OPTIONS) <= set(passed_on(context))
    start_pool(rq, 1, *given)
    assert len(workers_of(redis_client)) == 1


def test_the_address_of_the_server_which_may_hold_a_password_stands_in_no_command_line_of_a_worker():
    url = "redis://:secret@127.0.0.1/1"
    context = worker_pool.make_context("worker-pool", ["--url", url])
    assert not [option for option in passed_on(context) if "secret" in option]
    assert environment_of(context)["RQ_REDIS_URL"] == url


def test_every_option_of_a_worker_is_one_of_a_pool_or_listed_as_none():
    of_worker, of_pool = ({option.name for option in command.params} for command in (worker, worker_pool))
    assert of_worker - of_pool == {"max_idle_time", "with_scheduler"}
    assert of_worker & NOT_PASSED_ON == NOT_PASSED_ON


def test_the_help_says_what_the_signals_mean(rq: Rq):
    output = rq.run("worker-pool", "--help")
    assert re.search(r"SIGHUP +restart the workers", output)
    assert re.search(r"--num-workers N +How many", output)
