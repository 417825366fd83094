"""What a worker does when it is told something over its channel."""

from __future__ import annotations

import json
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest
import redis

from rq import Queue, Worker
from rq.client.session import session_of
from rq.command import send_kill_horse_command, send_shutdown_command
from rq.observe.bus import EventBus
from rq.runtime import control
from rq.runtime.config import WorkerConfig
from rq.runtime.identity import describe_worker
from rq.runtime.orders import Orders
from rq.runtime.running import WorkerContext
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"


@pytest.fixture
def queue(redis_client):
    return Queue("q", connection=redis_client)


@pytest.fixture
def busy(queue, redis_client, redis_url, processes, tmp_path):
    """A worker that runs a job which waits for a file; returns the worker's process, the job, and the file."""
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"), result_ttl=-1)
    process = processes.script(PROGRAM, redis_url, "Worker", "30.0", "w", queue.name)
    wait_until((tmp_path / "began").exists, message="the job did not begin")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
    return process, job, tmp_path / "gate"


def listen(client, told_to_leave, on_trouble):
    """A listener in this process, that has started."""
    context = WorkerContext(describe_worker("w", ("q",), "unknown"), WorkerConfig(("q",)), session_of(client).scripts, EventBus())
    listener = control.CommandListener(client, context, Orders(context, lambda _execution, _code: None, told_to_leave.set), lambda: None, on_trouble)
    listener.start()
    return listener


def say(client, **command):
    assert client.publish("rq:pubsub:w", json.dumps(command)) == 1


def test_a_job_is_stopped_at_once_by_what_rq_says(busy, queue, redis_client):
    _, job, _ = busy
    say(redis_client, command="stop-job", job_id=job.id)
    wait_until(lambda: job.get_status() == "stopped", message="the job was not stopped")
    assert job.id in queue.failed_job_registry


def test_a_command_about_another_job_and_what_is_no_command_change_nothing(busy, redis_client):
    process, job, gate = busy
    say(redis_client, command="stop-job", job_id="another")
    say(redis_client, command="dance")
    for noise in (b"\xff\xfe", b"[1]", b"null", b"stop-job", b"[" * 200_000):
        redis_client.publish("rq:pubsub:w", noise)
    say(redis_client, command="shutdown")
    process.wait_for_output("warm shut down requested")
    gate.touch()
    wait_until(lambda: job.get_status() == "finished", message="the job did not finish")


def test_the_process_of_a_job_is_killed_and_the_job_runs_again(busy, redis_client):
    _, job, gate = busy
    first = int((gate.parent / "began").read_text())
    gate.touch()
    say(redis_client, command="kill-horse")
    wait_until(lambda: job.get_status() == "finished", message="the job did not finish")
    assert job.return_value() in {first, *map(int, (gate.parent / "began").read_text().split())}


def test_a_worker_told_to_shut_down_finishes_its_job_first(busy, redis_client):
    process, job, gate = busy
    say(redis_client, command="shutdown")
    process.wait_for_output("shutdown command")
    gate.touch()
    assert process.wait() == 0
    assert job.get_status() == "finished"
    assert Worker.all(connection=redis_client) == []


def test_a_worker_hears_commands_again_after_its_connection_broke(busy, redis_client):
    _, job, gate = busy
    redis_client.client_kill_filter(_type="pubsub")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen again")
    say(redis_client, command="stop-job", job_id=job.id)
    wait_until(lambda: job.get_status() == "stopped", message="the job was not stopped")
    gate.touch()


def test_bytes_that_are_no_text_do_not_end_the_listening_of_a_client_that_decodes(redis_client, redis_url, processes):
    process = processes.script(PROGRAM, f"{redis_url}?decode_responses=True", "Worker", "30.0", "w", "q")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
    redis_client.publish("rq:pubsub:w", b"\xff\xfe")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 0, message="the worker did not stumble")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen again")
    say(redis_client, command="shutdown")
    assert process.wait() == 0


def test_a_sign_of_life_of_a_quiet_channel_is_not_taken_for_a_command(redis_client, monkeypatch, caplog):
    monkeypatch.setattr(control, "QUIET_SECONDS", 0.01)
    heard = Event()
    listener = listen(redis_client, heard, lambda _error, _seconds: None)
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
    before = pings(redis_client)
    wait_until(lambda: pings(redis_client) > before + 3, message="the worker does not ask")
    say(redis_client, command="shutdown")
    assert heard.wait(10)
    listener.stop()
    assert caplog.messages == []


def pings(client):
    """How many a server has had."""
    return client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"]


def test_a_worker_that_may_not_listen_does_not_ask_all_the_time(valkey, redis_client):
    redis_client.execute_command("ACL", "SETUSER", "deaf", "reset", "on", ">right", "~*", "&*", "+@all", "-@pubsub")
    troubles: SimpleQueue[tuple[Exception, float]] = SimpleQueue()
    listener = listen(valkey.client(username="deaf", password="right"), Event(), lambda error, seconds: troubles.put((error, seconds)))
    error, seconds = troubles.get(timeout=10)
    listener.stop()
    assert (type(error), seconds) == (redis.exceptions.NoPermissionError, control.REFUSED_SECONDS)
    assert troubles.empty()
    redis_client.execute_command("ACL", "DELUSER", "deaf")


@pytest.fixture
def deaf_url(valkey, redis_client):
    """The URL of the server for a user who may not listen to channels."""
    redis_client.execute_command("ACL", "SETUSER", "deaf", "reset", "on", ">right", "~*", "&*", "+@all", "-subscribe", "-psubscribe")
    yield valkey.url.replace("redis://", "redis://deaf:right@")
    redis_client.execute_command("ACL", "DELUSER", "deaf")


@pytest.fixture
def deaf(queue, deaf_url, processes, tmp_path):
    """A worker that hears nothing over channels, and runs a job which waits for a file; returns the worker's process, the job, and the file."""
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"), result_ttl=-1)
    process = processes.script(PROGRAM, deaf_url, "Worker", "2.0", "w", queue.name)
    wait_until((tmp_path / "began").exists, message="the job did not begin")
    return process, job, tmp_path / "gate"


def test_a_worker_that_hears_nothing_is_shut_down_by_its_heartbeat(deaf, redis_client):
    process, job, gate = deaf
    send_shutdown_command(redis_client, "w")
    process.wait_for_output("shutdown command")
    gate.touch()
    assert process.wait() == 0
    assert job.get_status() == "finished"


def test_a_worker_that_hears_nothing_kills_its_horse_and_spares_the_next_one(deaf, redis_client):
    _, job, gate = deaf
    began = gate.parent / "began"
    send_kill_horse_command(redis_client, "w")
    wait_until(lambda: len(began.read_text().split()) == 2, message="the job was not killed, or not run again")
    wait_until(lambda: not redis_client.hexists("rq:x:worker:w", "command:kill"), message="the worker did not say that it heard")
    gate.touch()
    wait_until(lambda: job.get_status() == "finished", message="the job did not finish")
    assert len(began.read_text().split()) == 2


def test_a_shutdown_that_is_heard_over_the_channel_and_by_the_heartbeat_is_one(queue, redis_client, redis_url, processes, tmp_path):
    job = queue.enqueue(worker_jobs.wait_for, str(tmp_path / "gate"), str(tmp_path / "began"))
    process = processes.script(PROGRAM, redis_url, "Worker", "2.0", "w", queue.name)
    wait_until((tmp_path / "began").exists, message="the job did not begin")
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1, message="the worker does not listen")
    send_shutdown_command(redis_client, "w")
    process.wait_for_output("warm shut down requested")
    wait_until(lambda: not redis_client.hexists("rq:x:worker:w", "command:shutdown"), message="the heartbeat did not bring it")
    (tmp_path / "gate").touch()
    assert process.wait() == 0
    assert "cold shut down" not in process.output
    assert job.get_status() == "finished"
