"""`rq service`: `rq up` as a service of systemd."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rq.cli.boundary import Command, CommandFailed, WrongCall, one_line
from rq.cli.deployed import read_file
from rq.cli.deployment_file import DEFAULT_FILE
from rq.cli.options import SharedOptions, takes_shared_options
from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.unit import MARK, UnitOptions, unit_name, write_unit
from rq.runtime.deployment.values import Deployment

_SYSTEM_FOLDER = Path("/etc/systemd/system")
_PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ServiceCommand:
    """The options of this command."""

    action: str
    file: str | None
    for_user: bool
    for_system: bool
    name: str
    run_as: str | None
    no_start: bool

    @property
    def is_of_system(self) -> bool:
        """Whether the unit belongs to the system: as told, otherwise if root calls."""
        return self.for_system or (not self.for_user and os.geteuid() == 0)

    @property
    def unit(self) -> str:
        """The name of the unit; raises InvalidOptionError if there can be none."""
        return unit_name(self.name)

    @property
    def path(self) -> Path:
        """Where the unit is kept."""
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return (_SYSTEM_FOLDER if self.is_of_system else config / "systemd" / "user") / self.unit

    @property
    def uninstalling(self) -> str:
        """The command that removes the unit, without a word to systemd, which may not know it."""
        whose = "--system" if self.is_of_system else "--user"
        return " ".join(["rq service uninstall --no-start", whose, *([] if self.name == "rq" else ["--name", self.name])])

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            WrongCall: systemd would not take the name, or the options contradict one another.
        """
        if self.for_user and self.for_system:
            raise WrongCall("--user and --system exclude one another; use one of them")
        if self.run_as and not self.is_of_system:
            raise WrongCall("--run-as needs --system: a service of a user runs as that user")
        try:
            unit_name(self.name)
        except InvalidOptionError as error:
            raise WrongCall(f"--name {one_line(error)}") from error

    def systemctl(self, *words: str) -> list[str]:
        """Return a command line that tells systemd something."""
        return ["systemctl", *([] if self.is_of_system else ["--user"]), *words]


@click.command(cls=Command)
@click.argument("action", type=click.Choice(["install", "uninstall", "show"]))
@click.option("--file", "-f", metavar="FILE", help="What the service runs (default: rq.toml).")
@click.option("--user", "for_user", is_flag=True, help="A service of yours (default, but for root).")
@click.option("--system", "for_system", is_flag=True, help="A service of the machine (default for root).")
@click.option("--name", default="rq", metavar="NAME", help="Name of the service (default: rq).")
@click.option("--run-as", metavar="USER", help="With --system: who runs it (default: the owner of FILE).")
@click.option("--no-start", is_flag=True, help="Only write or remove the unit; leave systemd alone.")
@takes_shared_options()
def service(shared: SharedOptions, **given: Any) -> None:
    """Run `rq up` as a service that starts with the machine.

    \b
    install     write a unit for systemd, enable it, and start it
    uninstall   stop it, and remove the unit
    show        print the unit that install would write; nothing is changed

    The unit runs `rq up` in the folder of FILE, with the Python that runs this
    command. A service of yours starts when you log in; that of the machine, which
    root installs, starts with the machine, and runs as the owner of FILE.

    \b
    sudo $(which rq) service install --system
    rq service install --user --name shop --file shop/rq.toml
    """  # noqa: D301 - Click keeps lines after \b as they are
    command = ServiceCommand(**given)
    command.check()
    _ACTIONS[command.action](command, shared)


def _show(command: ServiceCommand, shared: SharedOptions) -> None:
    click.echo(_write(command, shared), nl=False)


def _install(command: ServiceCommand, shared: SharedOptions) -> None:
    unit, path = _write(command, shared), command.path
    _check_mark(path)
    if not command.no_start and shutil.which("systemctl") is None:
        raise CommandFailed("There is no systemctl here to start a service with; with --no-start, the unit alone is written")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(unit, encoding="utf-8")
    click.echo(f"Wrote {path}")
    _tell_systemd(command, [command.systemctl("daemon-reload"), command.systemctl("enable", "--now", command.unit)])
    if not command.is_of_system:
        click.echo("It starts when you log in. To have it start with the machine: loginctl enable-linger")


def _uninstall(command: ServiceCommand, shared: SharedOptions) -> None:
    del shared
    path = command.path
    if not path.exists():
        raise CommandFailed(f"There is no unit {path}; name another one with --name, --user or --system")
    _check_mark(path)
    _tell_systemd(command, [command.systemctl("disable", "--now", command.unit)])
    path.unlink()
    click.echo(f"Removed {path}")
    _tell_systemd(command, [command.systemctl("daemon-reload")])


_ACTIONS: dict[str, Callable[[ServiceCommand, SharedOptions], None]] = {"install": _install, "uninstall": _uninstall, "show": _show}


def _write(command: ServiceCommand, shared: SharedOptions) -> str:
    deployment = read_file(command.file)
    if deployment is None:
        raise WrongCall(f"There is no {DEFAULT_FILE} here; `rq up` says how to write one")
    if shared.url and shared.url != deployment.url:
        click.echo(f'The service will not see --url or RQ_REDIS_URL of this shell; write url = "..." into {deployment.file}', err=True)
    return write_unit(deployment, UnitOptions(command.is_of_system, _user_of(command, deployment)))


def _user_of(command: ServiceCommand, deployment: Deployment) -> str | None:
    """Return as whom a unit of the system runs: never as root only because root installs it."""
    if not command.is_of_system:
        return None
    owner = command.run_as or deployment.file.owner()
    return None if owner == "root" else owner


def _check_mark(path: Path) -> None:
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise CommandFailed(f"{path} was not written by `rq service`; choose another --name, or remove that file yourself")


def _tell_systemd(command: ServiceCommand, calls: Sequence[list[str]]) -> None:
    if command.no_start:
        return
    for call in calls:
        try:
            told = subprocess.run(call, check=False, text=True, capture_output=True, timeout=_PATIENCE_SECONDS)  # noqa: S603 - the words are ours
        except FileNotFoundError as error:
            raise CommandFailed(f"There is no systemctl here to run `{' '.join(call)}`; with --no-start, the unit alone is written or removed") from error
        if told.returncode:
            left = f"The unit {command.path} is left there" if command.path.exists() else "The unit is gone"
            advice = f"try that by hand, or remove it with `{command.uninstalling}`" if command.action == "install" else "try that by hand, or use --no-start"
            raise CommandFailed(f"`{' '.join(call)}` failed ({one_line(told.stderr)}). {left}; {advice}")
