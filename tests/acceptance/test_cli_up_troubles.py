"""`rq up` when something is wrong: refused before anything runs, or said clearly as long as it lasts; and where it answers how it is."""

from __future__ import annotations

import json
import re
import signal
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.test_cli_up import WAIT_SECONDS, places_of, start_up, stop, wait_for_another, wait_for_places, workers_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import StartedProcess

SERVING = re.compile(r"Serving (http://127\.0\.0\.1:\d+)/live")


def readiness(url: str) -> tuple[int, dict[str, Any]]:
    """What a monitor reads."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def addresses_of(up: StartedProcess) -> list[str]:
    """Where it has said that it answers, in this order."""
    return SERVING.findall(up.stdout)


def write(rq: Rq, text: str) -> None:
    (rq.folder / "rq.toml").write_text(text)


# --- what fails again and again -----------------------------------------------------------------------------------------------


def test_a_pool_that_fails_to_start_again_and_again_says_why_until_that_is_mended(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "my.py").write_text("import rq, pathlib\nif not pathlib.Path('mended').exists(): raise OSError('the database is down')\nQueue = rq.Queue\n")
    write(rq, '[pools.web]\nqueue_class = "my.Queue"\n[health]\nlisten = "0"\n')
    up = rq.start("up")
    up.wait_for_output("web.1 HAS FAILED TO START 3 TIMES IN A ROW: ", WAIT_SECONDS)
    assert "the database is down" in next(line for line in up.stdout.splitlines() if "IN A ROW" in line)
    [url] = addresses_of(up)
    status, found = readiness(url)
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert found["message"].startswith("The processes of web fail to start: ")
    assert "the database is down" in found["message"]
    (rq.folder / "mended").touch()
    wait_for_places(up, redis_client, "web.1")
    wait_until(lambda: readiness(url)[0] == HTTPStatus.OK, WAIT_SECONDS, lambda: str(readiness(url)))
    stop(up)


# --- what is refused before anything runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "refusal"),
    [
        ('queue_class = "nowhere.Queue"', "[pools.web] queue_class: Cannot find nowhere.Queue: the module 'nowhere' cannot be imported"),
        ('worker_class = "tasks.NoWorker"', "[pools.web] worker_class: Cannot find tasks.NoWorker"),
        ('directory = "nowhere"', "[pools.web] directory: there is no directory"),
        ('python = "nowhere"', "[pools.web] python: there is no Python at"),
        ('python = "bare"', "[pools.web] python: the package rq is not installed in the environment of"),
        ('max_child_age = "1h"', 'max_child_age: it is not for the executor fork; choose executor = "warm", or leave it out'),
        ('exception_handler = ["tasks.greet", "tasks.nobody"]', "[pools.web] exception_handler: Cannot find tasks.nobody"),
        ('worker_class = "tasks.greet"', "[pools.web] worker_class: tasks.greet is no worker class: it has no work()"),
        ('job_class = "rq.Queue"', "[pools.web] job_class: rq.Queue is no job class: it has no fetch()"),
        ('queue_class = "rq.job.Job"', "[pools.web] queue_class: rq.job.Job is no queue class: it has no enqueue_call()"),
        ('serializer = "tasks.greet"', "[pools.web] serializer: tasks.greet is no serializer: it has no dumps()"),
        ('exception_handler = "tasks.__name__"', "[pools.web] exception_handler: tasks.__name__ is no exception handler: it has no __call__()"),
        ('python = "/bin/true"', "[pools.web] python: /bin/true is no Python; name an environment's folder, or an interpreter"),
        ('python = "garbage"', "garbage: Exec format error"),
        ('url = "redis://x"', "[pools.web] url: there is no such key; it stands at the top of the file, for all pools; "),
        ('[cron.nightly]\nfile = "tasks.py"\npython = "bare"', "[cron.nightly] python: the package rq is not installed in the environment of"),
        ('connection_class = "redis.NoRedis"', "[pools.web] connection_class: Cannot find redis.NoRedis"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(rq: Rq, redis_client: redis.Redis, keys: str, refusal: str):
    bare = rq.folder / "bare"
    bare.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -I -S -P "$@"\n')
    (rq.folder / "garbage").write_text("no program\n")
    for program in (bare, rq.folder / "garbage"):
        program.chmod(0o755)
    write(rq, f"[pools.good]\n[pools.web]\n{keys}\n")
    assert refusal in rq.refuse("up", status=2)
    assert redis_client.keys() == []


def test_a_class_that_is_not_there_is_refused_at_a_hangup_as_well(rq: Rq, redis_client: redis.Redis):
    write(rq, "[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    former = workers_of(redis_client)
    write(rq, '[pools.web]\njob_class = "nowhere.Job"\n')
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("the settings of before go on, for the new ones cannot be used: ", WAIT_SECONDS)
    up.wait_for_output("job_class: Cannot find nowhere.Job", WAIT_SECONDS)
    assert workers_of(redis_client) == former
    stop(up)


def test_whatever_becomes_of_the_file_its_processes_go_on_and_one_sentence_says_why(rq: Rq, redis_client: redis.Redis):
    write(rq, "[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    former, file = workers_of(redis_client), rq.folder / "rq.toml"

    def remove() -> None:
        file.unlink()

    changes = {
        "this is no TOML: 'utf-8' codec can't decode byte 0xff": lambda: file.write_bytes(b"\xff\xfe\x00"),
        "this is no TOML: Expected ']' at the end of a table": lambda: file.write_text("[pools.web"),
        "it describes nothing to run": lambda: file.write_text(""),
        "rq.toml: there is no such file": remove,
        f"Cannot use {file}: Is a directory": file.mkdir,
    }
    for times, (sentence, change) in enumerate(changes.items(), 1):
        change()
        up.send_signal(signal.SIGHUP)
        up.wait_for_output(sentence, WAIT_SECONDS)
        assert up.stdout.count("the settings of before go on") == times
    file.rmdir()
    assert workers_of(redis_client) == former
    assert "Traceback" not in up.output
    assert len(up.stdout.splitlines()) == len([line for line in up.stdout.splitlines() if re.match(r"(rq |web) \| \d", line)])
    write(rq, "[pools.web]\n[pools.mail]\n")
    up.send_signal(signal.SIGHUP)
    wait_for_another(up, redis_client, *former)
    wait_for_places(up, redis_client, "mail.1", "web.1")
    stop(up)


# --- where it answers ---------------------------------------------------------------------------------------------------------


def test_a_hangup_opens_moves_and_closes_where_health_is_served(rq: Rq, redis_client: redis.Redis):
    write(rq, "[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    write(rq, '[pools.web]\n[health]\nlisten = "0"\n')
    up.send_signal(signal.SIGHUP)
    wait_until(lambda: len(addresses_of(up)) == 1, WAIT_SECONDS, lambda: up.output)
    [first] = addresses_of(up)
    wait_until(lambda: readiness(first)[0] == HTTPStatus.OK, WAIT_SECONDS)
    write(rq, '[pools.web]\n[health]\nlisten = "127.0.0.1:0"\n[pools.mail]\n')
    up.send_signal(signal.SIGHUP)
    wait_for_places(up, redis_client, "mail.1", "web.1")
    assert addresses_of(up) == [first]  # it is the same address, written in another way
    write(rq, f'[pools.web]\n[health]\nlisten = "0.0.0.0:{first.rpartition(":")[2]}"\n')
    up.send_signal(signal.SIGHUP)
    up.wait_for_output(f"Serving {first.replace('127.0.0.1', '0.0.0.0')}/live", WAIT_SECONDS)
    wait_until(lambda: readiness(first)[0] == HTTPStatus.OK, WAIT_SECONDS)  # all addresses, this one too
    write(rq, '[pools.web]\n[health]\nlisten = "localhost:0"\n')
    up.send_signal(signal.SIGHUP)
    wait_until(lambda: len(addresses_of(up)) == 2, WAIT_SECONDS, lambda: up.output)
    with pytest.raises(urllib.error.URLError):
        readiness(first)
    write(rq, "[pools.web]\n")
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("Health is not served any more", WAIT_SECONDS)
    with pytest.raises(urllib.error.URLError):
        readiness(addresses_of(up)[1])
    stop(up)


def test_an_address_that_cannot_be_had_leaves_the_former_one(rq: Rq, redis_client: redis.Redis):
    write(rq, '[pools.web]\n[health]\nlisten = "0"\n')
    up = start_up(rq, redis_client, "web.1")
    wait_until(lambda: len(addresses_of(up)) == 1, WAIT_SECONDS, lambda: up.output)
    [url] = addresses_of(up)
    write(rq, '[pools.web]\n[health]\nlisten = "192.0.2.1:80"\n')
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("Cannot listen at 192.0.2.1:80: ", WAIT_SECONDS)
    wait_until(lambda: readiness(url)[0] == HTTPStatus.OK, WAIT_SECONDS)
    stop(up)


# --- no workers ---------------------------------------------------------------------------------------------------------------


def test_a_pool_of_no_workers_runs_nothing_and_matters_to_nobody_until_it_gets_some(rq: Rq, redis_client: redis.Redis):
    write(rq, '[pools.web]\n[pools.off]\nworkers = 0\nqueues = "off"\n')
    up = start_up(rq, redis_client, "web.1")
    assert rq.run("health") == "Healthy: 1 worker on default\n"
    former = workers_of(redis_client)
    write(rq, '[pools.web]\n[pools.off]\nworkers = 1\nqueues = "off"\n')
    up.send_signal(signal.SIGHUP)
    wait_for_another(up, redis_client, *former)
    wait_for_places(up, redis_client, "off.1", "web.1")
    write(rq, '[pools.web]\nworkers = 0\n[pools.off]\nworkers = 0\nqueues = "off"\n')
    up.send_signal(signal.SIGHUP)
    wait_until(lambda: places_of(redis_client) == [], WAIT_SECONDS, lambda: up.output)
    assert up.is_running
    stop(up)
