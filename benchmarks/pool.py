"""Kills each worker of a pool in turn while it works, and tells how long the pool was not full: `python -m benchmarks.pool [ROUNDS [up]]`.

With `up` the pool is one of `rq up`, otherwise it is `rq worker-pool`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis

from benchmarks.sides import HERE, BenchmarkFailed, server
from rq import Queue
from rq.job import Job
from rq.worker import Worker

_SIZE = 4
_JOBS_PER_KILL = 100
_JOB_SECONDS = 0.02
_LONGEST_SECONDS = 120.0


def main() -> None:
    """Measure, and print a line for each kill and one for all jobs."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with server() as (url, client), TemporaryDirectory() as folder:
        queue = Queue("bench", connection=client)
        jobs = [queue.enqueue("bench_jobs.nap", _JOB_SECONDS, result_ttl=-1) for _ in range(_JOBS_PER_KILL * _SIZE * rounds)]
        environment = {**os.environ, "RQ_REDIS_URL": url, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-m", "rq", *_arguments(Path(folder))]
        pool = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_until(lambda: len(_workers(client)) == _SIZE)
            seconds = [_kill(client, place) for _ in range(rounds) for place in range(1, _SIZE + 1)]
            _wait_until(lambda: queue.finished_job_registry.count + queue.failed_job_registry.count == len(jobs))
        finally:
            pool.terminate()
            pool.wait()
        ended = [job for job in Job.fetch_many([job.id for job in jobs], connection=client) if job]
        finished, again = sum(job.get_status(refresh=False) == "finished" for job in ended), sum(job.attempt > 1 for job in ended)
        print(f"longest {max(seconds):.2f} s; {finished} of {len(jobs)} jobs finished, {again} of them at another attempt")


def _arguments(folder: Path) -> list[str]:
    """Return what the pool is started with; `folder` stays as long as it runs."""
    if sys.argv[2:] != ["up"]:
        return ["worker-pool", "bench", "-n", str(_SIZE), "--name", "pool", "--quiet"]
    file = folder / "rq.toml"
    file.write_text(f'[pools.pool]\nqueues = "bench"\nworkers = {_SIZE}\n')
    return ["up", "--file", str(file)]


def _kill(client: Redis, place: int) -> float:
    """Kill the worker in a place; returns after how many seconds the pool was full again."""
    name, pid = next((name, pid) for name, pid in _workers(client).items() if name.startswith(f"pool.{place}-"))
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    _wait_until(lambda: name not in (workers := _workers(client)) and len(workers) == _SIZE)
    seconds = time.monotonic() - began
    print(f"killed {name}: full again after {seconds:.2f} s")
    return seconds


def _workers(client: Redis) -> dict[str, int]:
    """Return the pids of the registered workers by name."""
    return {worker.name: worker.pid or 0 for worker in Worker.all(connection=client) if worker.pid}


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkFailed("The pool did not get there; start it by hand to see why")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
