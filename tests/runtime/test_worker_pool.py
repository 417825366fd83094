"""`WorkerPool`, by hand in this process, and as a program."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import InvalidOptionError
from rq.queue import Queue
from rq.worker import SimpleWorker, Worker
from rq.worker_pool import WorkerPool, run_worker
from tests.runtime import pool_jobs, worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

PROGRAM = Path(__file__).with_name("pool_program.py")

# Starting an interpreter takes long on a machine that does ten other things.
LIMIT = 60.0


@pytest.fixture
def queue(redis_client):
    return Queue("pool", connection=redis_client)


@pytest.fixture
def pool(redis_client):
    made = WorkerPool(["pool"], redis_client, 2, worker_class=SimpleWorker, worker_options={"lease": 600})
    yield made
    for data in made.worker_dict.values():
        made.stop_worker(data, signal.SIGKILL)
        data.process.join()


def workers_of(client: redis.Redis) -> set[str]:
    return {worker.name for worker in Worker.all(connection=client)}


def registered(client: redis.Redis, count: int) -> None:
    wait_until(lambda: client.zcard("rq:x:workers") == count, LIMIT, "the workers did not register, or did not leave")


def kill(data) -> None:
    os.kill(data.pid, signal.SIGKILL)
    data.process.join()


# --- by hand --------------------------------------------------------------------------------------------------------------------------


def test_a_pool_begins_idle_and_without_workers(pool, queue):
    assert pool.status is WorkerPool.Status.IDLE
    assert [status.value for status in WorkerPool.Status] == [1, 2, 3]
    assert pool.worker_dict == {}
    assert pool.number_of_active_workers == 0
    assert pool.queues == [queue]
    assert len(pool.name) == 32


def test_workers_can_be_started_looked_at_and_stopped_by_hand(pool, redis_client):
    pool.start_workers(burst=False, logging_level="WARNING")
    registered(redis_client, 2)
    assert set(pool.worker_dict) == workers_of(redis_client)
    assert all(data.process.is_alive() and data.pid == data.process.pid and data.name == name for name, data in pool.worker_dict.items())
    pool.stop_workers()
    wait_until(pool.all_workers_have_stopped, LIMIT)
    assert workers_of(redis_client) == set()


def test_a_dead_worker_is_reaped_and_replaced_when_asked(pool, redis_client):
    pool.start_workers(burst=False, logging_level="WARNING")
    registered(redis_client, 2)
    victim, other = pool.worker_dict.values()
    kill(victim)
    assert pool.number_of_active_workers == 2
    pool.reap_workers()
    assert list(pool.worker_dict) == [other.name]
    assert workers_of(redis_client) == {other.name}
    pool.check_workers(respawn=False)
    assert pool.number_of_active_workers == 1
    pool.check_workers()
    assert pool.number_of_active_workers == 2
    pool.status = WorkerPool.Status.STOPPED
    kill(other)
    pool.check_workers()
    assert pool.number_of_active_workers == 1


def test_burst_workers_are_replaced_when_asked_too(pool):
    pool.start_workers(burst=True, logging_level="ERROR")
    for data in pool.worker_dict.values():
        data.process.join(20)
    assert pool.all_workers_have_stopped()
    pool.check_workers()
    assert pool.number_of_active_workers == 2


def test_one_worker_more_can_be_started(pool, redis_client):
    pool.start_worker(1, burst=False, logging_level="ERROR")
    assert pool.number_of_active_workers == 1
    pool.start_worker(2, burst=False, logging_level="ERROR")
    pool.start_worker(3, burst=False, logging_level="ERROR")
    assert pool.number_of_active_workers == pool.num_workers == 3
    pool.num_workers = 1
    registered(redis_client, 1)


def test_the_process_of_a_worker_can_be_had_without_starting_it(pool, redis_client):
    process = pool.get_worker_process("w", burst=True, logging_level="ERROR")
    assert process.pid is None
    assert not process.is_alive()
    process.start()
    process.join(20)
    assert process.exitcode == 0
    assert redis_client.hexists("rq:worker:w", "death")


def test_the_jobs_of_a_dead_worker_go_back_when_it_is_reaped(pool, queue, redis_client, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    pool.start_worker(burst=False, logging_level="ERROR")
    job = queue.enqueue(pool_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists, LIMIT)
    (data,) = pool.worker_dict.values()
    kill(data)
    pool.reap_workers()
    assert job.get_status() == "queued"
    assert queue.job_ids == [job.id]


def test_a_worker_that_is_to_be_stopped_and_has_ended_is_left_alone(pool):
    pool.start_worker(burst=True, logging_level="ERROR")
    (data,) = pool.worker_dict.values()
    data.process.join(20)
    pool.stop_worker(data)


def test_a_request_to_stop_a_pool_that_does_not_run_stops_its_workers(pool, redis_client):
    pool.start_workers(burst=False, logging_level="ERROR")
    registered(redis_client, 2)
    pool.request_stop(signal.SIGTERM, None)
    assert pool.status is WorkerPool.Status.STOPPED
    wait_until(pool.all_workers_have_stopped, LIMIT)


def test_run_worker_is_the_entry_of_a_worker(queue, redis_client):
    job = queue.enqueue(worker_jobs.add, 1, 2)
    pool = redis_client.connection_pool
    run_worker("w", ["pool"], type(redis_client), pool.connection_class, pool.connection_kwargs, SimpleWorker, logging_level="ERROR")
    assert job.return_value() == 3


def test_further_arguments_are_ignored_with_a_warning(redis_client):
    with pytest.warns(UserWarning, match="WorkerPool ignores"):
        WorkerPool(["pool"], redis_client, with_scheduler=True)


def test_classes_that_nobody_can_import_are_refused_with_fresh_interpreters(redis_client):
    class Mine(Worker):
        pass

    with pytest.raises(InvalidOptionError, match="cannot import"):
        WorkerPool(["pool"], redis_client, worker_class=Mine, fresh_interpreter=True)
    with pytest.raises(InvalidOptionError, match="leave out fresh_interpreter"):
        WorkerPool(["pool"], redis_client, exception_handlers=lambda *_: None, fresh_interpreter=True)


def test_a_pool_runs_in_the_main_thread_only(redis_client):
    pool = WorkerPool(["pool"], redis_client, 0)
    errors = []

    def start():
        try:
            pool.start()
        except InvalidOptionError as error:
            errors.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in errors[0]
    assert pool.status is WorkerPool.Status.STOPPED


# --- as a program -----------------------------------------------------------------------------------------------------------------------


def start(processes, url, kind, **where):
    return processes.script(PROGRAM, url, kind, **where)


@pytest.mark.parametrize("kind", ["plain", "simple", "own", "json", "fresh", "fresh-json"])
def test_a_burst_pool_of_any_kind_runs_the_jobs_and_is_stopped(kind, processes, redis_client, redis_url):
    queue = Queue("pool", connection=redis_client, serializer="json" if "json" in kind else None)
    jobs = [queue.enqueue(worker_jobs.add, number, 1) for number in range(6)]
    pool = start(processes, redis_url, f"{kind}-burst")
    assert "Status.STOPPED" in pool.succeed(LIMIT)
    assert [job.return_value() for job in jobs] == [number + 1 for number in range(6)], pool.output
    assert workers_of(redis_client) == set()


@pytest.mark.parametrize(("kind", "seen"), [("plain", ["what the program set up"]), ("simple", ["what the program set up"]), ("fresh", [])])
def test_jobs_see_what_the_program_set_up_unless_interpreters_are_fresh(kind, seen, processes, queue, redis_url):
    job = queue.enqueue(pool_jobs.what_was_set_up)
    start(processes, redis_url, f"{kind}-burst").succeed(LIMIT)
    assert job.return_value() == seen


@pytest.mark.parametrize("kind", ["handled", "fresh"])
def test_exception_handlers_hear_of_failures(kind, processes, queue, redis_url, tmp_path):
    queue.enqueue(pool_jobs.fail)
    note = tmp_path / "note"
    start(processes, redis_url, f"{kind}-burst", env={"NOTE": str(note)}).succeed(LIMIT)
    assert note.exists()


@pytest.mark.parametrize("kind", ["plain", "simple", "fresh"])
def test_a_killed_worker_is_replaced_at_once_and_its_job_run_again(kind, processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    pool = start(processes, redis_url, kind)
    registered(redis_client, 2)
    job = queue.enqueue(pool_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists, LIMIT)
    (victim,) = [worker for worker in Worker.all(connection=redis_client) if worker.get_current_job_id() == job.id]
    started.unlink()
    os.kill(victim.pid or 0, signal.SIGKILL)
    wait_until(started.exists, LIMIT, lambda: pool.output)
    registered(redis_client, 2)
    gate.touch()
    wait_until(lambda: job.get_status() == "finished", LIMIT)
    job.refresh()
    assert job.attempt == 2
    pool.terminate()
    pool.succeed(LIMIT)
    assert workers_of(redis_client) == set()


@pytest.mark.parametrize("kind", ["plain", "fresh"])
def test_workers_leave_when_their_pool_is_killed(kind, processes, queue, redis_client, redis_url, tmp_path):
    gate, started = tmp_path / "gate", tmp_path / "started"
    pool = start(processes, redis_url, kind)
    registered(redis_client, 2)
    job = queue.enqueue(pool_jobs.wait_for, str(gate), str(started))
    wait_until(started.exists, LIMIT)
    pool.kill()
    registered(redis_client, 1)
    gate.touch()
    registered(redis_client, 0)
    assert job.get_status() == "finished"


@pytest.mark.parametrize("kind", ["plain", "fresh"])
def test_a_restart_replaces_the_workers_and_signals_change_their_number(kind, processes, redis_client, redis_url):
    pool = start(processes, redis_url, kind)
    registered(redis_client, 2)
    pool.wait_for_output("p.2", LIMIT)
    before = workers_of(redis_client)
    pool.send_signal(signal.SIGHUP)
    pool.wait_for_output("all processes were restarted", LIMIT)
    registered(redis_client, 2)
    assert not before & workers_of(redis_client)
    pool.send_signal(signal.SIGTTIN)
    registered(redis_client, 3)
    pool.send_signal(signal.SIGINT)
    pool.succeed(LIMIT)
