"""Jobs of which there may be only one (door: `rq.scripts`): what `unique=True` of `Queue.enqueue` does, as RQ's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.enqueueing import new_nonce
from rq.client.queue_lists import name_of_queue_key
from rq.client.sending import new_job, send_job
from rq.client.session import session_of
from rq.core.clock import to_timestamp
from rq.core.errors import DuplicateJobError
from rq.store.codec import encode_changes
from rq.store.save import save_job

if TYPE_CHECKING:
    from datetime import datetime

    import redis

    from rq.client.job import Job


def save_unique_job(connection: redis.Redis, queue_key: str, job: Job, enqueue: bool = True, at_front: bool = False) -> bool:
    """Put a job into a queue, unless there is one of its id, whatever its state. One round trip, atomic.

    Args:
        connection: any synchronous redis-py client.
        queue_key: the key of the queue; the job's queue becomes this one.
        job: the job.
        enqueue: whether it goes into the queue; if not, it is only saved, for a caller that runs it at once.
        at_front: whether it goes to the head of the queue.

    Returns:
        True.

    Raises:
        DuplicateJobError: if there is a job of its id.
    """
    session = session_of(connection)
    job.origin = name_of_queue_key(queue_key)
    if enqueue:
        send_job(session, new_job(job, new_nonce(), at_front=at_front, unique=True), job)
        return True
    if session.run(save_job(session.scripts, job.id, encode_changes(job.packed_record(), None), "new")) == "exists":
        message = f"Job {job.id} exists already; delete it, or save another id"
        raise DuplicateJobError(message)
    job.take_as_stored()
    return True


def schedule_unique_job(connection: redis.Redis, queue_key: str, registry_key: str, job: Job, scheduled_datetime: datetime) -> bool:
    """See to it that a job is put into a queue at a given time, unless there is one of its id. One round trip, atomic.

    Args:
        connection: any synchronous redis-py client.
        queue_key: the key of the queue; the job's queue becomes this one.
        registry_key: accepted and not used: it follows from the queue.
        job: the job.
        scheduled_datetime: when it is due; a naive datetime is local time.

    Returns:
        True.

    Raises:
        DuplicateJobError: if there is a job of its id.
    """
    del registry_key
    session = session_of(connection)
    job.origin = name_of_queue_key(queue_key)
    send_job(session, new_job(job, new_nonce(), at_front=bool(job.enqueue_at_front), due=to_timestamp(scheduled_datetime), unique=True), job)
    return True
