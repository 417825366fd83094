"""`rq info`, as users run it."""

from __future__ import annotations

import json
import re
import signal
import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.rendering import Snapshot, View, bar_scale, render
from rq.core.keys import Keyspace
from rq.core.printable import printable
from rq.store.connection import Caller
from rq.store.overview import QueueCounts, WorkerRecord, read_overview
from rq.store.scripts import ScriptLibrary
from tests.support.dump import dump
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis

    from rq.store.calls import Call
    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes
    from tests.support.server import ValkeyServer

WORKER = WorkerRecord(
    name="wolf",
    queues=("low", "high"),
    state="busy",
    hostname="den",
    pid=7,
    ip_address="10.0.0.1:5",
    version="1",
    python_version="3",
    birth=None,
    last_heartbeat=None,
    current_job_id=None,
    current_job_working_time=0.0,
    successful_job_count=3,
    failed_job_count=1,
    total_working_time=0.0,
    shutdown_requested_at=None,
    death=None,
)
SNAPSHOT = Snapshot(
    [QueueCounts("high", 10, 1, 2, 3), QueueCounts("a-queue-with-a-long-name", 0, 0, 0, 0)],
    [WORKER, replace(WORKER, name="bear", queues=("high",), state="idle")],
    suspended=False,
    taken_at=datetime(2030, 1, 2, 3, 4, 5, 6),
)


def plain(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


# --- layout -------------------------------------------------------------------------------------------------------------------


def test_the_whole_view_is_laid_out_as_rq_does_it():
    assert plain(render(SNAPSHOT, View())).splitlines() == [
        "high         |██████████ 10, 1 executing, 2 finished, 3 failed",
        "a-queue-with-a-long-name | 0, 0 executing, 0 finished, 0 failed",
        "2 queues, 10 jobs total",
        "",
        "bear (den 10.0.0.1:5 7): idle high. jobs: 3 finished, 1 failed",
        "wolf (den 10.0.0.1:5 7): busy low, high. jobs: 3 finished, 1 failed",
        "2 workers, 2 queues",
        "",
        "Updated: 2030-01-02 03:04:05.000006",
    ]


def test_the_raw_view_is_laid_out_as_rq_does_it():
    assert render(SNAPSHOT, View(raw=True)).splitlines() == [
        "queue high 10, 1 executing, 2 finished, 3 failed",
        "queue a-queue-with-a-long-name 0, 0 executing, 0 finished, 0 failed",
        "worker bear (den 10.0.0.1:5 7) idle high. jobs: 3 finished, 1 failed",
        "worker wolf (den 10.0.0.1:5 7) busy low, high. jobs: 3 finished, 1 failed",
    ]


def test_workers_can_be_grouped_by_queue():
    assert plain(render(SNAPSHOT, View(queues=False, by_queue=True))).splitlines() == [
        "high:                     bear (idle), wolf (busy)",
        "a-queue-with-a-long-name: –",  # noqa: RUF001 - RQ's dash
        "2 workers, 2 queues",
    ]


@pytest.mark.parametrize(("longest", "scale"), [(0, 20), (20, 20), (21, 50), (401, 600), (1000, 1000), (1001, 1001), (12345, 12345)])
def test_the_scale_of_the_bars_is_a_round_number(longest: int, scale: int):
    assert bar_scale(longest) == scale


def test_a_narrow_terminal_gets_shorter_bars():
    full = Snapshot([QueueCounts("q", 20, 0, 0, 0)], [], suspended=False, taken_at=SNAPSHOT.taken_at)
    assert "█" * 5 + " " in render(full, View(columns=25)).replace("\x1b[0m", "")
    assert "█" not in render(full, View(columns=10))


def test_states_have_colors():
    text = render(SNAPSHOT, View())
    assert "\x1b[31mbusy" in text
    assert "\x1b[32midle" in text


@pytest.mark.parametrize(("text", "shown"), [("wölf", "wölf"), ("a\x1b[2Jb", "a\\x1b[2Jb"), ("two\nlines", "two\\nlines"), ("\udcff", "\\udcff")])
def test_names_cannot_command_the_terminal(text: str, shown: str):
    assert printable(text) == shown


# --- the command --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy_server(rq: Rq) -> Rq:
    """A finished, a failed, a waiting job in `default`, one in `other`, a worker that runs one of `slow`."""
    rq.enqueue("tasks.greet")
    rq.enqueue("tasks.fail")
    rq.start("worker", "--burst").succeed()
    rq.enqueue("tasks.greet")
    rq.enqueue("tasks.greet", queue="other")
    rq.enqueue("tasks.wait_for", str(rq.folder / "may_end"), str(rq.folder / "started"), queue="slow")
    rq.start("worker", "slow", "unused", "-n", "wolf")
    wait_until((rq.folder / "started").exists)
    return rq


def test_everything_is_shown(busy_server: Rq):
    lines = busy_server.run("info").splitlines()
    assert lines[0] == "default      |█ 1, 0 executing, 1 finished, 1 failed"
    assert lines[1] == "other        |█ 1, 0 executing, 0 finished, 0 failed"
    assert lines[2] == "slow         | 0, 1 executing, 0 finished, 0 failed"
    assert lines[3] == "3 queues, 2 jobs total"
    assert re.fullmatch(r"wolf \(\S+ \S+ \d+\): busy slow, unused\. jobs: 0 finished, 0 failed", lines[5])
    assert lines[6] == "1 worker, 3 queues"
    assert lines[8].startswith("Updated: ")


def test_a_part_can_be_shown(busy_server: Rq):
    assert busy_server.run("info", "-Q").splitlines()[-1] == "3 queues, 2 jobs total"
    assert "wolf" not in busy_server.run("info", "--only-queues", "--only-workers")
    assert busy_server.run("info", "-W").splitlines()[-1] == "1 worker, 3 queues"
    assert busy_server.run("info", "--raw", "-Q", "other") == "queue other 1, 0 executing, 0 finished, 0 failed\n"
    assert "wolf" not in busy_server.run("info", "other")
    assert "wolf" in busy_server.run("info", "slow")


def test_queues_that_never_had_a_job_are_listed_with_their_workers_only():
    lines = plain(render(replace(SNAPSHOT, unused_queues=["low"]), View(by_queue=True))).splitlines()
    assert [line for line in lines if line.startswith("low")] == ["low:                      wolf (busy)"]
    assert "2 queues, 10 jobs total" in lines


def test_what_is_paused_is_shown():
    assert plain(render(replace(SNAPSHOT, paused=[("queue", "high"), ("worker", "wolf")]), View())).splitlines()[-3] == "paused: queue high, worker wolf"
    assert "paused" not in render(replace(SNAPSHOT, paused=[("queue", "high")]), View(raw=True))


def test_programs_get_queues_and_workers(busy_server: Rq):
    found = json.loads(busy_server.run("info", "--json"))
    assert found["queues"][0] == {"name": "default", "waiting": 1, "started": 0, "finished": 1, "failed": 1}
    [worker] = found["workers"]
    assert (worker["name"], worker["queues"], worker["state"]) == ("wolf", ["slow", "unused"], "busy")
    assert worker["birth"].endswith("Z")
    assert (found["suspended"], found["paused"]) == (False, [])
    assert "workers" not in json.loads(busy_server.run("info", "--json", "-Q", "other"))


def test_programs_get_pauses(rq: Rq):
    rq.run("suspend")
    rq.start("suspend", "high").succeed()
    found = json.loads(rq.run("info", "--json"))
    assert (found["suspended"], found["paused"]) == (True, [{"kind": "queue", "name": "high"}])


def test_programs_get_a_line_each_time(rq: Rq):
    monitor = rq.start("info", "--json", "--interval", "0.05")
    wait_until(lambda: monitor.stdout.count("\n") >= 2)
    monitor.send_signal(signal.SIGINT)
    assert monitor.wait() == 0
    assert json.loads(monitor.stdout.splitlines()[0])["queues"] == []


def test_workers_on_queues_that_never_had_a_job_are_shown(busy_server: Rq):
    assert busy_server.run("info", "-rWR").splitlines() == ["default: –", "other:   –", "slow:    wolf (busy)", "unused:  wolf (busy)"]  # noqa: RUF001 - RQ's dash


def test_rqinfo_is_the_same_command(busy_server: Rq):
    assert busy_server.run("-rQ", command="rqinfo") == busy_server.run("info", "-rQ")


def test_an_empty_server_has_nothing_to_show(rq: Rq):
    assert rq.run("info").splitlines()[:4] == ["0 queues, 0 jobs total", "", "0 workers, 0 queues", ""]
    assert rq.run("info", "--raw") == ""


def test_looking_changes_nothing(rq: Rq, redis_client: redis.Redis):
    rq.enqueue("tasks.fail")
    rq.start("worker", "--burst").succeed()
    rq.enqueue("tasks.greet")
    redis_client.zadd("rq:wip:default", {"abandoned:1234": 1})
    redis_client.zadd("rq:finished:default", {"expired": 1})
    redis_client.sadd("rq:workers", "rq:worker:ghost")
    redis_client.set("rq:suspended", 1)
    before = dump(redis_client)
    for options in (["info"], ["info", "-R"], ["info", "--raw", "default"]):
        rq.run(*options)
    assert dump(redis_client) == before


def test_a_user_who_may_only_read_can_look(busy_server: Rq, redis_client: redis.Redis, valkey: ValkeyServer):
    redis_client.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~rq:*", "+@read", "+@connection", "+time")
    try:
        output = busy_server.run("info", env={"RQ_REDIS_URL": f"redis://reader:pw@{valkey.host}:{valkey.port}/0"})
    finally:
        redis_client.execute_command("ACL", "DELUSER", "reader")
    assert "1 worker, 3 queues" in output


def test_two_round_trips_are_enough_for_any_number_of_queues_and_workers(redis_client: redis.Redis):
    redis_client.sadd("rq:queues", *(f"rq:queue:{number}" for number in range(200)))
    for number in range(50):
        redis_client.sadd("rq:workers", f"rq:worker:{number}")
        redis_client.hset(f"rq:worker:{number}", mapping={"queues": "1,2", "state": "idle"})
    round_trips = []

    class CountingCaller(Caller):
        def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
            round_trips.append(len(calls))
            return super().run_many(calls)

    overview = read_overview(CountingCaller(redis_client), ScriptLibrary(Keyspace()))
    assert (len(overview.queues), len(overview.workers), len(round_trips)) == (200, 50, 2)


def test_what_is_kept_past_its_time_does_not_count(rq: Rq, redis_client: redis.Redis):
    redis_client.sadd("rq:queues", "rq:queue:q")
    redis_client.zadd("rq:finished:q", {"expired": 1, "kept": 5_000_000_000, "for-ever": "inf"})
    redis_client.zadd("rq:failed:q", {"expired": 1, "kept": 5_000_000_000, "for-ever": -1})
    assert rq.run("info", "-rQ") == "queue q 0, 0 executing, 2 finished, 2 failed\n"


def test_a_worker_whose_lease_ran_out_is_not_shown(rq: Rq):
    worker = rq.start("worker", "-n", "wolf", "--lease", "2")
    worker.wait_for_output("Listening on")
    assert "wolf" in rq.run("info")
    worker.kill()
    wait_until(lambda: "wolf" not in rq.run("info"))
    assert "0 workers" in rq.run("info")


def test_a_worker_that_left_is_not_shown_and_one_of_rq_is(rq: Rq, redis_client: redis.Redis):
    rq.start("worker", "-n", "wolf", "--burst").succeed()
    redis_client.sadd("rq:workers", "rq:worker:wolf", "rq:worker:fox", "rq:worker:ghost")
    redis_client.hset("rq:worker:fox", mapping={"birth": "2030-01-01T00:00:00.000000Z", "queues": "default", "state": "idle", "hostname": "h", "pid": "1"})
    assert rq.run("info", "--raw") == "worker fox (h unknown 1) idle default. jobs: 0 finished, 0 failed\n"


def test_the_view_is_repeated_until_ctrl_c_which_is_no_error(rq: Rq, redis_client: redis.Redis):
    monitor = rq.start("info", "--interval", "0.05")
    monitor.wait_for_output("0 queues")
    redis_client.sadd("rq:queues", "rq:queue:new")
    monitor.wait_for_output("1 queue")
    assert "\x1b" not in monitor.stdout
    monitor.send_signal(signal.SIGINT)
    assert monitor.wait() == 0
    assert monitor.stderr == ""


def test_the_repeated_view_ends_with_a_sentence_when_the_server_goes(rq: Rq, valkey: ValkeyServer):
    monitor = rq.start("info", "--interval", "0.05")
    monitor.wait_for_output("0 queues")
    valkey.stop()
    assert monitor.wait() == 1
    assert monitor.stderr.startswith("Error: Cannot reach the server")
    assert "Traceback" not in monitor.stderr


def test_on_a_terminal_the_screen_is_cleared_and_the_view_is_colored(rq: Rq, processes: Processes):
    rq.enqueue("tasks.greet")
    # `script` would do, but not every machine has it.
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', 'from rq.cli.main import rqinfo; rqinfo()', '-i', '0.05', '-Q']))"
    terminal = processes.python(code, env={"RQ_REDIS_URL": rq.url, "TERM": "xterm", "COLUMNS": "80"})
    terminal.wait_for_output("job total")
    assert "\x1b[2J\x1b[1;1H" in terminal.stdout or "\x1b[H" in terminal.stdout
    assert "\x1b[32m|█" in terminal.stdout


def test_output_that_can_only_be_ascii_is_ascii(rq: Rq):
    rq.enqueue("tasks.greet")
    output = rq.run("info", "-R", env={"PYTHONIOENCODING": "ascii"})
    assert "|# 1," in output
    assert "default: -" in output


def test_a_reader_that_leaves_early_is_no_reason_to_complain(rq: Rq, redis_client: redis.Redis, processes: Processes):
    redis_client.sadd("rq:queues", *(f"rq:queue:{number}" for number in range(5000)))
    code = "from rq.cli.main import rqinfo; rqinfo()"
    shell = processes.start(["sh", "-c", f'{sys.executable} -c "{code}" -r | head -n 1'], env={"RQ_REDIS_URL": rq.url})
    assert shell.succeed() == "queue 0 0, 0 executing, 0 finished, 0 failed\n"
    assert shell.stderr == ""
