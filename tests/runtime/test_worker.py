"""A worker as a whole, on a real server: in this process where the clock does not matter, as a program where signals do."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import redis

from rq import Queue, SimpleWorker, Worker
from rq.core.errors import WorkerNameTaken
from rq.core.keys import Keyspace
from rq.job import Job
from rq.model.outcome import Released
from rq.runtime import supervisor
from rq.runtime.executors.base import Attempt, Ended, Executor
from rq.runtime.executors.inline import InlineExecutor
from rq.runtime.supervisor import IDLE_TICK_SECONDS
from rq.store.explain import LEASE_MARGIN_SECONDS
from rq.store.waiting import wait_readable
from tests.runtime import worker_jobs
from tests.runtime.driving import is_alive
from tests.support.waiting import wait_until

KEYS = Keyspace()
PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"

BOTH = pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])


@pytest.fixture
def queue(redis_client):
    return Queue("high", connection=redis_client)


def work(worker_class, queues, client, **options):
    worker = worker_class(queues, connection=client)
    worker.work(burst=True, logging_level="WARNING", **options)
    return worker


def calls_of(client: redis.Redis) -> dict[str, int]:
    """How often each command was called since the last reset of the statistics."""
    return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in client.info("commandstats").items()}


def waits_for(client: redis.Redis) -> int:
    """How many connections block on the server."""
    return int(client.info("clients")["blocked_clients"])


def start(processes, url, class_name, name, *queues, lease=30.0):
    return processes.script(PROGRAM, url, class_name, str(lease), name, *queues)


@BOTH
def test_a_job_is_run_and_its_result_can_be_read(worker_class, queue, redis_client):
    job = queue.enqueue(worker_jobs.add, 2, b=3)
    work(worker_class, [queue], redis_client)
    assert job.get_status() == "finished"
    assert job.return_value() == 5
    assert job.id in queue.finished_job_registry
    assert len(queue) == len(queue.started_job_registry) == 0


@BOTH
def test_an_exception_is_kept_with_its_text(worker_class, queue, redis_client, caplog):
    job = queue.enqueue(worker_jobs.fail, "it broke")
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(worker_class, [queue], redis_client)
    assert job.get_status() == "failed"
    assert "ValueError: it broke" in job.latest_result().exc_string
    assert job.id in queue.failed_job_registry
    assert Worker.all(connection=redis_client) == []


@BOTH
def test_the_record_of_a_failed_job_says_what_was_called(worker_class, queue, redis_client, caplog):
    job = queue.enqueue(worker_jobs.fail, "it broke")
    worker_class([queue], connection=redis_client).work(burst=True, logging_level="ERROR")
    [record] = map(vars, caplog.records)
    assert (record["func"], record["arguments"], record["kwargs"]) == ("tests.runtime.worker_jobs.fail", ("it broke",), {})
    assert (record["queue"], record["job_id"]) == ("high", job.id)


@BOTH
def test_queues_are_served_in_order_of_priority(worker_class, redis_client, tmp_path):
    low, high, middle = (Queue(name, connection=redis_client) for name in ("low", "high", "middle"))
    log = tmp_path / "log"
    for queue in (low, high, middle):
        queue.enqueue(worker_jobs.append, str(log), queue.name)
        queue.enqueue(worker_jobs.append, str(log), queue.name)
    work(worker_class, ["high", "middle", "low"], redis_client)
    assert log.read_text().split() == ["high", "high", "middle", "middle", "low", "low"]


def test_every_job_has_a_process_of_its_own(queue, redis_client):
    jobs = [queue.enqueue(worker_jobs.process_id) for _ in range(5)]
    work(Worker, [queue], redis_client)
    pids = {job.return_value() for job in jobs}
    assert len(pids) == 5
    assert os.getpid() not in pids


@pytest.mark.parametrize("queues", [["high"], ["high", "middle", "low"]])
def test_a_busy_worker_needs_one_round_trip_per_job(queues, redis_client):
    queue = Queue("high", connection=redis_client)
    scripts, others = [], []
    for count in (1, 10, 210):  # the first round only teaches the server the scripts
        for _ in range(count):
            queue.enqueue(worker_jobs.nothing)
        redis_client.config_resetstat()
        work(SimpleWorker, queues, redis_client)
        commands = calls_of(redis_client)
        scripts.append(commands["evalsha"])
        others.append(sum(commands.get(name, 0) for name in ("blmove", "multi", "eval", "script|load", "client|unblock", "ping")))
    upkeep = 2 * len(queues) + 1 + 5 * (len(queues) + 1)  # rounds of the janitor and looks of the lookout may or may not fall into so short a run
    assert abs(scripts[2] - scripts[1] - 200) <= upkeep
    assert others[1:] == [0, 0]


def test_a_worker_that_a_job_has_woken_waits_anew_on_that_queue_alone(redis_client, valkey, processes):
    queues = [Queue(name, connection=redis_client) for name in ("high", "middle", "low")]
    start(processes, valkey.url, "SimpleWorker", "w", *(queue.name for queue in queues))
    wait_until(lambda: waits_for(redis_client) == len(queues))
    redis_client.config_resetstat()
    for queue in (*queues, *queues):
        job = queue.enqueue(worker_jobs.nothing)
        wait_until(job.latest_result)
        wait_until(lambda: waits_for(redis_client) == len(queues))
    commands = calls_of(redis_client)
    assert (commands["blmove"], commands.get("client|unblock")) == (6, None)


def test_the_cost_of_a_job_does_not_depend_on_how_many_wait(redis_client):
    costs = []
    for waiting in (10, 10_000, 200_000):
        redis_client.flushdb()
        queue = Queue("high", connection=redis_client)
        for _ in range(3):
            queue.enqueue(worker_jobs.nothing)
        filler = [f"filler{number}" for number in range(waiting)]
        for at in range(0, waiting, 50_000):
            redis_client.rpush(queue.key, *filler[at : at + 50_000])
        redis_client.config_resetstat()
        queue.enqueue(worker_jobs.nothing)
        work(SimpleWorker, [queue], redis_client, max_jobs=3)
        commands = calls_of(redis_client)
        costs.append({name: calls for name, calls in commands.items() if name not in {"info", "config|resetstat", "client|setinfo", "hello"}})
    looks = 5  # which may or may not fall into so short a run; each asks a queue's schedule once, and for pauses
    assert {name: calls for name in costs[0] if (calls := [cost[name] for cost in costs]) and max(calls) - min(calls) > 4 * looks} == {}


def test_max_jobs_ends_the_worker_after_that_many(queue, redis_client):
    for _ in range(3):
        queue.enqueue(worker_jobs.nothing)
    worker = SimpleWorker([queue], connection=redis_client)
    assert worker.work(max_jobs=2, logging_level="WARNING") is True
    assert len(queue) == 1


@BOTH
def test_a_worker_in_a_thread_runs_jobs_and_keeps_their_time_limits(worker_class, queue, redis_client, tmp_path):
    good = queue.enqueue(worker_jobs.add, 1, 2)
    long = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), job_timeout=1)
    thread = threading.Thread(target=work, args=(worker_class, [queue], redis_client))
    thread.start()
    thread.join(30)
    assert (good.return_value(), long.get_status()) == (3, "failed")
    assert "JobTimeoutException" in long.latest_result().exc_string


def test_an_idle_worker_leaves_after_max_idle_time(queue, redis_client):
    assert SimpleWorker([queue], connection=redis_client).work(max_idle_time=0.05, logging_level="WARNING") is False


def test_scheduled_jobs_run_when_they_are_due_without_a_scheduler(processes, queue, redis_client, redis_url, tmp_path):
    from datetime import timedelta

    start(processes, redis_url, "SimpleWorker", "w", "high")
    wait_until(lambda: redis_client.zcard(KEYS.presence) == 1)
    job = queue.enqueue_in(timedelta(seconds=0.3), worker_jobs.append, str(tmp_path / "log"), "ran")
    assert job.get_status() == "scheduled"
    wait_until(lambda: job.get_status() == "finished")


def test_a_suspended_worker_takes_nothing_and_a_burst_worker_leaves(queue, redis_client):
    redis_client.set(KEYS.suspended, 1)
    queue.enqueue(worker_jobs.nothing)
    work(SimpleWorker, [queue], redis_client)
    assert len(queue) == 1
    redis_client.delete(KEYS.suspended)
    work(SimpleWorker, [queue], redis_client)
    assert len(queue) == 0


@BOTH
def test_a_job_whose_hash_cannot_be_read_fails_and_the_next_one_runs(worker_class, queue, redis_client, caplog):
    bad, good = queue.enqueue(worker_jobs.nothing), queue.enqueue(worker_jobs.nothing)
    redis_client.hset(bad.key, "timeout", "12x")
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(worker_class, [queue], redis_client)
    assert redis_client.hget(bad.key, "status") == b"failed"
    assert good.get_status() == "finished"


def test_a_job_that_blocks_every_signal_is_killed_when_its_time_is_up(queue, redis_client, tmp_path, caplog):
    job = queue.enqueue(worker_jobs.ignore_everything, str(tmp_path / "log"), job_timeout=1)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(Worker, [queue], redis_client)
    assert job.get_status() == "failed"
    assert "1" in job.latest_result().exc_string
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "log").read_text()), 0)


def test_a_job_that_keeps_killing_its_process_is_set_aside_after_three_crashes(queue, redis_client, caplog):
    job, other = queue.enqueue(worker_jobs.die), queue.enqueue(worker_jobs.nothing)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(Worker, [queue], redis_client)
    job.refresh()
    assert (job.get_status(), job.attempt) == ("failed", 4)
    assert "signal 9" in job.latest_result().exc_string
    assert other.get_status() == "finished"


def test_leaving_with_status_zero_is_no_success(queue, redis_client, caplog):
    job = queue.enqueue(worker_jobs.leave, 0)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(Worker, [queue], redis_client)
    assert job.get_status() == "failed"


@pytest.mark.parametrize("class_name", ["Worker", "SimpleWorker"])
def test_one_signal_lets_the_running_job_finish_and_leaves_the_rest(class_name, processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    process = start(processes, redis_url, class_name, "w", "high")
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    rest = queue.enqueue(worker_jobs.nothing)
    wait_until(started.exists)
    process.send_signal(signal.SIGTERM)
    process.wait_for_output("shut down requested by SIGTERM")
    wait_until(lambda: redis_client.hexists("rq:worker:w", "shutdown_requested_date"))
    gate.touch()
    assert process.wait() == 0, process.output
    assert (job.get_status(), rest.get_status()) == ("finished", "queued")
    assert redis_client.exists(KEYS.presence) == 0


def test_a_living_worker_keeps_its_name(processes, queue, redis_client, redis_url):
    start(processes, redis_url, "SimpleWorker", "w", "high")
    wait_until(lambda: redis_client.zcard(KEYS.presence) == 1)
    with pytest.raises(WorkerNameTaken, match="active worker named 'w'"):
        SimpleWorker([queue], "w", connection=redis_client).work(burst=True)


def test_the_name_of_a_killed_worker_is_free_at_once_and_its_job_goes_back(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    process = start(processes, redis_url, "SimpleWorker", "w", "high", lease=600)
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    gate.touch()
    SimpleWorker([queue], "w", connection=redis_client).work(burst=True, logging_level="ERROR")
    assert job.get_status() == "finished"


def test_a_worker_that_the_server_forgot_registers_again(processes, queue, redis_client, redis_url):
    start(processes, redis_url, "SimpleWorker", "w", "high", lease=2.0)
    wait_until(lambda: redis_client.zcard(KEYS.presence) == 1)
    redis_client.flushdb()
    wait_until(lambda: redis_client.exists("rq:worker:w") and redis_client.sismember("rq:workers", "rq:worker:w"))
    job = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: job.get_status() == "finished")


def test_canceling_a_running_job_ends_its_process(processes, queue, redis_client, redis_url, tmp_path):
    started = tmp_path / "started"
    process = start(processes, redis_url, "Worker", "w", "high", lease=2.0)
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(started))
    wait_until(lambda: started.exists() and started.read_text())
    pid = int(started.read_text())
    job.cancel()
    process.wait_for_output("the job was canceled")
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    assert job.get_status() == "canceled"
    assert job.id in queue.canceled_job_registry
    after = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: after.get_status() == "finished")


def test_a_worker_that_was_frozen_past_its_lease_is_fenced(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    frozen = start(processes, redis_url, "Worker", "frozen", "high", lease=2.0)
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists)
    frozen.send_signal(signal.SIGSTOP)
    start(processes, redis_url, "Worker", "rescuer", "high", lease=2.0)
    wait_until(lambda: len(started.read_text().split()) == 2, 30)
    frozen.send_signal(signal.SIGCONT)
    frozen.wait_for_output("registered again")
    gate.touch()
    wait_until(lambda: job.get_status() == "finished")
    job.refresh()
    assert (job.worker_name, job.attempt) == ("rescuer", 2)
    assert len([result for result in job.results() if result.type == result.Type.SUCCESSFUL]) == 1


def test_an_idle_worker_that_was_frozen_past_its_lease_does_not_begin_what_it_was_given_meanwhile(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    gate.touch()
    frozen = start(processes, redis_url, "SimpleWorker", "frozen", "high", lease=2.0)
    wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 1)
    frozen.send_signal(signal.SIGSTOP)
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(lambda: redis_client.hget(job.key, "worker_name") == b"frozen")  # the claim lay at the server
    rescuer = start(processes, redis_url, "SimpleWorker", "rescuer", "high", lease=2.0)
    wait_until(lambda: job.get_status() == "finished", 30)
    rescuer.terminate()
    assert rescuer.wait() == 0
    frozen.send_signal(signal.SIGCONT)
    after = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: after.get_status() == "finished")
    assert started.read_text().split() == [str(rescuer.pid)]
    job.refresh()
    assert (job.worker_name, job.attempt) == ("rescuer", 2)


def test_the_hash_of_a_worker_is_rqs(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    start(processes, redis_url, "Worker", "w", "high", "low")
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists)
    fields = redis_client.hgetall("rq:worker:w")
    assert {name.decode() for name in fields} >= {
        *(
            "birth",
            "last_heartbeat",
            "queues",
            "pid",
            "hostname",
            "ip_address",
            "version",
            "python_version",
            "state",
            "current_job",
            "current_job_working_time",
        ),
    }
    assert (fields[b"queues"], fields[b"state"], fields[b"current_job"]) == (b"high,low", b"busy", job.id.encode())
    assert redis_client.smembers("rq:workers") == redis_client.smembers("rq:workers:low") == {b"rq:worker:w"}
    assert 0 < redis_client.ttl("rq:worker:w") <= 480
    (worker,) = Worker.all(connection=redis_client)
    assert (worker.name, worker.get_state(), worker.queue_names()) == ("w", "busy", ["high", "low"])
    assert worker.get_current_job() == Job.fetch(job.id, connection=redis_client)
    assert Worker.count(queue=queue) == 1
    gate.touch()
    wait_until(lambda: redis_client.hget("rq:worker:w", "successful_job_count") == b"1")
    worker.refresh()
    assert (worker.get_state(), worker.successful_job_count, worker.get_current_job_id()) == ("idle", 1, None)
    assert worker.total_working_time > 0


def test_a_worker_that_has_had_no_job_yet_is_idle_for_whoever_looks(processes, redis_client, redis_url):
    process = start(processes, redis_url, "Worker", "w", "high", lease=2.0)
    process.wait_for_output("Listening on")
    (worker,) = Worker.all(connection=redis_client)
    assert worker.get_state() == "idle"


def test_a_worker_that_the_server_forgot_while_its_job_ran_is_still_busy(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    start(processes, redis_url, "Worker", "w", "high", lease=2.0)
    queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists)
    redis_client.flushdb()
    wait_until(lambda: redis_client.hget("rq:worker:w", "state") == b"busy")


def test_a_worker_outlives_a_restart_of_the_server(processes, start_valkey, tmp_path):
    server = start_valkey(appendonly=True)
    client = redis.Redis.from_url(server.url)
    queue = Queue("high", connection=client)
    gate, started = tmp_path / "gate", tmp_path / "started"
    process = start(processes, server.url, "Worker", "w", "high")
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started), result_ttl=-1)
    wait_until(started.exists)
    server.restart()
    gate.touch()
    wait_until(lambda: job.get_status() == "finished", 30)
    after = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: after.get_status() == "finished", 30)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0, process.output
    client.close()


def test_time_limits_are_kept_while_the_server_is_away(processes, start_valkey, tmp_path):
    server = start_valkey(appendonly=True)
    client = redis.Redis.from_url(server.url)
    started = tmp_path / "started"
    process = processes.cli("worker", "high", "--url", server.url, "--concurrency", 2)
    Queue("high", connection=client).enqueue(worker_jobs.ignore_everything, str(started), job_timeout=3)
    pid = int(wait_until(lambda: started.exists() and started.read_text(), 60))
    client.close()
    server.kill()
    wait_until(lambda: not is_alive(pid), 30, lambda: process.output)


def test_a_worker_whose_executor_fails_at_the_end_leaves_all_the_same(queue, redis_client):
    class Failing(InlineExecutor):
        def shutdown(self) -> None:
            raise RuntimeError("something is stuck")

    class Own(SimpleWorker):
        def make_executor(self) -> Executor:
            return Failing()

    with pytest.raises(RuntimeError, match="something is stuck"):
        Own([queue], connection=redis_client, name="w").work(burst=True)
    assert redis_client.zcard(KEYS.presence) == 0
    wait_until(lambda: not [thread.name for thread in threading.enumerate() if thread.name.endswith("-w")])


class Reluctant(InlineExecutor):
    """Cannot begin the first job that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []

    def submit(self, attempt: Attempt) -> None:
        """Run it, or give it back."""
        self.begun.append(time.monotonic())
        if len(self.begun) == 1:
            self._ended.append(Ended(attempt.execution_id, Released("no process could be made")))
        else:
            super().submit(attempt)


@pytest.fixture
def reluctant(redis_client):
    """Makes a worker that cannot begin its first job, and what shows how it fared."""
    executor = Reluctant()

    class Own(SimpleWorker):
        def make_executor(self) -> Executor:
            return executor

    return lambda *queues: (Own([Queue(name, connection=redis_client) for name in queues], connection=redis_client), executor)


@pytest.mark.parametrize("queues", [("high",), ("higher", "high", "low")])
def test_a_job_that_could_not_begin_is_not_tried_again_at_once(reluctant, redis_client, queues):
    def enqueue() -> None:
        wait_until(lambda: waits_for(redis_client) == len(queues))
        Queue("high", connection=redis_client).enqueue(worker_jobs.nothing)

    worker, executor = reluctant(*queues)
    enqueueing = threading.Thread(target=enqueue)
    enqueueing.start()
    worker.work(max_idle_time=2, logging_level="ERROR")
    enqueueing.join()
    first, second = executor.begun
    assert second - first > 0.9 * IDLE_TICK_SECONDS


def test_a_worker_that_rests_and_may_not_be_idle_does_not_spin(reluctant, queue, monkeypatch):
    waits = []

    def count(*arguments):
        waits.append(arguments)
        return wait_readable(*arguments)

    monkeypatch.setattr(supervisor, "wait_readable", count)
    queue.enqueue(worker_jobs.nothing)
    worker, executor = reluctant("high")
    worker.work(max_idle_time=0, logging_level="ERROR")
    assert len(executor.begun) == 2
    assert len(waits) < 20


def test_a_result_that_the_server_does_not_take_makes_the_job_fail_and_the_worker_goes_on(start_valkey, caplog):
    server = start_valkey(proto_max_bulk_len=1024 * 1024)
    client = server.client()
    queue = Queue("high", connection=client)
    large, other = queue.enqueue("builtins.bytes", 3 * 1024 * 1024), queue.enqueue(worker_jobs.nothing)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(SimpleWorker, [queue], client)
    assert large.get_status() == "failed"
    result = large.latest_result()
    assert result is not None
    assert "proto-max-bulk-len" in str(result.exc_string)
    assert other.get_status() == "finished"


def test_hundreds_of_unreadable_jobs_in_a_row_do_not_stop_a_worker(queue, redis_client, caplog):
    for _ in range(400):
        redis_client.hset(queue.enqueue(worker_jobs.nothing).key, "timeout", "abc")
    good = queue.enqueue(worker_jobs.nothing)
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(SimpleWorker, [queue], redis_client)
    assert good.get_status() == "finished"
    assert redis_client.zcard(KEYS.registry("failed", "high")) == 400


def test_a_worker_that_is_stopped_while_the_server_is_away_leaves_well(processes, start_valkey):
    server = start_valkey()
    client = redis.Redis.from_url(server.url)
    process = start(processes, server.url, "SimpleWorker", "w", "high")
    wait_until(lambda: client.info("clients")["blocked_clients"] == 1)  # registered alone, it is not at work yet
    client.close()
    server.kill()
    process.wait_for_output("did not answer")
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0, process.output


def test_an_id_that_wakes_a_worker_which_the_server_forgot_is_not_lost(processes, queue, redis_client, redis_url):
    process = start(processes, redis_url, "SimpleWorker", "w", "high")
    wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 1)
    process.send_signal(signal.SIGSTOP)
    redis_client.flushdb()
    job = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: queue.job_ids == [job.id])
    process.kill()
    work(SimpleWorker, [queue], redis_client)
    assert job.get_status() == "finished"


def test_a_burst_worker_waits_for_the_job_of_a_dead_worker(processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    process = start(processes, redis_url, "SimpleWorker", "w", "high", lease=2.0)
    job = queue.enqueue(worker_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists)
    process.kill()
    gate.touch()
    # The job's lease, not the worker's: that one may have been written a heartbeat earlier.
    leases = KEYS.registry("wip", "high")
    wait_until(lambda: redis_client.zcount(leases, "-inf", redis_client.time()[0] + LEASE_MARGIN_SECONDS) == 1, 20, "the lease did not run out")
    SimpleWorker([queue], connection=redis_client, lease=2.0).work(burst=True, logging_level="ERROR")
    assert job.get_status() == "finished"


def test_classes_may_be_named_by_their_path_and_queues_get_the_workers_serializer(redis_client):
    worker = Worker(["high"], connection=redis_client, queue_class="rq.Queue", job_class="rq.job.Job", serializer="json")
    assert type(worker.queues[0]) is Queue
    assert worker.queues[0].serializer is worker.serializer
    assert worker.job_class is Job
