"""Groups (door: `rq.group`): jobs that were enqueued together, and are looked at, canceled and waited for together.

A group is the set of the ids of its jobs, and exists while it has any. Reading changes nothing; what jobs leave behind when their time has passed is swept up
by workers, and by `cleanup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.group_data import GroupData, jobs_with_completion, no_such_group, require_name
from rq.client.grouping import GroupCounts, has_ended, in_order_of_creation, in_pages
from rq.client.job import Job
from rq.client.session import Session, session_of
from rq.store.groups import BEGINNING, cursor_of, group_exists, leave_group, list_groups, read_standing, scan_group, sweep_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    import redis
    from redis.client import Pipeline

    from rq.client.prepared import EnqueueData
    from rq.client.queue import Queue
    from rq.core.serializers import Serializer
    from rq.store.groups import Standing


class Group(GroupData[Session]):
    """Jobs that belong together: a handle that nothing is written for until a job is enqueued.

    Args:
        connection: any synchronous redis-py client.
        name: the group's name; None for a new one.

    Raises:
        OptionTypeError: without a connection (a TypeError).
    """

    __module__ = "rq.group"

    connection: redis.Redis

    def __init__(self, connection: redis.Redis, name: str | None = None) -> None:
        super().__init__(session_of(connection), name)

    @classmethod
    def create(cls, connection: redis.Redis, name: str | None = None) -> Self:
        """Return a new group; the same as `Group(connection, name)`. Nothing is written."""
        return cls(connection, name)

    @classmethod
    def fetch(cls, name: str | None = None, connection: redis.Redis | None = None, *, id: str | None = None) -> Self:
        """Return the group of this name, which may also be called its `id`.

        Raises:
            NoSuchGroupError: if there is none: nothing was enqueued in it, or all of its jobs are gone. OptionTypeError: without a name (a TypeError).
        """
        group = cls(session_of(connection).connection, require_name(name, id))
        if not group._session.run(group_exists(group._session.scripts, group.name)):
            raise no_such_group(group.name)
        return group

    @classmethod
    def all(cls, connection: redis.Redis) -> list[Self]:
        """Return every group that has jobs, ordered by name."""
        session = session_of(connection)
        names = session.run(list_groups(session.scripts))
        exist = [answer for page in in_pages(names) for answer in session.run_many([group_exists(session.scripts, name) for name in page])]
        return [cls(session.connection, name) for name, exists in zip(names, exist, strict=True) if exists]

    # --- its jobs ---

    def enqueue_many(
        self, queue: Queue, job_datas: Iterable[EnqueueData], pipeline: Pipeline | None = None, *, on_complete: EnqueueData | None = None
    ) -> list[Job]:
        """Enqueue calls, made by `Queue.prepare_data`, as jobs of this group, and return them in the same order; see `Queue.enqueue_many`.

        Args:
            queue: where they are enqueued. It, and the group, may be used for as many calls as one likes.
            job_datas: the calls. Without any, nothing is enqueued, `on_complete` excepted.
            pipeline: collects the calls; its `execute()` carries them out.
            on_complete: a call that runs once when all jobs that the group has then, those of earlier calls included, have ended: finished, failed, stopped,
                canceled, or gone. Its job, whose id is `completion_job_id`, is enqueued behind the others in the same queue, and is none of the group's. It
                takes the place of an earlier one: give it with the last call.

        Raises:
            As `Queue.enqueue_many`; and InvalidOptionError for an `on_complete` with another job id (a ValueError).
        """
        datas = list(job_datas)
        if on_complete is None:
            return queue.enqueue_many(datas, pipeline=pipeline, group_id=self.name)
        jobs, together, calls = jobs_with_completion(queue, self.name, datas, on_complete, self._ids())
        queue.enqueue_created(together, calls, pipeline)
        return jobs

    def get_jobs(self, serializer: Serializer | str | None = None) -> list[Job]:
        """Return the jobs that exist, the one that was created first in front.

        Args:
            serializer: what their payloads are written with, as given to their queue; None for pickle.
        """
        pages = in_pages(list(self._ids()))
        return in_order_of_creation(job for page in pages for job in Job.fetch_many(page, connection=self.connection, serializer=serializer))

    def counts(self) -> GroupCounts:
        """Return how many jobs are in each state, and how many are gone. They are read one after the other, not at one moment."""
        counts = GroupCounts()
        for page in self._standings():
            counts.add(page)
        return counts

    def is_done(self) -> bool:
        """Say whether all jobs have ended, whichever way. A group without jobs is done."""
        return all(has_ended(standing) for page in self._standings() for standing in page)

    def cancel(self) -> int:
        """Cancel all jobs that have not ended, each as `Job.cancel` does, and return how many were canceled. Those that end meanwhile are left as they are."""
        canceled = 0
        for page in self._standings():
            canceled += sum(code == "ok" for code, _ in self._session.run_many(self.cancel_calls(page)))
        return canceled

    def delete_job(self, job_id: str, pipeline: Pipeline | None = None) -> None:
        """Take a job out of the group, and change nothing else about it. To delete the job itself, and with it its membership, use `Job.delete`.

        Args:
            job_id: the job's id.
            pipeline: collects the call; its `execute()` carries it out.
        """
        call = leave_group(self._session.scripts, self.name, job_id)
        if pipeline is None:
            self._session.run(call)
        else:
            self._session.collect(pipeline, call)

    # --- tidying ---

    def cleanup(self) -> None:
        """Take out the ids of jobs that are gone. Workers do so, too."""
        _sweep(self._session, cursor_of(self.name))

    @classmethod
    def clean_registries(cls, connection: redis.Redis) -> None:
        """Do what `cleanup` does for every group, and forget groups without jobs. Workers do so, too."""
        _sweep(session_of(connection), BEGINNING)

    # --- reading ---

    def _ids(self) -> Iterator[str]:
        """Read the ids of its jobs, each once, page by page."""
        seen: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            ids, cursor = self._session.run(scan_group(self._session.scripts, self.name, cursor or 0))
            yield from dict.fromkeys(job_id for job_id in ids if job_id not in seen)
            seen.update(ids)

    def _standings(self) -> Iterator[list[Standing]]:
        """Read where its jobs stand, page by page."""
        for page in in_pages(list(self._ids())):
            yield self._session.run_many([read_standing(self._session.scripts, job_id) for job_id in page])


def _sweep(session: Session, cursor: tuple[str, ...]) -> None:
    while True:
        _, cursor = session.run(sweep_groups(session.scripts, cursor))
        if cursor == BEGINNING:
            return
