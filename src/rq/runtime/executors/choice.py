"""Which executor runs the jobs of a worker, by name. An executor is imported when it is chosen: not every platform has what each of them needs."""

import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rq.core.defaults import DEFAULT_OUTPUT_BYTES
from rq.core.errors import InvalidOptionError
from rq.core.references import import_attribute
from rq.core.serializers import DefaultSerializer, Serializer
from rq.runtime.executors.base import Executor, Run
from rq.runtime.executors.child_limits import ChildLimits
from rq.runtime.executors.distant_worker import DistantWorker
from rq.store.connection import describe_client

# What forking takes, with the module that it is in.
_FORKING_NEEDS = ((os, "fork"), (os, "killpg"), (os, "wait4"), (signal, "SIGKILL"), (signal, "pthread_sigmask"), (socket, "send_fds"))


@dataclass(frozen=True, slots=True)
class Needs:
    """What an executor has to know about the worker.

    Attributes:
        connection: The worker's client.
        concurrency: How many jobs run at the same time.
        serializer: Reads payloads and writes results.
        worker_name: Becomes RQ_WORKER_ID in the environment of processes of jobs.
        job_class: What jobs are made of; None means RQ's own.
        exception_handlers: What is called when an attempt failed.
        is_fresh: Whether processes of jobs come from a fresh interpreter, where they need not.
        child_limits: When a process that runs many jobs is replaced.
        run_in_job_process: Another way of running an attempt, in a process that was forked of this one; None means the usual one.
        run_in_this_process: The same in this process.
        distant_worker: The same in fresh interpreters.
        output_bytes: How much is kept of what an attempt prints; 0: nothing.
        memory_limit_mib: How much memory the process of a job may have; None: no limit.
    """

    connection: Any
    concurrency: int = 1
    serializer: Serializer = DefaultSerializer
    worker_name: str = ""
    job_class: type[Any] | None = None
    exception_handlers: Sequence[Callable[..., Any] | str] = ()
    is_fresh: bool = False
    child_limits: ChildLimits = field(default_factory=ChildLimits)
    run_in_job_process: Run | None = None
    run_in_this_process: Run | None = None
    distant_worker: Callable[[], DistantWorker] | None = None
    output_bytes: int = DEFAULT_OUTPUT_BYTES
    memory_limit_mib: int | None = None


class _Row(NamedTuple):
    path: str
    options: Callable[[Needs], dict[str, Any]]


def _everywhere(needs: Needs) -> dict[str, Any]:
    return {
        "serializer": needs.serializer,
        "job_class": needs.job_class,
        "exception_handlers": needs.exception_handlers,
        "output_bytes": needs.output_bytes,
    }


def _here(needs: Needs) -> dict[str, Any]:
    if needs.memory_limit_mib is not None:
        raise InvalidOptionError(
            "job_memory limits the process of a job, and here jobs run in the worker's own; use Worker, or the executor fork, warm or spawn"
        )
    return {**_everywhere(needs), "connection": needs.connection, "run": needs.run_in_this_process}


def _in_this_process(needs: Needs) -> dict[str, Any]:
    return {**_here(needs), "places": needs.concurrency}


def _in_this_thread(needs: Needs) -> dict[str, Any]:
    if needs.concurrency != 1:
        raise InvalidOptionError(f"The executor inline runs one job at a time, not {needs.concurrency}; use threads or asyncio for several in one process")
    return _here(needs)


def _in_processes(needs: Needs) -> dict[str, Any]:
    return {
        **_everywhere(needs),
        "places": needs.concurrency,
        "connection_settings": describe_client(needs.connection),
        "worker_name": needs.worker_name,
        "memory_limit_mib": needs.memory_limit_mib,
    }


def _forked(needs: Needs) -> dict[str, Any]:
    return {**_in_processes(needs), "start_method": "exec" if needs.is_fresh else "fork", "run": needs.run_in_job_process}


def _fresh(needs: Needs) -> dict[str, Any]:
    return {**_in_processes(needs), "worker": needs.distant_worker and needs.distant_worker()}


def _kept(needs: Needs) -> dict[str, Any]:
    return {**_fresh(needs), "limits": needs.child_limits}


_ROWS: Mapping[str, _Row] = {
    "fork": _Row("rq.runtime.executors.fork.ForkExecutor", _forked),
    "spawn": _Row("rq.runtime.executors.spawn.SpawnExecutor", _fresh),
    "warm": _Row("rq.runtime.executors.warm.WarmExecutor", _kept),
    "threads": _Row("rq.runtime.executors.threads.ThreadsExecutor", _in_this_process),
    "asyncio": _Row("rq.runtime.executors.asyncio.AsyncioExecutor", _in_this_process),
    "inline": _Row("rq.runtime.executors.inline.InlineExecutor", _in_this_thread),
}

EXECUTOR_NAMES = tuple(_ROWS)


def executor_named(name: str, needs: Needs) -> Executor:
    """Return a new executor, not started.

    Raises:
        InvalidOptionError: There is none of this name, or it cannot do what is needed (a ValueError).
    """
    row = _ROWS.get(name)
    if row is None:
        raise InvalidOptionError(f"There is no executor {name!r}; use {', '.join(EXECUTOR_NAMES)}")
    if name == "fork" and lacks_for_forking():
        raise InvalidOptionError(f"The executor fork needs {lacks_for_forking()}, which this platform has not; use spawn")
    options = row.options(needs)
    executor: Executor = import_attribute(row.path)(**options)
    return executor


def lacks_for_forking() -> str:
    """Return the name of something that this platform lacks and that processes cannot be forked without; empty if it has all."""
    return next((f"{module.__name__}.{name}" for module, name in _FORKING_NEEDS if not hasattr(module, name)), "")
