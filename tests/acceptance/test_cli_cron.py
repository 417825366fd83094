"""`rq cron`, as users run it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from rq import Queue
from rq.cli import cron
from rq.cron import CronScheduler, get_cron_job_ids
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq

CONFIG = """
from rq import cron
from tasks import greet

cron.register(greet, "default", ("bob",), interval=3600, name="hourly")
cron.register(greet, "low", cron="30 2 * * *", timezone="Europe/Berlin", missed="skip", name="nightly")
"""


@pytest.fixture
def config(rq: Rq) -> str:
    (rq.folder / "cron_config.py").write_text(CONFIG)
    return "cron_config.py"


def run_once(rq: Rq, config: str) -> None:
    """Let a cron process enqueue what is due, and end."""
    process = rq.start("cron", config)
    process.wait_for_output("Enqueued cron job hourly")
    process.terminate()
    process.succeed()


def test_a_cron_process_enqueues_what_is_due_until_it_is_told_to_end(rq: Rq, config: str, redis_client: redis.Redis):
    run_once(rq, config)
    [job] = Queue("default", connection=redis_client).jobs
    assert (job.func_name, job.args) == ("tasks.greet", ("bob",))
    assert get_cron_job_ids("hourly", redis_client) == [job.id]
    assert CronScheduler.all(redis_client) == []


def test_ctrl_c_ends_a_cron_process_without_a_traceback(rq: Rq, config: str):
    process = rq.start("cron", config)
    process.wait_for_output("Enqueued cron job hourly")
    process.send_signal(signal.SIGINT)
    process.succeed()
    assert process.stderr == ""


def test_two_cron_processes_enqueue_each_tick_once(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "often.py").write_text("from rq import cron\ncron.register('tasks.greet', 'default', interval=1, missed='all')\n")
    processes = [rq.start("cron", "often") for _ in range(2)]
    wait_until(lambda: redis_client.llen("rq:queue:default") >= 4, timeout=30)
    processes[0].kill()
    wait_until(lambda: redis_client.llen("rq:queue:default") >= 6, timeout=30)
    processes[1].terminate()
    processes[1].succeed()
    [key] = redis_client.keys("rq:x:cron:*")
    since, last = (int(moment or 0) for moment in redis_client.hmget(key, "since", "last"))
    assert redis_client.llen("rq:queue:default") == last - since + 1


@pytest.mark.parametrize("level", ["warning", "CRITICAL"])
def test_a_cron_process_logs_no_more_than_it_is_told_to(rq: Rq, config: str, redis_client: redis.Redis, level: str):
    process = rq.start("cron", config, "-l", level)
    wait_until(lambda: redis_client.llen("rq:queue:default"))
    process.terminate()
    assert process.succeed() == ""


def test_a_cron_process_logs_as_its_settings_say(rq: Rq, config: str):
    table = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"f": {"format": "LINE %(message)s"}},
        "handlers": {"h": {"class": "logging.StreamHandler", "formatter": "f"}},
        "root": {"handlers": ["h"], "level": "INFO"},
    }
    (rq.folder / "my_settings.py").write_text(f"DICT_CONFIG = {table!r}\n")
    process = rq.start("cron", config, "--config", "my_settings", "--logging-level", "info")
    process.wait_for_output("LINE Enqueued cron job hourly")
    process.terminate()
    process.succeed()


def test_the_jobs_of_a_cron_process_are_written_with_the_serializer_that_is_asked_for(rq: Rq, config: str, redis_client: redis.Redis):
    process = rq.start("cron", config, "-S", "json")
    process.wait_for_output("Enqueued cron job hourly")
    process.terminate()
    process.succeed()
    [job] = Queue("default", connection=redis_client, serializer="json").jobs
    assert list(job.args) == ["bob"]


def test_rqs_options_for_classes_are_accepted(rq: Rq, config: str):
    process = rq.start("cron", config, "-w", "rq.SimpleWorker", "-j", "rq.job.Job", "--queue-class", "rq.Queue", "-P", ".")
    process.wait_for_output("Enqueued cron job hourly")
    process.terminate()
    process.succeed()


def test_a_file_that_is_not_there_is_a_wrong_call(rq: Rq):
    assert "There is no configuration file" in rq.refuse("cron", "/nowhere/cron.py", status=2)
    assert "There is no file or module nowhere" in rq.refuse("cron", "nowhere", status=1)


def test_a_file_that_fails_says_how(rq: Rq):
    (rq.folder / "broken.py").write_text("1 / 0")
    assert "failed with ZeroDivisionError: division by zero" in rq.refuse("cron", "broken.py", status=1)


def test_a_server_that_is_not_there_is_a_sentence(rq: Rq, config: str):
    assert "Cannot reach the server at localhost:1" in rq.refuse("cron", config, "--url", "redis://localhost:1", status=1)


# --- list, run, pause, resume -----------------------------------------------------------------------------------------------------------


def test_list_shows_every_cron_job(rq: Rq, config: str):
    assert "There are no cron jobs" in rq.run("cron", "list")
    run_once(rq, config)
    heading, hourly, nightly = rq.run("cron", "list").splitlines()
    assert heading.split() == ["name", "queue", "when", "last", "next", "state"]
    assert hourly.startswith("hourly   default  every 3600 seconds")
    assert nightly.startswith("nightly  low      30 2 * * * (Europe/Berlin)")
    assert hourly.endswith("active")


def test_list_tells_programs_the_same(rq: Rq, config: str):
    run_once(rq, config)
    hourly, nightly = json.loads(rq.run("cron", "list", "--json"))
    assert (hourly["name"], hourly["func_name"], hourly["queue"], hourly["interval"], hourly["cron"]) == ("hourly", "tasks.greet", "default", 3600, None)
    assert hourly["last"] < hourly["next"]
    assert (nightly["cron"], nightly["timezone"], nightly["missed"], nightly["last"]) == ("30 2 * * *", "Europe/Berlin", "skip", None)
    assert (nightly["paused_since"], nightly["state"]) == (None, "active")


def test_run_enqueues_a_cron_job_now(rq: Rq, config: str, redis_client: redis.Redis):
    run_once(rq, config)
    said = rq.run("cron", "run", "nightly")
    [job] = Queue("low", connection=redis_client).jobs
    assert said == f"Enqueued nightly to low as job {job.id}\n"
    assert get_cron_job_ids("nightly", redis_client) == [job.id]


def test_pause_and_resume_say_what_changed(rq: Rq, config: str):
    run_once(rq, config)
    assert rq.run("cron", "pause", "nightly") == "Paused nightly; `rq cron resume nightly` lets it go on\n"
    assert rq.run("cron", "pause", "nightly") == "nightly was paused already\n"
    [line] = [line for line in rq.run("cron", "list").splitlines() if line.startswith("nightly")]
    assert line.endswith("paused")
    assert rq.run("cron", "resume", "nightly") == "Resumed nightly\n"
    assert rq.run("cron", "resume", "nightly") == "nightly was not paused\n"


@pytest.mark.parametrize("word", ["run", "pause", "resume"])
def test_a_name_that_nobody_knows_is_refused(rq: Rq, word: str):
    assert rq.refuse("cron", word, "nothing", status=1) == "There is no cron job named 'nothing'; `rq cron list` shows those there are"


def test_a_word_after_an_option_is_told_where_it_belongs(rq: Rq):
    assert "Options come last: rq cron list" in rq.refuse("cron", "-l", "info", "list", status=2)


def test_the_command_has_rqs_parameters_for_those_who_reuse_them():
    names = {option for parameter in cron.params for option in parameter.opts}
    assert {"config_path", "--logging-level", "-l", "--url", "--config", "--path", "--worker-class", "--job-class", "--queue-class", "--serializer"} <= names
    assert cron.help
