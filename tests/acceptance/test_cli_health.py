"""`rq health`, as users and their monitors run it."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import StartedProcess
    from tests.support.server import ValkeyServer


def start_worker(rq: Rq, name: str, *queues: str) -> StartedProcess:
    worker = rq.start("worker", "--name", name, *queues)
    worker.wait_for_output("*** Listening on")
    return worker


def ask(url: str, method: str = "GET") -> tuple[int, Any]:
    """Return the status and the JSON of an answer; None for one without a body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_queue_with_a_worker_is_healthy(rq: Rq):
    start_worker(rq, "wolf", "high", "default")
    assert rq.run("health", "high") == "Healthy: 1 worker on high\n"
    assert rq.run("health") == "Healthy: 1 worker on default, high\n"
    assert rq.run("health", "--worker", "wolf") == "Healthy: 1 worker on default, high\n"


def test_a_queue_or_a_worker_that_is_missing_is_an_error(rq: Rq):
    start_worker(rq, "wolf", "high")
    assert rq.refuse("health", "high", "low", status=1) == "No worker listens on low"
    assert rq.refuse("health", "--worker", "wolf", "--worker", "bear", status=1) == "There is no worker named bear"


def test_a_worker_that_died_owes_a_sign_of_life(rq: Rq, redis_client: redis.Redis):
    start_worker(rq, "wolf", "high").kill()
    redis_client.zadd("rq:x:workers", {"wolf": int(redis_client.time()[0]) - 1})
    assert rq.refuse("health", status=1) == "No sign of life from wolf"


def test_a_name_that_would_command_the_terminal_is_shown_and_not_obeyed(rq: Rq, redis_client: redis.Redis):
    redis_client.hset("rq:worker:theirs", mapping={"queues": "\x1b[2J", "state": "idle"})
    redis_client.sadd("rq:workers", "rq:worker:theirs")
    assert rq.run("health") == "Healthy: 1 worker on \\x1b[2J\n"


def test_a_server_that_does_not_answer_is_an_error(rq: Rq):
    refusal = rq.refuse("health", "--url", "redis://127.0.0.1:1", status=1)
    assert refusal.startswith("Cannot reach the server at 127.0.0.1:1, database 0")


def test_programs_get_json(rq: Rq):
    start_worker(rq, "wolf", "high")
    assert json.loads(rq.run("health", "--json")) == {
        "healthy": True,
        "message": "Healthy: 1 worker on high",
        "queues": {"high": ["wolf"]},
        "overdue": [],
        "suspended": False,
    }
    process = rq.start("health", "low", "--json")
    assert process.wait() == 1
    assert json.loads(process.stdout)["queues"] == {"low": []}
    assert process.stderr == ""


@pytest.mark.parametrize("options", [[], ["--file", "rq.toml"], ["-f", "rq.toml"]])
def test_the_queues_of_the_file_are_those_that_matter(rq: Rq, options: list[str]):
    (rq.folder / "rq.toml").write_text('[pools.web]\nqueues = ["high", "low"]\n[pools.none]\nqueues = "nobody"\nworkers = 0')
    start_worker(rq, "wolf", "high", "other")
    assert rq.refuse("health", *options, status=1) == "No worker listens on low"
    assert rq.run("health", "other", *options) == "Healthy: 1 worker on other\n"


def test_the_server_of_the_file_is_used_unless_another_one_is_named(rq_without_server: Rq, valkey: ValkeyServer):
    file = rq_without_server.folder / "rq.toml"
    file.write_text(f'url = "{valkey.url}"\nprefix = "other:"\n[pools.web]')
    worker = rq_without_server.start("worker", "--url", valkey.url, env={"RQ_KEY_PREFIX": "other:"})
    worker.wait_for_output("*** Listening on")
    assert rq_without_server.run("health") == "Healthy: 1 worker on default\n"
    assert rq_without_server.refuse("health", status=1, env={"RQ_KEY_PREFIX": "rq:"}) == "No worker listens on default"
    assert rq_without_server.refuse("health", "--url", "redis://127.0.0.1:1", status=1).startswith("Cannot reach")


def test_a_file_that_is_missing_or_wrong_is_a_wrong_call(rq: Rq):
    assert rq.refuse("health", "-f", "nowhere.toml", status=2) == "--file nowhere.toml: there is no such file"
    (rq.folder / "rq.toml").write_text("[pools.web]\nqueue = 'web'")
    assert rq.refuse("health", status=2).endswith("rq.toml: [pools.web] queue: there is no such key; did you mean queues?")


def test_probes_are_answered_over_http(rq: Rq, redis_client: redis.Redis):
    serving = rq.start("health", "high", "--serve", ":0")
    output = serving.wait_for_output("/ready")
    match = re.search(r"http://127\.0\.0\.1:\d+", output)
    assert match
    url = match[0]
    assert ask(f"{url}/live") == (200, {"alive": True})
    assert ask(f"{url}/ready")[0] == 503
    assert ask(f"{url}/ready?verbose=1")[1]["message"] == "No worker listens on high"
    worker = start_worker(rq, "wolf", "high")
    assert ask(f"{url}/ready") == (
        200,
        {"healthy": True, "message": "Healthy: 1 worker on high", "queues": {"high": ["wolf"]}, "overdue": [], "suspended": False},
    )
    assert ask(f"{url}/ready", "HEAD") == (200, None)
    assert ask(f"{url}/other") == (404, {"message": "ask for /live or /ready"})
    worker.terminate()
    wait_until(lambda: ask(f"{url}/ready")[0] == 503)
    serving.send_signal(signal.SIGTERM)
    serving.succeed()


@pytest.mark.parametrize(
    ("address", "status", "refusal"),
    [
        ("here", 2, "--serve 'here' is no address; write HOST:PORT, such as 127.0.0.1:8080, or a port alone"),
        ("192.0.2.1:1", 1, "Cannot listen at 192.0.2.1:1: Cannot assign requested address; name another address, or a port that is free"),
    ],
)
def test_an_address_where_nobody_can_listen_is_refused(rq: Rq, address: str, status: int, refusal: str):
    assert rq.refuse("health", "--serve", address, status=status) == refusal
