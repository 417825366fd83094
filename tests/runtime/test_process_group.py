"""A group of child processes: small programs that come up, wait, and leave at SIGTERM. The tests drive the group themselves."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from rq.observe import pool_events as events
from rq.runtime.children import Child, Program, child_of
from rq.runtime.process_group import ProcessGroup
from tests.support.processes import ROOT
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
    import os, signal, sys
    from pathlib import Path
    from rq.runtime.membership import leave, membership

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    if Path("broken").exists():
        sys.exit(2)
    tie = membership()
    tie.tell_ready()
    tie.watch(leave)
    while True:
        signal.pause()
"""


# Starting an interpreter takes long on a machine that does ten other things.
LIMIT = 60.0


class Nursery:
    """A group in a folder, and what it reported; nothing outlives the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[events.PoolEvent] = []
        self.ended: list[Child] = []
        self.groups: list[ProcessGroup] = []

    def group(self, count: int, *, code: str = PROGRAM, tells_ready: bool = True, respawn: bool = True) -> ProcessGroup:
        argv = [sys.executable, "-c", textwrap.dedent(code)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        program = Program(argv, environment, str(self.folder), tells_ready=tells_ready)
        group = ProcessGroup("g", count, lambda name: child_of(name, program), respawn=respawn, on_end=self.ended.append, report=self.reports.append)
        self.groups.append(group)
        group.attend(time.monotonic())
        return group

    def reported(self, kind: type[events.PoolEvent]) -> int:
        return sum(isinstance(report, kind) for report in self.reports)

    def drive_until(self, group: ProcessGroup, condition) -> None:
        def step():
            group.attend(time.monotonic())
            return condition()

        wait_until(step, LIMIT, lambda: str(self.reports))

    def full(self, count: int, *, code: str = PROGRAM) -> ProcessGroup:
        """Return a group whose children have all come up."""
        group = self.group(count, code=code)
        self.drive_until(group, lambda: all_ready(group))
        return group


def all_ready(group: ProcessGroup) -> bool:
    return len(group.children) == group.size and all(child.is_ready and child.is_alive() for child in group.children)


def kill(child: Child) -> None:
    child.send_signal(signal.SIGKILL)
    child.join()


@pytest.fixture
def nursery(tmp_path):
    made = Nursery(tmp_path)
    yield made
    for group in made.groups:
        group.stop(signal.SIGKILL)
        for child in group.children:
            child.join()


def test_a_group_has_a_child_in_every_place_and_knows_when_it_has_come_up(nursery):
    group = nursery.full(3)
    assert [child.name.partition("-")[0] for child in group.children] == ["g.1", "g.2", "g.3"]
    assert nursery.reported(events.ChildReady) == 3


def test_a_killed_child_is_replaced_at_once_and_its_owner_told_after_that(nursery):
    group = nursery.full(2)
    victim, other = group.children
    kill(victim)
    group.attend(time.monotonic())
    successor, still_there = group.children
    assert successor.is_alive()
    assert still_there is other
    assert nursery.ended == [victim]
    assert victim.end_description() == "killed by SIGKILL"
    assert successor.name != victim.name


def test_a_child_that_never_comes_up_is_started_again_after_a_pause(nursery):
    (nursery.folder / "broken").touch()
    group = nursery.group(1)
    nursery.drive_until(group, lambda: nursery.reported(events.ChildEnded))
    assert group.children == []
    assert group.cannot_start
    assert group.last_failure
    assert group.last_failure.exitcode == 2
    assert group.next_deadline() is not None
    first = next(report for report in nursery.reports if isinstance(report, events.ChildEnded))
    assert 0 < (first.pause_seconds or 0) <= 0.25
    (nursery.folder / "broken").unlink()
    nursery.drive_until(group, lambda: all_ready(group))
    assert not group.cannot_start


def test_children_that_fail_again_and_again_for_the_same_reason_are_told_about_until_one_comes_up(nursery):
    (nursery.folder / "broken").touch()
    group = nursery.group(1)
    nursery.drive_until(group, lambda: nursery.reported(events.StartsFail) == 2)
    assert group.trouble == "ended with status 2"
    told = [(report.place, report.times, report.reason) for report in nursery.reports if isinstance(report, events.StartsFail)]
    assert told == [("g.1", 3, "ended with status 2"), ("g.1", 4, "ended with status 2")]
    (nursery.folder / "broken").unlink()
    nursery.drive_until(group, lambda: all_ready(group))
    assert group.trouble is None


def test_a_program_that_cannot_be_started_again_and_again_is_told_about_as_well(nursery):
    program = Program(["/no/such/program"], None, str(nursery.folder))
    group = ProcessGroup("g", 1, lambda name: child_of(name, program), report=nursery.reports.append)
    nursery.drive_until(group, lambda: nursery.reported(events.StartsFail))
    assert "No such file" in (group.trouble or "")


def test_a_program_that_does_not_exist_is_a_failure_like_others(nursery):
    program = Program(["/no/such/program"])
    group = ProcessGroup("g", 1, lambda name: child_of(name, program), report=nursery.reports.append)
    group.attend(time.monotonic())
    assert group.children == []
    assert group.cannot_start
    assert nursery.reported(events.ChildCannotStart) == 1


def test_a_program_that_says_nothing_is_ready_when_it_has_lived_for_a_second(nursery):
    group = nursery.group(1, code="import signal; signal.pause()", tells_ready=False)
    began = time.monotonic()
    assert (group.next_deadline() or 0) <= began + 1
    nursery.drive_until(group, lambda: all_ready(group))
    assert time.monotonic() - group.children[0].started_at >= 1


def test_a_group_grows_and_shrinks_from_its_end(nursery):
    group = nursery.full(1)
    (first,) = group.children
    group.scale(3)
    nursery.drive_until(group, lambda: all_ready(group))
    group.scale(1)
    nursery.drive_until(group, lambda: group.children == [first])
    assert first.is_alive()
    assert [child.exitcode for child in nursery.ended] == [0, 0]


def test_a_group_scaled_to_nothing_is_not_over(nursery):
    group = nursery.full(1)
    group.scale(0)
    nursery.drive_until(group, lambda: not group.children)
    assert not group.is_over
    group.scale(1)
    nursery.drive_until(group, lambda: all_ready(group))


def test_a_roll_replaces_every_child_after_its_successor_has_come_up(nursery):
    group = nursery.full(3)
    before = set(group.children)
    fewest = []

    def rolled():
        fewest.append(sum(child.is_ready and child.is_alive() for child in group.children))
        return nursery.reported(events.RollEnded) and len(group.children) == 3

    group.roll()
    nursery.drive_until(group, rolled)
    assert not before & set(group.children)
    assert min(fewest) >= 3
    assert [child.exitcode for child in nursery.ended] == [0, 0, 0]


def test_a_successor_that_does_not_come_up_ends_the_roll_and_nothing_else(nursery):
    group = nursery.full(2)
    before = group.children
    (nursery.folder / "broken").touch()
    group.roll()
    nursery.drive_until(group, lambda: nursery.reported(events.RollFailed))
    group.attend(time.monotonic())  # the next place would have its turn now
    assert group.children == before
    assert all(child.is_alive() for child in before)


def test_a_roll_that_is_asked_for_during_a_roll_replaces_its_successors_too(nursery):
    group = nursery.full(2)
    group.roll()
    group.attend(time.monotonic())
    first_successor = group.children[1]
    group.roll()
    nursery.drive_until(group, lambda: nursery.reported(events.RollEnded) and len(group.children) == 2)
    assert first_successor not in group.children
    assert {child.generation for child in group.children} == {2}


def test_a_child_that_dies_during_a_roll_gives_its_place_to_its_successor(nursery):
    group = nursery.full(1)
    (victim,) = group.children
    group.roll()
    group.attend(time.monotonic())
    successor = group.children[1]
    kill(victim)
    nursery.drive_until(group, lambda: nursery.reported(events.RollEnded))
    assert group.children == [successor]


def test_a_roll_starts_what_waits_after_failures(nursery):
    (nursery.folder / "broken").touch()
    group = nursery.group(1)
    nursery.drive_until(group, lambda: nursery.reported(events.ChildEnded) >= 3)
    (nursery.folder / "broken").unlink()
    group.roll()
    group.attend(time.monotonic())
    assert len(group.children) == 1


def test_a_stopped_group_tells_its_children_and_starts_no_more(nursery):
    group = nursery.full(2)
    group.stop()
    nursery.drive_until(group, lambda: group.is_over)
    assert [child.exitcode for child in nursery.ended] == [0, 0]


def test_without_respawn_a_group_is_over_when_all_have_ended(nursery):
    group = nursery.group(2, code="import os", respawn=False)
    nursery.drive_until(group, lambda: group.is_over)
    assert nursery.reported(events.ChildStarted) == 2


def test_a_roll_starts_nothing_in_the_place_of_a_child_that_is_not_replaced(nursery):
    group = nursery.group(2, code="import os", respawn=False)
    nursery.drive_until(group, lambda: group.is_over)
    group.roll()
    group.attend(time.monotonic())
    assert group.is_over
    assert nursery.reported(events.ChildStarted) == 2


def test_children_lead_process_groups_of_their_own(nursery):
    group = nursery.full(2)
    assert [os.getpgid(child.pid) for child in group.children] == [child.pid for child in group.children]


def test_what_a_child_starts_is_not_tied_to_its_supervisor(nursery):
    code = PROGRAM.replace("while True", "assert membership() is None and 'RQ_SUPERVISOR' not in os.environ\n    Path('free').touch()\n    while True")
    nursery.full(1, code=code)
    wait_until((nursery.folder / "free").exists)
