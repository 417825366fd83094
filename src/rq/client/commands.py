"""Commands to workers (door: `rq.command`): stop a job, kill the process of a job, shut down. And what a worker of a program's own does when it hears one.

They are also kept on the server, a request to stop a job with the attempt that runs: a worker of ours that does not listen at that moment hears of them by its
next heartbeat. RQ's workers hear what is said while they listen, and nothing else; so do ours, of commands of a program's own.
"""

from __future__ import annotations

import getpass
import json
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING, Any, Protocol

from rq.client.enqueueing import new_nonce
from rq.client.session import session_of
from rq.core.errors import InvalidJobOperation
from rq.core.keys import current_keyspace
from rq.store.cancel import stop_job
from rq.store.channels import KEPT, publish_command, tell_worker
from rq.store.reads import no_such_job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import redis

    from rq.core.serializers import Serializer

logger = logging.getLogger("rq.command")

PUBSUB_CHANNEL_TEMPLATE = current_keyspace().commands("%s")


def send_stop_job_command(connection: redis.Redis, job_id: str, serializer: Serializer | str | None = None, *, asked_by: str | None = None) -> None:
    """Stop a job that runs: its worker ends it, and it is `stopped`, is not retried, and stands among the failed ones. One round trip, atomic.

    Args:
        connection: any synchronous redis-py client.
        job_id: the job. Only the attempt that runs now is stopped, no later one.
        serializer: accepted and not used: nothing of the job is read.
        asked_by: who wants it, for the job to say so; None for the user, host and process of this program.

    Raises:
        NoSuchJobError: if there is no such job. InvalidJobOperation: if it does not run.
    """
    del serializer
    session = session_of(connection)
    code, detail = session.run(stop_job(session.scripts, job_id, asked_by or _describe_this_program()))
    if code == "gone":
        raise no_such_job(job_id)
    if code != "ok":
        reason = f"is {detail}" if detail else "cannot be read: its key holds something that is no hash"
        message = f"Job {job_id} {reason}; only a job that runs can be stopped"
        raise InvalidJobOperation(message)


def _describe_this_program() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, pid {os.getpid()}"


def send_shutdown_command(connection: redis.Redis, worker_name: str) -> None:
    """Let a worker leave when the job that it runs has ended, as after a SIGINT."""
    send_command(connection, worker_name, "shutdown")


def send_kill_horse_command(connection: redis.Redis, worker_name: str) -> None:
    """Let a worker kill the process that runs its job. That is no outcome: the job counts as crashed."""
    send_command(connection, worker_name, "kill-horse")


def send_command(connection: redis.Redis, worker_name: str, command: str, **kwargs: Any) -> None:
    """Say something to a worker; one that does not know the command ignores it.

    Args:
        connection: any synchronous redis-py client.
        worker_name: the worker.
        command: what it is to do: `shutdown`, `kill-horse`, `stop-job`, or something of your own.
        **kwargs: what goes with it; `stop-job` takes a `job_id`, but see `send_stop_job_command`.
    """
    session, said = session_of(connection), {"command": command, **kwargs}
    publish = publish_command(session.scripts, worker_name, said).then(bool)
    if command in KEPT:
        session.run_or(tell_worker(session.scripts, worker_name, said, new_nonce()), lambda: session.run(publish))
    else:
        session.run(publish)


def parse_payload(payload: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the command in a message of redis-py's pub/sub.

    Raises:
        ValueError: if it is no JSON.
    """
    command: dict[Any, Any] = json.loads(payload["data"])
    return command


# --- where they are heard -------------------------------------------------------------------------------------------------------------


class HearsCommands(Protocol):
    """A worker, as far as commands go: it runs at most one job, in a process of its own, the horse."""

    _stopped_job_id: str | None

    @property
    def horse_pid(self) -> int:
        """The process id of the horse; 0 if there is none."""

    def get_current_job_id(self) -> str | None:
        """Return the id of the job that runs."""

    def kill_horse(self) -> None:
        """Kill the horse."""


def handle_command(worker: HearsCommands, payload: Mapping[Any, Any]) -> None:
    """Do what a command says; one that is not known is ignored.

    Args:
        worker: who heard it.
        payload: what `parse_payload` returned.
    """
    handle = _HANDLERS.get(payload.get("command", ""))
    if handle is not None:
        handle(worker, payload)


def handle_shutdown_command(worker: HearsCommands) -> None:
    """Let this process have a SIGINT, which shuts its worker down."""
    del worker
    logger.info("Shutdown command received")
    os.kill(os.getpid(), signal.SIGINT)


def handle_kill_worker_command(worker: HearsCommands, payload: Mapping[Any, Any]) -> None:
    """Kill the process that runs the worker's job, if there is one."""
    del payload
    logger.info("Kill-horse command received")
    if worker.horse_pid:
        worker.kill_horse()
    else:
        logger.info("There is no job to kill")


def handle_stop_job_command(worker: HearsCommands, payload: Mapping[Any, Any]) -> None:
    """Stop the job that the command names, if it is the one that the worker runs."""
    job_id = payload.get("job_id")
    if job_id and worker.get_current_job_id() == job_id:
        logger.info("Stop-job command received for job %s", job_id)
        worker._stopped_job_id = job_id  # noqa: SLF001 - RQ's name for it, which programs rely on
        worker.kill_horse()
    else:
        logger.info("Job %s does not run here: it is not stopped", job_id)


_HANDLERS: dict[str, Callable[[HearsCommands, Mapping[Any, Any]], None]] = {
    "shutdown": lambda worker, _: handle_shutdown_command(worker),
    "kill-horse": handle_kill_worker_command,
    "stop-job": handle_stop_job_command,
}
