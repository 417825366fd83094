"""Methods of workers that programs replace: each is called at the moment its name says, and what comes of the job is settled as ever."""

from __future__ import annotations

import functools
import logging
import os
import signal
import time
from pathlib import Path

import pytest

from rq import Queue, SimpleWorker, Worker
from rq.core.errors import InvalidJobOperation
from rq.job import Callback, Job, Retry, get_current_job
from rq.worker import BaseWorker, StopRequested
from tests.runtime import worker_jobs, worker_kinds
from tests.runtime.driving import is_alive
from tests.support.waiting import wait_until

KINDS = pytest.mark.parametrize("worker_class", [worker_kinds.TellingWorker, worker_kinds.TellingSimpleWorker])


def greet(path: str, *_: object) -> str:
    return f"hello from {os.getpid()}"


def break_down(path: str) -> None:
    raise ZeroDivisionError("it broke")


def ask_again(path: str) -> Retry:
    return Retry(max=1)


def die(path: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_while_reporting(path: str) -> None:
    """Leave a beginning in every file without a name, as a process that is killed while it writes down its outcome."""
    for entry in Path("/proc/self/fd").iterdir():
        if entry.is_symlink() and "(deleted)" in str(entry.readlink()):
            os.write(int(entry.name), b"\x80\x05\x95\x40\x00\x00\x00\x00\x00\x00\x00\x8c")
    os.kill(os.getpid(), signal.SIGKILL)


def say(path: str, word: str) -> None:
    print(word)  # noqa: T201 - that is what is tried


def say_and_die(path: str, word: str) -> None:
    say(path, word)
    die(path)


def tell_the_current_job(job: Job, *_: object) -> None:
    current = get_current_job()
    worker_kinds.note(job, current and current.id)


@pytest.fixture
def queue(redis_client):
    return Queue("high", connection=redis_client)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.touch()
    return path


def work(worker_class, queue, **options):
    worker = worker_class([queue], connection=queue.connection, **options)
    worker.work(burst=True, logging_level="CRITICAL")
    return worker


def words(log: Path) -> list[str]:
    """The first words of what was written down."""
    return [line.split()[0] for line in log.read_text().splitlines()]


@KINDS
def test_the_methods_around_a_job_are_called_in_rqs_order(worker_class, queue, log):
    job = queue.enqueue(greet, str(log))
    work(worker_class, queue)
    told = words(log)
    expected = ["perform_job", "prepare_job_execution", "handle_execution_ended", "handle_job_success", "performed"]
    assert told == (["main_work_horse", *expected] if issubclass(worker_class, Worker) else expected)
    assert job.get_status() == "finished"
    assert job.return_value().startswith("hello")


def test_they_are_called_in_the_process_of_the_job(queue, log):
    job = queue.enqueue(greet, str(log))
    work(worker_kinds.TellingWorker, queue)
    pid = job.return_value().split()[-1]
    assert f"perform_job {pid}" in log.read_text().splitlines()
    assert int(pid) != os.getpid()


@KINDS
def test_the_exception_is_handled_before_the_failure_and_the_failure_has_the_text_it_was_given(worker_class, queue, log):
    job = queue.enqueue(break_down, str(log))
    work(worker_class, queue, exception_handlers=[lambda job, *_: worker_kinds.note(job, "handler")])
    lines = log.read_text().splitlines()
    assert lines[-4:] == ["handle_exception ZeroDivisionError failed", "handler", "handle_job_failure ZeroDivisionError: it broke", "performed False"]
    assert job.latest_result().exc_string.endswith("it broke\nand more")
    assert job.id in queue.failed_job_registry


def test_what_became_of_a_job_can_be_read_from_it_when_it_was_performed(queue, log):
    queue.enqueue(greet, str(log))
    queue.enqueue(break_down, str(log), retry=Retry(max=1))
    work(worker_kinds.ReadingWorker, queue)
    assert log.read_text().splitlines() == ["True finished nothing", "False failed nothing", "False failed broke"]


@KINDS
def test_a_returned_retry_has_a_method_of_its_own(worker_class, queue, log):
    job = queue.enqueue(ask_again, str(log))
    work(worker_class, queue)
    assert words(log).count("handle_job_retry") == words(log).count("performed") == 2
    assert job.get_status() == "failed"


@pytest.mark.parametrize("worker_class", [worker_kinds.NamedArgumentsWorker, worker_kinds.NamedArgumentsSimpleWorker])
def test_arguments_are_passed_by_name_where_rq_names_them(worker_class, queue, log):
    good, bad, again = (queue.enqueue(function, str(log)) for function in (greet, break_down, ask_again))
    work(worker_class, queue)
    told = log.read_text().splitlines()
    assert told[:4] == [
        "prepare_job_execution True",
        "handle_job_success job queue started_job_registry",
        "prepare_job_execution True",
        "handle_job_failure high high",
    ]
    assert told[-1] == "handle_job_retry execution job queue retry started_job_registry"
    assert (good.get_status(), bad.get_status(), again.get_status()) == ("finished", "failed", "failed")
    assert bad.latest_result().exc_string.endswith("ZeroDivisionError: it broke\n")


def test_a_worker_hears_which_job_is_its_current_one_if_it_wants_to(queue, redis_client, log):
    good, bad = queue.enqueue(greet, str(log)), queue.enqueue(break_down, str(log))
    work(worker_kinds.SayingWorker, queue)
    about_one = ["current job {}", "working for 0", "current job None"]
    said = [text.decode() for text in redis_client.lrange("said", 0, -1)]
    assert said == [text.format(job.id) for job in (good, bad) for text in about_one]
    assert (good.get_status(), bad.get_status()) == ("finished", "failed")


@pytest.mark.parametrize("worker_class", [worker_kinds.ExecutionTellingWorker, worker_kinds.ExecutionTellingSimpleWorker])
def test_the_methods_know_the_execution_that_they_run(worker_class, queue, log):
    job = queue.enqueue(ask_again, str(log))
    worker = work(worker_class, queue)
    attempts = [f"{job.id}:{result.execution_id}" for result in reversed(job.results())]
    assert log.read_text().splitlines() == [line for attempt in attempts for line in (f"running {attempt}", f"asked by {attempt}")]
    assert worker.execution is None


@pytest.mark.parametrize(("executor", "begins_with"), [("spawn", ["main_work_horse", "perform_job"]), ("warm", ["perform_job"])])
def test_methods_are_called_in_a_fresh_interpreter_too(queue, log, executor, begins_with):
    good, bad = queue.enqueue(greet, str(log)), queue.enqueue(break_down, str(log))
    work(worker_kinds.TellingWorker, queue, executor=executor)
    called = [line.split()[0] for line in log.read_text().splitlines()]
    assert called[: len(begins_with)] == begins_with
    assert {"prepare_job_execution", "handle_job_success", "handle_exception", "handle_job_failure"} <= set(called)
    assert good.return_value().startswith("hello")
    assert bad.latest_result().exc_string.endswith("and more")


def test_a_worker_whose_class_nobody_else_can_import_is_refused_by_executors_of_fresh_interpreters(queue):
    class Local(worker_kinds.Telling, Worker):
        pass

    with pytest.raises(ValueError, match="Other processes cannot import"):
        work(Local, queue, executor="spawn")


def test_a_work_horse_that_leaves_by_exit_hands_in_its_outcome(queue, log):
    job = queue.enqueue(greet, str(log))
    work(worker_kinds.ExitingWorker, queue)
    assert words(log) == ["leaving"]
    assert job.return_value().startswith("hello")


def test_a_job_that_leaves_by_exit_has_still_died(queue, log):
    job = queue.enqueue(worker_jobs.leave, 0)
    work(worker_kinds.ExitingWorker, queue)
    assert job.get_status() == "failed"
    assert "exit status 0" in job.latest_result().exc_string


def test_a_job_that_the_worker_forgot_to_run_has_failed(queue, log):
    job = queue.enqueue(greet, str(log))
    work(worker_kinds.ForgetfulWorker, queue)
    assert "did not run" in job.latest_result().exc_string


def test_a_worker_may_end_jobs_by_itself(queue, log):
    good, bad = queue.enqueue(greet, str(log)), queue.enqueue(break_down, str(log))
    work(worker_kinds.OwnPerformer, queue)
    assert good.return_value().startswith("hello")
    assert bad.latest_result().exc_string == "it broke in its own way"


def test_what_perform_job_answers_counts_if_nothing_else_was_said(queue):
    yes, no = queue.enqueue(worker_jobs.add, 2, 3), queue.enqueue(worker_jobs.add, 0, 0)
    work(worker_kinds.AnsweringWorker, queue)
    assert (yes.get_status(), yes.return_value(), no.get_status()) == ("finished", 5, "failed")


def test_a_handler_that_breaks_changes_nothing_about_what_becomes_of_the_job(queue, log):
    job = queue.enqueue(break_down, str(log))
    work(worker_kinds.BrokenHandler, queue)
    assert "ZeroDivisionError" in job.latest_result().exc_string


def test_a_retry_is_kept_to_though_the_methods_are_replaced(queue, log):
    job = queue.enqueue(break_down, str(log), retry=Retry(max=1))
    work(worker_kinds.TellingWorker, queue)
    assert words(log).count("handle_job_failure") == 2
    assert job.get_status() == "failed"


OWN_WAYS = pytest.mark.parametrize("worker_class", [worker_kinds.ThreadWorker, worker_kinds.WaitingWorker, worker_kinds.WatchingWorker])


@OWN_WAYS
def test_a_worker_may_run_jobs_in_a_way_of_its_own(worker_class, queue, log):
    good, bad = queue.enqueue(greet, str(log)), queue.enqueue(break_down, str(log))
    work(worker_class, queue)
    assert good.return_value().startswith("hello")
    assert "ZeroDivisionError: it broke" in bad.latest_result().exc_string
    assert len(queue.started_job_registry) == 0


@OWN_WAYS
def test_what_jobs_print_is_kept_in_such_a_way_too(worker_class, queue, log):
    jobs = [queue.enqueue(say, str(log), word) for word in ("one", "two")]
    silent = queue.enqueue(greet, str(log))
    work(worker_class, queue)
    assert [job.output() for job in (*jobs, silent)] == ["one\n", "two\n", ""]
    unkept = queue.enqueue(say, str(log), "three")
    work(worker_class, queue, keep_output=False)
    assert unkept.output() == ""


def test_what_a_forked_process_printed_before_it_died_is_kept(queue, log):
    job = queue.enqueue(say_and_die, str(log), "before")
    work(worker_kinds.WatchingWorker, queue)
    assert [result.output for result in job.results()] == ["before\n"] * 4


def test_a_job_that_such_a_worker_runs_is_the_current_one_in_its_callbacks(queue, log):
    queue.enqueue(greet, str(log), on_success=Callback(tell_the_current_job), job_id="mine")
    work(worker_kinds.WaitingWorker, queue)
    assert log.read_text().splitlines()[-1] == "mine"


def test_a_worker_that_does_not_wait_for_its_jobs_runs_many_at_once(queue, tmp_path):
    gates = [tmp_path / str(number) for number in range(8)]
    jobs = [queue.enqueue(worker_jobs.meet_files, str(gate), [str(other) for other in gates]) for gate in gates]
    work(worker_kinds.ThreadWorker, queue)
    assert {job.get_status() for job in jobs} == {"finished"}


def test_such_a_worker_knows_the_execution_of_its_job(queue, log):
    job = queue.enqueue(greet, str(log))
    worker = work(worker_kinds.WaitingWorker, queue)
    _, execution_id, name = log.read_text().split()
    assert execution_id == job.latest_result().execution_id
    assert name == worker.name


def test_a_forked_process_that_dies_is_a_crash(queue, log):
    job = queue.enqueue(die, str(log))
    work(worker_kinds.WatchingWorker, queue)
    assert "signal 9" in job.latest_result().exc_string
    assert words(log) == ["forked", "watched"] * 4


def test_a_death_is_settled_though_its_handler_cannot_be_given_the_job(queue, log, redis_client):
    told: list[Job] = []
    garbled, other = queue.enqueue(die, str(log)), queue.enqueue(greet, str(log))
    redis_client.hset(garbled.key, "created_at", "long ago")
    work(Worker, queue, max_crashes=0, work_horse_killed_handler=lambda job, *_: told.append(job))
    assert redis_client.hget(garbled.key, "status") == b"failed"
    assert other.get_status() == "finished"
    assert not told


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the file in /proc")
def test_a_forked_process_that_dies_while_it_reports_is_a_crash_like_any_other(queue, log):
    job = queue.enqueue(die_while_reporting, str(log))
    work(worker_kinds.WatchingWorker, queue, max_crashes=0)
    assert "signal 9" in job.latest_result().exc_string


def test_a_time_limit_is_kept_in_a_way_of_the_workers_own(queue, tmp_path):
    jobs = [queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), job_timeout=1) for _ in range(2)]
    work(worker_kinds.ThreadWorker, queue)
    work(worker_kinds.PatientWorker, queue)
    assert ["JobTimeoutException" in job.latest_result().exc_string for job in jobs] == [True, True]


@pytest.mark.parametrize("worker_class", [worker_kinds.AlarmWorker, worker_kinds.AlarmSimpleWorker])
def test_a_penalty_of_a_programs_own_gets_whole_seconds_as_a_whole_number(worker_class, queue, log, tmp_path):
    good, slow = queue.enqueue(greet, str(log)), queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), job_timeout=1)
    work(worker_class, queue)
    assert (good.get_status(), slow.get_status()) == ("finished", "failed")
    assert slow.latest_result().exc_string.endswith("JobTimeoutException: 1 seconds are over\n")


def test_a_stopped_job_is_ended_though_its_worker_waits_for_it(processes, queue, redis_client, redis_url, tmp_path):
    started = tmp_path / "started"
    code = """
        import sys, redis
        from rq import Worker
        class Own(Worker):
            def execute_job(self, job, queue):
                super().execute_job(job, queue)
        Own(["high"], connection=redis.Redis.from_url(sys.argv[1]), lease=2.0).work()
    """
    processes.python(code, redis_url)
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(started.exists)
    redis_client.hset(job.key, "x_stop", redis_client.hget(job.key, "x_execution"))
    wait_until(lambda: job.get_status() == "stopped")
    after = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: after.get_status() == "finished")


def test_the_process_that_a_worker_forked_by_itself_dies_with_the_worker(processes, queue, redis_url, tmp_path):
    started = tmp_path / "started"
    code = """
        import sys, redis
        from rq import Worker
        class Own(Worker):
            def monitor_work_horse(self, job, queue):
                super().monitor_work_horse(job, queue)
        Own(["high"], connection=redis.Redis.from_url(sys.argv[1])).work()
    """
    process = processes.python(code, redis_url)
    queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    pid = int(wait_until(lambda: started.exists() and started.read_text()))
    process.kill()
    wait_until(lambda: not is_alive(pid))


def test_a_second_signal_puts_back_a_job_for_which_its_worker_forked(processes, queue, redis_url, tmp_path):
    started = tmp_path / "started"
    code = """
        import sys, redis
        from rq import Worker
        class Own(Worker):
            def monitor_work_horse(self, job, queue):
                super().monitor_work_horse(job, queue)
        Own(["high"], connection=redis.Redis.from_url(sys.argv[1])).work()
    """
    process = processes.python(code, redis_url)
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(started.exists)
    process.terminate()
    process.wait_for_output("warm shut down")
    asked_at = time.monotonic()
    wait_until(lambda: time.monotonic() > asked_at + 0.2)  # two at the same instant count as one
    process.terminate()
    assert process.wait() == 0, process.output
    assert job.get_status() == "queued"


def test_wrappers_on_the_class_are_called_as_error_trackers_install_them(queue, log, monkeypatch):
    original = {name: getattr(BaseWorker, name) for name in ("perform_job", "handle_exception")}

    @functools.wraps(original["perform_job"])
    def traced(self, job, *args, **kwargs):
        worker_kinds.note(job, "before", self.is_horse)
        answer = original["perform_job"](self, job, *args, **kwargs)
        worker_kinds.note(job, "flushed", self.is_horse)
        return answer

    @functools.wraps(original["handle_exception"])
    def caught(self, job, *exc_info, **kwargs):
        worker_kinds.note(job, "captured", exc_info[0].__name__, job._status.value, job.retries_left)
        return original["handle_exception"](self, job, *exc_info, **kwargs)

    monkeypatch.setattr(BaseWorker, "perform_job", traced)
    monkeypatch.setattr(BaseWorker, "handle_exception", caught)
    queue.enqueue(break_down, str(log))
    work(Worker, queue, fresh_interpreter=True)
    assert log.read_text().splitlines() == ["before True", "captured ZeroDivisionError failed None", "flushed True"]
    work(SimpleWorker, Queue("other", connection=queue.connection))


def test_headers_that_a_tracer_puts_into_meta_reach_the_run(queue, log, monkeypatch):
    enqueue_job, perform = Queue.enqueue_job, Job.perform

    def sending(self, job, *args, **kwargs):
        job.meta["trace"] = "abc"
        return enqueue_job(self, job, *args, **kwargs)

    def performing(self):
        worker_kinds.note(self, "trace", self.meta["trace"])
        return perform(self)

    monkeypatch.setattr(Queue, "enqueue_job", sending)
    monkeypatch.setattr(Job, "perform", performing)
    queue.enqueue(greet, str(log))
    work(Worker, queue, fresh_interpreter=True)
    assert log.read_text() == "trace abc\n"


def test_a_worker_of_which_one_method_was_replaced_calls_it(queue, log):
    job = queue.enqueue(greet, str(log))
    worker = SimpleWorker([queue], connection=queue.connection)
    worker.handle_job_success = lambda **_: worker_kinds.note(job, "replaced")  # type: ignore[method-assign]
    worker.work(burst=True, logging_level="CRITICAL")
    assert words(log) == ["replaced"]
    assert job.get_status() == "finished"


def test_a_job_that_the_worker_did_not_take_is_not_run_by_hand(queue, log):
    worker = Worker([queue], connection=queue.connection)
    with pytest.raises(InvalidJobOperation, match="was not given job"):
        worker.perform_job(queue.enqueue(greet, str(log)), queue)


@pytest.mark.parametrize("leaves_by", [StopRequested, SystemExit])
@pytest.mark.parametrize(
    ("worker_class", "statuses"),
    [
        (worker_kinds.LeavingBefore, ("queued", "queued")),
        (worker_kinds.LeavingAfter, ("finished", "queued")),
        (worker_kinds.LeavingAfterExecuting, ("finished", "queued")),
    ],
)
def test_the_code_of_a_worker_can_let_it_leave_and_no_job_is_lost(worker_class, statuses, leaves_by, queue, log, monkeypatch):
    monkeypatch.setattr(worker_class, "leaves_by", leaves_by)
    first, second = queue.enqueue(greet, str(log)), queue.enqueue(greet, str(log))
    worker_class([queue], connection=queue.connection).work(burst=True, logging_level="CRITICAL")
    assert (first.get_status(), second.get_status()) == statuses
    assert queue.job_ids == [job.id for job, status in zip((first, second), statuses, strict=True) if status == "queued"]


@pytest.mark.parametrize(("strategy", "order"), [("default", "aaabbbccc"), ("round_robin", "abcabcabc")])
def test_the_strategy_says_which_queue_comes_first(strategy, order, redis_client, log):
    for name in "abc":
        for _ in range(3):
            Queue(name, connection=redis_client).enqueue(worker_jobs.append, str(log), name)
    SimpleWorker(["a", "b", "c"], connection=redis_client).work(burst=True, logging_level="CRITICAL", dequeue_strategy=strategy)
    assert "".join(log.read_text().split()) == order


def test_a_random_strategy_serves_every_queue(redis_client, log):
    for name in "ab":
        for _ in range(20):
            Queue(name, connection=redis_client).enqueue(worker_jobs.append, str(log), name)
    SimpleWorker(["a", "b"], connection=redis_client).work(burst=True, logging_level="CRITICAL", dequeue_strategy="random")
    order = log.read_text().split()
    assert sorted(order) == ["a"] * 20 + ["b"] * 20
    assert order != sorted(order)


def test_an_unknown_strategy_is_refused_before_a_job_is_taken(queue):
    job = queue.enqueue(worker_jobs.nothing)
    with pytest.raises(ValueError, match="no dequeue strategy 'best'"):
        SimpleWorker([queue], connection=queue.connection).work(burst=True, dequeue_strategy="best")
    assert job.get_status() == "queued"


def test_a_subclass_orders_its_queues_itself(redis_client, log):
    for name in "abc":
        for _ in range(2):
            Queue(name, connection=redis_client).enqueue(worker_jobs.append, str(log), name)
    worker_kinds.LastQueueFirst(["a", "b", "c"], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    assert log.read_text().split() == ["a", "c", "b", "c", "b", "a"]


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Failing jobs are the material of these tests."""
    caplog.set_level(logging.CRITICAL + 1, "rq.worker")
