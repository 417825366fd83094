"""What is known of a job that does not run, and what is said of it, as values. `model.explanation` goes from the one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from rq.core.wording import duration_in_words
from rq.model.presence import WorkerRecord
from rq.model.record import JobRecord
from rq.model.result import ResultRecord

# In the place of a moment that never comes.
FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Situation(str, Enum):  # noqa: UP042 - as the other enums of this package: compares equal to its text, and prints as RQ's do
    """What keeps a job, or what came of it."""

    ABSENT = "absent"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    CREATED = "created"
    SET_ASIDE = "set_aside"
    TAKEN = "taken"
    MISPLACED = "misplaced"
    SUSPENDED = "suspended"
    QUEUE_PAUSED = "queue_paused"
    WORKERS_PAUSED = "workers_paused"
    NO_WORKER = "no_worker"
    WORKERS_BUSY = "workers_busy"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    OVERDUE = "overdue"
    DEPENDENCIES = "dependencies"
    FAILED_DEPENDENCIES = "failed_dependencies"
    RELEASABLE = "releasable"
    STARTED = "started"
    STOPPING = "stopping"
    LEASE_OVERDUE = "lease_overdue"
    LOST = "lost"
    FINISHED = "finished"
    NOT_FOUND = "function_not_found"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job is where it is.

    Args:
        job_id: the job.
        situation: what keeps it, or what came of it; for programs.
        sentence: the same for people, without a full stop.
        advice: what to do about it, without a full stop; None if nothing needs to be done.
        status: the job's status; None if there is no job.
        queue: its queue.
        ahead: how many jobs stand before it in its queue; None if it does not wait there, or too far from the head to be counted.
        due: when it is to be put into its queue.
        waits_for: the jobs that it still waits for.
        workers: the living workers that listen on its queue, or the one that has it.
        remark: what is to be known besides, such as what became of the attempt before; None if nothing.
    """

    job_id: str
    situation: Situation
    sentence: str
    advice: str | None = None
    status: str | None = None
    queue: str | None = None
    ahead: int | None = None
    due: datetime | None = None
    waits_for: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    remark: str | None = None

    def __str__(self) -> str:
        """Return all of it as sentences."""
        return " ".join(f"{part[:1].upper()}{part[1:]}." for part in (self.sentence, self.remark, self.advice) if part)


@dataclass(frozen=True, slots=True)
class Parent:
    """A job that another one depends on: its id, its status (None if it does not exist), its queue."""

    id: str
    status: str | None
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server knows of a job, at one moment of its clock.

    Args:
        job_id: the job.
        now: the server's time.
        record: the job; None if there is none.
        was_deleted: of a job that is gone, whether that was within the last minute.
        reason: why it ended badly, or was put back, as its worker said.
        results: its newest results, newest first.
        queue_length: how many jobs wait in its queue.
        ahead: how many of them stand before it; None if it was not found.
        was_searched_whole: whether all of the queue was searched for it.
        is_between: whether an RQ worker has taken it and not started it.
        set_aside: why it was set aside, if it was.
        due: when it is to be put into its queue.
        parents: the jobs that it depends on.
        suspended: whether all workers are suspended.
        queue_paused_until: when the pause of its queue ends; None if it is not paused.
        workers: the living workers that listen on its queue.
        paused_workers: the names of those that are paused.
        lease_ends: when the lease of the attempt that runs ends; None if there is none.
        is_to_stop: whether somebody asked the attempt that runs to stop.
    """

    job_id: str
    now: datetime
    record: JobRecord | None = None
    was_deleted: bool = False
    reason: str | None = None
    results: tuple[ResultRecord, ...] = ()
    queue_length: int = 0
    ahead: int | None = None
    was_searched_whole: bool = True
    is_between: bool = False
    set_aside: str | None = None
    due: datetime | None = None
    parents: tuple[Parent, ...] = ()
    suspended: bool = False
    queue_paused_until: datetime | None = None
    workers: tuple[WorkerRecord, ...] = ()
    paused_workers: tuple[str, ...] = ()
    lease_ends: datetime | None = None
    is_to_stop: bool = False

    @property
    def job(self) -> JobRecord:
        """The job, where it is known that there is one."""
        return self.record or JobRecord(self.job_id)

    @property
    def able_workers(self) -> list[WorkerRecord]:
        """The workers that are not paused."""
        return [worker for worker in self.workers if worker.name not in self.paused_workers]

    def ago(self, moment: datetime | None) -> str:
        """Return how long ago a moment was, in words; '' if it is not known."""
        return "" if moment is None else f" {duration_in_words((self.now - moment).total_seconds())} ago"
