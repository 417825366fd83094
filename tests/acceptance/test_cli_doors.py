"""RQ's functions for commands of one's own: what programs import from `rq.cli.helpers` and `rq.cli.cli`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from rq import Queue
from rq.cli import cli, helpers
from rq.cli.boundary import WrongCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import redis


@click.command()
@helpers.pass_cli_config
def own_command(cli_config: helpers.CliConfig, **given: Any) -> None:
    """A command of a program that shares RQ's options."""
    settings = cli_config.connection.connection_pool.connection_kwargs
    click.echo(json.dumps({"port": settings.get("port"), "queue": cli_config.queue_class.__name__, "serializer": given["serializer"]}))


def run_own_command(*arguments: str) -> dict[str, Any]:
    """What the command says of what it was given."""
    result = CliRunner().invoke(own_command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_a_command_of_ones_own_has_the_shared_options():
    assert run_own_command("-u", "redis://127.0.0.1:7/0", "-S", "json") == {"port": 7, "queue": "Queue", "serializer": "json"}
    assert {"--url", "--config", "--worker-class", "--job-class", "--queue-class", "--connection-class", "--path", "--serializer"} <= {
        option for parameter in own_command.params for option in parameter.opts
    }


def test_the_settings_name_the_server_of_such_a_command(tmp_path: Path):
    (tmp_path / "its_settings.py").write_text("REDIS_HOST = 'h'\nREDIS_PORT = 8\nlower = 1")
    assert run_own_command("-c", str(tmp_path / "its_settings.py"))["port"] == 8
    assert helpers.read_config_file(str(tmp_path / "its_settings.py")) == {"REDIS_HOST": "h", "REDIS_PORT": 8}


def test_a_class_that_does_not_exist_is_a_wrong_call():
    with pytest.raises(WrongCall, match=r"--queue-class nothing\.Queue"):
        helpers.CliConfig(queue_class="nothing.Queue")


def test_a_connection_is_made_once(redis_url: str):
    config = helpers.CliConfig(url=redis_url)
    assert config.connection is config.connection
    assert config.connection.ping()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"host": "localhost", "port": 6379, "db": 0}),
        ({"REDIS_URL": "redis://h:1/2", "REDIS_HOST": "other"}, {"host": "h", "port": 1, "db": 2}),
        ({"REDIS_HOST": "h", "REDIS_PORT": "1", "REDIS_DB": 3, "REDIS_PASSWORD": "pw"}, {"host": "h", "port": 1, "db": 3, "password": "pw"}),
        ({"REDIS_SSL": "yes", "REDIS_SSL_CA_CERTS": "/ca"}, {"host": "localhost", "ssl_ca_certs": "/ca"}),
    ],
)
def test_settings_lead_to_a_client(settings: dict[str, Any], expected: dict[str, Any]):
    found = helpers.get_redis_from_config(settings).connection_pool.connection_kwargs
    assert {name: found.get(name) for name in expected} == expected


def test_settings_that_make_no_sense_are_a_value_error():
    for settings in ({"REDIS_HOST": "h", "REDIS_SSL": "maybe"}, {"REDIS_SSL": "maybe"}):
        with pytest.raises(ValueError, match="REDIS_SSL of the settings is 'maybe'"):
            helpers.get_redis_from_config(settings)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("x", (None, "x")),
        (":[1]", (None, [1])),
        ("%(1,)", (None, (1,))),
        ("a=b", ("a", "b")),
        ("a:=1", ("a", 1)),
        ("a%=2", ("a", 2)),
        ("=x", (None, "=x")),
    ],
)
def test_an_argument_is_read_as_rq_reads_it(written: str, read: tuple[str | None, Any]):
    assert helpers.parse_function_arg(written, 1) == read


def test_arguments_and_times_are_read_as_rq_reads_them():
    assert helpers.parse_function_args(arguments=["x", "a=1"]) == (["x"], {"a": "1"})
    assert helpers.parse_schedule(None, None) is None
    assert helpers.parse_schedule(None, "2030-01-01T00:00:00") == datetime(2030, 1, 1)
    soon = helpers.parse_schedule("1h", None)
    assert soon
    assert timedelta(0) <= datetime.now(UTC) + timedelta(hours=1) - soon < timedelta(minutes=1)
    assert helpers.parse_timeout(timeout="1h") == 3600
    assert cli.get_call_string("f", ["x" * 100], {}) == f"f('{'x' * 100}')"
    assert [mode.value for mode in helpers.ParsingMode] == [0, 1, 2]


def test_small_things_are_as_in_rq():
    assert (helpers.get_scale(0), helpers.get_scale(21), helpers.get_scale(1500)) == (20, 50, 1500)
    assert (helpers.pad("a", 4), helpers.pad("abcdef", 4)) == ("a   ", "abcdef")
    assert (helpers.state_symbol("busy"), helpers.state_symbol("other")) == ("\x1b[31mbusy\x1b[0m", "other")
    assert helpers.green("x") == "\x1b[32mx\x1b[0m"


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (helpers.show_queues, ["queue a 1, 0 executing, 0 finished, 0 failed"]),
        (helpers.show_workers, ["worker fox (h unknown 1) idle a. jobs: 0 finished, 0 failed"]),
        (helpers.show_both, ["queue a 1, 0 executing, 0 finished, 0 failed", "worker fox (h unknown 1) idle a. jobs: 0 finished, 0 failed"]),
    ],
)
def test_the_views_of_info_are_functions(show: Callable[..., None], expected: list[str], redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]):
    queue = Queue("a", connection=redis_client)
    queue.enqueue("tasks.greet")
    redis_client.sadd("rq:workers", "rq:worker:fox")
    redis_client.hset("rq:worker:fox", mapping={"queues": "a", "state": "idle", "hostname": "h", "pid": "1"})
    show([queue], True, False, None, None, redis_client)
    assert capsys.readouterr().out.splitlines() == expected


def test_no_queues_are_shown_where_none_are_given(redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]):
    Queue("a", connection=redis_client).enqueue("tasks.greet")
    helpers.show_queues([], False, False, None, None, redis_client)
    assert capsys.readouterr().out == "0 queues, 0 jobs total\n"


def test_a_view_is_refreshed_until_something_is_raised():
    calls: list[int] = []

    def look(number: int) -> None:
        calls.append(number)
        if len(calls) > 2:
            raise KeyboardInterrupt

    helpers.refresh(None, look, 7)
    assert calls == [7]
    with pytest.raises(KeyboardInterrupt):
        helpers.refresh(0.001, look, 8)
    assert calls == [7, 8, 8]


def test_verbose_and_quiet_exclude_one_another():
    with pytest.raises(WrongCall, match="exclude one another"):
        helpers.setup_loghandlers_from_args(True, True, None, None)


def test_the_commands_are_there_as_well():
    names = ("empty", "enqueue", "info", "requeue", "resume", "suspend")
    assert all(isinstance(getattr(cli, name), click.Command) for name in names)
    assert isinstance(cli.main, click.Group)
    assert re.match(r"\d", cli.version)
