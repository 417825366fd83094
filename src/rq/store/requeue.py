"""REQUEUE: a job that ended runs again; one that waits for its time or for others runs now."""

from __future__ import annotations

from functools import partial

from rq.store.calls import Call, wire
from rq.store.replies import Enqueued, read_enqueued
from rq.store.scripts import ScriptLibrary


def requeue_job(scripts: ScriptLibrary, job_id: str, registry: str, queue: str, nonce: str, *, at_front: bool = False) -> Call[Enqueued]:
    """Put a job from a registry into the queue it came from. It keeps the retries it has left.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        registry: the kind of the registry that must name it: `failed` (stopped jobs stand there too), `canceled`, `finished`, `scheduled` or `deferred`.
        queue: the queue of that registry.
        nonce: names this call; sent again with the same nonce it changes nothing.
        at_front: whether the job goes to the head of its queue.

    Returns:
        A code with the job's status: ok; dup; absent (the registry does not name the job); refused (it does, but the job is in no state to run again); gone
        (there is no such job).
    """
    keys = scripts.keyspace
    return Call(
        partial(read_enqueued, job_id),
        (wire(job_id), wire(queue), nonce, "front" if at_front else "back", registry),
        scripts.script("requeue"),
        (keys.job(job_id), keys.registry(registry, queue), keys.queues),
    )
