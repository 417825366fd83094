"""`rq worker`, as users run it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from rq.job import Job
from rq.runtime.executors.choice import EXECUTOR_NAMES
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.acceptance.conftest import Rq


def status_of(client: redis.Redis, job_id: str) -> str:
    return Job.fetch(job_id, connection=client).get_status().value


def enqueue_waiting_job(rq: Rq) -> tuple[str, Path, Path]:
    """Enqueue a job that says when it began and ends when it may; returns its id and the two files."""
    started, may_end = rq.folder / "started", rq.folder / "may_end"
    return rq.enqueue("tasks.wait_for", str(may_end), str(started)), started, may_end


def test_a_burst_worker_runs_the_waiting_jobs_and_leaves(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet", "bob")
    output = rq.run("worker", "--burst")
    assert "tasks.greet('bob')" in output
    assert "Job OK" in output
    job = Job.fetch(job_id, connection=redis_client)
    assert job.return_value() == "hello bob"


def test_a_job_sees_no_module_of_the_worker_program(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "looking.py").write_text(
        "import sys\ndef modules(): return [name for name in ('click', 'rq.cli', 'rq.runtime.worker') if name in sys.modules]\n"
    )
    job_id = rq.enqueue("looking.modules")
    rq.run("worker", "--burst", "--quiet")
    assert Job.fetch(job_id, connection=redis_client).return_value() == []


def test_a_failing_job_is_logged_on_stderr_and_the_worker_ends_well(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.fail")
    worker = rq.start("worker", "--burst")
    worker.succeed()
    assert "RuntimeError: this job fails" in worker.stderr
    assert status_of(redis_client, job_id) == "failed"


def test_queues_are_worked_on_in_the_order_given(rq: Rq):
    rq.enqueue("tasks.greet", "second", queue="low")
    rq.enqueue("tasks.greet", "first", queue="high")
    output = rq.run("worker", "high", "low", "--burst")
    assert output.index("'first'") < output.index("'second'")


def test_a_first_sigterm_lets_the_running_job_finish(rq: Rq, redis_client: redis.Redis):
    job_id, started, may_end = enqueue_waiting_job(rq)
    next_job = rq.enqueue("tasks.greet")
    worker = rq.start("worker")
    wait_until(started.exists)
    worker.terminate()
    worker.wait_for_output("warm shut down")
    may_end.touch()
    worker.succeed()
    assert status_of(redis_client, job_id) == "finished"
    assert status_of(redis_client, next_job) == "queued"


def test_a_second_signal_puts_the_running_job_back(rq: Rq, redis_client: redis.Redis):
    job_id, started, _ = enqueue_waiting_job(rq)
    worker = rq.start("worker")
    wait_until(started.exists)
    worker.send_signal(signal.SIGINT)
    worker.wait_for_output("warm shut down")
    asked_at = time.monotonic()
    wait_until(lambda: time.monotonic() > asked_at + 0.2)  # two at the same instant count as one
    worker.send_signal(signal.SIGINT)
    worker.succeed()
    assert status_of(redis_client, job_id) == "queued"
    assert redis_client.lrange("rq:queue:default", 0, -1) == [job_id.encode()]


def test_a_worker_counts_the_jobs_after_which_it_leaves(rq: Rq):
    for name in "abc":
        rq.enqueue("tasks.greet", name)
    assert "stopped (max_jobs is reached) after 1 job\n" in rq.run("worker", "--max-jobs", "1")
    assert "stopped (max_jobs is reached) after 2 jobs\n" in rq.run("worker", "--max-jobs", "2")


def test_max_jobs_limits_the_jobs(rq: Rq, redis_client: redis.Redis):
    for _ in range(3):
        rq.enqueue("tasks.greet")
    rq.run("worker", "--max-jobs", "2", "-q")
    assert redis_client.llen("rq:queue:default") == 1


def test_max_idle_time_ends_a_worker_without_jobs(rq: Rq):
    assert "stopped" in rq.run("worker", "--max-idle-time", "0")


def test_the_results_ttl_is_that_of_jobs_that_do_not_say(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    rq.run("worker", "--burst", "-q", "--results-ttl", "77")
    assert 70 <= redis_client.ttl(f"rq:job:{job_id}") <= 77


def test_the_worker_entry_says_what_the_options_said(rq: Rq, redis_client: redis.Redis):
    _, started, may_end = enqueue_waiting_job(rq)
    lasts = ["--worker-ttl", "100", "--lease", "3", "--job-monitoring-interval", "45"]
    worker = rq.start("worker", "-n", "wolf", *lasts, "--maintenance-interval", "5", "--with-scheduler")
    wait_until(started.exists)
    assert redis_client.hget("rq:worker:wolf", "queues") == b"default"
    wait_until(lambda: redis_client.ttl("rq:worker:wolf") in {104, 105, 103})
    assert 0 < (redis_client.zscore("rq:x:workers", "wolf") or 0) - int(redis_client.time()[0]) <= 4
    may_end.touch()
    worker.terminate()
    worker.succeed()


def test_the_process_id_is_written_before_the_first_job(rq: Rq):
    (rq.folder / "reading.py").write_text("from pathlib import Path\ndef pid(): assert Path('worker.pid').read_text().strip().isdigit()\n")
    rq.enqueue("reading.pid")
    worker = rq.start("worker", "--burst", "--pid", "worker.pid")
    assert "Job OK" in worker.succeed()
    assert int((rq.folder / "worker.pid").read_text()) == worker.pid


@pytest.mark.parametrize(("option", "shown"), [("--verbose", True), ("--quiet", False), ("--logging_level=warning", False), ("--logging_level=info", True)])
def test_the_amount_of_logging_can_be_chosen(rq: Rq, option: str, shown: bool):
    assert ("Listening on" in rq.run("worker", "--burst", option)) is shown


def test_log_lines_have_the_format_that_was_asked_for(rq: Rq):
    output = rq.run("worker", "--burst", "--log-format", "<%(levelname)s %(asctime)s> %(message)s", "--date-format", "%Y")
    assert all(line.startswith("<INFO 2") for line in output.splitlines())


@pytest.mark.parametrize("wrong", ["%(nothing)s", "no fields", "%(message)d"])
def test_a_format_that_no_line_could_have_is_refused(rq: Rq, wrong: str):
    assert rq.refuse("worker", "--burst", "--log-format", wrong, status=2).startswith(f"--log-format {wrong}: ")


def test_descriptions_can_be_kept_out_of_the_log(rq: Rq):
    rq.enqueue("tasks.greet", "secret")
    assert "secret" not in rq.run("worker", "--burst", "--disable-job-desc-logging")


def test_no_colors_are_written_to_a_file(rq: Rq):
    rq.enqueue("tasks.greet")
    assert "\x1b" not in rq.run("worker", "--burst")


def test_a_simple_worker_runs_jobs_in_its_own_process(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "who.py").write_text("import os\ndef pid(): return os.getpid()\n")
    job_id = rq.enqueue("who.pid")
    worker = rq.start("worker", "--burst", "-w", "rq.SimpleWorker")
    worker.succeed()
    assert Job.fetch(job_id, connection=redis_client).return_value() == worker.pid


def test_a_worker_class_of_the_users_is_found_in_the_current_folder_and_gets_no_keyword_it_does_not_know(rq: Rq):
    (rq.folder / "mine.py").write_text(
        """
from rq import Worker
class MyWorker(Worker):
    def __init__(self, queues, name=None, default_result_ttl=500, connection=None, *, default_worker_ttl=None, worker_ttl=None, maintenance_interval=600,
                 job_monitoring_interval=30, job_class=None, queue_class=None, log_job_description=True, serializer=None):
        super().__init__(queues, name, default_result_ttl, connection, worker_ttl=worker_ttl, serializer=serializer)
        print("this is MyWorker", flush=True)
"""
    )
    rq.enqueue("tasks.greet")
    output = rq.run("worker", "--burst", env={"RQ_WORKER_CLASS": "mine.MyWorker"})
    assert "this is MyWorker" in output
    assert "Job OK" in output


def test_a_job_class_and_a_queue_class_of_the_users_are_used(rq: Rq):
    (rq.folder / "mine.py").write_text("from rq.job import Job\nfrom rq import Queue\nclass MyJob(Job): pass\nclass MyQueue(Queue): pass\n")
    rq.run("enqueue", "tasks.greet", "-j", "mine.MyJob", "--queue-class", "mine.MyQueue")
    assert "Job OK" in rq.run("worker", "--burst", "-j", "mine.MyJob", "--queue-class", "mine.MyQueue")


def test_jobs_written_in_json_are_run_by_a_worker_that_was_told_so(rq: Rq):
    rq.run("enqueue", "tasks.greet", "bob", "-S", "json")
    assert "Job OK" in rq.run("worker", "--burst", "-S", "rq.serializers.JSONSerializer")


def test_modules_are_imported_from_the_paths_given(rq: Rq):
    (rq.folder / "lib").mkdir()
    (rq.folder / "lib" / "faraway.py").write_text("def job(): pass\n")
    rq.enqueue("faraway.job")
    assert "Job OK" in rq.run("worker", "--burst", "-P", "lib")


def test_rqworker_is_the_same_command(rq: Rq):
    rq.enqueue("tasks.greet")
    assert "Job OK" in rq.run("--burst", command="rqworker")
    assert rq.run("--help", command="rqworker").startswith("Usage: rqworker [OPTIONS] [QUEUES]...")


def test_a_worker_that_starts_while_workers_are_suspended_says_so(rq: Rq):
    rq.run("suspend")
    assert "rq resume" in rq.refuse("worker", "--burst", status=1)


def test_a_name_that_is_taken_is_refused_and_its_owner_works_on(rq: Rq):
    _, started, may_end = enqueue_waiting_job(rq)
    owner = rq.start("worker", "-n", "wolf")
    wait_until(started.exists)
    sentence = rq.refuse("worker", "-n", "wolf", status=1)
    assert "'wolf'" in sentence
    assert str(owner.pid) in sentence
    may_end.touch()
    owner.wait_for_output("Job OK")


def test_a_worker_with_an_embedded_server_runs_what_was_enqueued_there(rq_without_server: Rq, tmp_path_factory: Any):
    url = f"embedded://{tmp_path_factory.mktemp('e')}?linger=0"
    rq = rq_without_server
    keeper = rq.start("worker", "other", "-u", url)  # keeps the server between the commands
    keeper.wait_for_output("Listening on")
    rq.run("enqueue", "tasks.greet", "bob", "-u", url)
    assert "Job OK" in rq.run("worker", "--burst", env={"RQ_REDIS_URL": url})
    assert "1 finished" in rq.run("info", env={"REDIS_URL": url})
    keeper.terminate()
    keeper.succeed()


def test_the_process_of_the_worker_is_the_only_one_that_is_left_after_a_job(rq: Rq):
    rq.enqueue("tasks.greet")
    worker = rq.start("worker", "--burst")
    worker.succeed()
    with pytest.raises(ProcessLookupError):
        os.killpg(worker.pid, 0)


@pytest.mark.parametrize("executor", EXECUTOR_NAMES)
def test_every_executor_runs_jobs(executor: str, rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet", "bob")
    rq.run("worker", "--burst", "-q", "--executor", executor)
    assert Job.fetch(job_id, connection=redis_client).return_value() == "hello bob"


def test_concurrency_is_how_many_jobs_run_at_once(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "meeting.py").write_text(
        "import os, time\nfrom pathlib import Path\n"
        "def meet(name):\n    Path(name).touch()\n    while len(list(Path().glob('here*'))) < 3: time.sleep(0.01)\n    return os.getpid()\n"
    )
    ids = [rq.enqueue("meeting.meet", f"here{number}") for number in range(3)]
    rq.run("worker", "--burst", "-q", "--concurrency", "3")
    assert len({job.return_value() for job in Job.fetch_many(ids, connection=redis_client) if job}) == 3


def test_an_executor_for_one_job_at_a_time_says_what_to_use_for_several(rq: Rq):
    sentence = rq.refuse("worker", "--burst", "--executor", "inline", "--concurrency", "2", status=2)
    assert sentence == "The executor inline runs one job at a time, not 2; use threads or asyncio for several in one process"


PROCESS_IDS = "import os\ndef process_id(): return os.getpid()\ndef fill(): return len(b'.' * 400_000_000)\n"


def pids_of(rq: Rq, client: redis.Redis, *options: object, between: str | None = None) -> list[int]:
    """Run four jobs in a warm worker, perhaps another one after each, and return the ids of their processes."""
    (rq.folder / "whereabouts.py").write_text(PROCESS_IDS)
    ids = []
    for _ in range(4):
        ids.append(rq.enqueue("whereabouts.process_id"))
        if between:
            rq.enqueue(f"whereabouts.{between}")
    rq.run("worker", "--burst", "-q", "--executor", "warm", *options)
    jobs: list[Any] = Job.fetch_many(ids, connection=client)
    return [job.return_value() for job in jobs]


def test_a_warm_process_is_replaced_after_so_many_jobs(rq: Rq, redis_client: redis.Redis):
    assert len(set(pids_of(rq, redis_client))) == 1
    assert len(set(pids_of(rq, redis_client, "--max-jobs-per-child", "2"))) == 2


def test_a_warm_process_is_replaced_after_a_job_that_needed_too_much_memory(rq: Rq, redis_client: redis.Redis):
    assert len(set(pids_of(rq, redis_client, "--max-child-memory", "300", between="fill"))) == 4


def test_a_warm_process_is_replaced_when_it_is_too_old(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "aging.py").write_text("import os, time\ndef age():\n    time.sleep(1.1)\n    return os.getpid()\n")
    ids = [rq.enqueue("aging.age") for _ in range(2)]
    rq.run("worker", "--burst", "-q", "--executor", "warm", "--max-child-age", "1")
    assert len({job.return_value() for job in Job.fetch_many(ids, connection=redis_client) if job}) == 2


def test_limits_of_warm_processes_are_refused_for_others(rq: Rq):
    sentence = rq.refuse("worker", "--burst", "--max-jobs-per-child", "2", status=2)
    assert sentence == "--max-jobs-per-child, --max-child-age and --max-child-memory are for --executor warm; add that, or leave them out"
