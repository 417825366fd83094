"""What all registries have in common (door: `rq.registry`).

Counting and listing change nothing: RQ's registries tidy up when they are looked at, and run the failure callbacks of abandoned
jobs in whatever process looked. Here workers tidy, every few seconds; the `cleanup` arguments are accepted and change nothing.

Entries can be added and removed by hand, which changes no job: whatever changes a job's state keeps the registries right in the same step.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rq.client.classes import job_class_of, queue_class
from rq.client.enqueueing import new_nonce
from rq.client.fields import KeyOfClass
from rq.client.registry_data import RegistryData, id_of, requeue_from
from rq.client.session import Session, session_of
from rq.store.delete import delete_job as delete_job_call
from rq.store.reads import count_registry, no_such_job
from rq.store.registries import FOR_EVER, MOST_FORGOTTEN, delist, enlist, forget_expired, list_expired, read_server_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis
    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.client.queue import Queue
    from rq.client.queue_contents import QueueContents
    from rq.core.serializers import Serializer

logger = logging.getLogger("rq.registry")


class BaseRegistry(RegistryData["Job", Session]):
    """The jobs of one queue that are in one state. Use one of its subclasses: no job is ever in this one, unless somebody adds it.

    Args:
        name: the queue's name.
        connection: any synchronous redis-py client; not needed with `queue`.
        job_class: what jobs are made of, a class or a dotted path.
        queue: takes name, connection and serializer from this queue.
        serializer: what the jobs' payloads are written with.
        death_penalty_class: accepted and kept, as with RQ; nothing here has a time limit.

    Raises:
        OptionTypeError: without connection and queue (a TypeError).
    """

    __module__ = "rq.registry"

    kind = "registry"
    key_template: ClassVar[KeyOfClass] = KeyOfClass("registry", "{0}")
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
            CorruptDataError: if the key of the job, or of its queue, holds something else.
        """
        job_id = id_of(job_or_id)
        self._session.run(requeue_from(self._session, self.kind, self.name, job_id, at_front=at_front))
        if isinstance(job_or_id, str):
            return self.job_class.fetch(job_id, connection=self.connection, serializer=self.serializer)
        job_or_id.refresh()
        return job_or_id

    def get_expired_job_ids(self, timestamp: float | None = None) -> list[str]:
        """Return the ids of the jobs whose score is a moment that has passed, in the order of their score.

        Args:
            timestamp: seconds since 1970; None for the server's now, which costs one more round trip.
        """
        return self._expired(timestamp)

    # --- by hand ---

    def add(self, job: Job, ttl: int = 0, pipeline: Pipeline | None = None, xx: bool = False) -> int | None:
        """Add an entry for a job; the job itself stays as it is. Workers forget it when its time is over, in the registries where scores are that.

        Args:
            job: the job.
            ttl: in how many seconds its time is over; -1 for never, other negative numbers are its score as they stand.
            pipeline: collects the call; then the number is in its replies, and None is returned.
            xx: whether nothing is done if there is no entry.

        Returns:
            How many entries are new: 1 or 0.
        """
        return self._enlist(job.id, ttl, pipeline, xx=xx)

    def remove(self, job: Job | str, pipeline: Pipeline | None = None, delete_job: bool = False) -> int | None:
        """Remove the entry of a job; the job itself stays as it is, in no place, if it is not deleted.

        Args:
            job: the job, or its id.
            pipeline: collects the call; then the number is in its replies, and None is returned. It does not collect the deletion.
            delete_job: whether the job is deleted, at once.

        Returns:
            How many entries were removed: 1 or 0.

        Raises:
            NoSuchJobError: if the job is to be deleted and is gone.
        """
        removed = self._session.run_or_collect(delist(self._session.scripts, self.kind, self.name, id_of(job)), pipeline)
        if delete_job:
            self._delete(id_of(job))
        return removed

    def cleanup(self, timestamp: float | None = None, exception_handlers: Sequence[Any] | None = None) -> None:
        """Forget entries whose time is over, in the registries where scores are that; nothing in the others. Workers do it every few seconds.

        Args:
            timestamp: the moment, in seconds since 1970; None for the server's now.
            exception_handlers: accepted and not used: no job fails by being looked at.
        """

    def _delete(self, job_id: str) -> None:
        code, _ = self._session.run(delete_job_call(self._session.scripts, job_id, self.name, new_nonce()))
        if code == "gone":
            raise no_such_job(job_id)

    def _enlist(self, member: str, ttl: int, pipeline: Pipeline | None, *, xx: bool = False) -> int | None:
        score: int | str = FOR_EVER if ttl == -1 else ttl
        call = enlist(self._session.scripts, self.key, member, score, from_now=ttl >= 0, only_if_there=xx)
        return self._session.run_or_collect(call, pipeline)

    def _expired(self, timestamp: float | None, most: int | None = None) -> list[str]:
        moment = self._session.run(read_server_time()).timestamp() if timestamp is None else timestamp
        entries = self._session.run(list_expired(self._session.scripts, self.kind, self.name, moment, most))
        return [self.parse_job_id(entry) for entry in entries]

    def _forget_expired(self, timestamp: float | None) -> int:
        forgotten, last = 0, MOST_FORGOTTEN
        while last == MOST_FORGOTTEN:
            last = self._session.run(forget_expired(self._session.scripts, self.kind, self.name, timestamp))
            forgotten += last
        return forgotten

    def _entries(self, start: int, end: int, desc: bool) -> list[str]:
        return self._session.run(self._read_entries(start, end, desc))

    def _score(self, job_or_id: Job | str) -> float | None:
        return self._session.run(self._read_score(id_of(job_or_id)))

    def __len__(self) -> int:
        return self.count

    def __contains__(self, item: Job | str) -> bool:
        return self._score(item) is not None
