"""CANCEL and STOP: a job shall not run, or not run on."""

from __future__ import annotations

import json

from rq.store.calls import Call, text, wire
from rq.store.scripts import ScriptLibrary


def cancel_job(
    scripts: ScriptLibrary, job_id: str, queue: str, *, enqueue_dependents: bool = False, remove_from_dependencies: bool = False
) -> Call[tuple[str, str]]:
    """Cancel a job that has not ended; a running attempt of it is fenced.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        queue: its queue.
        enqueue_dependents: whether the jobs that wait for it go on as if it had finished; otherwise each does what it is to do when a parent ends badly.
        remove_from_dependencies: whether it is no longer named among those that wait for its own parents.

    Returns:
        A code and the former status: ok; dup (canceled already); terminal (it had ended); gone; badtype.
    """
    keys = scripts.keyspace
    return Call(
        lambda reply: (text(reply[0]), text(reply[1]) if len(reply) > 1 else ""),
        (wire(job_id), wire(queue), int(enqueue_dependents), int(remove_from_dependencies)),
        scripts.script("cancel"),
        (keys.job(job_id), keys.registry("canceled", queue)),
    )


def stop_job(scripts: ScriptLibrary, job_id: str, asked_by: str = "a user") -> Call[tuple[str, str]]:
    """Ask the worker that runs a job to end it. What was asked names the attempt that runs now, and ends no later one.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        asked_by: who asks, in words; the job will say so.

    Returns:
        A code with the worker's name or the job's status: ok; idle (it does not run); gone; badtype.
    """
    command = json.dumps({"command": "stop-job", "job_id": job_id})
    return Call(
        lambda reply: (text(reply[0]), text(reply[1]) if len(reply) > 1 else ""),
        (wire(job_id), command, wire(asked_by)),
        scripts.script("stop"),
        (scripts.keyspace.job(job_id),),
    )
