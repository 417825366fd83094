"""The methods of a worker that its supervisor calls if they are replaced, beside the step that does the work.

They may look, log, wait and say no; leases, claims and settlements do not depend on them.
"""

from __future__ import annotations

from rq.client.job import Job
from rq.client.queue import Queue
from rq.runtime.process_title import setprocname
from rq.runtime.queue_order import DequeueStrategy, reordered
from rq.runtime.worker_writes import WorkerWrites


class SupervisorMethods(WorkerWrites):
    """What happens in the process of a worker, but for the jobs. All of these may be overridden."""

    _ordered_queues: list[Queue]
    _dequeue_strategy: DequeueStrategy

    def procline(self, message: str) -> None:
        """Show something in process lists: `rq:worker:<name>: <message>`. Needs the package setproctitle."""
        setprocname(f"rq:worker:{self.name}: {message}")

    def maintain_heartbeats(self, job: Job) -> None:
        """Called while a job runs, at each sign of life. Leases are kept whether this is called or not."""

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Put the queues into order for the next claim, after a job came from `reference_queue`, by the strategy that `work()` was given."""
        self._ordered_queues = reordered(self._ordered_queues, reference_queue, self._dequeue_strategy)
