"""Workers for certain places: platforms that announce their end, programs that must not be forked, queues that are served in turn."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import Any, ClassVar

from rq.client.queue import Queue
from rq.core.errors import ShutDownImminentException
from rq.runtime.queue_order import DequeueStrategy, reordered
from rq.runtime.worker import Worker


class SpawnWorker(Worker):
    """Runs each job in a fresh interpreter, which knows nothing of what this program set up; for libraries that cannot be forked."""

    def _usual_executor(self) -> str:
        return "spawn"


class HerokuWorker(Worker):
    """For platforms that send SIGTERM to every process some seconds before they end them all: the job that runs gets an exception, and can tidy up.

    Attributes:
        imminent_shutdown_delay: seconds from the signal to the exception; 0 for at once.
        frame_properties: what the exception tells of the frame in which the job was, as `extra_info`.
    """

    imminent_shutdown_delay = 6
    frame_properties: ClassVar[list[str]] = ["f_code", "f_lasti", "f_lineno", "f_locals", "f_trace"]

    def setup_work_horse_signals(self) -> None:
        """Ignore the signals that all processes get; be told by the worker what they mean."""
        signal.signal(signal.SIGRTMIN, self.request_stop_sigrtmin)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def handle_warm_shutdown_request(self) -> None:
        """Tell the process of the job that its end is near."""
        for pid in self._horse_pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGRTMIN)

    def request_stop_sigrtmin(self, signum: int, frame: FrameType | None) -> None:
        """Let the job have an exception after the delay; told again, at once."""
        if self.imminent_shutdown_delay == 0:
            self.request_force_stop_sigrtmin(signum, frame)
            return
        signal.signal(signal.SIGRTMIN, self.request_force_stop_sigrtmin)
        signal.signal(signal.SIGALRM, self.request_force_stop_sigrtmin)
        signal.alarm(self.imminent_shutdown_delay)

    def request_force_stop_sigrtmin(self, signum: int, frame: FrameType | None) -> None:
        """End the job by an exception.

        Raises:
            ShutDownImminentException: in whatever the job was doing.
        """
        told: dict[str, Any] = {name: getattr(frame, name, None) for name in self.frame_properties}
        message = f"shut down imminent (signal: {signal.Signals(signum).name})"
        raise ShutDownImminentException(message, told)


class RoundRobinWorker(Worker):
    """Serves its queues in turn. Deprecated: `work(dequeue_strategy="round_robin")` does so, for any worker."""

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Put the queue that was served behind all others."""
        self._ordered_queues = reordered(self._ordered_queues, reference_queue, DequeueStrategy.ROUND_ROBIN)


class RandomWorker(Worker):
    """Serves its queues in random order. Deprecated: `work(dequeue_strategy="random")` does so, for any worker."""

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Shuffle the queues."""
        self._ordered_queues = reordered(self._ordered_queues, reference_queue, DequeueStrategy.RANDOM)
