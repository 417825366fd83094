"""Job processes find imported what earlier jobs imported, unless that could hurt somebody or has changed since."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from rq.core.serializers import JSONSerializer
from rq.model.outcome import Raised, Returned
from rq.runtime.executors.fork import ForkExecutor
from tests.runtime.driving import (
    LIMIT,
    Modules,
    attempt_at,
    attempt_with,
    call,
    drive_until,
    in_processes,
    preload,
    run,
)
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


# --- preloading and renewal -------------------------------------------------------------------------------------------


@in_processes
def test_a_module_is_imported_once_for_twenty_jobs(modules: Modules, forking: ForkExecutor) -> None:
    modules.write("counted", "def function(): return 1")
    assert call(forking, "counted.function") == 1
    preload(forking, "counted")
    warm = modules.imports_of("counted")
    assert warm == 2
    assert [call(forking, "counted.function") for _ in range(20)] == [1] * 20
    assert modules.imports_of("counted") == warm


@in_processes
def test_a_module_that_is_imported_ahead_finds_itself_in_no_job(modules: Modules, forking: ForkExecutor) -> None:
    modules.write("ahead", "import os\nSEEN = [name for name in os.environ if name.startswith('RQ_')]\ndef function(): return SEEN")
    call(forking, "ahead.function")
    preload(forking, "ahead")
    assert call(forking, "ahead.function") == []


@in_processes
def test_modules_named_in_advance_are_imported_before_the_first_job(modules: Modules, start: Callable[..., ForkExecutor]) -> None:
    modules.write("early", "def function(): return 1")
    executor = start(modules=["early"])
    preload(executor, "early")
    assert call(executor, "early.function") == 1
    assert modules.imports_of("early") == 1


@in_processes
def test_an_executor_that_does_not_learn_preloads_nothing(modules: Modules, start: Callable[..., ForkExecutor]) -> None:
    modules.write("unlearned", "def function(): return 1")
    executor = start(learns=False)
    assert [call(executor, "unlearned.function") for _ in range(3)] == [1] * 3
    assert modules.imports_of("unlearned") == 3
    assert not executor.preloaded


@in_processes
def test_the_modules_of_methods_and_of_json_payloads_are_preloaded_too(modules: Modules, start: Callable[..., ForkExecutor]) -> None:
    modules.write("in_json", "def function(): return 1")
    executor = start(serializer=JSONSerializer)
    assert run(executor, attempt_with(b'["in_json.function", null, [], {}]')) == Returned(b"1")
    preload(executor, "in_json")


@in_processes
def test_a_module_that_changes_is_seen_by_the_next_job(modules: Modules, forking: ForkExecutor) -> None:
    modules.write("imported", "VALUE = 'first'")
    modules.write("changing", "import imported\ndef function(): return 'old', imported.VALUE")
    assert call(forking, "changing.function") == ("old", "first")
    preload(forking, "changing")
    modules.write("changing", "import imported\ndef function(): return 'brand-new', imported.VALUE")
    assert call(forking, "changing.function") == ("brand-new", "first")
    preload(forking, "changing")
    modules.write("imported", "VALUE = 'the second'")
    assert call(forking, "changing.function") == ("brand-new", "the second")
    preload(forking, "changing")
    assert call(forking, "changing.function") == ("brand-new", "the second")


@in_processes
def test_a_module_that_changes_while_it_is_preloaded_is_not_kept(modules: Modules, forking: ForkExecutor) -> None:
    """The preload reads the old file; the file changes; the preload ends; a job comes and must see the new file."""
    gate = modules.path / "gate"
    os.mkfifo(gate)
    modules.write(
        "slow_to_import",
        f"""
        import os
        if "RQ_JOB_ID" not in os.environ:
            open({str(modules.path / "begun")!r}, "w").close()
            open({str(gate)!r}).read()
        def function(): return "old"
        """,
    )
    assert call(forking, "slow_to_import.function") == "old"
    drive_until(forking, (modules.path / "begun").exists, "the preload did not begin")
    modules.write("slow_to_import", "def function(): return 'brand-new'")
    gate.write_text("go on")
    preload(forking, "slow_to_import")
    assert call(forking, "slow_to_import.function") == "brand-new"


@in_processes
def test_an_installed_package_that_changes_is_seen_a_second_later(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, start: Callable[..., ForkExecutor]
) -> None:
    installed = Modules(modules.path / "site-packages")
    installed.path.mkdir()
    monkeypatch.syspath_prepend(str(installed.path))
    installed.write("package", "def function(): return 'old'")
    executor = start()
    assert call(executor, "package.function") == "old"
    preload(executor, "package")
    installed.write("package", "def function(): return 'brand-new'")
    before = time.monotonic()
    wait_until(lambda: call(executor, "package.function") == "brand-new", LIMIT)
    assert time.monotonic() - before < 5


@in_processes
def test_a_module_that_was_removed_is_missed_by_the_next_job(modules: Modules, forking: ForkExecutor) -> None:
    modules.write("removed", "def function(): return 1")
    assert call(forking, "removed.function") == 1
    preload(forking, "removed")
    (modules.path / "removed.py").unlink()
    outcome = run(forking, attempt_at("removed.function"))
    assert isinstance(outcome, Raised)
    assert call(forking, "describe") == ((), {})


_UNFIT = {
    "starts_a_thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "thread",
    ),
    "opens_a_socket": ("import socket; S = socket.socket()", "socket"),
    "starts_a_process": (
        "import subprocess, sys; P = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        "process",
    ),
    "changes_directory": ("import os; os.chdir('/')", "working directory"),
    "handles_signals": ("import signal; signal.signal(signal.SIGUSR1, lambda *_: None)", "signals"),
    "patches": ("import time; time.sleep = print", "patched"),
    "sets_an_alarm": ("import signal; signal.alarm(1000)", "timer"),
    "raises": ("import os\nif 'RQ_JOB_ID' not in os.environ: raise ValueError('not here')", "not here"),
    "exits": ("import os, sys\nif 'RQ_JOB_ID' not in os.environ: sys.exit(3)", "SystemExit"),
    "ends_the_process": ("import os\nif 'RQ_JOB_ID' not in os.environ: os._exit(3)", "ended the process"),
    "kills_itself": ("import os\nif 'RQ_JOB_ID' not in os.environ: os.kill(os.getpid(), 9)", "ended the process"),
}


@in_processes
@pytest.mark.parametrize("name", _UNFIT)
def test_a_module_that_nobody_should_be_forked_after_is_left_to_the_jobs(modules: Modules, forking: ForkExecutor, name: str) -> None:
    source, reason = _UNFIT[name]
    modules.write(name, f"{source}\ndef function(): return 1")
    modules.write("harmless", "def function(): return 2")
    assert call(forking, f"{name}.function") == 1
    drive_until(forking, lambda: name in forking.excluded, "the module was not excluded")
    assert reason in forking.excluded[name]
    assert call(forking, f"{name}.function") == 1
    assert call(forking, "harmless.function") == 2
    preload(forking, "harmless")
    assert name not in forking.preloaded
    assert call(forking, f"{name}.function") == 1


@in_processes
def test_a_module_that_hangs_when_it_is_imported_holds_up_nobody(modules: Modules, forking: ForkExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rq.runtime.executors.lineage.START_SECONDS", 1.0)
    modules.write("hangs", "import os, time\nif 'RQ_JOB_ID' not in os.environ: time.sleep(600)\ndef function(): return 1")
    assert call(forking, "hangs.function") == 1
    for _ in range(10):
        assert call(forking, "hangs.function") == 1
    drive_until(forking, lambda: "hangs" in forking.excluded, "the module was not excluded")
    assert "longer than" in forking.excluded["hangs"]
    assert call(forking, "hangs.function") == 1
