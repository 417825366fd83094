"""Which classes the handles make of one another: RQ lets users replace them, by class or by dotted path.

Looked up by path when needed, because `Queue` and `Job` know the registries, and the registries make queues and jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq.core.defaults import DEFAULT_JOB_CLASS, DEFAULT_QUEUE_CLASS
from rq.core.references import import_attribute, import_class

if TYPE_CHECKING:
    from rq.client.job import Job
    from rq.client.queue import Queue

_BASE_OF_WORKERS = "rq.worker.BaseWorker"


def job_class_of(given: type[Job] | str | None) -> type[Job]:
    """Return the class of jobs that is meant; RQ's own for None.

    Raises:
        ReferenceNotFound: if the path leads nowhere (a ValueError).
        InvalidOptionError: if it leads to anything but a subclass of `Job` (a ValueError).
    """
    if given is not None and not isinstance(given, str):
        return given
    return import_job_class(given or DEFAULT_JOB_CLASS)


def import_job_class(name: str) -> type[Job]:
    """Return the subclass of `Job` at a dotted path; errors are those of `job_class_of`."""
    own: type[Job] = import_attribute(DEFAULT_JOB_CLASS)
    return import_class(name, own)


def import_queue_class(name: str) -> type[Queue]:
    """Return the subclass of `Queue` at a dotted path; errors are those of `job_class_of`."""
    return import_class(name, queue_class())


def import_worker_class(name: str) -> type[Any]:
    """Return the subclass of `BaseWorker` at a dotted path; errors are those of `job_class_of`."""
    own: type[Any] = import_attribute(_BASE_OF_WORKERS)
    return import_class(name, own)


def queue_class() -> type[Queue]:
    """Return RQ's own class of queues."""
    own: type[Queue] = import_attribute(DEFAULT_QUEUE_CLASS)
    return own


def queue_class_of(given: type[Queue] | str | None) -> type[Queue]:
    """Return the class of queues that is meant; RQ's own for None. Errors are those of `job_class_of`."""
    if given is not None and not isinstance(given, str):
        return given
    return import_class(given, queue_class()) if given else queue_class()
