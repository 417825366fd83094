"""A worker as a program of its own, for tests that kill it: `python worker_program.py URL CLASS LEASE NAME QUEUE...`."""

from __future__ import annotations

import sys

import redis

from rq.runtime import worker as workers


def main() -> None:
    """Work until killed or told to stop. Crashes of jobs are not counted against them here: the tests kill at random."""
    url, class_name, lease, name, *queues = sys.argv[1:]
    worker_class: type[workers.BaseWorker] = getattr(workers, class_name)
    worker = worker_class(queues, name, connection=redis.Redis.from_url(url), lease=float(lease), fresh_interpreter=True, max_crashes=1000)
    worker.work()


if __name__ == "__main__":
    main()
