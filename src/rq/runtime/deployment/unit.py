"""The systemd unit of a deployment, as text."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass

from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.plans import list_plans
from rq.runtime.deployment.values import Deployment

# By this line `rq service` knows a unit that it may replace or remove.
MARK = "# Written by `rq service install`, which replaces it."
# Beyond the time that jobs have to end: for those that have not to be put back, and for their processes to be killed.
PUT_BACK_SECONDS = 30

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_HARMLESS = re.compile(r"[A-Za-z0-9_./:=+-]+")

_TEMPLATE = """\
{mark}
[Unit]
Description={description}
{after}# Ten failures within five minutes, and it is left for dead.
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
{user}WorkingDirectory={directory}
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
# A stop tells the supervisor alone, which lets running jobs end. The default would end the processes of the jobs, too.
KillMode=mixed
# The longest stop_timeout of the pools, and some seconds to put back what has not ended by then.
TimeoutStopSec={stop_seconds}
TimeoutStartSec=90
# A supervisor that hangs is restarted.
WatchdogSec=60
Restart=on-failure
RestartSec=5
# A job that is killed for its memory costs itself, not the service.
OOMPolicy=continue
{files}
[Install]
WantedBy={target}
"""

# Servers on this machine come first. It is no error if they are elsewhere.
_AFTER_NETWORK = """\
Wants=network-online.target
After=network-online.target redis.service redis-server.service valkey.service valkey-server.service
"""


@dataclass(frozen=True, slots=True)
class UnitOptions:
    """How the unit is to be.

    Args:
        for_system: whether it belongs to the system, and starts with it; otherwise it belongs to a user.
        run_as: as whom a unit of the system runs; None for root, and for a unit of a user.
    """

    for_system: bool
    run_as: str | None = None


def unit_name(name: str) -> str:
    """Return the name of a unit, `rq.service` for `rq`.

    Raises:
        InvalidOptionError: systemd would not take it.
    """
    if not _NAME.fullmatch(name):
        raise InvalidOptionError(f"{name!r} is no name for a service; use letters, digits, dots, dashes and underscores")
    return name if name.endswith(".service") else f"{name}.service"


def write_unit(deployment: Deployment, options: UnitOptions) -> str:
    """Return the unit that runs `rq up` for a deployment, with the Python that runs this."""
    plans = list_plans(deployment)
    files = max((plan.project.limits.open_files or 0 for plan in plans), default=0)
    command = [sys.executable, "-m", "rq", "up", "--file", str(deployment.file)]
    return _TEMPLATE.format(
        mark=MARK,
        description=f"RQ workers: {', '.join(plan.name for plan in plans)}",
        after=_AFTER_NETWORK if options.for_system else "",
        user=f"User={options.run_as}\n" if options.run_as else "",
        directory=str(deployment.file.parent).replace("%", "%%"),
        command=" ".join(map(_quoted, command)),
        stop_seconds=math.ceil(max(plan.stop_seconds for plan in plans)) + PUT_BACK_SECONDS,
        files=f"LimitNOFILE={files}\n" if files else "",
        target="multi-user.target" if options.for_system else "default.target",
    )


def _quoted(word: str) -> str:
    """Return a word of a command line as systemd reads it back."""
    if _HARMLESS.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
