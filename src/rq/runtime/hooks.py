"""What a supervisor tells its worker, where the worker, or somebody who patched it, wants to hear of it."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rq.client.job import Job
from rq.core.errors import AbandonedJobError, StopRequested
from rq.core.references import dotted_name
from rq.core.tracebacks import format_exception
from rq.model.outcome import Died, Outcome, Raised
from rq.model.presence import WorkerStatus
from rq.runtime.control import CommandListener
from rq.runtime.executors.base import AttemptTakenError, Ended
from rq.runtime.queue_order import FixedOrder, QueueOrder
from rq.runtime.running import RunningAttempt, RunningAttempts, WorkerContext
from rq.runtime.services import PeriodicService
from rq.store.connection import PersistentCaller
from rq.store.queue_list import push_id

logger = logging.getLogger("rq.worker")

# What happens to a worker that has one of these when it is asked to stop begins with the first.
_STOPPING = ("request_stop", "request_force_stop", "handle_warm_shutdown_request", "_shutdown")
# What this process cannot tell of what another one used.
_NUMBERS_OF_RUSAGE = 16


class Supervises(Protocol):
    """A supervisor, as far as hooks need one."""

    context: WorkerContext
    running: RunningAttempts
    listener: CommandListener
    caller: PersistentCaller

    def give_back_claimed(self) -> None:
        """Put back what was claimed and has not begun."""


class Hooks:
    """Nobody wants to hear of anything.

    Args:
        queues: the names of the worker's queues, in order.

    Attributes:
        order: which queue comes first.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.order: QueueOrder = FixedOrder(queues)

    def call(self, name: str, *arguments: Any) -> bool:
        """Call a method of the worker if it is replaced. Says whether it is."""
        del name, arguments
        return False

    def register_birth(self) -> None:
        """Let the worker register in its own way, if it has one. Raises what that raises."""

    def start(self, supervisor: Supervises) -> None:
        """The worker is registered and begins."""

    def stop(self) -> None:
        """The worker is about to leave."""

    def shut_down(self, press: Callable[[str], None]) -> None:
        """A command says that the worker shall leave; called by the thread that hears it."""
        press("a shutdown command")

    def dequeue(self, supervisor: Supervises) -> None:
        """The worker runs nothing and wants a job."""

    def before_claim(self) -> None:
        """The worker runs nothing and is about to look for jobs."""

    def begin(self, attempt: RunningAttempt) -> None:
        """An attempt is about to be given to the executor."""

    def judge(self, attempt: RunningAttempt | None, ended: Ended) -> Outcome:
        """Return what is to be written as the outcome of an attempt, after the worker has heard of it."""
        del attempt
        return ended.outcome


class WorkerHooks(Hooks):
    """Calls the methods of a worker that are replaced. What one of them raises is logged, and the worker goes on; `StopRequested` lets it leave.

    Args:
        worker: the worker.
        replaced: the names of its replaced methods.
        order: which queue comes first.
        stop: called to let the worker leave.
    """

    def __init__(self, worker: Any, replaced: frozenset[str], order: QueueOrder, stop: Callable[[str], None]) -> None:
        self.order = order
        self._worker = worker
        self._replaced = replaced
        self._stop = stop
        self._is_burst = False
        self._beats: PeriodicService | None = None
        self._maintains = not replaced.isdisjoint(("run_maintenance_tasks", "clean_registries"))
        self._hears_of_deaths = "handle_work_horse_killed" in replaced or worker._work_horse_killed_handler is not None  # noqa: SLF001 - RQ's name for it

    def call(self, name: str, *arguments: Any) -> bool:
        """Call a method of the worker if it is replaced. Says whether it is."""
        if name not in self._replaced:
            return False
        self._guard(name, lambda: getattr(self._worker, name)(*arguments))
        return True

    def register_birth(self) -> None:
        """Let the worker register in its own way, if it has one. Raises what that raises."""
        if "register_birth" in self._replaced:
            self._worker.register_birth()

    def start(self, supervisor: Supervises) -> None:
        """Call what the worker does at its heartbeats in a thread of its own, where it keeps no heartbeat waiting; and let the worker hear its commands."""
        config, running = supervisor.context.config, supervisor.running
        self._is_burst = config.burst
        self._worker.procline(f"Listening on {', '.join(config.queues)}")
        if not self._replaced.isdisjoint(("heartbeat", "maintain_heartbeats")):
            name = f"rq-beats-{self._worker.name}"
            self._beats = PeriodicService(name, config.beat_seconds, lambda: self._tell_beat(running), lambda *_: None, at_once=True)
            self._beats.start()
        if "handle_payload" in self._replaced:
            supervisor.listener.on_message = lambda message: self._guard("handle_payload", lambda: self._worker.handle_payload(message))
        if "_pubsub_exception_handler" in self._replaced:
            supervisor.listener.on_error = lambda *about: self.call("_pubsub_exception_handler", *about)
        self.call("subscribe")

    def stop(self) -> None:
        """End that."""
        if self._beats is not None:
            self._beats.stop()
        self.call("unsubscribe")

    def shut_down(self, press: Callable[[str], None]) -> None:
        """Let the worker stop in its own way, if it has one: as by a SIGINT, which the command is in RQ."""
        if self._replaced.isdisjoint(_STOPPING):
            super().shut_down(press)
        else:
            self._guard("request_stop", lambda: self._worker.request_stop(signal.SIGINT, None))

    def dequeue(self, supervisor: Supervises) -> None:
        """Let the worker wait for a job in its own way. One that it took by itself, or does not want, goes to the head of its queue, and is claimed there."""
        name = "dequeue_job_and_maintain_ttl"
        if name not in self._replaced:
            return
        found: list[tuple[str, str]] = []
        timeout = None if self._is_burst else self._worker.dequeue_timeout
        idle_seconds = supervisor.context.config.max_idle_seconds

        def ask() -> None:
            answer = self._worker.dequeue_job_and_maintain_ttl(timeout, idle_seconds)
            if answer is not None:
                job, queue = answer
                found.append((queue.name, job.id))

        self._guard(name, ask)
        if not found:
            supervisor.give_back_claimed()
            return
        queue_name, job_id = found[0]
        if all(attempt.key.job_id != job_id for attempt in supervisor.running.snapshot()):
            # An id that was taken is in no list: it goes back as soon as the server is there.
            supervisor.caller.run(push_id(supervisor.context.scripts, queue_name, job_id, at_front=True))

    def before_claim(self) -> None:
        """Let the worker look whether it is suspended, and after its queues, if it does that in its own way and the time has come."""
        self.call("check_for_suspension", self._is_burst)
        if self._maintains and self._worker.should_run_maintenance_tasks:
            self._guard("run_maintenance_tasks", self._worker.run_maintenance_tasks)

    def begin(self, attempt: RunningAttempt) -> None:
        """Let the worker say that it is busy, and prepare for an attempt."""
        if not self._replaced:  # as nearly always: nothing is to be looked at before a job begins
            return
        self.call("set_state", WorkerStatus.BUSY)
        self._call_about("prepare_execution", attempt)

    def judge(self, attempt: RunningAttempt | None, ended: Ended) -> Outcome:
        """Tell the worker of a process that died. If it takes the job's retries away, the job has failed and does not run again."""
        outcome = ended.outcome
        if not (self._hears_of_deaths and isinstance(outcome, Died) and attempt is not None):
            return outcome
        made: list[Job] = []
        self._guard("job_of_attempt", lambda: made.append(self._worker.job_of_attempt(attempt)))
        if not made:
            return outcome
        job = made[0]
        before = job.retries_left
        about = (job, ended.pid, _wait_status(outcome), _used(ended))
        self._guard("handle_work_horse_killed", lambda: self._worker.handle_work_horse_killed(*about))
        if before == 0 or job.retries_left != 0:
            return outcome
        attempt.record.retries_left = 0
        name = dotted_name(AbandonedJobError)
        return Raised(f"{name}: {outcome.reason}; the worker's handler wants no other attempt\n", name)

    def _tell_beat(self, running: RunningAttempts) -> None:
        self.call("heartbeat")
        for attempt in running.snapshot():
            self._call_about("maintain_heartbeats", attempt)

    def _call_about(self, name: str, attempt: RunningAttempt) -> None:
        if name in self._replaced:
            self._guard(name, lambda: getattr(self._worker, name)(self._worker.job_of_attempt(attempt)))

    def _guard(self, name: str, call: Callable[[], object]) -> None:
        try:
            call()
        except AttemptTakenError:
            raise
        except StopRequested:
            self._stop(f"StopRequested, raised by {name}()")
        except Exception as error:  # noqa: BLE001 - user code raises anything
            logger.error("%s() of worker %s failed\n%s", name, self._worker.name, format_exception(error).rstrip())  # noqa: TRY400 - with the text


def _wait_status(died: Died) -> int | None:
    """Return how a process ended, as `os.waitpid` says it; None if nobody saw it end."""
    if died.signal is not None:
        return died.signal
    return None if died.exit_status is None else died.exit_status << 8


def _used(ended: Ended) -> Any:
    """Return what a process used, as `os.wait4` says it, as far as it was measured: its time, all of it shown as time of its own code, and its memory."""
    import resource  # noqa: PLC0415 - not on every platform; processes that die without a word are those of platforms that have it

    numbers: list[float] = [ended.cpu_seconds or 0.0, 0.0, ended.peak_memory_kib or 0]
    return resource.struct_rusage([*numbers, *[0] * (_NUMBERS_OF_RUSAGE - len(numbers))])
