"""Commands to workers: what is said over their channels, and what a worker of a program's own does when it hears one."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from rq.command import (
    PUBSUB_CHANNEL_TEMPLATE,
    handle_command,
    parse_payload,
    send_command,
    send_kill_horse_command,
    send_shutdown_command,
    send_stop_job_command,
)
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from tests.client import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis


@contextmanager
def listening(client: redis.Redis, worker: str) -> Iterator[Any]:
    """What is heard on a worker's channel: call what is yielded for the next command."""
    with client.pubsub() as pubsub:
        pubsub.subscribe(PUBSUB_CHANNEL_TEMPLATE % worker)
        assert pubsub.get_message(timeout=5)["type"] == "subscribe"
        yield lambda: parse_payload(pubsub.get_message(timeout=5))


class OwnWorker:
    """A worker of a program's own that runs one job at a time, in a horse."""

    def __init__(self, job_id: str | None = None, horse_pid: int = 0) -> None:
        self._stopped_job_id: str | None = None
        self.job_id = job_id
        self.horse_pid = horse_pid
        self.killed = 0

    def get_current_job_id(self) -> str | None:
        return self.job_id

    def kill_horse(self) -> None:
        self.killed += 1


def test_commands_are_said_in_json(redis_client):
    with listening(redis_client, "w") as hear:
        send_command(redis_client, "w", "dance", steps=3)
        send_shutdown_command(redis_client, "w")
        send_kill_horse_command(redis_client, "w")
        said = [hear(), hear(), hear()]
    names = [command.pop("x_id", None) for command in said]
    assert said == [{"command": "dance", "steps": 3}, {"command": "shutdown"}, {"command": "kill-horse"}]
    assert (names[0], len({*names})) == (None, 3)


def test_nobody_needs_to_listen(redis_client):
    send_shutdown_command(redis_client, "nobody")


def test_the_worker_of_a_job_is_told_to_stop_it(queue, worker, redis_client):
    job = queue.enqueue(tasks.add, 1)
    attempt = worker.take(worker="w")
    with listening(redis_client, "w") as hear:
        send_stop_job_command(redis_client, job.id)
        assert hear() == {"command": "stop-job", "job_id": job.id}
    asked, _, by = redis_client.hget(job.key, "x_stop").decode().partition(" ")
    assert asked == attempt.execution_id
    assert by.endswith(f"@{socket.gethostname()}, pid {os.getpid()}")


def test_who_wants_a_job_stopped_can_be_told(queue, worker, redis_client):
    job = queue.enqueue(tasks.add, 1)
    worker.take()
    send_stop_job_command(redis_client, job.id, asked_by="ann over the telephone")
    assert redis_client.hget(job.key, "x_stop").endswith(b" ann over the telephone")


def test_stopping_a_job_is_one_round_trip(queue, worker, redis_client, watched):
    first, second = queue.enqueue(tasks.add, 1), queue.enqueue(tasks.add, 1)
    for job in (first, second):
        worker.take()
        with watched() as seen:
            send_stop_job_command(redis_client, job.id)
    assert [command.split(" ")[0] for command in seen.commands] == ["EVALSHA"]


def test_only_a_job_that_runs_can_be_stopped(queue, worker, redis_client):
    job = queue.enqueue(tasks.add, 1)
    with pytest.raises(InvalidJobOperation, match="is queued"):
        send_stop_job_command(redis_client, job.id)
    worker.finish()
    with pytest.raises(InvalidJobOperation, match="is finished"):
        send_stop_job_command(redis_client, job.id, serializer="json")
    with pytest.raises(NoSuchJobError, match="nope"):
        send_stop_job_command(redis_client, "nope")
    redis_client.set("rq:job:text", "text")
    with pytest.raises(InvalidJobOperation, match="no hash"):
        send_stop_job_command(redis_client, "text")


# --- where they are heard ---


def test_a_message_of_either_kind_of_client_is_parsed():
    assert parse_payload({"data": b'{"command": "a"}'}) == parse_payload({"data": '{"command": "a"}'}) == {"command": "a"}
    with pytest.raises(json.JSONDecodeError):
        parse_payload({"data": b"text"})


def test_a_shutdown_command_is_a_sigint():
    heard = []
    former = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        handle_command(OwnWorker(), {"command": "shutdown"})
    finally:
        signal.signal(signal.SIGINT, former)
    assert heard == [signal.SIGINT]


@pytest.mark.parametrize(("horse_pid", "killed"), [(77, 1), (0, 0)])
def test_a_horse_is_killed_if_there_is_one(horse_pid, killed):
    worker = OwnWorker(horse_pid=horse_pid)
    handle_command(worker, {"command": "kill-horse"})
    assert worker.killed == killed


@pytest.mark.parametrize(("running", "stopped"), [("a", "a"), ("b", None), (None, None)])
def test_the_job_that_runs_is_stopped_and_no_other(running, stopped):
    worker = OwnWorker(running)
    handle_command(worker, {"command": "stop-job", "job_id": "a"})
    assert (worker._stopped_job_id, worker.killed) == (stopped, int(stopped is not None))


@pytest.mark.parametrize("payload", [{"command": "dance"}, {}, {"command": "stop-job"}])
def test_what_a_worker_does_not_understand_is_ignored(payload):
    worker = OwnWorker()
    handle_command(worker, payload)
    assert (worker._stopped_job_id, worker.killed) == (None, 0)
