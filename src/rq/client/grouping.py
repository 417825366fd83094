"""What a group makes of its jobs: how they are counted, and what is to run when all have ended. What asks the server is `Group`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rq.core.errors import InvalidJobId, InvalidOptionError
from rq.core.ids import validate_job_id
from rq.model.dependency import Dependency
from rq.model.states import TERMINAL, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rq.client.prepared import EnqueueData
    from rq.client.queue_data import JobT
    from rq.store.groups import Standing

T = TypeVar("T")

# So many commands go in one round trip.
MOST_AT_ONCE = 500


class GroupCounts(dict[JobStatus, int]):
    """How many jobs of a group are in each state; every state is there, most of them with 0.

    Attributes:
        gone: how many exist no more: their time has passed, or they kept no result.
    """

    __module__ = "rq.group"

    def __init__(self, counts: Iterable[tuple[JobStatus, int]] = (), gone: int = 0) -> None:
        super().__init__(dict.fromkeys(JobStatus, 0))
        self.update(counts)
        self.gone = gone

    def __repr__(self) -> str:
        counted = ", ".join(f"{getattr(status, 'value', status)}: {count}" for status, count in self.items() if count)
        return f"<{type(self).__name__} {counted or 'no jobs'}, gone: {self.gone}>"

    def add(self, standings: Iterable[Standing]) -> None:
        """Count some more jobs. A status that this version does not know is counted under its text."""
        for standing in standings:
            if standing.status is None:
                self.gone += 1
            else:
                status = cast("JobStatus", standing.status)  # equal to its text, and hashed like it
                self[status] = self.get(status, 0) + 1

    @property
    def total(self) -> int:
        """How many jobs the group has, those that are gone included."""
        return sum(self.values()) + self.gone


def has_ended(standing: Standing) -> bool:
    """Say whether a job has ended, well or badly, or exists no more."""
    return standing.status is None or standing.status in TERMINAL


def in_pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return a sequence in pieces that go in one round trip each."""
    for at in range(0, len(items), MOST_AT_ONCE):
        yield items[at : at + MOST_AT_ONCE]


def in_order_of_creation(jobs: Iterable[JobT | None]) -> list[JobT]:
    """Return the jobs that exist, the one that was created first in front."""
    return sorted((job for job in jobs if job is not None), key=lambda job: (job.created_at, job.id))


def completion_job_id(group: str) -> str:
    """Return the id of the job that runs when all jobs of a group have ended: the group's name and `-complete`.

    A name that no job id can hold is replaced by a hash of it.
    """
    job_id = f"{group}-complete"
    try:
        validate_job_id(job_id)
    except InvalidJobId:
        digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).hexdigest()
        return f"{digest[:32]}-complete"
    return job_id


def completion_data(group: str, data: EnqueueData, job_ids: Sequence[str]) -> EnqueueData:
    """Return the call that runs when all of these jobs have ended, whichever way, and what it waits for besides has ended as it needs.

    Raises:
        InvalidOptionError: if the call has a job id of its own (a ValueError).
    """
    own_id = completion_job_id(group)
    if data.job_id not in {None, own_id}:
        message = f"The job that completes group {group} has the id {own_id}, not {data.job_id}; leave job_id out"
        raise InvalidOptionError(message)
    waits_for: list[Any] = [Dependency(job_ids, on_failure="run")] if job_ids else []
    if data.depends_on:
        own = data.depends_on
        waits_for += [own] if isinstance(own, (str, Dependency)) or not hasattr(own, "__iter__") else list(own)
    return data._replace(job_id=own_id, depends_on=waits_for)
