"""Every shared option, environment variable and settings key of RQ, with what becomes of it: a table of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest
import redis

from rq.cli.connect import open_server
from rq.cli.main import COMMANDS
from rq.cli.options import SharedOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Rq

# option, short form, environment variable, default
SHARED = [
    ("--url", "-u", "RQ_REDIS_URL", None),
    ("--config", "-c", "RQ_CONFIG", None),
    ("--worker-class", "-w", "RQ_WORKER_CLASS", "rq.Worker"),
    ("--job-class", "-j", "RQ_JOB_CLASS", "rq.job.Job"),
    ("--queue-class", None, "RQ_QUEUE_CLASS", "rq.Queue"),
    ("--connection-class", None, "RQ_CONNECTION_CLASS", "redis.Redis"),
    ("--path", "-P", None, None),
    ("--serializer", "-S", None, "rq.serializers.DefaultSerializer"),
]

HOST = {"REDIS_HOST": "'h'"}
TLS = {**HOST, "REDIS_SSL": "True"}
# what a settings module says, and what the client is made with
SETTINGS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"REDIS_URL": "'redis://h:1/2'", "REDIS_HOST": "'other'", "SENTINEL": "{}"}, {"host": "h", "port": 1, "db": 2}),
    (HOST, {"host": "h", "port": 6379, "db": 0, "password": None}),
    ({"REDIS_PORT": "7"}, {"host": "localhost", "port": 7}),
    ({"REDIS_PORT": "'7'"}, {"port": 7}),
    ({"REDIS_DB": "3"}, {"db": 3}),
    ({"REDIS_PASSWORD": "'pw'"}, {"password": "pw"}),
    (TLS, {"ssl_cert_reqs": "required"}),
    ({**HOST, "REDIS_SSL": "'yes'"}, {"ssl_cert_reqs": "required"}),
    ({**HOST, "REDIS_SSL": "'f'"}, {"ssl_cert_reqs": None}),
    ({**HOST, "REDIS_SSL": "''"}, {"ssl_cert_reqs": None}),
    ({**TLS, "REDIS_SSL_CA_CERTS": "'ca.pem'"}, {"ssl_ca_certs": "ca.pem"}),
    ({**TLS, "REDIS_SSL_CA_DATA": "'data'"}, {"ssl_ca_data": "data"}),
    ({**TLS, "REDIS_SSL_CERT_REQS": "'none'"}, {"ssl_cert_reqs": "none"}),
    ({**TLS, "REDIS_SSL_KEYFILE": "'key'", "REDIS_SSL_CERTFILE": "'cert'"}, {"ssl_keyfile": "key", "ssl_certfile": "cert"}),
]
# what SENTINEL says, and what connections to the master are made with
SENTINEL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"db": 0, "username": None, "password": None}),
    ({"DB": 3, "USERNAME": "u", "PASSWORD": "pw"}, {"db": 3, "username": "u", "password": "pw"}),
    ({"SOCKET_TIMEOUT": 0.5}, {"socket_timeout": 0.5}),
    ({"CONNECTION_KWARGS": {"health_check_interval": 9}}, {"health_check_interval": 9}),
]


@pytest.fixture
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about servers in the environment."""
    for name in ("RQ_REDIS_URL", "REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD", "REDIS_SSL"):
        monkeypatch.delenv(name, raising=False)


def client_for(folder: Path, settings: dict[str, str]) -> redis.Redis:
    """The client that a command would use."""
    (folder / "its_settings.py").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    classes = {"serializer": "", "worker_class": "", "job_class": "", "queue_class": "", "connection_class": "redis.Redis"}
    return open_server(SharedOptions(url=None, config=str(folder / "its_settings.py"), path=(), **classes)).client


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_the_shared_options_of_rq(command: str):
    options = {opt: parameter for parameter in COMMANDS[command].load().params if isinstance(parameter, click.Option) for opt in parameter.opts}
    for option, short, variable, default in SHARED:
        parameter = options[option]
        assert short is None or short in parameter.opts
        assert parameter.envvar == variable
        assert default is None or parameter.default == default


@pytest.mark.usefixtures("nothing_else")
@pytest.mark.parametrize(("settings", "expected"), SETTINGS, ids=[" ".join(row[0]) + f"-{number}" for number, row in enumerate(SETTINGS)])
def test_a_setting_reaches_the_client(tmp_path: Path, settings: dict[str, str], expected: dict[str, Any]):
    found = client_for(tmp_path, settings).connection_pool.connection_kwargs
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.usefixtures("nothing_else")
@pytest.mark.parametrize(("table", "expected"), SENTINEL, ids=[",".join(row[0]) or "nothing" for row in SENTINEL])
def test_a_setting_of_sentinel_reaches_the_client(tmp_path: Path, table: dict[str, Any], expected: dict[str, Any]):
    table = {"INSTANCES": [("s", 1)], "MASTER_NAME": "wolf", **table}
    pool: Any = client_for(tmp_path, {"SENTINEL": repr(table)}).connection_pool
    assert pool.service_name == "wolf"
    assert {name: pool.connection_kwargs.get(name) for name in expected} == expected


@pytest.mark.usefixtures("nothing_else")
def test_sentinel_can_be_reached_with_tls_and_settings_of_its_own(tmp_path: Path):
    table = {"INSTANCES": [("s", 1), ("t", 2)], "MASTER_NAME": "wolf", "SSL": True, "SENTINEL_KWARGS": {"password": "its"}}
    pool: Any = client_for(tmp_path, {"SENTINEL": repr(table)}).connection_pool
    assert issubclass(pool.connection_class, redis.SSLConnection)
    assert [sentinel.connection_pool.connection_kwargs["password"] for sentinel in pool.sentinel_manager.sentinels] == ["its", "its"]


def test_the_classes_of_a_worker_can_stand_in_the_environment(rq: Rq):
    (rq.folder / "mine.py").write_text(
        "from rq import Queue, SimpleWorker\nfrom rq.job import Job\n"
        "class MyJob(Job): pass\nclass MyQueue(Queue): pass\n"
        "class MyWorker(SimpleWorker):\n"
        "    def work(self, *args, **options): print(type(self).__name__, self.job_class.__name__, type(self.queues[0]).__name__)\n"
    )
    variables: dict[str, str | None] = {"RQ_WORKER_CLASS": "mine.MyWorker", "RQ_JOB_CLASS": "mine.MyJob", "RQ_QUEUE_CLASS": "mine.MyQueue"}
    assert rq.run("worker", "--burst", env=variables) == "MyWorker MyJob MyQueue\n"
    short = ["-w", "mine.MyWorker", "-j", "mine.MyJob", "--queue-class", "mine.MyQueue", "-S", "json", "-P", "."]
    assert rq.run("worker", "-b", *short) == "MyWorker MyJob MyQueue\n"
