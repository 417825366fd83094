"""CANCEL: a job shall not run."""

from __future__ import annotations

from rq.store.calls import Call, text, wire
from rq.store.scripts import ScriptLibrary


def cancel_job(scripts: ScriptLibrary, job_id: str, queue: str) -> Call[tuple[str, str]]:
    """Cancel a job that has not ended; a running attempt of it is fenced.

    Returns:
        A code and the former status: ok; dup (canceled already); terminal (it had ended); gone; badtype.
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (text(reply[0]), text(reply[1]) if len(reply) > 1 else ""),
        (wire(job_id), wire(queue)),
        scripts.script("cancel"),
        (keys.job(job_id), keys.registry("canceled", queue)),
    )
