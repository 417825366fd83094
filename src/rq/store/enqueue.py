"""ENQUEUE and PROMOTE: a job enters its queue, at once, when it is due, or when those it depends on have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

from rq.model.record import JobRecord
from rq.store.calls import Argument, Call, wire
from rq.store.codec import OWN_FIELDS, encode_new_job, encode_own, encode_shared, own_values
from rq.store.replies import Enqueued, read_enqueued, read_wait
from rq.store.scripts import ScriptLibrary

# So many due jobs go into one call: about two milliseconds of the server's time.
MOST_PROMOTIONS = 250
# So many jobs go into one call: about ten milliseconds of the server's time.
MOST_NEW_JOBS = 250


@dataclass(slots=True)
class NewJob:
    """A job on its way into its queue `record.origin`.

    Args:
        record: the job; its status and the moment of enqueueing are set by the server. What it depends on are its `dependency_ids`.
        nonce: names this call; sent again with the same nonce it changes nothing.
        at_front: whether the job goes to the head of the queue.
        due: when the job is to be queued: seconds since 1970, or a duration from the server's now; None for at once.
        unique: whether the job enters only if there is none of this id.
        shared: if it is like others, what the hashes of all of them hold alike (see `encode_shared`), in the very same list; each has a date, a payload and a
            description of its own. They go to the same queue under the same nonce, and are neither unique nor due later, nor depend on others.
    """

    record: JobRecord
    nonce: str
    at_front: bool = False
    due: float | timedelta | None = None
    unique: bool = False
    shared: list[Argument] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the job waits for no other and belongs to no group."""
        return not (self.record.dependency_ids or self.record.group_id)

    def is_like(self, other: NewJob | None) -> bool:
        """Say whether it is enough to send what is its own, behind the other one."""
        return other is not None and self.shared is not None and self.shared is other.shared and self.at_front == other.at_front

    def fields(self) -> list[Argument]:
        """Return what its hash is to hold: name, value, ..."""
        if self.shared is None:
            return encode_new_job(_afresh(self.record))
        return [part for field in zip(OWN_FIELDS, own_values(self.record), strict=True) for part in field] + self.shared

    def head(self) -> list[Argument]:
        """Return what both scripts take first: id, queue, nonce, where, ttl, unique."""
        record = self.record
        ttl: Argument = record.ttl if record.ttl and record.ttl > 0 else ""
        return [wire(record.id), wire(record.origin), self.nonce, _where(self.at_front, self.due), ttl, "1" if self.unique else ""]


def enqueue_job(scripts: ScriptLibrary, new: NewJob) -> Call[Enqueued]:
    """Write a job and put it where it belongs.

    Returns:
        A code with the job's status: ok; dup (this very call was carried out before); exists (it was to be unique); cycle, deep (it would wait for itself, or
        for more jobs than can be looked at).
    """
    if not new.is_plain:
        call = enqueue_jobs(scripts, [new])
        return Call(lambda reply: call.read(reply)[0], call.arguments, call.script, call.keys)
    record = new.record
    return Call(
        partial(read_enqueued, record.id),
        [*new.head(), *new.fields()],
        scripts.script("enqueue"),
        scripts.keyspace.of_new_job(record.id, record.origin),
    )


class EnqueueForm:
    """What the calls have in common that enqueue jobs which are alike, as they go over the wire: a job for each call, which depends on no other.

    Args:
        scripts: the keyspace's scripts.
        record: a job like all of them.
    """

    def __init__(self, scripts: ScriptLibrary, record: JobRecord) -> None:
        _, *self._queue_keys = scripts.keyspace.of_new_job("", record.origin)
        self._job_key = partial(scripts.keyspace.name, "job")
        self._script = scripts.script("enqueue")
        _, self._queue, _, _, self._ttl, _ = NewJob(record, "").head()
        self._shared = encode_shared(record)

    def call(self, job_id: str, nonce: str, created_at: datetime, data: bytes, description: str, *, at_front: bool) -> Call[Enqueued]:
        """Write a job and put it into its queue; see `enqueue_job`.

        Args:
            job_id: its id.
            nonce: names the call.
            created_at: when it was made.
            data: its payload, not compressed.
            description: its description.
            at_front: whether it goes to the head of the queue.
        """
        own = chain.from_iterable(zip(OWN_FIELDS, encode_own(created_at, data, description), strict=True))
        arguments = [job_id, self._queue, nonce, _FRONT if at_front else _BACK, self._ttl, "", *own, *self._shared]
        return Call(partial(read_enqueued, job_id), arguments, self._script, (self._job_key(job_id), *self._queue_keys))


def enqueue_jobs(scripts: ScriptLibrary, new_jobs: Sequence[NewJob]) -> Call[list[Enqueued]]:
    """Write up to `MOST_NEW_JOBS` jobs in one step and put each where it belongs; one may depend on those before it. Returns what `enqueue_job` does."""
    arguments: list[Argument] = []
    model, likes_at, likes = None, 0, 0
    for new in new_jobs:
        record = new.record
        if new.is_like(model):
            arguments += (wire(record.id), *own_values(record))
            likes += 1
            arguments[likes_at] = likes
            continue
        fields = new.fields()
        parents = [wire(parent) for parent in record.dependency_ids]
        arguments += (*new.head(), wire(record.group_id or ""), len(parents), *parents, len(fields), *fields, 0)
        model, likes_at, likes = new, len(arguments) - 1, 0

    def read(reply: Any) -> list[Enqueued]:
        return [read_enqueued(new.record.id, item) for new, item in zip(new_jobs, reply, strict=True)]

    keys = scripts.keyspace
    return Call(read, arguments, scripts.script("enqueue_many"), (keys.queues, *(keys.job(new.record.id) for new in new_jobs)))


_FRONT, _BACK = "front", "back"


def _where(at_front: bool, due: float | timedelta | None) -> Argument:
    if isinstance(due, timedelta):
        return f"{due.total_seconds():+.6f}" if due > timedelta(0) else "+0"
    if due is not None:
        return due
    return _FRONT if at_front else _BACK


def _afresh(record: JobRecord) -> JobRecord:
    """Return the job without the traces of an earlier run."""
    if record.started_at or record.ended_at or record.last_heartbeat or record.worker_name:
        return replace(record, started_at=None, ended_at=None, last_heartbeat=None, worker_name=None)
    return record


def promote_jobs(scripts: ScriptLibrary, queue: str, limit: int = MOST_PROMOTIONS, worker: str = "") -> Call[tuple[int, float | None]]:
    """Move scheduled jobs that are due to their queue, and give back what woke a waiting worker and was not claimed.

    Args:
        scripts: the keyspace's scripts.
        queue: its name.
        limit: how many at most.
        worker: who asks, and will ask again at once if more are due; nothing is moved while another one does that. '' for one who does not care.

    Returns:
        How many ids were moved or dropped, and the seconds until the next one is due, or another look worth while (0: more are due already; None: nothing is
        scheduled).
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (int(reply[1]), read_wait(reply[2])),
        (wire(queue), limit, wire(worker)),
        scripts.script("promote"),
        (keys.registry("scheduled", queue), keys.queue(queue), keys.name("promoter", queue), keys.caught(queue)),
    )
