"""Which executor runs the jobs of a worker, by name. An executor is imported when it is chosen: not every platform has what each of them needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rq.core.errors import InvalidOptionError
from rq.core.references import import_attribute
from rq.core.serializers import DefaultSerializer, Serializer
from rq.runtime.executors.base import Executor
from rq.store.connection import describe_client


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
    """

    connection: Any
    concurrency: int = 1
    serializer: Serializer = DefaultSerializer
    worker_name: str = ""
    job_class: type[Any] | None = None
    exception_handlers: Sequence[Callable[..., Any] | str] = ()
    is_fresh: bool = False


class _Row(NamedTuple):
    path: str
    options: Callable[[Needs], dict[str, Any]]


def _everywhere(needs: Needs) -> dict[str, Any]:
    return {"serializer": needs.serializer, "job_class": needs.job_class, "exception_handlers": needs.exception_handlers}


def _in_this_process(needs: Needs) -> dict[str, Any]:
    return {**_everywhere(needs), "places": needs.concurrency, "connection": needs.connection}


def _in_this_thread(needs: Needs) -> dict[str, Any]:
    if needs.concurrency != 1:
        raise InvalidOptionError(f"The executor inline runs one job at a time, not {needs.concurrency}; use threads or asyncio for several in one process")
    return {**_everywhere(needs), "connection": needs.connection}


def _in_processes(needs: Needs) -> dict[str, Any]:
    return {**_everywhere(needs), "places": needs.concurrency, "connection_settings": describe_client(needs.connection), "worker_name": needs.worker_name}


def _forked(needs: Needs) -> dict[str, Any]:
    return {**_in_processes(needs), "start_method": "exec" if needs.is_fresh else "fork"}


_ROWS: Mapping[str, _Row] = {
    "fork": _Row("rq.runtime.executors.fork.ForkExecutor", _forked),
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
    options = row.options(needs)
    executor: Executor = import_attribute(row.path)(**options)
    return executor
