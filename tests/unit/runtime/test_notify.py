"""What the service manager hears, on a socket as systemd's."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from rq.runtime.deployment.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that hears."""
    address = str(tmp_path / "notify") if request.param == "file" else f"\0rq-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(10)
        yield listening


def notifier_of(manager: socket.socket) -> Notifier:
    name = manager.getsockname()
    return Notifier({"NOTIFY_SOCKET": name if isinstance(name, str) else f"@{name[1:].decode()}"})


def heard(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().splitlines()


def test_the_service_manager_hears_how_things_are(manager: socket.socket):
    notifier = notifier_of(manager)
    notifier.ready("web 4/4")
    assert heard(manager) == ["READY=1", "STATUS=web 4/4"]
    notifier.status("web 3/4")
    assert heard(manager) == ["STATUS=web 3/4"]
    notifier.reloading()
    reloading, moment = heard(manager)
    assert reloading == "RELOADING=1"
    assert moment.startswith("MONOTONIC_USEC=")
    notifier.alive()
    assert heard(manager) == ["WATCHDOG=1"]
    notifier.stopping()
    assert heard(manager)[0] == "STOPPING=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]):
    Notifier(environ).ready("web 4/4")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "1500000"}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_watchdog_says_how_often_it_wants_to_hear_something(environ: dict[str, str], seconds: float | None):
    assert Notifier(environ).watchdog_seconds == seconds
