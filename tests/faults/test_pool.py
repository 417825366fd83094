"""The workers of a pool are killed, and the pool itself is restarted, while jobs run; nothing is lost, and nobody waits for a lease."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING, Any

from rq import Queue
from tests.faults import fault_jobs
from tests.faults.fleet import KEYS, assert_all_finished_once, assert_nothing_left_behind, times_begun
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.support.processes import Processes, StartedProcess

SIZE = 4
JOBS = 300
# No lease runs out during the test: whatever goes back does so because the pool saw a worker die.
LEASE = "600"

# Starting an interpreter takes long on a machine that does ten other things.
LIMIT = 60.0


class Scene:
    """A pool of four at work."""

    def __init__(self, processes: Processes, client: redis.Redis, url: str, audit: Path) -> None:
        self.client = client
        self.audit = audit
        self.queue = Queue("faults", connection=client)
        rng = random.Random(17)
        self.job_ids = [f"job{number}" for number in range(JOBS)]
        for job_id in self.job_ids:
            self.queue.enqueue(fault_jobs.take_time, str(audit), job_id, rng.uniform(0.0, 0.1), job_id=job_id, result_ttl=-1)
        options = ["--name", "pool", "--lease", LEASE, "-l", "warning"]
        self.pool: StartedProcess = processes.cli("worker-pool", "faults", "-n", SIZE, *options, env={"RQ_REDIS_URL": url})
        self.wait_until_full()

    def workers(self) -> dict[str, int]:
        """Return the pids of the registered workers by name."""
        members: Any = self.client.zrange(KEYS.presence, 0, -1)
        names = [name.decode() for name in members]
        return {name: int(self.client.hget(KEYS.worker(name), "pid") or 0) for name in names}

    def wait_until_full(self) -> None:
        wait_until(lambda: len(self.workers()) == SIZE, 60, lambda: f"{self.workers()}: {self.pool.output}")

    def wait_until_replaced(self, name: str) -> None:
        wait_until(lambda: name not in self.workers(), LIMIT, f"{name} stays registered")
        self.wait_until_full()

    def worker_in(self, place: int) -> tuple[str, int]:
        return next((name, pid) for name, pid in self.workers().items() if name.startswith(f"pool.{place}-"))

    def wait_for_the_end(self) -> None:
        """Wait until every job is finished, end the pool, and insist that nothing is lost or left behind."""
        done = self.queue.finished_job_registry.key
        wait_until(lambda: self.client.zcard(done) == JOBS, 120, lambda: f"only {self.client.zcard(done)} of {JOBS} jobs finished: {self.pool.output}")
        self.wait_until_full()
        self.pool.terminate()
        self.pool.succeed(LIMIT)
        assert_all_finished_once(self.client, self.job_ids)
        assert_nothing_left_behind(self.client)


def test_no_job_is_lost_and_the_pool_is_full_again_when_each_worker_is_killed_in_turn(processes, redis_client, redis_url, tmp_path):
    scene = Scene(processes, redis_client, redis_url, tmp_path / "audit")
    for place in range(1, SIZE + 1):
        name, pid = scene.worker_in(place)
        os.kill(pid, signal.SIGKILL)
        scene.wait_until_replaced(name)
    scene.wait_for_the_end()
    begun = times_begun(scene.audit)
    assert set(begun) == set(scene.job_ids)
    assert sum(begun.values()) <= JOBS + SIZE  # each death interrupts one job at most


def test_no_job_is_lost_or_run_twice_when_all_workers_are_replaced_while_they_work(processes, redis_client, redis_url, tmp_path):
    scene = Scene(processes, redis_client, redis_url, tmp_path / "audit")
    before = set(scene.workers())
    fewest = SIZE

    def all_replaced() -> bool:
        nonlocal fewest
        now = set(scene.workers())
        fewest = min(fewest, len(now))
        return not before & now and len(now) == SIZE

    scene.pool.send_signal(signal.SIGHUP)
    wait_until(all_replaced, 60, lambda: scene.pool.output)
    assert fewest == SIZE
    scene.wait_for_the_end()
    assert set(times_begun(scene.audit).values()) == {1}


def test_no_job_is_lost_when_the_pool_is_killed_and_started_again(processes, redis_client, redis_url, tmp_path):
    scene = Scene(processes, redis_client, redis_url, tmp_path / "audit")
    before = set(scene.workers())
    scene.pool.kill()
    wait_until(lambda: not before & set(scene.workers()), LIMIT, "the workers of a dead pool do not leave")
    scene.pool = processes.cli("worker-pool", "faults", "-n", SIZE, "--lease", LEASE, "-l", "warning", env={"RQ_REDIS_URL": redis_url})
    scene.wait_for_the_end()
    assert set(times_begun(scene.audit).values()) == {1}
