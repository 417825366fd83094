"""How long it takes until many scheduled jobs that are due at one moment stand in their queue, and what other commands wait meanwhile.

python -m benchmarks.due [--jobs N] [--workers N]
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Barrier, Event

from redis import Redis

from benchmarks.sides import server
from rq.core.ids import new_execution_id
from rq.core.keys import Keyspace
from rq.model.record import JobRecord
from rq.observe.bus import EventBus
from rq.runtime.config import WorkerConfig
from rq.runtime.identity import describe_worker
from rq.runtime.lookout import LOOK_SECONDS, Lookout
from rq.runtime.running import WorkerContext
from rq.runtime.services import PeriodicService
from rq.store.connection import Caller
from rq.store.enqueue import MOST_NEW_JOBS, MOST_PROMOTIONS, NewJob, enqueue_jobs
from rq.store.scripts import ScriptLibrary

_QUEUE = "bench"
_PROBE_PAUSE_SECONDS = 0.001
_LONGEST_SECONDS = 120.0


def fill(client: Redis, jobs: int) -> None:
    """Schedule jobs that are due already; nobody looks yet."""
    caller, scripts, due = Caller(client), ScriptLibrary(Keyspace()), time.time() - 1

    def calls() -> Iterator[object]:
        for first in range(0, jobs, MOST_NEW_JOBS):
            ids = (f"job-{number}" for number in range(first, min(first + MOST_NEW_JOBS, jobs)))
            yield enqueue_jobs(scripts, [NewJob(JobRecord(name, origin=_QUEUE, data=b"payload"), new_execution_id(), due=due) for name in ids])

    caller.run_stream(calls())  # type: ignore[arg-type]


def look_out(url: str, name: str, ready: Barrier, ended: Event) -> None:
    """Be the lookout of a worker all of whose places are taken."""
    client = Redis.from_url(url)
    context = WorkerContext(describe_worker(name, (_QUEUE,), "unknown"), WorkerConfig((_QUEUE,)), ScriptLibrary(Keyspace()), EventBus())
    lookout = Lookout(Caller(client), context, lambda _pauses: None)
    service = PeriodicService(name, LOOK_SECONDS, lookout.run_once, lambda error, _seconds: print(error, file=sys.stderr), at_once=True)
    ready.wait()
    service.start()
    ended.wait()
    service.stop()


def probe(client: Redis, enough: Callable[[int, float], bool]) -> list[float]:
    """Ask the server how many jobs are queued until that, or the seconds since the beginning, are enough. Returns how many seconds each answer took."""
    began, answers, queued = time.perf_counter(), [], 0
    while not enough(queued, time.perf_counter() - began):
        asked = time.perf_counter()
        queued = client.llen(f"rq:queue:{_QUEUE}")
        answers.append(time.perf_counter() - asked)
        time.sleep(_PROBE_PAUSE_SECONDS)
    return answers


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Queue many jobs that are due at one moment.")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    ready, ended = processes.Barrier(arguments.workers + 1), processes.Event()
    with server() as (url, client):
        fill(client, arguments.jobs)
        workers = [processes.Process(target=look_out, args=(url, f"w{number}", ready, ended)) for number in range(arguments.workers)]
        for worker in workers:
            worker.start()
        quiet = probe(client, lambda _, seconds: seconds > 1)
        client.config_set("slowlog-log-slower-than", 0)
        ready.wait()
        began = time.perf_counter()
        busy = probe(client, lambda queued, seconds: queued == arguments.jobs or seconds > _LONGEST_SECONDS)
        seconds = time.perf_counter() - began
        ended.set()
        slowest = max(entry["duration"] for entry in client.slowlog_get(128) if entry["command"].startswith(b"EVALSHA")) / 1000
        for worker in workers:
            worker.join()
    print(f"{arguments.jobs:,} jobs due at one moment, {arguments.workers} workers, {MOST_PROMOTIONS} a call: all queued after {seconds:.2f} s")
    print(f"the slowest of the last calls: {slowest:.2f} ms")
    for when, answers in (("before", quiet), ("meanwhile", busy)):
        cut = statistics.quantiles(answers, n=100)
        print(f"another command {when}: median {cut[49] * 1000:.2f} ms, 99th percentile {cut[98] * 1000:.2f} ms, of {len(answers)}")


if __name__ == "__main__":
    main()
