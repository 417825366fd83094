"""The supervisor of groups of processes, as a program: it needs the main thread for its signals."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import InvalidOptionError
from rq.runtime.children import Child, Program, child_of
from rq.runtime.pool import PoolSupervisor
from rq.runtime.process_group import ProcessGroup
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.processes import StartedProcess

# Two groups of quiet programs, and a thread that does what stands in argv[1].
SUPERVISOR = """
    import logging, sys, threading
    from rq.runtime.children import Program, child_of
    from rq.runtime.pool import PoolSupervisor
    from rq.runtime.process_group import ProcessGroup

    logging.basicConfig(format="%(message)s", stream=sys.stdout)

    def group(name, count, code="import signal; signal.pause()", tells_ready=False):
        program = Program([sys.executable, "-c", code], tells_ready=tells_ready)
        return ProcessGroup(name, count, lambda child: child_of(child, program))

    supervisor = PoolSupervisor([group("web", 2), group("cron", 1)], name="all", fail_fast=True)
    threading.Thread(target=exec, args=(sys.argv[1], globals())).start()
    sys.exit(supervisor.run())
"""

ONCE_STARTED = """
import os
cron = supervisor.groups["cron"]
while not cron.children:
    os.sched_yield()
"""

# Starting an interpreter takes long on a machine that does ten other things.
LIMIT = 60.0

LEAVE_AN_ORPHAN = """
import os, subprocess
orphan = int(subprocess.run(["sh", "-c", "sleep 0.1 > /dev/null & echo $!"], stdout=subprocess.PIPE).stdout)
while os.path.exists(f"/proc/{orphan}"):
    os.sched_yield()
print("reaped", flush=True)
supervisor.stop()
"""


def wait_for_lines(pool: StartedProcess, fragment: str, count: int = 1) -> None:
    wait_until(lambda: pool.output.count(fragment) >= count, LIMIT, lambda: pool.output)


def test_every_group_is_kept_at_its_size_and_stopped_by_one_signal(processes):
    pool = processes.python(SUPERVISOR, "pass")
    wait_for_lines(pool, "Pool all: started with PID")
    wait_for_lines(pool, "Pool web: started", 2)
    wait_for_lines(pool, "Pool cron: started", 1)
    pool.send_signal(signal.SIGTERM)
    output = pool.succeed(LIMIT)
    assert output.count("killed by SIGTERM") == 3
    assert output.endswith("Pool all: stopped\n")


def test_a_thread_may_change_the_size_of_a_group(processes):
    pool = processes.python(SUPERVISOR, f"{ONCE_STARTED}supervisor.scale(3, 'web'); supervisor.scale(0, 'cron')")
    wait_for_lines(pool, "Pool web: scaled from 2 to 3")
    wait_for_lines(pool, "Pool web: started", 3)
    wait_for_lines(pool, "Pool cron: scaled from 1 to 0")
    wait_for_lines(pool, "killed by SIGTERM")
    pool.terminate()
    assert pool.succeed(LIMIT).count("killed by SIGTERM") == 4


def test_a_group_can_be_added_and_another_removed_while_it_runs(processes):
    pool = processes.python(SUPERVISOR, f"{ONCE_STARTED}supervisor.add(group('more', 1))\nsupervisor.remove('cron')")
    wait_for_lines(pool, "Pool more: started more.1-")
    wait_for_lines(pool, "killed by SIGTERM")
    pool.terminate()
    assert pool.succeed(LIMIT).count("killed by SIGTERM") == 4


def test_one_group_alone_can_be_restarted(processes):
    pool = processes.python(SUPERVISOR, "supervisor.roll('web')")
    wait_for_lines(pool, "Pool web: all processes were restarted")
    assert "cron: restarting" not in pool.output
    pool.terminate()
    pool.succeed(LIMIT)


def test_a_program_may_stop_it(processes):
    pool = processes.python(SUPERVISOR, "supervisor.stop()")
    assert "warm shut down requested by the program" in pool.succeed(LIMIT)


def test_a_group_that_cannot_start_ends_all_with_its_status_if_so_wished(processes):
    pool = processes.python(SUPERVISOR, "supervisor.add(group('broken', 2, 'import sys; sys.exit(7)', tells_ready=True))")
    assert pool.wait(LIMIT) == 7
    assert "shut down requested by the failure of its processes to start" in pool.output


def test_children_that_do_not_leave_when_told_to_leave_at_once_are_killed(processes):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); [signal.pause() for _ in iter(int, 1)]"
    code = SUPERVISOR.replace("logging.basicConfig", "import rq.runtime.pool; rq.runtime.pool.COLD_SECONDS = 0.2; logging.basicConfig")
    pool = processes.python(code, f"supervisor.add(group('deaf', 1, {deaf!r}))")
    wait_for_lines(pool, "deaf\n")
    pool.terminate()
    wait_for_lines(pool, "warm shut down")

    def press_again():
        pool.terminate()
        return "cold shut down" in pool.output

    wait_until(press_again, LIMIT)
    wait_for_lines(pool, "killed deaf.1-")
    pool.succeed(LIMIT)


def can_be_init() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-Urpf", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_be_init(), reason="needs a pid namespace of its own")
def test_the_first_process_of_a_container_reaps_what_others_leave_behind(processes):
    pool = processes.start(["unshare", "-Urpf", "--mount-proc", "--kill-child", sys.executable, "-c", textwrap.dedent(SUPERVISOR), LEAVE_AN_ORPHAN])
    assert "reaped" in pool.succeed(LIMIT)


def test_what_makes_no_sense_is_refused():
    def make(name: str) -> Child:
        return child_of(name, Program(["true"]))

    groups = [ProcessGroup(name, 0, make) for name in ("a", "b")]
    supervisor = PoolSupervisor(groups)
    with pytest.raises(InvalidOptionError, match="cannot have -1"):
        supervisor.scale(-1, "a")
    with pytest.raises(InvalidOptionError, match="one of a, b"):
        supervisor.scale(1)
    with pytest.raises(InvalidOptionError, match="Say which group"):
        supervisor.roll("c")
    with pytest.raises(InvalidOptionError, match="already"):
        supervisor.add(ProcessGroup("a", 1, make))
