"""`rq service`: units that systemd takes, and what is said to systemd. The systemctl of these tests writes down what it is told."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Rq

FILE = """
[pools.web]
limits.nofile = 4096
[pools.mail]
stop_timeout = "10m"
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/told"
"""
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def folder(rq_without_server: Rq) -> Path:
    """A folder with an `rq.toml`, and a name that needs quotes."""
    rq_without_server.folder = rq_without_server.folder / "100% of $it"
    rq_without_server.folder.mkdir()
    (rq_without_server.folder / "rq.toml").write_text(FILE)
    return rq_without_server.folder


@pytest.fixture
def service(rq_without_server: Rq, folder: Path) -> Rq:
    """The command line in that folder."""
    return rq_without_server


@pytest.fixture
def user(folder: Path) -> dict[str, str | None]:
    """An environment with a systemctl that writes down what it is told, and a folder for units."""
    program = folder / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(folder / "config")}


def told(folder: Path) -> list[str]:
    file = folder / "bin" / "told"
    return file.read_text().splitlines() if file.exists() else []


def test_the_unit_says_how_a_pool_is_started_reloaded_and_stopped(service: Rq, folder: Path):
    lines = service.run("service", "show", "--system", "--run-as", "shop").splitlines()
    quoted = f"{folder}/rq.toml".replace("%", "%%").replace("$", "$$")
    assert f'ExecStart={sys.executable} -m rq up --file "{quoted}"' in lines
    assert f"WorkingDirectory={folder}".replace("%", "%%") in lines
    assert {"Type=notify", "KillMode=mixed", "Restart=on-failure", "ExecReload=/bin/kill -HUP $MAINPID", "OOMPolicy=continue"} <= {*lines}
    assert {"TimeoutStopSec=630", "LimitNOFILE=4096", "User=shop", "WantedBy=multi-user.target", "Wants=network-online.target"} <= {*lines}


def test_a_unit_of_a_user_starts_with_that_users_services(service: Rq):
    lines = service.run("service", "show", "--user").splitlines()
    assert "WantedBy=default.target" in lines
    assert not [line for line in lines if line.startswith(("User=", "After="))]


def test_a_unit_of_the_system_runs_as_the_owner_of_the_file(service: Rq, folder: Path):
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder / "rq.toml", owner)
    assert f"User={owner}\n" in service.run("service", "show", "--system")


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("scope", ["--user", "--system"])
def test_systemd_finds_no_fault_with_a_unit(service: Rq, folder: Path, scope: str):
    owner = pwd.getpwuid(os.geteuid()).pw_name
    options = ["--run-as", owner] if scope == "--system" else []
    unit = folder.parent / "rq.service"
    unit.write_text(service.run("service", "show", scope, *options))
    checked = subprocess.run(
        [str(SYSTEMD_ANALYZE), "verify", *(["--user"] if scope == "--user" else []), str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder.parent)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_service_is_installed_enabled_and_started(service: Rq, folder: Path, user: dict[str, str | None]):
    output = service.run("service", "install", "--user", "-f", "rq.toml", env=user)
    unit = folder / "config" / "systemd" / "user" / "rq.service"
    assert unit.read_text() == service.run("service", "show", "--user", env=user)
    assert told(folder) == ["--user daemon-reload", "--user enable --now rq.service"]
    assert f"Wrote {unit}\n" in output
    assert "loginctl enable-linger" in output


def test_a_service_is_stopped_and_removed(service: Rq, folder: Path, user: dict[str, str | None]):
    service.run("service", "install", "--user", "--name", "shop", "--no-start", env=user)
    assert told(folder) == []
    service.run("service", "uninstall", "--user", "--name", "shop", env=user)
    assert told(folder) == ["--user disable --now shop.service", "--user daemon-reload"]
    assert list((folder / "config" / "systemd" / "user").iterdir()) == []
    assert "There is no unit" in service.refuse("service", "uninstall", "--user", "--name", "shop", status=1, env=user)


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_a_unit_of_somebody_else_is_left_alone(service: Rq, folder: Path, user: dict[str, str | None], action: str):
    unit = folder / "config" / "systemd" / "user" / "ssh.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    assert "was not written by `rq service`" in service.refuse("service", action, "--user", "--name", "ssh", status=1, env=user)
    assert unit.read_text() == "[Service]\n"
    assert told(folder) == []


def test_a_systemd_that_refuses_is_quoted(service: Rq, folder: Path, user: dict[str, str | None]):
    (folder / "bin" / "systemctl").write_text("#!/bin/sh\necho 'there is no bus' >&2\nexit 1\n")
    refusal = service.refuse("service", "install", "--user", status=1, env=user)
    assert refusal.startswith("`systemctl --user daemon-reload` failed (there is no bus). The unit ")
    assert refusal.endswith("/rq.service is left there; try that by hand, or remove it with `rq service uninstall --no-start --user`")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["show", "--user", "--system"], "--user and --system exclude one another; use one of them"),
        (["show", "--user", "--run-as", "shop"], "--run-as needs --system: a service of a user runs as that user"),
        (["show", "--name", "a/b"], "--name 'a/b' is no name for a service; use letters, digits, dots, dashes and underscores"),
        (["install", "--file", "nowhere.toml"], "--file nowhere.toml: there is no such file"),
    ],
)
def test_a_wrong_call_is_refused(service: Rq, arguments: list[str], refusal: str):
    assert service.refuse("service", *arguments, status=2) == refusal


def test_without_a_file_there_is_no_service(rq_without_server: Rq):
    assert rq_without_server.refuse("service", "show", status=2) == "There is no rq.toml here; `rq up` says how to write one"


def test_a_server_that_the_service_will_not_know_is_pointed_out(service: Rq):
    process = service.start("service", "show", "--url", "redis://shop")
    process.succeed()
    assert process.stderr.startswith("The service will not see --url or RQ_REDIS_URL of this shell")


def test_without_systemd_nothing_is_written(service: Rq, user: dict[str, str | None], folder: Path):
    refusal = service.refuse("service", "install", "--user", env={**user, "PATH": str(folder)}, status=1)
    assert refusal == "There is no systemctl here to start a service with; with --no-start, the unit alone is written"
    assert [*folder.rglob("rq.service")] == []


def test_what_is_left_can_be_removed_as_the_message_says(service: Rq, user: dict[str, str | None], folder: Path):
    (folder / "bin" / "systemctl").write_text("#!/bin/sh\necho 'no' >&2\nexit 1\n")
    refusal = service.refuse("service", "install", "--user", "--name", "shop", env=user, status=1)
    command = refusal.partition("`rq ")[2].partition("`")[0]
    assert command == "service uninstall --no-start --user --name shop"
    assert "Removed" in service.run(*command.split(), env=user)


def test_help_tells_what_each_word_does(service: Rq):
    shown = service.run("service", "--help")
    for line in ("install     write a unit for systemd", "uninstall   stop it", "show        print the unit"):
        assert line in shown
