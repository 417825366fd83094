"""What every process of jobs knows before it has a job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rq.core.serializers import Serializer
from rq.model.outcome import Outcome
from rq.runtime.executors.base import Attempt, Run
from rq.runtime.executors.job_run import run_attempt
from rq.runtime.executors.serializer_reference import SerializerReference


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What every job process of an executor knows before it has a job.

    Attributes:
        worker_name: For RQ_WORKER_ID; empty: not set.
        serializer: What the stock way of running jobs uses, or a reference to it.
        connection_settings: Handed to user code that asks for a connection; opaque here.
        run: Another way of running an attempt; None means `run_attempt` with `serializer`.
        job_class: What jobs are made of, or the dotted path of that; None means RQ's own.
        exception_handlers: What is called when an attempt failed, or the dotted paths of that.
        output_bytes: How much is kept of what a job prints; 0: nothing.
        memory_limit_mib: How much memory a job process may have; None: no limit.
    """

    worker_name: str
    serializer: Serializer | SerializerReference
    connection_settings: bytes | None = None
    run: Run | None = None
    job_class: type[Any] | str | None = None
    exception_handlers: Sequence[Callable[..., Any] | str] = ()
    output_bytes: int = 0
    memory_limit_mib: int | None = None

    def run_here(self, attempt: Attempt) -> Outcome:
        """Run `attempt` in this process."""
        if self.run is not None and not attempt.is_stopped:
            return self.run(attempt)
        return run_attempt(attempt, self.load_serializer())

    def load_serializer(self) -> Serializer:
        """Return the serializer, imported if need be."""
        return self.serializer.load() if isinstance(self.serializer, SerializerReference) else self.serializer
