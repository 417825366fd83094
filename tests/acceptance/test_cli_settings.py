"""Where the command line learns which server and which classes to use."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.options import SharedOptions

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.acceptance.conftest import Rq
    from tests.conftest import StartValkey
    from tests.support.server import ValkeyServer

NO_SERVER = "redis://127.0.0.1:1"


@pytest.fixture
def alone(rq_without_server: Rq, valkey: ValkeyServer) -> Rq:
    """The command line that nothing told of the test's server, in whose database there is a queue `found`."""
    valkey.client().sadd("rq:queues", "rq:queue:found")
    return rq_without_server


def finds(rq: Rq, *options: str, env: dict[str, str | None] | None = None) -> bool:
    """Whether a command talks to the server with the queue `found`."""
    return "found" in rq.run("info", "-rQ", *options, env=env)


def test_the_url_option_wins_over_everything(alone: Rq, valkey: ValkeyServer):
    (alone.folder / "settings.py").write_text(f"REDIS_URL = {NO_SERVER!r}")
    assert finds(alone, "-u", valkey.url, "-c", "settings", env={"RQ_REDIS_URL": NO_SERVER, "REDIS_URL": NO_SERVER})
    assert finds(alone, "--url", valkey.unix_url)


def test_rq_redis_url_wins_over_the_settings(alone: Rq, valkey: ValkeyServer):
    (alone.folder / "settings.py").write_text(f"REDIS_URL = {NO_SERVER!r}")
    assert finds(alone, "-c", "settings", env={"RQ_REDIS_URL": valkey.url})


def test_the_settings_win_over_the_environment(alone: Rq, valkey: ValkeyServer):
    (alone.folder / "settings.py").write_text(f"REDIS_URL = {valkey.url!r}\nREDIS_HOST = 'nowhere'")
    assert finds(alone, "-c", "settings", env={"REDIS_URL": NO_SERVER})


@pytest.mark.parametrize("config", ["settings", "settings.py", "./settings.py", "package.settings", "package/settings.py"])
def test_settings_are_a_module_or_a_file(alone: Rq, valkey: ValkeyServer, config: str):
    (alone.folder / "package").mkdir()
    for folder in (alone.folder, alone.folder / "package"):
        (folder / "settings.py").write_text(f"REDIS_HOST = {valkey.host!r}\nREDIS_PORT = {valkey.port}\nREDIS_DB = 0\nREDIS_PASSWORD = None\nREDIS_SSL = False")
    assert finds(alone, "--config", config)
    assert finds(alone, env={"RQ_CONFIG": config})


def test_a_settings_file_may_stand_anywhere(alone: Rq, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory):
    settings = tmp_path_factory.mktemp("etc") / "my_settings.py"
    settings.write_text(f"REDIS_URL = {valkey.url!r}")
    assert finds(alone, "-c", str(settings))
    assert finds(alone, "-c", "my_settings", "-P", str(settings.parent))


def test_settings_that_name_no_server_leave_it_to_the_environment(alone: Rq, valkey: ValkeyServer):
    (alone.folder / "settings.py").write_text("QUEUES = ['found']")
    assert finds(alone, "-c", "settings", env={"REDIS_URL": valkey.url})


def test_the_environment_may_name_the_parts(alone: Rq, valkey: ValkeyServer):
    assert finds(alone, env={"REDIS_HOST": valkey.host, "REDIS_PORT": str(valkey.port)})
    assert not finds(alone, env={"REDIS_HOST": valkey.host, "REDIS_PORT": str(valkey.port), "REDIS_DB": "3"})


def test_sentinel_is_asked_for_the_master(alone: Rq):
    (alone.folder / "settings.py").write_text("SENTINEL = {'INSTANCES': [('127.0.0.1', 1)], 'MASTER_NAME': 'wolf', 'SOCKET_TIMEOUT': 0.1}\nREDIS_HOST = 'x'")
    assert "Sentinel's master wolf" in alone.refuse("info", "-c", "settings", status=1)


def test_the_queues_and_the_name_of_a_worker_can_be_settings(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "settings.py").write_text("QUEUES = ['high', 'low']\nNAME = 'wolf'")
    assert "*** Listening on high, low..." in rq.run("worker", "--burst", "-c", "settings")
    assert redis_client.exists("rq:worker:wolf")
    output = rq.run("worker", "--burst", "-c", "settings", "-n", "bear", "mine")
    assert "*** Listening on mine..." in output
    assert "Worker bear: started" in output


def test_logging_can_be_a_setting(rq: Rq):
    (rq.folder / "settings.py").write_text(
        "DICT_CONFIG = {'version': 1, 'disable_existing_loggers': False, 'handlers': {'file': {'class': 'logging.FileHandler', 'filename': 'worker.log'}},"
        " 'root': {'handlers': ['file'], 'level': 'INFO'}}"
    )
    assert rq.run("worker", "--burst", "-c", "settings") == ""
    assert "Listening on" in (rq.folder / "worker.log").read_text()


def test_sentry_hears_of_a_worker_with_its_address_in_the_settings(rq: Rq):
    # In the place of sentry-sdk stands what writes down how it is called.
    (rq.folder / "sentry_sdk" / "integrations").mkdir(parents=True)
    (rq.folder / "sentry_sdk" / "__init__.py").write_text("def init(*args, **options): print('sentry', args, options)")
    (rq.folder / "sentry_sdk" / "integrations" / "__init__.py").touch()
    (rq.folder / "sentry_sdk" / "integrations" / "rq.py").write_text("class RqIntegration:\n    __repr__ = lambda self: 'rq'")
    (rq.folder / "settings.py").write_text("SENTRY_DSN = 'https://key@sentry/1'")
    assert "sentry ('https://key@sentry/1',) {'integrations': [rq]}" in rq.run("worker", "--burst", "-c", "settings")


def test_a_worker_works_without_sentry_and_says_what_is_missing(rq: Rq):
    job_id = rq.enqueue("tasks.greet")
    (rq.folder / "settings.py").write_text("SENTRY_DSN = 'https://key@sentry/1'")
    (rq.folder / "sentry_sdk.py").write_text("raise ImportError('as if it were not installed')")
    worker = rq.start("worker", "--burst", "-c", "settings")
    assert "Job OK" in worker.succeed()
    assert "SENTRY_DSN of the settings in settings: Sentry hears of nothing: sentry-sdk is not installed here" in worker.stderr
    assert job_id


def test_the_prefix_of_the_keys_is_that_of_the_environment(rq: Rq, redis_client: redis.Redis):
    rq.run("enqueue", "tasks.greet", env={"RQ_KEY_PREFIX": "mine:"})
    assert redis_client.llen("mine:queue:default") == 1
    assert rq.run("info", "-rQ", env={"RQ_KEY_PREFIX": "mine:"}) == "queue default 1, 0 executing, 0 finished, 0 failed\n"
    assert "Job OK" in rq.run("worker", "-b", env={"RQ_KEY_PREFIX": "mine:"})


def test_the_class_of_the_client_can_be_chosen(rq: Rq):
    (rq.folder / "mine.py").write_text(
        "import redis\nclass MyRedis(redis.Redis):\n    def __init__(self, *a, **k):\n        print('mine'); super().__init__(*a, **k)\n"
    )
    assert rq.run("info", "-r", "--connection-class", "mine.MyRedis").startswith("mine")


# --- what goes wrong ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            "REDIS_HOST = 'x'\nREDIS_PORT = 'tcp://10.0.0.1:6379'",
            "REDIS_PORT of the settings in settings.py is 'tcp://10.0.0.1:6379': it must be a whole number",
        ),
        ("REDIS_DB = 'x'", "REDIS_DB of the settings in settings.py is 'x': it must be a whole number"),
        ("REDIS_HOST = 'x'\nREDIS_SSL = 'maybe'", "REDIS_SSL of the settings in settings.py is 'maybe'"),
        ("REDIS_URL = 'nonsense'", "REDIS_URL of the settings in settings.py is no URL of a server"),
        ("SENTINEL = 5", "SENTINEL of the settings in settings.py is 5: it must be a dictionary"),
        ("QUEUES = 5", "QUEUES of the settings in settings.py is 5: it must be a list of names"),
        ("QUEUES = [1]", "QUEUES of the settings in settings.py is [1]: it must be a list of names"),
        ("import nothing_like_that", "importing it failed with ModuleNotFoundError"),
        ("1/0", "importing it failed with ZeroDivisionError"),
        ("def (", "importing it failed with SyntaxError"),
    ],
)
def test_settings_that_cannot_be_right_are_named(rq: Rq, settings: str, words: str):
    (rq.folder / "settings.py").write_text(settings)
    process = rq.start("worker", "--burst", "-c", "settings.py", env={} if "QUEUES" in settings else {"RQ_REDIS_URL": None})
    assert process.wait() == 2
    assert words in process.stderr
    assert process.stderr.startswith("Error: ")
    assert len(process.stderr.splitlines()) == 1


def test_an_impossible_value_in_the_environment_is_a_wrong_call(alone: Rq):
    words = "REDIS_PORT of the environment is 'abc': it must be a whole number"
    assert alone.refuse("info", status=2, env={"REDIS_PORT": "abc"}) == words


def test_the_traceback_of_settings_that_cannot_be_imported_is_shown_to_who_asks(rq: Rq):
    (rq.folder / "broken.py").write_text("1/0")
    process = rq.start("info", "-c", "broken", env={"RQ_DEBUG": "1"})
    assert process.wait() == 2
    assert "1/0" in process.stderr
    assert "Error: --config broken: importing it failed with ZeroDivisionError" in process.stderr


@pytest.mark.parametrize("config", ["nothing", "nothing.py", "tasks.nothing", "no/where.py"])
def test_settings_that_do_not_exist_are_named(rq: Rq, config: str):
    assert rq.refuse("info", "-c", config, status=2).startswith(f"--config {config}: there is no such")


@pytest.mark.parametrize("url", ["nonsense", "http://user:secret@host", "redis://:secret@host:port", "redis://host/0?socket_timeout=soon"])
def test_a_url_that_is_none_is_refused_and_not_repeated(rq: Rq, url: str):
    sentence = rq.refuse("info", "-u", url, status=2)
    assert sentence.startswith("--url (or RQ_REDIS_URL) is no URL of a server")
    assert "secret" not in sentence


@pytest.mark.parametrize("url", ["redis://host/abc", "redis://:secret@host:6379/abc", "rediss://host/abc", "redis://:12/34secret@host:6379/0"])
def test_a_database_that_is_no_number_does_not_mean_the_first_one(rq: Rq, url: str):
    sentence = rq.refuse("info", "-u", url, status=2)
    assert sentence == "--url (or RQ_REDIS_URL): The database of the URL, behind its host, is no number; write it as the 0 in redis://HOST:PORT/0"


def test_an_empty_url_does_not_mean_localhost(rq: Rq):
    assert rq.refuse("info", "--url", "", status=2).startswith("--url (or RQ_REDIS_URL) is empty")
    assert rq.refuse("info", status=2, env={"RQ_REDIS_URL": ""}).startswith("--url (or RQ_REDIS_URL) is empty")


def test_a_url_of_an_unknown_kind_is_answered_with_one_list_of_kinds(rq: Rq):
    assert rq.refuse("info", "-u", "http://host", status=2).count("redis://") == 1


def test_a_path_that_leads_nowhere_is_refused(rq: Rq):
    assert rq.refuse("worker", "--burst", "--path", "no/where", status=2).startswith("--path no/where: there is no such directory")


@pytest.mark.parametrize(("given", "folders"), [([], ["."]), (["lib"], ["lib"]), (["lib", "."], ["lib", "."])])
def test_a_path_takes_the_place_of_the_current_folder_unless_that_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], folders: list[str]
):
    (tmp_path / "lib").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [])
    options: dict[str, Any] = {field.name: "" for field in fields(SharedOptions)}
    SharedOptions(**{**options, "path": tuple(given)}).extend_import_path()
    assert sys.path == [str((tmp_path / folder).resolve()) for folder in folders]


def test_a_url_in_the_place_of_a_queue_is_refused(rq: Rq):
    assert rq.refuse("worker", "--burst", "embedded://", status=2).endswith("did you mean --url?")


@pytest.mark.parametrize(("url", "words"), [("embedded://relative/path", "embedded:///path/to/dir"), ("embedded:///x?fsync=x", "everysec or always")])
def test_an_embedded_url_that_makes_no_sense_is_a_wrong_call(rq: Rq, url: str, words: str):
    sentence = rq.refuse("info", "-u", url, status=2)
    assert sentence.startswith("--url (or RQ_REDIS_URL): ")
    assert words in sentence


@pytest.mark.parametrize(
    "command", [["info"], ["enqueue", "tasks.greet"], ["worker"], ["empty", "-a"], ["requeue", "--queue", "q", "-a"], ["suspend"], ["resume"]]
)
def test_a_server_that_is_not_there_is_named_without_its_password(rq: Rq, command: list[str]):
    sentence = rq.refuse(*command, "-u", "redis://:secret@127.0.0.1:1/2", status=1)
    assert sentence.startswith("Cannot reach the server at 127.0.0.1:1, database 2 (")
    assert "--url" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize("command", [["info"], ["enqueue", "tasks.greet"], ["worker"]])
def test_a_refused_password_is_said_so(rq: Rq, start_valkey: StartValkey, command: list[str]):
    server = start_valkey()
    server.client().execute_command("ACL", "SETUSER", "default", "resetpass", ">right")
    for url in (f"redis://:wrong@{server.host}:{server.port}", server.url):
        sentence = rq.refuse(*command, "-u", url, status=1)
        assert sentence.startswith("The server does not know this user or password (")
        assert "wrong@" not in sentence


def test_a_missing_permission_is_said_so(rq: Rq, valkey: ValkeyServer):
    client = valkey.client()
    client.execute_command("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+@connection")
    try:
        sentence = rq.refuse("info", "-u", f"redis://guest:pw@{valkey.host}:{valkey.port}", status=1)
    finally:
        client.execute_command("ACL", "DELUSER", "guest")
    assert sentence.startswith("The server refuses this user (")


def test_a_frozen_server_is_not_waited_for_without_end(rq: Rq, valkey: ValkeyServer):
    valkey.pause()
    try:
        url = f"{valkey.url}?socket_timeout=0.2"
        assert "did not answer in time" in rq.refuse("info", "-u", url, status=1)
    finally:
        valkey.resume()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-w", "nothing.Worker"], "--worker-class nothing.Worker: "),
        (["-w", "tasks.Nothing"], "--worker-class tasks.Nothing: "),
        (["-w", "tasks.greet"], "--worker-class tasks.greet: "),
        (["-j", "tasks.greet"], "--job-class tasks.greet: "),
        (["--queue-class", "tasks.greet"], "--queue-class tasks.greet: "),
        (["-S", "tasks"], "--serializer tasks: "),
        (["-S", "tasks.greet"], "--serializer tasks.greet: "),
        (["--connection-class", "tasks.greet"], "--connection-class tasks.greet "),
        (["--connection-class", "nothing.Redis"], "--connection-class nothing.Redis: "),
    ],
)
def test_a_class_that_cannot_be_used_is_named_with_its_option(rq: Rq, options: list[str], words: str):
    assert rq.refuse("worker", "--burst", *options, status=2).startswith(words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("def (", "importing it failed with SyntaxError: invalid syntax (broken.py, line 1); mend that module"),
        ("1/0", "importing it failed with ZeroDivisionError: division by zero; mend that module"),
        ("raise SystemExit", "importing it failed with SystemExit; mend that module"),
        ("import nothing_like_that", "No module named 'nothing_like_that'; mend that module, or install what it imports"),
    ],
)
@pytest.mark.parametrize("option", ["--worker-class", "--job-class", "--queue-class", "--connection-class", "--serializer", "--exception-handler"])
def test_a_module_that_cannot_be_imported_is_named_with_its_option(rq: Rq, option: str, content: str, words: str):
    (rq.folder / "broken.py").write_text(content)
    sentence = rq.refuse("worker", "--burst", option, "broken.thing", status=2)
    assert sentence.startswith(f"{option} broken.thing: ")
    assert words in sentence
