"""The methods of a worker around its jobs, replaced and by hand; workers for certain places; handlers of jobs whose process died."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry

from rq import Queue, SimpleWorker, Worker
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.job import Job, Retry
from rq.suspension import resume, suspend
from rq.version import VERSION
from rq.worker import HerokuWorker, RandomWorker, RoundRobinWorker, SpawnWorker, StopRequested
from tests.runtime import worker_jobs, worker_kinds
from tests.support.waiting import wait_until


@pytest.fixture
def queue(redis_client):
    return Queue("high", connection=redis_client)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.touch()
    return path


def work(worker_class, queue, log=None, **options):
    worker = worker_class([queue], connection=queue.connection, **options)
    worker.log_file = log
    worker.work(burst=True, logging_level="CRITICAL")
    return worker


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines()


def test_the_methods_of_a_workers_life_are_called_in_order(queue, log):
    job = queue.enqueue(worker_jobs.nothing)
    work(worker_kinds.Attentive, queue, log)
    told = lines(log)
    assert told[:3] == ["bootstrap", "born 1", "subscribe"]
    assert told[3:9] == ["check_for_suspension True", "maintained False", "dequeued high", "state busy busy", f"prepare_execution {job.id}", "state busy busy"]
    assert told[-3:] == ["unsubscribe", "dead True", "teardown"]
    assert "state idle idle" in told
    assert "dequeued None" in told
    assert job.get_status() == "finished"


def test_what_breaks_in_such_a_method_is_logged_and_jobs_go_on(processes, queue, redis_client, redis_url, log, tmp_path):
    code = """
        import sys, redis
        from pathlib import Path
        from tests.runtime.worker_kinds import Beating
        worker = Beating(["high"], connection=redis.Redis.from_url(sys.argv[1]), lease=2.0)
        worker.log_file = Path(sys.argv[2])
        worker.work()
    """
    process = processes.python(code, redis_url, log)
    gate, started = tmp_path / "gate", tmp_path / "started"
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(lambda: f"maintain_heartbeats {job.id}" in lines(log))
    process.wait_for_output("RuntimeError: the worker broke at its heartbeat")
    assert "heartbeat" in lines(log)
    gate.touch()
    wait_until(lambda: job.get_status() == "finished")


def test_a_job_that_a_worker_took_by_itself_is_run(queue):
    jobs = [queue.enqueue(worker_jobs.add, 1, number) for number in range(3)]
    work(worker_kinds.TakingWorker, queue)
    assert [job.return_value() for job in jobs] == [1, 2, 3]


def test_a_worker_that_answers_nonsense_goes_on(queue):
    job = queue.enqueue(worker_jobs.nothing)
    work(worker_kinds.UnluckyWorker, queue)
    assert job.get_status() == "finished"


def test_a_job_that_a_worker_took_by_itself_before_the_server_went_away_is_run(start_valkey):
    server = start_valkey(appendonly=True)
    connection = redis.Redis.from_url(server.url, retry=RedisRetry(NoBackoff(), 0))
    queue = Queue("high", connection=connection)
    job = queue.enqueue(worker_jobs.nothing)
    worker = worker_kinds.UnluckyWorker([queue], connection=connection)
    is_away = threading.Event()

    def go_away() -> None:
        worker.taken = lambda: None
        server.stop()
        is_away.set()

    worker.answers, worker.taken = 1, go_away  # its next answer makes sense
    thread = threading.Thread(target=worker.work, kwargs={"burst": True, "logging_level": "CRITICAL"})
    thread.start()
    assert is_away.wait(30)
    server.start()
    thread.join()
    assert job.get_status() == "finished"
    connection.close()


def test_stop_requested_lets_a_worker_leave(queue, redis_client):
    redis_client.set("enough", 1)
    job = queue.enqueue(worker_jobs.nothing)
    worker_kinds.LimitedWorker([queue], connection=redis_client).work(logging_level="CRITICAL")
    assert job.get_status() == "queued"


def test_a_worker_that_was_asked_to_stop_before_leaves_at_once(queue, redis_client):
    queue.enqueue(worker_jobs.nothing)
    worker = SimpleWorker([queue], connection=redis_client)
    worker.request_stop(signal.SIGTERM, None)
    assert worker.work(logging_level="CRITICAL") is False


def test_commands_and_signals_reach_the_methods_of_a_worker(processes, queue, redis_client, redis_url, tmp_path):
    code = """
        import sys, redis
        from rq import Worker
        class Hearing(Worker):
            def handle_payload(self, message):
                print("heard", message["data"], flush=True)
                super().handle_payload(message)
            def handle_warm_shutdown_request(self):
                print("warm", self.horse_pid > 0, flush=True)
            def request_force_stop(self, signum, frame):
                print("force", signum, flush=True)
                super().request_force_stop(signum, frame)
            def kill_horse(self, *arguments):
                print("killing", self.get_state(), flush=True)
        Hearing(["high"], name="w", connection=redis.Redis.from_url(sys.argv[1])).work()
    """
    process = processes.python(code, redis_url)
    started = tmp_path / "started"
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(started.exists)
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1)
    send_shutdown_command(redis_client, "w")
    process.wait_for_output("heard b'{")
    process.wait_for_output("warm True")
    asked_at = time.monotonic()
    wait_until(lambda: time.monotonic() > asked_at + 0.2)  # two at the same instant count as one
    process.terminate()
    assert process.wait() == 0, process.output
    words = process.stdout.splitlines()
    assert words.index("force 15") < words.index("killing busy")  # between them a thread of its own may log the stop
    assert words.count("killing busy") == 1
    assert job.get_status() == "queued"


@pytest.mark.parametrize("order", ["stop", "kill"])
def test_a_worker_hears_that_somebody_wants_its_job_to_end(processes, queue, redis_client, redis_url, tmp_path, order):
    code = """
        import sys, redis
        from rq import Worker
        class Hearing(Worker):
            def kill_horse(self, *arguments):
                print("killing", flush=True)
        Hearing(["high"], name="w", connection=redis.Redis.from_url(sys.argv[1])).work(max_jobs=1)
    """
    process = processes.python(code, redis_url)
    started = tmp_path / "started"
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(started.exists)
    if order == "stop":
        send_stop_job_command(redis_client, job.id)
    else:
        send_kill_horse_command(redis_client, "w")
    process.wait_for_output("killing")
    wait_until(lambda: job.get_status() != "started")
    process.terminate()


def test_check_for_suspension_waits_or_refuses_to(queue, redis_client):
    worker = SimpleWorker([queue], connection=redis_client)
    worker.check_for_suspension(burst=True)
    suspend(redis_client)
    with pytest.raises(StopRequested):
        worker.check_for_suspension(burst=True)
    resume(redis_client)


# --- by hand ---


def test_a_worker_shows_who_it_is_before_it_works(queue):
    worker = Worker([queue])
    assert (worker.hostname, worker.pid, worker.version, worker.python_version) == (socket.gethostname(), os.getpid(), VERSION, sys.version)
    assert (Worker([queue], prepare_for_work=False).hostname, Worker([queue], prepare_for_work=False).pid) == (None, None)


def test_what_a_worker_logs_can_be_set_until_it_works(queue, redis_client, caplog):
    job = queue.enqueue(worker_jobs.nothing, description="a secret")
    worker = SimpleWorker([queue], connection=redis_client)
    worker.log_job_description = worker.log_result_lifespan = False
    with caplog.at_level("DEBUG", "rq.worker"):
        worker.work(burst=True)
    assert f"Job OK: {job.id} finished" in caplog.text
    assert "a secret" not in caplog.text
    assert "is kept for" not in caplog.text


def dates(worker: Worker | SimpleWorker) -> list[datetime]:
    return [date for date in (worker.birth_date, worker.last_heartbeat) if date is not None]


def test_a_worker_knows_when_it_was_born_and_last_heard_of(queue, redis_client):
    worker = SimpleWorker([queue], connection=redis_client, lease=2.0)
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "CRITICAL"})
    thread.start()
    wait_until(lambda: len(set(dates(worker))) == 2)
    worker.request_stop(signal.SIGTERM, None)
    thread.join()
    born, last_heard_of = dates(worker)
    assert born < last_heard_of
    worker.work(burst=True, logging_level="CRITICAL")
    assert dates(worker)[0] > born


def test_a_worker_may_register_by_hand(queue, redis_client):
    worker = Worker([queue], name="w", connection=redis_client)
    worker.register_birth()
    assert [found.name for found in Worker.all(connection=redis_client)] == ["w"]
    assert worker.serialize()["queues"] == "high"
    with pytest.raises(ValueError, match="active worker named 'w'"):
        Worker([queue], name="w", connection=redis_client).register_birth()
    worker.register_death()
    assert Worker.all(connection=redis_client, queue=queue) == []
    assert worker.death_date is not None


def test_what_is_written_by_hand_can_be_read(queue, redis_client):
    worker = Worker([queue], name="w", connection=redis_client)
    worker.register_birth()
    job = queue.enqueue(worker_jobs.nothing)
    with redis_client.pipeline() as pipeline:
        worker.set_state("busy", pipeline=pipeline)
        worker.set_current_job_id(job.id, pipeline=pipeline)
        worker.set_current_job_working_time(1.5, pipeline=pipeline)
        worker.increment_successful_job_count(pipeline)
        worker.increment_failed_job_count(pipeline)
        worker.increment_total_working_time(timedelta(seconds=2), pipeline)
        worker.heartbeat(timeout=77, pipeline=pipeline)
        pipeline.execute()
    worker.set_shutdown_requested_date()
    assert 70 < redis_client.ttl(worker.key) <= 77
    found = Worker.find_by_key(worker.key, connection=redis_client)
    assert found is not None
    assert (found.get_state(), found.get_current_job(), found.current_job_working_time) == ("busy", job, 1.5)
    assert (found.successful_job_count, found.failed_job_count, found.total_working_time) == (1, 1, 2.0)
    assert found.shutdown_requested_date is not None
    worker.set_current_job_id(None)
    found.refresh()
    assert found.get_current_job_id() is None
    assert not redis_client.hexists(worker.key, "current_job")


def test_the_state_as_an_attribute_is_deprecated(queue, redis_client):
    worker = Worker([queue], connection=redis_client)
    with pytest.warns(DeprecationWarning, match="set_state"):
        worker.state = "idle"
    with pytest.warns(DeprecationWarning, match="get_state"):
        assert worker.state == "idle"


def test_an_execution_may_be_begun_and_ended_by_hand(queue, redis_client):
    job = queue.enqueue(worker_jobs.nothing)
    worker = Worker([queue], connection=redis_client)
    execution = worker.prepare_execution(job)
    assert worker.execution == execution
    assert len(queue.started_job_registry) == 1
    with redis_client.pipeline() as pipeline:
        worker.cleanup_execution(job, pipeline)
        pipeline.execute()
    assert len(queue.started_job_registry) == 0
    assert getattr(worker, "execution", "gone") is None


def test_maintenance_by_hand_is_due_once_in_a_while(queue, redis_client):
    worker = Worker([queue], connection=redis_client, maintenance_interval=600)
    assert worker.should_run_maintenance_tasks
    worker.run_maintenance_tasks()
    assert not worker.should_run_maintenance_tasks


def test_rqs_other_properties_have_rqs_values(queue, redis_client):
    worker = Worker([queue], name="w", connection=redis_client)
    job = Job.create(worker_jobs.nothing, connection=redis_client, timeout=180)
    assert (worker.dequeue_timeout, worker.connection_timeout, worker.pubsub_channel_name) == (405, 415, "rq:pubsub:w")
    assert (worker.get_heartbeat_ttl(job), SimpleWorker([queue], connection=redis_client).get_heartbeat_ttl(job)) == (90, 240)
    assert (worker.horse_pid, worker.is_horse, worker._stop_requested) == (0, False, False)
    worker.kill_horse()
    worker.validate_queues()


def test_a_worker_that_runs_nothing_waits_for_no_process_that_is_not_its_own(queue, redis_client):
    worker = Worker([queue], name="w", connection=redis_client)
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], stdout=subprocess.PIPE) as other:  # of this process group
        assert other.stdout is not None
        other.stdout.read()  # it has ended, or is about to
        assert worker.wait_for_horse() == (None, None, None)
        assert other.wait() == 3


# --- jobs whose process died ---


def test_the_handler_of_killed_horses_hears_of_every_death(queue):
    job = queue.enqueue(worker_jobs.die)
    deaths = []
    work(Worker, queue, work_horse_killed_handler=lambda job, pid, status, used: deaths.append((job.id, pid, status, used.ru_maxrss > 0)))
    assert [(job_id, status, used) for job_id, _, status, used in deaths] == [(job.id, signal.SIGKILL, True)] * 4
    assert len({pid for _, pid, _, _ in deaths}) == 4


def test_a_handler_that_takes_the_retries_away_makes_the_job_fail_at_once(queue):
    job = queue.enqueue(worker_jobs.die, retry=Retry(max=3))

    def give_up(job, *_):
        job.retries_left = 0

    work(Worker, queue, work_horse_killed_handler=give_up)
    job.refresh()
    assert (job.get_status(), job.attempt) == ("failed", 1)
    assert "signal 9" in job.latest_result().exc_string


def test_a_handler_that_breaks_does_not_end_the_worker(queue):
    bad, good = queue.enqueue(worker_jobs.die), queue.enqueue(worker_jobs.nothing)
    work(Worker, queue, work_horse_killed_handler=lambda *_: 1 / 0)
    assert (bad.get_status(), good.get_status()) == ("failed", "finished")


# --- workers for certain places ---


@pytest.mark.parametrize(("worker_class", "order"), [(RoundRobinWorker, "abab"), (RandomWorker, None)])
def test_older_classes_serve_queues_in_their_order(worker_class, order, redis_client, log):
    for name in "aabb":
        Queue(name, connection=redis_client).enqueue(worker_jobs.append, str(log), name)
    worker_class(["a", "b"], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    served = "".join(log.read_text().split())
    assert served == (order or served)
    assert sorted(served) == list("aabb")


def test_a_spawned_job_sees_nothing_of_the_program(queue):
    job = queue.enqueue(worker_jobs.add, 2, 3)
    work(SpawnWorker, queue)
    assert job.return_value() == 5


def test_heroku_tells_the_running_job_that_the_end_is_near(processes, queue, redis_url, tmp_path):
    started = tmp_path / "started"
    code = """
        import sys, redis
        from rq.worker import HerokuWorker
        class Hasty(HerokuWorker):
            imminent_shutdown_delay = 1
        Hasty(["high"], connection=redis.Redis.from_url(sys.argv[1])).work()
    """
    process = processes.python(code, redis_url)
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(started.exists)
    process.terminate()
    assert process.wait() == 0, process.output
    assert "ShutDownImminentException: shut down imminent (signal: SIGALRM)" in job.latest_result().exc_string
    assert HerokuWorker.imminent_shutdown_delay == 6


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Failing jobs are the material of these tests."""
    caplog.set_level(1000, "rq.worker")
