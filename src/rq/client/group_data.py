"""A group in memory: its name and its keys. What needs no server; `Group` has the rest, and for asyncio that of `rq.client.aio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from rq.client.fields import KeyOfClass
from rq.client.grouping import completion_data, completion_job_id, has_ended
from rq.client.many import jobs_for
from rq.client.prepared import check_prepared
from rq.client.types import SessionT
from rq.core.errors import NoSuchGroupError, OptionTypeError
from rq.core.formats import as_text
from rq.core.ids import new_name
from rq.core.keys import current_keyspace
from rq.store.cancel import cancel_job

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rq.client.prepared import EnqueueData
    from rq.client.queue_data import JobT, QueueData
    from rq.store.calls import Call
    from rq.store.groups import Standing


class GroupData(Generic[SessionT]):
    """What a group is made of; see `Group`. `SessionT` is what it asks through."""

    REDIS_GROUP_NAME_PREFIX = KeyOfClass("group", "")
    REDIS_GROUP_KEY = KeyOfClass("groups")

    connection: Any

    def __init__(self, session: SessionT, name: str | None) -> None:
        self._session = session
        self.connection = session.connection
        self.name = str(as_text(name)) if name else new_name()

    @classmethod
    def get_key(cls, name: str) -> str:
        """Return the key of the set of a group's job ids."""
        return current_keyspace().group(name)

    @property
    def key(self) -> str:
        """The key of the set of the ids of its jobs."""
        return self._session.keyspace.group(self.name)

    @property
    def completion_job_id(self) -> str:
        """The id of the job that runs when all others have ended, if there is one; see `enqueue_many`."""
        return completion_job_id(self.name)

    def cancel_calls(self, standings: Iterable[Standing]) -> list[Call[tuple[str, str]]]:
        """Return what cancels those of some jobs that have not ended."""
        return [cancel_job(self._session.scripts, standing.job_id, standing.origin) for standing in standings if not has_ended(standing)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.name})"


def jobs_with_completion(
    queue: QueueData[JobT, Any], group: str, datas: Sequence[EnqueueData], on_complete: EnqueueData, members: Iterable[str]
) -> tuple[list[JobT], list[JobT], list[EnqueueData]]:
    """Return new jobs of a group, and with what they are enqueued together: jobs and calls, that of the end as the last.

    Args:
        queue: where they are enqueued.
        group: the group's name.
        datas: their calls.
        on_complete: the call that runs when all have ended.
        members: the ids of the jobs that the group has already.
    """
    check_prepared(on_complete)
    jobs = jobs_for(queue, datas, group)
    completion = completion_data(group, on_complete, list(dict.fromkeys([job.id for job in jobs] + sorted(members))))
    return jobs, [*jobs, *jobs_for(queue, [completion])], [*datas, completion]


def require_name(name: str | None, id_: str | None) -> str:
    """Return the name of a group, which may also be called its id.

    Raises:
        OptionTypeError: there is none (a TypeError).
    """
    if name or id_:
        return str(name or id_)
    message = "Group.fetch needs the name of the group"
    raise OptionTypeError(message)


def no_such_group(name: str) -> NoSuchGroupError:
    """Return what is raised for a group without jobs."""
    return NoSuchGroupError(f"No such group: {name}; nothing was enqueued in it, or all of its jobs are gone")
