"""RQ 2.12 in these tests, run by its own interpreter: carries out the calls that come in, one a line, until nothing more comes."""

from __future__ import annotations

import json
import logging
import os
import sys

import shared_calls  # type: ignore[import-not-found]

from rq.scheduler import RQScheduler


class Calls(shared_calls.Calls):  # type: ignore[misc]
    """RQ's: its workers do not look for what is due."""

    def work(self, *queues: str) -> None:
        """Queue what is due, as RQ's scheduler does, and run what waits."""
        scheduler = RQScheduler([self.queue(name) for name in queues], connection=self.client, logging_level=logging.CRITICAL)
        scheduler.acquire_locks()
        scheduler.enqueue_scheduled_jobs()
        scheduler.release_locks()
        super().work(*queues)


def main() -> None:
    """Serve. Answers go where stdout went; what workers and schedulers log goes to stderr."""
    shared_calls.Calls = Calls
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            answers.write(json.dumps(shared_calls.carry_out(*json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
