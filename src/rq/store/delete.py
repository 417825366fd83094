"""DELETE: there shall be no such job."""

from __future__ import annotations

from rq.store.calls import Call, text, wire
from rq.store.scripts import ScriptLibrary


def delete_job(scripts: ScriptLibrary, job_id: str, queue: str, nonce: str, *, remove_from_queue: bool = True) -> Call[tuple[str, str]]:
    """Delete a job with all that belongs to it. A running attempt is fenced; those who wait for the job go on.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        queue: its queue.
        nonce: names this call; sent again, it is recognized.
        remove_from_queue: whether the id leaves the list of its queue; if not, whoever takes it drops it.

    Returns:
        A code and the former status: ok; dup (this very call was carried out before); gone (there was no such job).
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (text(reply[0]), text(reply[1]) if len(reply) > 1 else ""),
        (wire(job_id), wire(queue), nonce, "" if remove_from_queue else "1"),
        scripts.script("delete"),
        (keys.job(job_id), keys.groups),
    )
