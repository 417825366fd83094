"""ENQUEUE and PROMOTE: a job enters its queue, at once or when it is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from rq.model.record import JobRecord
from rq.store.calls import Argument, Call, wire
from rq.store.codec import encode_job
from rq.store.replies import Enqueued, read_enqueued, read_wait
from rq.store.scripts import ScriptLibrary

MOST_PROMOTIONS = 500


def enqueue_job(scripts: ScriptLibrary, record: JobRecord, nonce: str, *, at_front: bool = False, due: float | timedelta | None = None) -> Call[Enqueued]:
    """Write a job and put it into the queue `record.origin`, or among its scheduled jobs.

    Args:
        scripts: the keyspace's scripts.
        record: the job; its status and the moment of enqueueing are set by the server.
        nonce: names this call; sent again with the same nonce it changes nothing.
        at_front: whether the job goes to the head of the queue.
        due: when the job is to be queued: seconds since 1970, or a duration from the server's now; None for at once.
    """
    keys = scripts.keyspace
    queue = record.origin
    where: Argument = "front" if at_front else "back"
    if isinstance(due, timedelta):
        where = f"{due.total_seconds():+.6f}" if due > timedelta(0) else "+0"
    elif due is not None:
        where = due
    return Call(
        partial(read_enqueued, record.id),
        (wire(record.id), wire(queue), nonce, where, record.ttl if record.ttl and record.ttl > 0 else "", *encode_job(_afresh(record))),
        scripts.script("enqueue"),
        (keys.job(record.id), keys.queue(queue), keys.registry("scheduled", queue), keys.queues),
    )


def _afresh(record: JobRecord) -> JobRecord:
    """Return the job without the traces of an earlier run."""
    if record.started_at or record.ended_at or record.last_heartbeat or record.worker_name:
        return replace(record, started_at=None, ended_at=None, last_heartbeat=None, worker_name=None)
    return record


def promote_jobs(scripts: ScriptLibrary, queue: str, limit: int = MOST_PROMOTIONS) -> Call[tuple[int, float | None]]:
    """Move up to `limit` scheduled jobs that are due to their queue.

    Returns:
        How many ids were moved or dropped, and the seconds until the next one is due (0: more are due already; None: nothing is scheduled).
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (int(reply[1]), read_wait(reply[2])),
        (wire(queue), limit),
        scripts.script("promote"),
        (keys.registry("scheduled", queue), keys.queue(queue)),
    )
