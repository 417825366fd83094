"""Groups, awaited. See `rq.client.group`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.aio.job import Job
from rq.client.aio.session import AsyncSession, session_of
from rq.client.group_data import GroupData, jobs_with_completion, no_such_group, require_name
from rq.client.grouping import GroupCounts, has_ended, in_order_of_creation, in_pages
from rq.store.groups import BEGINNING, cursor_of, group_exists, leave_group, list_groups, read_standing, scan_group, sweep_groups

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from typing import Self

    import redis.asyncio
    from redis.asyncio.client import Pipeline

    from rq.client.aio.queue import Queue
    from rq.client.prepared import EnqueueData
    from rq.core.serializers import Serializer
    from rq.store.groups import Standing


class Group(GroupData[AsyncSession]):
    """Jobs that belong together: a handle that nothing is written for until a job is enqueued. As `rq.group.Group`; whatever asks the server is awaited.

    Args:
        connection: any `redis.asyncio` client.
        name: the group's name; None for a new one.

    Raises:
        OptionTypeError: without an asyncio connection (a TypeError).
    """

    __module__ = "rq.aio"

    connection: redis.asyncio.Redis

    def __init__(self, connection: redis.asyncio.Redis, name: str | None = None) -> None:
        super().__init__(session_of(connection), name)

    @classmethod
    def create(cls, connection: redis.asyncio.Redis, name: str | None = None) -> Self:
        """Return a new group; the same as `Group(connection, name)`. Nothing is written."""
        return cls(connection, name)

    @classmethod
    async def fetch(cls, name: str | None = None, connection: redis.asyncio.Redis | None = None, *, id: str | None = None) -> Self:
        """Return the group of this name, which may also be called its `id`.

        Raises:
            NoSuchGroupError: if there is none: nothing was enqueued in it, or all of its jobs are gone. OptionTypeError: without a name (a TypeError).
        """
        group = cls(session_of(connection).connection, require_name(name, id))
        if not await group._session.run(group_exists(group._session.scripts, group.name)):
            raise no_such_group(group.name)
        return group

    @classmethod
    async def all(cls, connection: redis.asyncio.Redis) -> list[Self]:
        """Return every group that has jobs, ordered by name."""
        session = session_of(connection)
        names = await session.run(list_groups(session.scripts))
        exist = [answer for page in in_pages(names) for answer in await session.run_many([group_exists(session.scripts, name) for name in page])]
        return [cls(session.connection, name) for name, exists in zip(names, exist, strict=True) if exists]

    # --- its jobs ---

    async def enqueue_many(
        self, queue: Queue, job_datas: Iterable[EnqueueData], pipeline: Pipeline | None = None, *, on_complete: EnqueueData | None = None
    ) -> list[Job]:
        """Enqueue calls, made by `Queue.prepare_data`, as jobs of this group, and return them in the same order. See `rq.group.Group.enqueue_many`."""
        datas = list(job_datas)
        if on_complete is None:
            return await queue.enqueue_many(datas, pipeline=pipeline, group_id=self.name)
        members = [job_id async for job_id in self._ids()]
        jobs, together, calls = jobs_with_completion(queue, self.name, datas, on_complete, members)
        await queue.enqueue_created(together, calls, pipeline)
        return jobs

    async def get_jobs(self, serializer: Serializer | str | None = None) -> list[Job]:
        """Return the jobs that exist, the one that was created first in front.

        Args:
            serializer: what their payloads are written with, as given to their queue; None for pickle.
        """
        ids = [job_id async for job_id in self._ids()]
        return in_order_of_creation([job for page in in_pages(ids) for job in await Job.fetch_many(page, connection=self.connection, serializer=serializer)])

    async def counts(self) -> GroupCounts:
        """Return how many jobs are in each state, and how many are gone. They are read one after the other, not at one moment."""
        counts = GroupCounts()
        async for page in self._standings():
            counts.add(page)
        return counts

    async def is_done(self) -> bool:
        """Say whether all jobs have ended, whichever way. A group without jobs is done."""
        async for page in self._standings():
            if not all(has_ended(standing) for standing in page):
                return False
        return True

    async def cancel(self) -> int:
        """Cancel all jobs that have not ended, each as `Job.cancel` does, and return how many were canceled. Those that end meanwhile are left as they are."""
        canceled = 0
        async for page in self._standings():
            canceled += sum(code == "ok" for code, _ in await self._session.run_many(self.cancel_calls(page)))
        return canceled

    async def delete_job(self, job_id: str, pipeline: Pipeline | None = None) -> None:
        """Take a job out of the group, and change nothing else about it. See `rq.group.Group.delete_job`."""
        await self._session.run_or_collect(leave_group(self._session.scripts, self.name, job_id), pipeline)

    # --- tidying ---

    async def cleanup(self) -> None:
        """Take out the ids of jobs that are gone. Workers do so, too."""
        await _sweep(self._session, cursor_of(self.name))

    @classmethod
    async def clean_registries(cls, connection: redis.asyncio.Redis) -> None:
        """Do what `cleanup` does for every group, and forget groups without jobs. Workers do so, too."""
        await _sweep(session_of(connection), BEGINNING)

    # --- reading ---

    async def _ids(self) -> AsyncIterator[str]:
        """Read the ids of its jobs, each once, page by page."""
        seen: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            page = await self._session.run(scan_group(self._session.scripts, self.name, cursor or 0))
            ids, cursor = page
            for job_id in dict.fromkeys(job_id for job_id in ids if job_id not in seen):
                yield job_id
            seen.update(ids)

    async def _standings(self) -> AsyncIterator[list[Standing]]:
        """Read where its jobs stand, page by page."""
        for page in in_pages([job_id async for job_id in self._ids()]):
            yield await self._session.run_many([read_standing(self._session.scripts, job_id) for job_id in page])


async def _sweep(session: AsyncSession, cursor: tuple[str, ...]) -> None:
    while True:
        _, cursor = await session.run(sweep_groups(session.scripts, cursor))
        if cursor == BEGINNING:
            return
