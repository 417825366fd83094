"""Registries: which jobs of a queue are started, finished, failed, scheduled, deferred, canceled (door: `rq.registry`).

One class; the rest are rows. Counting and listing change nothing: RQ's registries tidy up when they are looked at, and run the failure callbacks of abandoned
jobs in whatever process looked. Here workers tidy, every few seconds; the `cleanup` arguments are accepted and change nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rq.client.classes import job_class_of, queue_class
from rq.client.fields import KeyOfClass
from rq.client.registry_data import RegistryData, StartedData, id_of, longest, requeue_from
from rq.client.session import Session, session_of
from rq.core.ids import split_composite
from rq.store.reads import count_registry, list_executions

if TYPE_CHECKING:
    import redis

    from rq.client.job import Job
    from rq.client.queue import Queue
    from rq.client.queue_contents import QueueContents
    from rq.core.serializers import Serializer

logger = logging.getLogger("rq.registry")


class BaseRegistry(RegistryData["Job", Session]):
    """The jobs of one queue that are in one state. Use one of its subclasses.

    Args:
        name: the queue's name.
        connection: any synchronous redis-py client; not needed with `queue`.
        job_class: what jobs are made of, a class or a dotted path.
        queue: takes name, connection and serializer from this queue.
        serializer: what the jobs' payloads are written with.
        death_penalty_class: accepted and kept, as with RQ; nothing here has a time limit.

    Raises:
        OptionTypeError: without connection and queue; or for `BaseRegistry` itself (a TypeError).
    """

    __module__ = "rq.registry"

    key_template: ClassVar[KeyOfClass]
    connection: redis.Redis

    def __init__(
        self,
        name: str = "default",
        connection: redis.Redis | None = None,
        job_class: type[Job] | str | None = None,
        queue: QueueContents | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> None:
        if queue is not None:
            name, connection, serializer = queue.name, queue.connection, queue.serializer
        super().__init__(name, session_of(connection), job_class, serializer)
        self.death_penalty_class = death_penalty_class

    @property
    def job_class(self) -> type[Job]:
        """What jobs are made of."""
        return job_class_of(self._job_class)

    @property
    def count(self) -> int:
        """How many jobs it names. Changes nothing; entries that expired count until a worker sweeps them, which takes seconds."""
        return self.get_job_count()

    def get_job_count(self, cleanup: bool = True) -> int:
        """Return `count`. `cleanup` changes nothing: workers tidy registries."""
        del cleanup
        return self._session.run(count_registry(self._session.scripts, self.kind, self.name))

    def get_job_ids(self, start: int = 0, end: int = -1, desc: bool = False, cleanup: bool = True) -> list[str]:
        """Return job ids in the order of their score: the time of expiry, of scheduling, or of entry, depending on the registry.

        Args:
            start: the first rank.
            end: the last rank, inclusive; -1 is the end.
            desc: whether to begin with the highest score.
            cleanup: changes nothing: workers tidy registries.
        """
        del cleanup
        return [self.parse_job_id(entry) for entry in self._entries(start, end, desc)]

    def get_queue(self) -> Queue:
        """Return the queue whose jobs these are."""
        return queue_class()(self.name, connection=self.connection, serializer=self.serializer)

    def get_expiration_time(self, job: Job | str) -> datetime:
        """Return when the registry forgets a job, aware, in UTC; the latest possible datetime if never.

        Raises:
            OptionTypeError: if it does not name the job (a TypeError, as with RQ).
        """
        return self._expiration_of(id_of(job), self._score(job))

    def requeue(self, job_or_id: Job | str, at_front: bool = False) -> Job:
        """Put a job of this registry into the queue it came from, to run again, or now. It keeps the retries it has left. Atomic.

        Args:
            job_or_id: the job. A `Job` is brought up to date and returned.
            at_front: whether it goes to the head of its queue.

        Raises:
            NoSuchJobError: if there is no such job.
            InvalidJobOperation: if the registry does not name it, or it is in no state to run again.
        """
        job_id = id_of(job_or_id)
        self._session.run(requeue_from(self._session, self.kind, self.name, job_id, at_front=at_front))
        if isinstance(job_or_id, str):
            return self.job_class.fetch(job_id, connection=self.connection, serializer=self.serializer)
        job_or_id.refresh()
        return job_or_id

    def _entries(self, start: int, end: int, desc: bool) -> list[str]:
        return self._session.run(self._read_entries(start, end, desc))

    def _score(self, job_or_id: Job | str) -> float | None:
        return self._session.run(self._read_score(id_of(job_or_id)))

    def __len__(self) -> int:
        return self.count

    def __contains__(self, item: Job | str) -> bool:
        return self._score(item) is not None


class StartedJobRegistry(StartedData["Job", Session], BaseRegistry):
    """The jobs that run now. Its entries are executions, `<job id>:<execution id>`, scored by the end of their lease."""

    __module__ = "rq.registry"

    kind = "wip"
    key_template = KeyOfClass("wip", "{0}")

    def get_job_and_execution_ids(self, start: int = 0, end: int = -1, desc: bool = False, cleanup: bool = True) -> list[tuple[str, str]]:
        """Return job id and execution id of each entry, in the order of the end of their lease. `cleanup` changes nothing: workers tidy registries."""
        del cleanup
        return [split_composite(entry) for entry in self._entries(start, end, desc)]

    def _score(self, job_or_id: Job | str) -> float | None:
        """Return the score of the execution of a job that stays longest; None if none runs."""
        job_id = id_of(job_or_id)
        executions = self._session.run(list_executions(self._session.scripts, job_id))
        return longest(self._session.run_many(self._read_scores(job_id, executions)))


class FinishedJobRegistry(BaseRegistry):
    """The jobs that succeeded, scored by when they are forgotten."""

    __module__ = "rq.registry"

    kind = "finished"
    key_template = KeyOfClass("finished", "{0}")


class FailedJobRegistry(BaseRegistry):
    """The jobs that failed or were stopped, scored by when they are forgotten."""

    __module__ = "rq.registry"

    kind = "failed"
    key_template = KeyOfClass("failed", "{0}")


class DeferredJobRegistry(BaseRegistry):
    """The jobs that wait for other jobs, scored by when they began to."""

    __module__ = "rq.registry"

    kind = "deferred"
    key_template = KeyOfClass("deferred", "{0}")


class ScheduledJobRegistry(BaseRegistry):
    """The jobs that are to be queued at a given time, scored by it."""

    __module__ = "rq.registry"

    kind = "scheduled"
    key_template = KeyOfClass("scheduled", "{0}")

    def get_scheduled_time(self, job_or_id: Job | str) -> datetime:
        """Return when a job is due, aware, in UTC.

        Raises:
            NoSuchJobError: if it is not scheduled here.
        """
        return self._due_time_of(id_of(job_or_id), self._score(job_or_id))


class CanceledJobRegistry(BaseRegistry):
    """The jobs that were canceled, scored by when they were."""

    __module__ = "rq.registry"

    kind = "canceled"
    key_template = KeyOfClass("canceled", "{0}")
