"""`rq up`, as users and their service managers run it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.commands.up import _EXAMPLE
from rq.job import Job
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import StartedProcess

WAIT_SECONDS = 60.0

PROJECT = """
import os, resource

def look():
    return {
        "directory": os.getcwd(),
        "mode": os.environ.get("MODE"),
        "key": os.environ.get("KEY"),
        "python": os.environ.get("CHOSEN_PYTHON"),
        "library": __import__("library").NAME,
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "memory": resource.getrlimit(resource.RLIMIT_DATA)[1],
        "notify": os.environ.get("NOTIFY_SOCKET"),
    }
"""


@pytest.fixture
def write(rq: Rq) -> Callable[[str], None]:
    """A function that writes the `rq.toml` of the test."""

    def write_file(text: str) -> None:
        (rq.folder / "rq.toml").write_text(text)

    return write_file


def workers_of(client: redis.Redis) -> dict[str, int]:
    """The registered workers: name -> pid."""
    members: Any = client.zrange("rq:x:workers", 0, -1)
    names = [name.decode() for name in members]
    return {name: int(client.hget(f"rq:worker:{name}", "pid") or 0) for name in names}


def places_of(client: redis.Redis) -> list[str]:
    """The places that registered workers have, such as `web.1`."""
    return sorted(name.partition("-")[0] for name in workers_of(client))


def wait_for_places(up: StartedProcess, client: redis.Redis, *places: str) -> None:
    wait_until(lambda: places_of(client) == [*places], WAIT_SECONDS, lambda: f"{places_of(client)}\n{up.output}")


def wait_for_another(up: StartedProcess, client: redis.Redis, *names: str) -> None:
    """Wait until none of these workers is registered any more."""
    wait_until(lambda: {*workers_of(client)}.isdisjoint(names), WAIT_SECONDS, lambda: up.output)


def start_up(rq: Rq, client: redis.Redis, *places: str, arguments: tuple[str, ...] = (), **where: Any) -> StartedProcess:
    """Start the deployment, and wait until it has these workers."""
    up = rq.start("up", *arguments, **where)
    wait_for_places(up, client, *places)
    return up


def stop(up: StartedProcess) -> None:
    up.terminate()
    assert up.wait(WAIT_SECONDS) == 0, up.output


def result_of(client: redis.Redis, job_id: str) -> Any:
    job = Job.fetch(job_id, connection=client)
    wait_until(lambda: job.get_status() == "finished", WAIT_SECONDS, lambda: f"{job.get_status()}: {job.latest_result()}")
    return job.return_value(refresh=True)


def status_of(client: redis.Redis, job_id: str) -> str:
    return Job.fetch(job_id, connection=client).get_status().value


def enqueue_waiting_job(rq: Rq, number: int = 0) -> tuple[str, Path, Path]:
    """Enqueue a job that says when it began and ends when it may; returns its id and the two files."""
    started, may_end = rq.folder / f"started{number}", rq.folder / "may_end"
    return rq.enqueue("tasks.wait_for", str(may_end), str(started)), started, may_end


# --- what runs ----------------------------------------------------------------------------------------------------------------


def test_each_pool_runs_with_the_code_the_python_and_the_limits_of_its_project(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    project = rq.folder / "project"
    (project / "lib").mkdir(parents=True)
    (project / "project.py").write_text(PROJECT)
    (project / "lib" / "library.py").write_text("NAME = 'ours'")
    (project / ".env").write_text("KEY=secret\nMODE=test\n")
    interpreter = project / "env" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f'#!/bin/sh\nexport CHOSEN_PYTHON="$0"\nexec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    write("""
        [pools.web]
        queues = "web"
        directory = "project"
        python = "project/env"
        path = "project/lib"
        env_file = "project/.env"
        env = { MODE = "production" }
        limits = { memory = "1G", nofile = 1000, nice = 15 }

        [pools.default]
    """)
    job_id = rq.enqueue("project.look", queue="web")
    other_job_id = rq.enqueue("tasks.greet", "bob")
    up = start_up(rq, redis_client, "default.1", "web.1", env={"NOTIFY_SOCKET": "/nowhere"})
    assert result_of(redis_client, other_job_id) == "hello bob"
    assert result_of(redis_client, job_id) == {
        "directory": str(project),
        "mode": "production",
        "key": "secret",
        "python": str(interpreter),
        "library": "ours",
        "nice": max(os.getpriority(os.PRIO_PROCESS, 0), 15),
        "files": 1000,
        "memory": 2**30,
        "notify": None,
    }
    stop(up)
    assert re.search(r"^default \| .*Job OK: tasks.greet\('bob'\)", up.stdout, re.MULTILINE)
    assert re.search(r"^web     \| .*Job OK: project.look\(\)", up.stdout, re.MULTILINE)
    assert re.search(r"^rq      \| .*Pool rq: stopped", up.stdout, re.MULTILINE)
    assert workers_of(redis_client) == {}


def test_only_the_pools_that_are_named_run(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n[pools.mail]\n")
    up = start_up(rq, redis_client, "mail.1", arguments=("mail",))
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("all processes were restarted", WAIT_SECONDS)
    wait_for_places(up, redis_client, "mail.1")
    stop(up)


def test_the_file_may_stand_elsewhere(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "etc").mkdir()
    (rq.folder / "etc" / "jobs.toml").write_text('[pools.web]\ndirectory = ".."')
    job_id = rq.enqueue("tasks.greet", "bob")
    up = start_up(rq, redis_client, "web.1", arguments=("--file", "etc/jobs.toml"))
    assert result_of(redis_client, job_id) == "hello bob"
    stop(up)


def test_a_job_that_wants_more_memory_than_its_pool_allows_has_failed(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    (rq.folder / "greedy.py").write_text("def eat():\n    return len(bytearray(2**31))\n")
    job_id = rq.enqueue("greedy.eat")
    write('[pools.web]\nlimits.memory = "256M"\n')
    up = start_up(rq, redis_client, "web.1")
    wait_until(lambda: status_of(redis_client, job_id) == "failed", WAIT_SECONDS, lambda: up.output)
    up.wait_for_output("MemoryError", WAIT_SECONDS)
    stop(up)


@pytest.mark.parametrize("config", ["settings", "./settings.py"])
def test_the_server_may_stand_in_the_settings(rq_without_server: Rq, redis_url: str, redis_client: redis.Redis, config: str):
    rq = rq_without_server
    (rq.folder / "project").mkdir()
    for folder in (rq.folder, rq.folder / "project")[: 2 if config == "settings" else 1]:  # a module is found from the project, a file from here
        (folder / "settings.py").write_text(f"REDIS_URL = {redis_url!r}")
    (rq.folder / "rq.toml").write_text('[pools.web]\ndirectory = "project"')
    up = start_up(rq, redis_client, "web.1", arguments=("--config", config))
    stop(up)


def test_a_cron_process_runs_with_the_python_of_its_project(rq: Rq, write: Callable[[str], None]):
    (rq.folder / "nightly.py").touch()
    interpreter = rq.folder / "python"
    interpreter.write_text(f'#!/bin/sh\n[ "$2" = -c ] && exec {sys.executable} "$@"\necho called with $@\nexec sleep 600\n')
    interpreter.chmod(0o755)
    write('[cron.nightly]\nfile = "nightly.py"\npython = "python"\n')
    up = rq.start("up")
    up.wait_for_output(f"cron.nightly | called with -P -m rq cron -- {rq.folder}/nightly.py", WAIT_SECONDS)
    stop(up)


# --- what dies ----------------------------------------------------------------------------------------------------------------


def test_each_worker_killed_in_turn_under_load_loses_no_job(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\nworkers = 4\n")
    up = start_up(rq, redis_client, "web.1", "web.2", "web.3", "web.4")
    done = rq.folder / "done"
    done.mkdir()
    job_ids = []
    for name, pid in workers_of(redis_client).items():
        job_ids += [rq.enqueue("tasks.touch", str(done / f"{name}-{number}")) for number in range(30)]
        os.kill(pid, signal.SIGKILL)
        wait_for_another(up, redis_client, name)
        wait_for_places(up, redis_client, "web.1", "web.2", "web.3", "web.4")
    for job_id in job_ids:
        result_of(redis_client, job_id)
    assert len(list(done.iterdir())) == len(job_ids)
    stop(up)


def test_the_job_of_a_killed_worker_runs_again_at_once(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    job_id, started, may_end = enqueue_waiting_job(rq)
    wait_until(started.exists, WAIT_SECONDS)
    started.unlink()
    [pid] = workers_of(redis_client).values()
    os.kill(pid, signal.SIGKILL)
    wait_until(started.exists, WAIT_SECONDS, lambda: up.output)
    assert "put back what the dead web.1-" in up.stdout
    may_end.touch()
    assert result_of(redis_client, job_id) == "done"
    stop(up)


def test_a_job_that_prints_outlives_a_supervisor_that_is_killed(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    (rq.folder / "printing.py").write_text(
        "import tasks\ndef talk(*paths):\n    tasks.wait_for(*paths)\n    print('done waiting', flush=True)\n    return 'said'\n"
    )
    started, may_end = rq.folder / "started", rq.folder / "may_end"
    job_id = rq.enqueue("printing.talk", str(may_end), str(started))
    write("[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    wait_until(started.exists, WAIT_SECONDS)
    up.kill()
    may_end.touch()
    assert result_of(redis_client, job_id) == "said"
    wait_for_places(up, redis_client)


# --- what changes -------------------------------------------------------------------------------------------------------------


def test_a_hangup_adds_removes_scales_and_changes_pools(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n[pools.mail]\n[pools.old]\n")
    up = start_up(rq, redis_client, "mail.1", "old.1", "web.1")
    former = workers_of(redis_client)
    write('[pools.web]\nworkers = 2\n[pools.mail]\nqueues = "mail"\n[pools.new]\n')
    up.send_signal(signal.SIGHUP)
    wait_for_another(up, redis_client, *former)
    wait_for_places(up, redis_client, "mail.1", "new.1", "web.1", "web.2")
    [mail] = [name for name in workers_of(redis_client) if name.startswith("mail")]
    assert redis_client.hget(f"rq:worker:{mail}", "queues") == b"mail"
    assert "read the settings again (added: new; removed: old; changed: web, mail)" in up.stdout
    stop(up)


def test_a_pool_that_comes_back_begins_when_its_former_workers_have_ended(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n[pools.mail]\nqueues = 'mail'\n")
    up = start_up(rq, redis_client, "mail.1", "web.1")
    [former] = [name for name in workers_of(redis_client) if name.startswith("web")]
    _, started, may_end = enqueue_waiting_job(rq)
    wait_until(started.exists, WAIT_SECONDS)
    write("[pools.mail]\nqueues = 'mail'\n")
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("removed: web", WAIT_SECONDS)
    write("[pools.web]\n[pools.mail]\nqueues = 'mail'\n")
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("added: web", WAIT_SECONDS)
    assert former in workers_of(redis_client)
    may_end.touch()
    wait_for_another(up, redis_client, former)
    wait_for_places(up, redis_client, "mail.1", "web.1")
    stop(up)


def test_a_file_with_a_mistake_changes_nothing(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n")
    up = start_up(rq, redis_client, "web.1")
    former = workers_of(redis_client)
    write("[pools.web]\nworker = 2\n")
    up.send_signal(signal.SIGHUP)
    up.wait_for_output("[pools.web] worker: there is no such key; did you mean workers?", WAIT_SECONDS)
    assert workers_of(redis_client) == former
    stop(up)


# --- what ends ----------------------------------------------------------------------------------------------------------------


def test_a_stop_lets_running_jobs_end(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n")
    job_id, started, may_end = enqueue_waiting_job(rq)
    up = start_up(rq, redis_client, "web.1")
    wait_until(started.exists, WAIT_SECONDS)
    up.terminate()
    up.wait_for_output("warm shut down requested by SIGTERM; finishing 1 running job first", WAIT_SECONDS)
    may_end.touch()
    assert up.wait(WAIT_SECONDS) == 0
    assert status_of(redis_client, job_id) == "finished"


def test_a_job_that_does_not_end_in_time_goes_back(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\nstop_timeout = 0\n")
    job_id, started, _ = enqueue_waiting_job(rq)
    up = start_up(rq, redis_client, "web.1")
    wait_until(started.exists, WAIT_SECONDS)
    stop(up)
    assert "cold shut down requested by its stop_timeout" in up.stdout
    assert status_of(redis_client, job_id) == "queued"


# --- who watches --------------------------------------------------------------------------------------------------------------


def test_the_service_manager_hears_of_every_step(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write("[pools.web]\n")
    address = str(rq.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(WAIT_SECONDS)

        def wait_for(line: str) -> list[str]:
            while True:
                heard = manager.recv(4096).decode().splitlines()
                if line in heard:
                    return heard

        up = rq.start("up", env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"})
        assert "STATUS=web 1/1" in wait_for("READY=1")
        assert len(workers_of(redis_client)) == 1
        wait_for("WATCHDOG=1")
        up.send_signal(signal.SIGHUP)
        assert len(wait_for("RELOADING=1")) == 2
        wait_for("READY=1")
        wait_for("WATCHDOG=1")
        up.terminate()
        wait_for("STOPPING=1")
        assert up.wait(WAIT_SECONDS) == 0


def test_probes_are_answered_over_http(rq: Rq, redis_client: redis.Redis, write: Callable[[str], None]):
    write('[pools.web]\nqueues = ["high", "low"]\n[health]\nlisten = "0"\n')
    up = start_up(rq, redis_client, "web.1")
    match = re.search(r"http://127\.0\.0\.1:\d+", up.wait_for_output("/ready"))
    assert match
    with urllib.request.urlopen(f"{match[0]}/live", timeout=20) as answer:
        assert json.loads(answer.read()) == {"alive": True}
    with urllib.request.urlopen(f"{match[0]}/ready", timeout=20) as answer:
        assert [*json.loads(answer.read())["queues"]] == ["high", "low"]
    stop(up)


# --- what is refused ----------------------------------------------------------------------------------------------------------


def test_without_a_file_an_example_shows_how_to_write_one(rq: Rq):
    process = rq.start("up")
    assert process.wait() == 2
    assert "Error: There is no rq.toml here; write one that says what to run" in process.stderr
    assert _EXAMPLE in process.stderr
    assert tomllib.loads(_EXAMPLE)["pools"]["default"]["workers"] == 4


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["mial"], "describes no mial; it has web, mail"),
        (["-f", "nowhere.toml"], "--file nowhere.toml: there is no such file"),
    ],
)
def test_a_wrong_call_is_refused(rq: Rq, write: Callable[[str], None], arguments: list[str], refusal: str):
    write("[pools.web]\n[pools.mail]\n")
    assert rq.refuse("up", *arguments, status=2).endswith(refusal)
