"""A worker in a fresh interpreter: where a class of workers has methods of its own for running jobs, an instance made there runs them.

The instance is told what its class and its methods can know of the worker: name, queues, serializer, classes, handlers, connection. What the program that
started the worker did to its own instance stays there.
"""

from typing import Any, NamedTuple

from rq.core.references import import_attribute, path_of_class
from rq.model.outcome import Outcome
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.job_settings import JobSettings
from rq.store.connection import rebuild_client


class DistantWorker(NamedTuple):
    """What a fresh interpreter has to know to make such a worker.

    Attributes:
        class_path: The dotted path of its class.
        queue_class_path: That of the class of its queues.
        queues: The names of its queues.
        ends: Whether the process is one job's alone, so that it may be left as the worker's methods leave it.
    """

    class_path: str
    queue_class_path: str
    queues: tuple[str, ...]
    ends: bool = False

    @classmethod
    def of(cls, worker: Any) -> "DistantWorker":
        """Describe a worker.

        Raises:
            InvalidOptionError: Its class cannot be imported elsewhere (a ValueError).
        """
        return cls(path_of_class(type(worker)), path_of_class(worker.queue_class), tuple(worker.queue_names()))


class DistantRun:
    """Runs attempts through the methods of a worker, which is made when the first attempt comes.

    Args:
        description: The worker.
        settings: Those of this process.
    """

    def __init__(self, description: DistantWorker, settings: JobSettings) -> None:
        self._description = description
        self._settings = settings
        self._worker: Any = None

    def __call__(self, attempt: Attempt) -> Outcome:
        """Run `attempt`."""
        if self._worker is None:
            self._worker = self._make()
        run = self._worker.run_in_job_process if self._description.ends else self._worker.run_in_worker_process
        outcome: Outcome = run(attempt)
        return outcome

    def _make(self) -> Any:
        description, settings = self._description, self._settings
        worker_class, queue_class = import_attribute(description.class_path), import_attribute(description.queue_class_path)
        job_class = import_attribute(settings.job_class) if isinstance(settings.job_class, str) else settings.job_class
        connection = None if settings.connection_settings is None else rebuild_client(settings.connection_settings)
        serializer = settings.load_serializer()
        classes = {} if job_class is None else {"job_class": job_class}
        queues = [queue_class(name, connection=connection, serializer=serializer, **classes) for name in description.queues]
        handlers = [import_attribute(handler) if isinstance(handler, str) else handler for handler in settings.exception_handlers]
        return worker_class(
            queues, name=settings.worker_name, connection=connection, queue_class=queue_class, serializer=serializer, exception_handlers=handlers, **classes
        )
