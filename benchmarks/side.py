"""One side of a comparison: does one piece of work with whichever `rq` its interpreter has, and prints figures as JSON.

    python side.py TASK URL [ARGUMENT...]

Both sides run this very file. Nothing in it is special to either.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from redis import Redis

from rq import Queue, SimpleWorker, Worker

# Between two jobs of a latency measurement: long enough for the worker to wait again.
_PAUSE_SECONDS = 0.03
_ANSWER_TIMEOUT_SECONDS = 20.0


def enqueue(connection: Redis, queue: str, function: str, count: str) -> dict[str, object]:
    """Enqueue `count` jobs one by one; figures: jobs per second, and the ids."""
    Queue("warm-up", connection=connection).enqueue(function, 0)  # connects, and does what is done once
    target = Queue(queue, connection=connection)
    began = time.perf_counter()
    ids = [target.enqueue(function, number).id for number in range(int(count))]
    return {"per_second": int(count) / (time.perf_counter() - began), "ids": ids}


def enqueue_many(connection: Redis, queue: str, function: str, count: str) -> dict[str, object]:
    """Enqueue `count` jobs in one call; figure: jobs per second."""
    target = Queue(queue, connection=connection)
    target.enqueue_many([Queue.prepare_data(function, (0,))])
    began = time.perf_counter()
    jobs = target.enqueue_many([Queue.prepare_data(function, (number,)) for number in range(int(count))])
    return {"per_second": len(jobs) / (time.perf_counter() - began)}


def simple_worker(connection: Redis, *queues: str) -> dict[str, object]:
    """Run what waits in a SimpleWorker."""
    SimpleWorker(list(queues), connection=connection).work(burst=True, logging_level="WARNING")
    return {}


def worker(connection: Redis, *queues: str) -> dict[str, object]:
    """Run what waits in a Worker."""
    Worker(list(queues), connection=connection).work(burst=True, logging_level="WARNING")
    return {}


def serve(connection: Redis, kind: str, *queues: str) -> dict[str, object]:
    """Run jobs in a worker of this kind until it is told to stop."""
    classes = {"SimpleWorker": SimpleWorker, "Worker": Worker}
    classes[kind](list(queues), connection=connection).work(logging_level="WARNING")
    return {}


def latency(connection: Redis, queue: str, count: str) -> dict[str, object]:
    """Enqueue jobs one at a time for an idle worker; figure: the median of the milliseconds from the call of enqueue() to the job's first line."""
    target = Queue(queue, connection=connection)
    _one_latency(target)  # the worker's first job, and ours
    found = [_one_latency(target) for _ in range(int(count))]
    return {"milliseconds": statistics.median(found)}


def _one_latency(target: Queue) -> float:
    called = time.monotonic_ns()
    job = target.enqueue("bench_jobs.note_the_time", called)
    deadline = time.monotonic() + _ANSWER_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        begun = job.return_value(refresh=True)
        if begun is not None:
            return float(begun - called) / 1e6
    raise TimeoutError(f"Job {job.id} was not done within {_ANSWER_TIMEOUT_SECONDS} seconds")


TASKS: dict[str, Callable[..., dict[str, object]]] = {task.__name__: task for task in (enqueue, enqueue_many, simple_worker, worker, serve, latency)}


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says."""
    task, url, *rest = arguments
    with Redis.from_url(url) as connection:
        print(json.dumps(TASKS[task](connection, *rest)))


if __name__ == "__main__":
    main(sys.argv[1:])
