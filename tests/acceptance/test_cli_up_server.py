"""`rq up` when its file names another server: everything follows, and nothing that runs is lost on the way."""

from __future__ import annotations

import os
import signal
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from rq import Queue
from tests.acceptance.test_cli_up import WAIT_SECONDS, places_of, result_of, start_up, stop, wait_for_another, wait_for_places, workers_of
from tests.acceptance.test_cli_up_troubles import addresses_of, readiness
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.acceptance.conftest import Rq
    from tests.conftest import StartValkey
    from tests.support.processes import StartedProcess
    from tests.support.server import ValkeyServer

UNREACHABLE = "redis://127.0.0.1:1/0"


@pytest.fixture
def rq(rq_without_server: Rq) -> Rq:
    """The command line where the environment names no server."""
    return rq_without_server


@pytest.fixture
def other(start_valkey: StartValkey) -> ValkeyServer:
    """A second server."""
    return start_valkey()


def write(rq: Rq, url: str, *keys: str) -> None:
    (rq.folder / "rq.toml").write_text("\n".join([f"url = {url!r}", *keys, "[health]", 'listen = "0"', "[pools.web]", ""]))


def hang_up(up: StartedProcess, words: str) -> None:
    """Send SIGHUP, and wait until it has said that."""
    up.send_signal(signal.SIGHUP)
    up.wait_for_output(words, WAIT_SECONDS)


def wait_until_ready(up: StartedProcess, url: str) -> None:
    wait_until(lambda: readiness(url)[0] == HTTPStatus.OK, WAIT_SECONDS, lambda: f"{readiness(url)}\n{up.output}")


def enqueue_waiting_job(rq: Rq, client: redis.Redis) -> tuple[str, Path, Path]:
    """Enqueue a job that says when it began and ends when it may; returns its id and the two files."""
    started, may_end = rq.folder / "started", rq.folder / "may_end"
    return Queue(connection=client).enqueue("tasks.wait_for", str(may_end), str(started)).id, started, may_end


def test_workers_and_health_move_to_the_server_that_the_file_names_then(rq: Rq, redis_url: str, redis_client: redis.Redis, other: ValkeyServer):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    [health] = addresses_of(up)
    wait_until_ready(up, health)
    write(rq, other.url)
    hang_up(up, f"read the settings again (server: 127.0.0.1:{other.port}, database 0)")
    wait_for_places(up, other.client(), "web.1")
    wait_for_places(up, redis_client)
    wait_until_ready(up, health)
    job = Queue(connection=other.client()).enqueue("tasks.greet", "bob")
    assert result_of(other.client(), job.id) == "hello bob"
    assert rq.run("health") == "Healthy: 1 worker on default\n"
    other.kill()
    wait_until(lambda: readiness(health)[0] == HTTPStatus.SERVICE_UNAVAILABLE, WAIT_SECONDS)
    assert f"127.0.0.1:{other.port}" in readiness(health)[1]["message"]
    up.terminate()
    assert up.wait(WAIT_SECONDS) == 0, up.output


def test_what_a_worker_had_that_dies_after_the_move_goes_back_on_the_new_server(rq: Rq, redis_url: str, redis_client: redis.Redis, other: ValkeyServer):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    write(rq, other.url)
    hang_up(up, "all processes were restarted")
    wait_for_places(up, redis_client)
    client = other.client()
    job_id, started, may_end = enqueue_waiting_job(rq, client)
    wait_until(started.exists, WAIT_SECONDS)
    started.unlink()
    [(name, pid)] = workers_of(client).items()
    os.kill(pid, signal.SIGKILL)
    up.wait_for_output(f"put back what the dead {name} had: {job_id}", WAIT_SECONDS)
    wait_until(started.exists, WAIT_SECONDS, lambda: up.output)
    may_end.touch()
    assert result_of(client, job_id) == "done"
    stop(up)


def test_what_a_worker_had_that_dies_while_it_leaves_goes_back_on_its_own_server(rq: Rq, redis_url: str, redis_client: redis.Redis, other: ValkeyServer):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    job_id, started, _ = enqueue_waiting_job(rq, redis_client)
    wait_until(started.exists, WAIT_SECONDS)
    [(former, pid)] = workers_of(redis_client).items()
    write(rq, other.url)
    hang_up(up, "all processes were restarted")
    assert [*workers_of(redis_client)] == [former]  # it finishes its job first
    os.kill(pid, signal.SIGKILL)
    up.wait_for_output(f"put back what the dead {former} had: {job_id}", WAIT_SECONDS)
    assert redis_client.lrange("rq:queue:default", 0, -1) == [job_id.encode()]
    stop(up)


def test_a_new_server_that_does_not_answer_changes_nothing(rq: Rq, redis_url: str, redis_client: redis.Redis, other: ValkeyServer):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    [health] = addresses_of(up)
    former = workers_of(redis_client)
    write(rq, UNREACHABLE)
    hang_up(up, "the settings of before go on, for the new ones cannot be used: Cannot reach the server at 127.0.0.1:1, database 0")
    assert "Traceback" not in up.output
    assert workers_of(redis_client) == former
    wait_until_ready(up, health)
    [pid] = former.values()
    os.kill(pid, signal.SIGKILL)  # the other duties go on
    wait_for_another(up, redis_client, *former)
    wait_for_places(up, redis_client, "web.1")
    write(rq, other.url)
    hang_up(up, "read the settings again")
    wait_for_places(up, other.client(), "web.1")
    stop(up)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("localhost", "rq.toml is no URL of a server; write redis://HOST:PORT/DATABASE"), ("embedded:///dev/null/x", "for the new ones cannot be used: ")],
)
def test_a_new_server_that_is_none_changes_nothing(rq: Rq, redis_url: str, redis_client: redis.Redis, url: str, sentence: str):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    former = workers_of(redis_client)
    write(rq, url)
    hang_up(up, sentence)
    assert workers_of(redis_client) == former
    stop(up)


def test_a_server_that_is_away_for_a_while_keeps_nobody_from_reading_the_rest_of_the_file(rq: Rq, other: ValkeyServer):
    write(rq, other.url)
    up = start_up(rq, other.client(), "web.1")
    other.stop()
    (rq.folder / "rq.toml").write_text(f"url = {other.url!r}\n[pools.web]\n[pools.mail]\n")
    hang_up(up, "read the settings again (added: mail)")
    other.start()
    wait_until(lambda: "mail.1" in places_of(other.client()), WAIT_SECONDS, lambda: up.output)
    stop(up)


def test_health_follows_the_prefix_as_well(rq: Rq, redis_url: str, redis_client: redis.Redis):
    write(rq, redis_url)
    up = start_up(rq, redis_client, "web.1")
    [health] = addresses_of(up)
    write(rq, redis_url, 'prefix = "mine:"')
    hang_up(up, "keys mine:*")
    wait_until(lambda: redis_client.zcard("mine:x:workers") == 1, WAIT_SECONDS, lambda: up.output)
    wait_for_places(up, redis_client)
    wait_until_ready(up, health)
    stop(up)


def test_settings_that_name_another_server_are_followed_as_the_file_is(rq: Rq, redis_url: str, redis_client: redis.Redis, other: ValkeyServer):
    write(rq, UNREACHABLE)
    settings = rq.folder / "my.py"
    settings.write_text(f"REDIS_URL = {redis_url!r}\n")
    up = start_up(rq, redis_client, "web.1", arguments=("--config", "./my.py"))
    settings.write_text(f"REDIS_URL = {other.url!r}  # moved\n")
    hang_up(up, f"server: 127.0.0.1:{other.port}")
    wait_for_places(up, other.client(), "web.1")
    stop(up)


@pytest.mark.parametrize("mistake", ["SENTINEL = {'INSTANCES': 5}", "1 / 0", "def", "REDIS_HOST = 'localhost'\nREDIS_PORT = 'x'"])
def test_settings_that_became_nonsense_change_nothing(rq: Rq, redis_url: str, redis_client: redis.Redis, mistake: str):
    write(rq, UNREACHABLE)
    settings = rq.folder / "my.py"
    settings.write_text(f"REDIS_URL = {redis_url!r}\n")
    up = start_up(rq, redis_client, "web.1", arguments=("--config", "./my.py"))
    former = workers_of(redis_client)
    settings.write_text(f"# it was another one before\n{mistake}\n")
    hang_up(up, "the settings of before go on, for the new ones cannot be used: ")
    assert "Traceback" not in up.output
    assert workers_of(redis_client) == former
    stop(up)


def test_the_prefix_of_a_file_that_is_named_as_settings_counts_for_health_too(rq: Rq, redis_url: str, redis_client: redis.Redis):
    write(rq, UNREACHABLE)
    (rq.folder / "server.toml").write_text(f'url = {redis_url!r}\nprefix = "mine:"\n')
    up = rq.start("up", "--config", "server.toml")
    wait_until(lambda: redis_client.zcard("mine:x:workers") == 1, WAIT_SECONDS, lambda: up.output)
    [health] = addresses_of(up)
    wait_until_ready(up, health)
    stop(up)
