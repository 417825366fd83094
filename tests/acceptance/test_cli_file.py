"""Every command finds the server that the `rq.toml` of its folder names, unless something that counts more names another."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from rq import Queue
from tests.acceptance.test_cli_up import WAIT_SECONDS, start_up, stop, wait_for_another, wait_for_places, workers_of

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.acceptance.conftest import Rq

NOBODY = "redis://localhost:1/0"


@pytest.fixture
def rq(rq_without_server: Rq) -> Rq:
    """The command line where the environment names no server."""
    return rq_without_server


def write(folder: Path, url: str, more: str = "") -> None:
    (folder / "rq.toml").write_text(f"url = {url!r}\n{more}\n[pools.web]\n")


def test_commands_take_the_server_from_the_file_of_the_folder(rq: Rq, redis_url: str, redis_client: redis.Redis):
    write(rq.folder, redis_url)
    rq.run("enqueue", "tasks.greet", "--job-id", "one")
    assert redis_client.lrange("rq:queue:default", 0, -1) == [b"one"]
    assert "default" in rq.run("info")
    assert "waits in the queue default" in rq.run("explain", "one")
    assert "tasks.greet" in rq.run("job", "one")
    assert "Job OK" in rq.start("worker", "--burst").succeed()
    rq.run("enqueue", "tasks.greet", "--job-id", "two")
    rq.start("worker-pool", "--burst").succeed(WAIT_SECONDS)
    assert "finished" in rq.run("job", "two")


def test_what_counts_more_than_the_file(rq: Rq, redis_url: str):
    (rq.folder / "my.py").write_text(f"REDIS_URL = {redis_url!r}\n")
    write(rq.folder, NOBODY)
    assert "localhost:1" in rq.refuse("info", status=1)
    assert rq.run("info", "--url", redis_url)
    assert rq.run("info", env={"RQ_REDIS_URL": redis_url})
    assert rq.run("info", "--config", "./my.py")
    assert rq.run("info", env={"RQ_CONFIG": "./my.py"})


def test_what_counts_less_than_the_file(rq: Rq, redis_url: str):
    (rq.folder / "my.py").write_text("QUEUES = ['high']\n")
    write(rq.folder, redis_url)
    assert rq.run("info", env={"REDIS_URL": NOBODY})
    assert "*** Listening on high" in rq.start("worker", "--burst", "--config", "./my.py", env={"REDIS_URL": NOBODY}).succeed()


def test_a_file_elsewhere_is_named_as_settings_are(rq: Rq, redis_url: str):
    (rq.folder / "deploy").mkdir()
    write(rq.folder / "deploy", redis_url)
    assert rq.run("info", "--config", "deploy/rq.toml")
    assert rq.run("info", env={"RQ_CONFIG": "deploy/rq.toml"})
    assert rq.run("info", env={"RQ_FILE": "deploy/rq.toml"})
    assert "`rq resume --config deploy/rq.toml`" in rq.run("suspend", "--config", "deploy/rq.toml")
    assert "there is no such file" in rq.refuse("info", "--config", "nowhere.toml", status=2)
    assert "RQ_FILE names nowhere.toml: there is no such file" in rq.refuse("info", status=2, env={"RQ_FILE": "nowhere.toml"})


def test_the_prefix_of_the_file_counts_as_well(rq: Rq, redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch):
    write(rq.folder, redis_url, 'prefix = "mine:"')
    rq.run("enqueue", "tasks.greet", "--job-id", "one")
    assert redis_client.lrange("mine:queue:default", 0, -1) == [b"one"]
    assert "default      |█ 1, 0 executing" in rq.run("info")
    assert "0 jobs total" in rq.run("info", env={"RQ_KEY_PREFIX": "other:"})
    monkeypatch.setenv("RQ_KEY_PREFIX", "mine:")
    assert len(Queue("default", connection=redis_client)) == 1


def test_a_file_that_cannot_be_read_is_told_rather_than_passed_over(rq: Rq):
    (rq.folder / "rq.toml").write_text("url = 7\n")
    assert "url: " in rq.refuse("info", status=2)
    (rq.folder / "rq.toml").write_text("url\n")
    assert "this is no TOML" in rq.refuse("info", status=2)


def test_a_mistake_in_the_rest_of_the_file_does_not_keep_others_from_working(rq: Rq, redis_url: str):
    write(rq.folder, redis_url, "[pools.other]\nworker = 1\n")
    assert rq.run("info")


def test_processes_of_a_deployment_mean_its_server_whatever_stands_in_their_folder(rq: Rq, redis_url: str, redis_client: redis.Redis):
    (rq.folder / "project").mkdir()
    write(rq.folder / "project", NOBODY)
    (rq.folder / "my.py").write_text(f"REDIS_URL = {redis_url!r}\n")
    (rq.folder / "rq.toml").write_text('[pools.web]\ndirectory = "project"\n')
    up = start_up(rq, redis_client, "web.1", arguments=("--config", "./my.py"))
    stop(up)


def test_a_reload_moves_to_the_prefix_that_the_file_says_then(rq: Rq, redis_url: str, redis_client: redis.Redis):
    write(rq.folder, redis_url)
    up = start_up(rq, redis_client, "web.1")
    former = workers_of(redis_client)
    write(rq.folder, redis_url, 'prefix = "mine:"')
    up.send_signal(signal.SIGHUP)
    wait_for_another(up, redis_client, *former)
    wait_for_places(up, redis_client)
    stop(up)


def test_the_settings_of_the_command_line_count_more_for_a_deployment_too(rq: Rq, redis_url: str, redis_client: redis.Redis):
    write(rq.folder, NOBODY)
    (rq.folder / "my.py").write_text(f"REDIS_URL = {redis_url!r}\n")
    up = rq.start("up", "--config", "./my.py")
    wait_for_places(up, redis_client, "web.1")
    assert rq.run("health", "--config", "./my.py") == "Healthy: 1 worker on default\n"
    up.terminate()
    assert up.wait(WAIT_SECONDS) == 0
