"""Whether the kernel has killed anything for want of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.runtime.executors.channel import Gone
from rq.runtime.executors.handles import death_of
from rq.runtime.executors.kill_counter import KillCounter

if TYPE_CHECKING:
    from pathlib import Path

SIGKILL, SIGSEGV = 9, 11


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "memory.events"
    path.write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    return path


def test_a_kill_since_the_last_look_is_seen_once(events: Path):
    counter = KillCounter([events])
    assert not counter.has_grown()
    events.write_text("oom_kill 3\n")
    assert counter.has_grown()
    assert not counter.has_grown()


@pytest.mark.parametrize("content", ["", "oom_kill\n", "oom_kill many\n", "nothing of that kind\n"])
def test_a_file_that_does_not_count_is_passed_over_for_the_next(events: Path, tmp_path: Path, content: str):
    first = tmp_path / "first"
    first.write_text(content)
    counter = KillCounter([tmp_path / "missing", first, events])
    events.write_text("oom_kill 3\n")
    assert counter.has_grown()


def test_without_any_file_nothing_is_suspected(tmp_path: Path):
    assert not KillCounter([tmp_path / "missing"]).has_grown()


def test_this_system_can_be_asked():
    assert not KillCounter().has_grown()


def test_a_process_killed_while_the_count_grew_probably_wanted_too_much_memory(events: Path):
    counter = KillCounter([events])
    assert death_of(Gone(1, SIGKILL, 0, 0.0), counter).reason == "The job's process was killed by signal 9 (SIGKILL)"
    events.write_text("oom_kill 3\n")
    assert death_of(Gone(1, SIGSEGV, 0, 0.0), counter).reason == "The job's process was killed by signal 11 (SIGSEGV)"
    assert death_of(Gone(1, SIGKILL, 0, 0.0), counter).reason == (
        "The job's process was killed by signal 9 (SIGKILL), probably by the system, for want of memory"
    )
