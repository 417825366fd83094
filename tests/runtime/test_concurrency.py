"""A worker with several places, over every executor that has them: as if it were as many workers."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rq import Queue, SimpleWorker, Worker
from rq.command import send_shutdown_command, send_stop_job_command
from rq.core.errors import InvalidOptionError
from rq.core.keys import Keyspace
from rq.job import Job
from rq.runtime import supervisor
from tests.runtime import worker_jobs
from tests.support import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import redis

    from tests.support.server import ValkeyServer

KEYS = Keyspace()
CONCURRENT = ["fork", "spawn", "warm", "threads", "asyncio"]


# Eight interpreters take their time to start on a busy machine.
wait_until = partial(waiting.wait_until, timeout=60.0)


@pytest.fixture(params=CONCURRENT)
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def queue(redis_client: redis.Redis) -> Queue:
    return Queue("high", connection=redis_client)


class Running:
    """A worker in a thread of the test."""

    def __init__(self, worker: Worker, options: dict[str, Any]) -> None:
        self.worker = worker
        self._thread = threading.Thread(target=worker.work, kwargs={"logging_level": "WARNING", **options}, daemon=True)
        self._thread.start()
        channel = KEYS.commands(worker.name)
        wait_until(lambda: dict(worker.connection.pubsub_numsub(channel))[channel.encode()] == 1)

    def stop(self) -> None:
        """Ask it to leave; asked again, it leaves at once."""
        send_shutdown_command(self.worker.connection, self.worker.name)
        wait_until(lambda: not self.is_alive or self.worker.shutdown_requested_date)
        heard_at = time.monotonic()
        wait_until(lambda: time.monotonic() > heard_at + 0.2)  # two at the same instant count as one

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(60)
        assert not self.is_alive


@pytest.fixture
def begin(redis_client: redis.Redis, queue: Queue, executor: str) -> Iterator[Callable[..., Running]]:
    """Starts a worker of the executor under test, with eight places unless told otherwise."""
    started: list[Running] = []

    def begin_one(concurrency: int = 8, *, lease: float = 30.0, **options: Any) -> Running:
        worker = Worker([queue], connection=redis_client, executor=executor, concurrency=concurrency, lease=lease, name="octopus")
        started.append(Running(worker, options))
        return started[-1]

    yield begin_one
    for running in started:
        if running.is_alive:
            running.stop()
            running.stop()
            running.join()


def work(queue: Queue, client: redis.Redis, **options: Any) -> None:
    Worker([queue], connection=client, **options).work(burst=True, logging_level="WARNING")


def test_eight_jobs_run_at_the_same_time_and_each_knows_which_it_is(queue: Queue, redis_client: redis.Redis, executor: str, tmp_path: Path) -> None:
    jobs = [queue.enqueue(f"{worker_jobs.__name__}.{name}", str(tmp_path), 8) for name in ("meet", "meet_as_a_task") for _ in range(4)]
    work(queue, redis_client, executor=executor, concurrency=8)
    assert [job.return_value() for job in jobs] == [job.id for job in jobs]


def test_two_hundred_coroutines_run_at_the_same_time(queue: Queue, redis_client: redis.Redis, tmp_path: Path) -> None:
    jobs = queue.enqueue_many([Queue.prepare_data(worker_jobs.meet_as_a_task, (str(tmp_path), 200)) for _ in range(200)])
    work(queue, redis_client, executor="asyncio", concurrency=200)
    assert [job.return_value() for job in jobs] == [job.id for job in jobs]


def test_more_jobs_than_places_are_each_run_once(
    queue: Queue, redis_client: redis.Redis, executor: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "log"
    count = 16 if executor == "spawn" else 60  # each is an interpreter
    jobs: list[Job[Any]] = [queue.enqueue(worker_jobs.append, str(log), str(number)) for number in range(count)]
    jobs.append(queue.enqueue(worker_jobs.fail))
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        work(queue, redis_client, executor=executor, concurrency=8)
    assert sorted(map(int, log.read_text().split())) == list(range(count))
    assert [job.get_status().value for job in jobs] == ["finished"] * count + ["failed"]


def test_max_jobs_is_the_number_of_jobs_not_of_rounds(queue: Queue, redis_client: redis.Redis, executor: str) -> None:
    for _ in range(12):
        queue.enqueue(worker_jobs.nothing)
    Worker([queue], connection=redis_client, executor=executor, concurrency=8).work(max_jobs=9, logging_level="WARNING")
    assert len(queue) == 3
    assert len(queue.finished_job_registry) == 9


def test_a_job_that_comes_while_others_run_begins_at_once_and_leaves_the_worker_busy(
    begin: Callable[..., Running], queue: Queue, redis_client: redis.Redis, tmp_path: Path
) -> None:
    long = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"))
    begin()
    wait_until((tmp_path / "began").exists)
    for number in range(10):
        queue.enqueue(worker_jobs.add, number, 1)
        wait_until(lambda: not len(queue) and len(queue.started_job_registry) == 1)
    assert len(queue.finished_job_registry) == 10
    assert long.get_status() == "started"
    assert redis_client.hmget(KEYS.worker("octopus"), "state", "current_job") == [b"busy", long.id.encode()]
    (tmp_path / "gate").touch()
    wait_until(lambda: long.get_status() == "finished")


def test_the_leases_of_all_jobs_are_extended(begin: Callable[..., Running], queue: Queue, redis_client: redis.Redis, tmp_path: Path) -> None:
    for number in range(3):
        queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / f"began{number}"))
    begin(concurrency=3, lease=2.0)
    wait_until(lambda: len(list(tmp_path.glob("began*"))) == 3)
    first = leases(redis_client)
    assert len(first) == 3
    wait_until(lambda: all(until > first[name] for name, until in leases(redis_client).items()))
    (tmp_path / "gate").touch()


def leases(client: redis.Redis) -> dict[bytes, float]:
    found: Any = client.zrange(KEYS.registry("wip", "high"), 0, -1, withscores=True)
    return dict(found)


def test_a_warm_stop_lets_all_running_jobs_finish_and_takes_no_other(begin: Callable[..., Running], queue: Queue, tmp_path: Path) -> None:
    jobs = [queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / f"began{number}")) for number in range(3)]
    running = begin()
    wait_until(lambda: len(list(tmp_path.glob("began*"))) == 3)
    running.stop()
    wait_until(lambda: running.worker.shutdown_requested_date)
    late = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: late.id in queue.job_ids)
    (tmp_path / "gate").touch()
    running.join()
    assert [job.get_status().value for job in jobs] == ["finished"] * 3
    assert late.get_status() == "queued"


def test_a_cold_stop_puts_all_running_jobs_back(begin: Callable[..., Running], queue: Queue, tmp_path: Path) -> None:
    jobs = [queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / f"began{number}")) for number in range(8)]
    running = begin()
    wait_until(lambda: len(list(tmp_path.glob("began*"))) == 8)
    running.stop()
    running.stop()
    running.join()
    (tmp_path / "gate").touch()
    assert sorted(queue.job_ids) == sorted(job.id for job in jobs)
    assert {job.get_status().value for job in jobs} == {"queued"}


def test_one_of_many_jobs_can_be_stopped(begin: Callable[..., Running], queue: Queue, redis_client: redis.Redis, tmp_path: Path) -> None:
    jobs = [queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / f"began{number}")) for number in range(3)]
    begin()
    wait_until(lambda: len(list(tmp_path.glob("began*"))) == 3)
    send_stop_job_command(redis_client, jobs[1].id)
    wait_until(lambda: jobs[1].get_status() == "stopped")
    (tmp_path / "gate").touch()
    wait_until(lambda: [job.get_status().value for job in jobs] == ["finished", "stopped", "finished"])


def test_one_of_many_jobs_runs_into_its_time_limit(begin: Callable[..., Running], queue: Queue, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limits = [60, 1, 60]
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        jobs = [queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), job_timeout=limit) for limit in limits]
        begin()
        wait_until(lambda: jobs[1].get_status() == "failed")
    result = jobs[1].latest_result()
    assert result is not None
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in str(result.exc_string)
    (tmp_path / "gate").touch()
    wait_until(lambda: [job.get_status().value for job in jobs] == ["finished", "failed", "finished"])


@pytest.mark.parametrize("executor", ["fork", "spawn", "warm"], indirect=True)
def test_a_job_that_kills_its_process_hurts_no_other(begin: Callable[..., Running], queue: Queue, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        long = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"))
        begin(concurrency=2)
        wait_until((tmp_path / "began").exists)
        deadly = queue.enqueue(worker_jobs.die)
        wait_until(lambda: deadly.get_status() == "failed")
    assert long.get_status() == "started"
    (tmp_path / "gate").touch()
    wait_until(lambda: long.get_status() == "finished")


def test_one_place_only_runs_inline(queue: Queue, redis_client: redis.Redis) -> None:
    worker = SimpleWorker([queue], connection=redis_client, concurrency=2)
    with pytest.raises(InvalidOptionError, match="one job at a time, not 2; use threads or asyncio"):
        worker.work(burst=True)


def test_an_unknown_executor_is_refused_with_the_names_of_all(queue: Queue, redis_client: redis.Redis) -> None:
    with pytest.raises(InvalidOptionError, match="no executor 'trheads'; use fork, spawn, warm, threads, asyncio, inline"):
        Worker([queue], connection=redis_client, executor="trheads").work(burst=True)


def test_a_job_that_comes_while_an_outcome_is_too_large_for_the_server_is_run(
    queue: Queue, redis_client: redis.Redis, valkey: ValkeyServer, tmp_path: Path
) -> None:
    # The interleaving: a free place waits; the call that settles another job, and claims, is refused for its size; a job that comes meanwhile has its number.
    came: list[Job[Any]] = []

    class Comes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "did not answer" in record.getMessage() and not came:
                came.append(queue.enqueue(worker_jobs.nothing))
                wait_until(lambda: came[0].get_status() == "started")

    handler = Comes()
    logging.getLogger("rq.worker").addHandler(handler)
    valkey.config_set("proto-max-bulk-len", 1024 * 1024)
    try:
        running = Running(Worker([queue], connection=redis_client, executor="threads", concurrency=2, name="octopus"), {})
        large = queue.enqueue(worker_jobs.large_after, str(tmp_path / "gate"), str(tmp_path / "began"), 3 * 1024 * 1024)
        wait_until((tmp_path / "began").exists)
        wait_until(lambda: redis_client.info("clients")["blocked_clients"] == 1)
        (tmp_path / "gate").touch()
        wait_until(lambda: large.get_status() == "failed")
        waiting.wait_until(lambda: came[0].get_status() == "finished", timeout=10.0)
    finally:
        logging.getLogger("rq.worker").removeHandler(handler)
        running.stop()
        running.join()


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_the_next_job_begins_at_once_after_one_that_was_taken_away(
    queue: Queue, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(supervisor, "IDLE_TICK_SECONDS", 600.0)  # for so long a worker would rest
    taken_away = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "never"), str(tmp_path / "started"))
    after = queue.enqueue(worker_jobs.nothing)
    running = Running(Worker([queue], connection=redis_client, lease=2.0, name="octopus"), {})
    try:
        wait_until((tmp_path / "started").exists)
        getattr(taken_away, end)()
        wait_until(lambda: after.get_status() == "finished")
    finally:
        running.stop()
        running.join()
