"""Registries: which jobs of a queue are started, finished, failed, scheduled, deferred, canceled (door: `rq.registry`).

One class; the rest are rows. Counting and listing change nothing: RQ's registries tidy up when they are looked at, and run the failure callbacks of abandoned
jobs in whatever process looked. Here workers tidy, every few seconds; the `cleanup` arguments are accepted and change nothing.
"""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rq.client.classes import job_class_of, queue_class
from rq.client.connections import is_same_server
from rq.client.enqueueing import new_nonce
from rq.client.fields import KeyOfClass
from rq.client.payload import serializer_of
from rq.client.session import session_of
from rq.core.errors import InvalidJobOperation, NoSuchJobError, OptionTypeError
from rq.core.ids import split_composite
from rq.store.reads import count_registry, list_executions, list_registry, read_registry_score
from rq.store.requeue import requeue_job

if TYPE_CHECKING:
    import redis

    from rq.client.job import Job
    from rq.client.queue import Queue
    from rq.client.queue_contents import QueueContents
    from rq.core.serializers import Serializer

logger = logging.getLogger("rq.registry")

FOR_EVER = datetime.max.replace(tzinfo=UTC)


class BaseRegistry:
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

    kind: ClassVar[str]  # the registry's name in `core.keys.TEMPLATES`
    key_template: ClassVar[KeyOfClass]

    def __init__(
        self,
        name: str = "default",
        connection: redis.Redis | None = None,
        job_class: type[Job] | str | None = None,
        queue: QueueContents | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> None:
        if not hasattr(self, "kind"):
            message = "BaseRegistry holds no jobs; use StartedJobRegistry, FinishedJobRegistry, FailedJobRegistry, ... instead"
            raise OptionTypeError(message)
        if queue is not None:
            name, connection, serializer = queue.name, queue.connection, queue.serializer
        self._session = session_of(connection)
        self.name = name
        self.connection = self._session.connection
        self.serializer = serializer_of(serializer)
        self.death_penalty_class = death_penalty_class
        self._job_class = job_class

    @property
    def job_class(self) -> type[Job]:
        """What jobs are made of."""
        return job_class_of(self._job_class)

    @property
    def key(self) -> str:
        """The key of the registry."""
        return self._session.keyspace.registry(self.kind, self.name)

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

    @staticmethod
    def parse_job_id(entry: str) -> str:
        """Return the job id in an entry of this registry."""
        return entry

    def get_queue(self) -> Queue:
        """Return the queue whose jobs these are."""
        return queue_class()(self.name, connection=self.connection, serializer=self.serializer)

    def get_expiration_time(self, job: Job | str) -> datetime:
        """Return when the registry forgets a job, aware, in UTC; the latest possible datetime if never.

        Raises:
            OptionTypeError: if it does not name the job (a TypeError, as with RQ).
        """
        score = self._score(job)
        if score is None:
            message = f"Job {_id_of(job)} is not in {self.key}"
            raise OptionTypeError(message)
        return FOR_EVER if score < 0 or math.isinf(score) else datetime.fromtimestamp(score, UTC)

    def requeue(self, job_or_id: Job | str, at_front: bool = False) -> Job:
        """Put a job of this registry into the queue it came from, to run again, or now. It keeps the retries it has left. Atomic.

        Args:
            job_or_id: the job. A `Job` is brought up to date and returned.
            at_front: whether it goes to the head of its queue.

        Raises:
            NoSuchJobError: if there is no such job.
            InvalidJobOperation: if the registry does not name it, or it is in no state to run again.
        """
        job_id = _id_of(job_or_id)
        answer = self._session.run(requeue_job(self._session.scripts, job_id, self.kind, self.name, new_nonce(), at_front=at_front))
        match answer.code:
            case "gone":
                message = f"No such job: {job_id}"
                raise NoSuchJobError(message)
            case "absent":
                message = f"Job {job_id} is {answer.status} and not in {self.key}; requeue a job from the registry that names it"
                raise InvalidJobOperation(message)
            case "refused":
                message = f"Job {job_id} is {answer.status}; the registry {self.key} should not name it, and it is left as it is"
                raise InvalidJobOperation(message)
        if isinstance(job_or_id, str):
            return self.job_class.fetch(job_id, connection=self.connection, serializer=self.serializer)
        job_or_id.refresh()
        return job_or_id

    def _entries(self, start: int, end: int, desc: bool) -> list[str]:
        return self._session.run(list_registry(self._session.scripts, self.kind, self.name, start, end, descending=desc))

    def _score(self, job_or_id: Job | str) -> float | None:
        return self._session.run(read_registry_score(self._session.scripts, self.kind, self.name, _id_of(job_or_id)))

    def __len__(self) -> int:
        return self.count

    def __contains__(self, item: Job | str) -> bool:
        return self._score(item) is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseRegistry):
            return NotImplemented
        return self.key == other.key and is_same_server(self.connection, other.connection)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class StartedJobRegistry(BaseRegistry):
    """The jobs that run now. Its entries are executions, `<job id>:<execution id>`, scored by the end of their lease."""

    __module__ = "rq.registry"

    kind = "wip"
    key_template = KeyOfClass("wip", "{0}")

    @staticmethod
    def parse_job_id(entry: str) -> str:
        """Return the job id in `<job id>:<execution id>`."""
        return split_composite(entry)[0]

    def get_job_and_execution_ids(self, start: int = 0, end: int = -1, desc: bool = False, cleanup: bool = True) -> list[tuple[str, str]]:
        """Return job id and execution id of each entry, in the order of the end of their lease. `cleanup` changes nothing: workers tidy registries."""
        del cleanup
        return [split_composite(entry) for entry in self._entries(start, end, desc)]

    def _score(self, job_or_id: Job | str) -> float | None:
        """Return the score of the execution of a job that stays longest; None if none runs."""
        job_id = _id_of(job_or_id)
        scripts = self._session.scripts
        executions = self._session.run(list_executions(scripts, job_id))
        scores = self._session.run_many([read_registry_score(scripts, self.kind, self.name, f"{job_id}:{execution_id}") for execution_id in executions])
        return max((score for score in scores if score is not None), default=None)


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
        score = self._score(job_or_id)
        if not score:
            message = f"Job {_id_of(job_or_id)} is not in {self.key}"
            raise NoSuchJobError(message)
        return datetime.fromtimestamp(score, UTC)


class CanceledJobRegistry(BaseRegistry):
    """The jobs that were canceled, scored by when they were."""

    __module__ = "rq.registry"

    kind = "canceled"
    key_template = KeyOfClass("canceled", "{0}")


def _id_of(job_or_id: Job | str) -> str:
    return job_or_id if isinstance(job_or_id, str) else job_or_id.id
