"""What the supervisor of a deployment does beside. The tests turn the duties' clock themselves."""

from __future__ import annotations

import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rq.observe import pool_events as events
from rq.runtime.children import Program, child_of
from rq.runtime.deployment.duties import TURN_SECONDS, UP_AFTER_SECONDS, Herald, StopTimeouts
from rq.runtime.deployment.notify import Notifier
from rq.runtime.pool import COLD_SECONDS, PoolSupervisor
from rq.runtime.process_group import ProcessGroup
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUBBORN = """
import signal
from pathlib import Path

signal.signal(signal.SIGTERM, lambda number, frame: Path("told").open("a").write("!"))
Path("started").touch()
while True:
    signal.pause()
"""


class Stage:
    """A supervisor of one group with one process that does not leave, and what it reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[events.PoolEvent] = []
        program = Program([sys.executable, "-c", STUBBORN], cwd=str(folder))
        self.group = ProcessGroup("web", 1, lambda name: child_of(name, program), report=self.reports.append)
        self.supervisor = PoolSupervisor([self.group], report=self.reports.append)

    def start(self) -> None:
        self.group.attend(time.monotonic())
        wait_until((self.folder / "started").exists, 30)

    def times_told(self) -> int:
        file = self.folder / "told"
        return len(file.read_text()) if file.exists() else 0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.group.stop(signal.SIGKILL)
    for child in stage.group.children:
        child.join()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    """All lines that came since this was asked last."""
    lines: list[str] = []
    while True:
        try:
            lines += manager.recv(4096).decode().splitlines()
        except BlockingIOError:
            return lines


def test_who_does_not_end_in_time_is_told_again_and_then_killed(stage: Stage):
    duty = StopTimeouts(stage.supervisor, lambda _name: 5.0, stage.reports.append)
    stage.start()
    duty.attend(90.0)
    assert duty.next_deadline() is None
    stage.supervisor.switch.press("SIGTERM")
    duty.attend(100.0)
    assert duty.next_deadline() == 105.0
    duty.attend(104.0)
    assert stage.times_told() == 0
    duty.attend(105.0)
    wait_until(lambda: stage.times_told() == 1)
    assert events.PoolStopping("web", "its stop_timeout", cold=True) in stage.reports
    assert duty.next_deadline() == 106.0
    duty.attend(106.0)
    wait_until(lambda: stage.times_told() == 2)
    assert stage.reports.count(events.PoolStopping("web", "its stop_timeout", cold=True)) == 1
    [child] = stage.group.children
    duty.attend(105.0 + COLD_SECONDS)
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert duty.next_deadline() is None


def test_a_service_is_called_up_when_every_group_has_come_up_or_after_a_while(stage: Stage, manager: socket.socket):
    stage.start()
    herald = Herald(stage.supervisor, Notifier({"NOTIFY_SOCKET": manager.getsockname()}))
    now = time.monotonic()
    herald.attend(now)
    assert heard(manager) == ["STATUS=web 0/1"]
    herald.attend(now + UP_AFTER_SECONDS)
    assert heard(manager) == ["READY=1", "STATUS=web 0/1"]
    herald.attend(now + UP_AFTER_SECONDS + 1)
    assert heard(manager) == []


def test_the_watchdog_hears_twice_as_often_as_it_wants(stage: Stage, manager: socket.socket):
    herald = Herald(stage.supervisor, Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "4000000"}))
    now = time.monotonic()
    for later, times in ((0.0, 1), (1.0, 0), (2.0, 1), (3.9, 0), (4.0, 1)):
        herald.attend(now + later)
        assert heard(manager).count("WATCHDOG=1") == times
    assert herald.next_deadline() == now + 6.0


def test_a_loop_that_does_not_turn_is_not_alive(stage: Stage):
    herald = Herald(stage.supervisor, Notifier({}))
    assert herald.is_alive()
    assert herald.next_deadline() <= time.monotonic() + TURN_SECONDS
    herald.attend(time.monotonic() - 4 * TURN_SECONDS)
    assert not herald.is_alive()
