"""Processes are killed at random moments, and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest

from rq import Queue
from tests.faults import fault_jobs
from tests.faults.fleet import Fleet, assert_all_finished_once, assert_nothing_left_behind, descendants, kill_process, lines_of, times_begun
from tests.support.waiting import wait_until

LEASE = 2.0


def finished(client, queue):
    return client.zcard(queue.finished_job_registry.key)


def test_no_job_is_lost_when_workers_and_children_are_killed_at_random_moments(budget, processes, redis_client, redis_url, tmp_path):
    audit = tmp_path / "audit"
    rng = random.Random(7)
    queue = Queue("faults", connection=redis_client)
    count = budget.kills * 5
    job_ids = [f"job{number}" for number in range(count)]
    for job_id in job_ids:
        queue.enqueue(fault_jobs.take_time, str(audit), job_id, rng.uniform(0.0, 0.06), job_id=job_id, result_ttl=-1)
    fleet = Fleet(processes, redis_client, redis_url, 3, lease=LEASE)
    fleet.wait_until_listening()
    pause = threading.Event()
    for _ in range(budget.kills):
        pause.wait(rng.uniform(0.0, 0.25))
        fleet.kill(rng.choice(fleet.workers), rng.choice(["worker", "child", "child", "both"]))
        fleet.replace_ended()
    wait_until(lambda: finished(redis_client, queue) >= count, 120, lambda: f"only {finished(redis_client, queue)} of {count} jobs finished")
    fleet.wait_until_listening()
    wait_until(lambda: not redis_client.zcard("rq:wip:faults"), 30)
    wait_until(lambda: redis_client.zcard("rq:x:workers") == len(fleet.workers), 30, "dead workers stay registered")
    assert_all_finished_once(redis_client, job_ids)
    fleet.stop()
    assert_nothing_left_behind(redis_client)
    assert set(times_begun(audit)) == set(job_ids)


def test_no_job_is_lost_failed_or_run_twice_when_workers_are_stopped_at_random_moments(budget, processes, redis_client, redis_url, tmp_path):
    audit = tmp_path / "audit"
    rng = random.Random(11)
    queue = Queue("faults", connection=redis_client)
    count = budget.stops * 10
    job_ids = [f"job{number}" for number in range(count)]
    for job_id in job_ids:
        queue.enqueue(fault_jobs.take_time, str(audit), job_id, rng.uniform(0.0, 0.03), job_id=job_id, result_ttl=-1)
    fleet = Fleet(processes, redis_client, redis_url, 2, lease=LEASE)
    fleet.wait_until_listening()
    pause = threading.Event()
    for _ in range(budget.stops):
        pause.wait(rng.uniform(0.0, 0.2))
        worker = rng.choice(fleet.workers)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() in {0, -signal.SIGTERM}, worker.output  # the latter while it starts, before it is a worker
        fleet.replace_ended()
    wait_until(lambda: finished(redis_client, queue) >= count, 120, lambda: f"only {finished(redis_client, queue)} of {count} jobs finished")
    assert_all_finished_once(redis_client, job_ids)
    fleet.stop()
    assert_nothing_left_behind(redis_client)
    assert set(times_begun(audit).values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_job_is_lost_that_wakes_a_worker_at_the_moment_of_its_end(number, budget, processes, redis_client, redis_url, tmp_path):
    audit = tmp_path / "audit"
    rng = random.Random(13)
    queue = Queue("faults", connection=redis_client)
    fleet = Fleet(processes, redis_client, redis_url, 2, class_name="SimpleWorker", lease=LEASE)
    job_ids: list[str] = []
    pause = threading.Event()
    for round_number in range(budget.wakes):
        fleet.wait_until_listening()
        wait_until(lambda: len(lines_of(audit)) >= 2 * len(job_ids) - 2, 30)
        for number_in_round in range(2):
            job_ids.append(f"job{round_number}-{number_in_round}")
            queue.enqueue(fault_jobs.take_time, str(audit), job_ids[-1], 0.0, job_id=job_ids[-1], result_ttl=-1)
        pause.wait(rng.uniform(0.0, 0.002))
        victim = rng.choice(fleet.workers)
        victim.send_signal(number)
        victim.wait()
        fleet.replace_ended()
    wait_until(lambda: finished(redis_client, queue) >= len(job_ids), 60, lambda: f"only {finished(redis_client, queue)} of {len(job_ids)} jobs finished")
    wait_until(lambda: not redis_client.zcard("rq:wip:faults"), 30)
    assert_all_finished_once(redis_client, job_ids)
    wait_until(lambda: redis_client.zcard("rq:x:workers") == len(fleet.workers), 30, "dead workers stay registered")
    fleet.stop()
    assert_nothing_left_behind(redis_client)


@pytest.mark.parametrize("class_name", ["Worker", "SimpleWorker"])
def test_a_job_of_a_killed_worker_is_run_by_another_after_lease_and_sweep(class_name, processes, redis_client, redis_url, tmp_path):
    audit, gate = tmp_path / "audit", tmp_path / "gate"
    queue = Queue("faults", connection=redis_client)
    fleet = Fleet(processes, redis_client, redis_url, 1, class_name=class_name, lease=LEASE)
    fleet.wait_until_listening()
    (victim,) = fleet.workers
    job = queue.enqueue(fault_jobs.wait_for_file, str(audit), "job", str(gate))
    wait_until(lambda: len(lines_of(audit)) == 1)
    rescuer = Fleet(processes, redis_client, redis_url, 1, class_name=class_name, lease=LEASE, name="rescuer")
    wait_until(lambda: redis_client.zcard("rq:x:workers") == 2)
    killed_at = time.monotonic()
    victim.send_signal(signal.SIGKILL)
    wait_until(lambda: len(lines_of(audit)) == 2, 30)
    assert time.monotonic() - killed_at <= LEASE + 2 * LEASE / 4 + 5  # the last five seconds are a slow machine's
    gate.touch()
    wait_until(lambda: job.get_status() == "finished")
    job.refresh()
    assert job.attempt == 2
    rescuer.stop()
    assert_nothing_left_behind(redis_client)


def test_a_job_whose_process_dies_runs_again_at_once(processes, redis_client, redis_url, tmp_path):
    audit, gate = tmp_path / "audit", tmp_path / "gate"
    queue = Queue("faults", connection=redis_client)
    fleet = Fleet(processes, redis_client, redis_url, 1, lease=600.0)
    fleet.wait_until_listening()
    queue.enqueue(fault_jobs.wait_for_file, str(audit), "job", str(gate), job_id="job", result_ttl=-1)
    wait_until(lambda: len(lines_of(audit)) == 1)
    kill_process(int(lines_of(audit)[0][2]))
    wait_until(lambda: len(lines_of(audit)) == 2)
    gate.touch()
    wait_until(lambda: finished(redis_client, queue) == 1)
    assert_all_finished_once(redis_client, ["job"])
    fleet.stop()


def test_a_jobs_process_dies_with_its_worker(processes, redis_client, redis_url, tmp_path):
    audit, gate = tmp_path / "audit", tmp_path / "gate"
    queue = Queue("faults", connection=redis_client)
    fleet = Fleet(processes, redis_client, redis_url, 1)
    fleet.wait_until_listening()
    queue.enqueue(fault_jobs.wait_for_file, str(audit), "job", str(gate))
    wait_until(lambda: len(lines_of(audit)) == 1)
    (worker,) = fleet.workers
    below = descendants(worker.pid)
    assert int(lines_of(audit)[0][2]) in below
    worker.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in below), 10, "a process outlived its worker")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - may vanish while it is read
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_two_signals_put_the_running_job_back_and_end_its_process(processes, redis_client, redis_url, tmp_path):
    audit, gate = tmp_path / "audit", tmp_path / "gate"
    queue = Queue("faults", connection=redis_client)
    for class_name in ("Worker", "SimpleWorker"):
        redis_client.flushdb()
        audit.unlink(missing_ok=True)
        fleet = Fleet(processes, redis_client, redis_url, 1, class_name=class_name)
        fleet.wait_until_listening()
        job = queue.enqueue(fault_jobs.wait_for_file, str(audit), "job", str(gate))
        queue.enqueue(fault_jobs.wait_for_file, str(audit), "next", str(gate))
        wait_until(lambda: len(lines_of(audit)) == 1)
        (worker,) = fleet.workers
        worker.send_signal(signal.SIGTERM)
        worker.wait_for_output("shut down requested by SIGTERM")
        threading.Event().wait(0.15)  # two signals at one instant count as one
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0, worker.output
        assert job.get_status() == "queued"
        assert queue.job_ids[0] == job.id
        assert len(queue.job_ids) == 2
        assert not is_alive(int(lines_of(audit)[0][2])) if class_name == "Worker" else True
        assert_nothing_left_behind(redis_client)
