"""Where there is no fork and no POSIX signal: everything imports, producers work, and workers run jobs in fresh interpreters."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

import rq as package
from rq.job import Job
from tests.support.bare_platform import write_sitecustomize
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str | None]:
    """An environment in which every interpreter runs on a platform like that."""
    folder = tmp_path / "bare"
    folder.mkdir()
    return {"PYTHONPATH": os.pathsep.join([str(write_sitecustomize(folder)), str(ROOT / "src"), str(ROOT)])}


def test_the_platform_lacks_what_it_should(bare: dict[str, str | None], processes: Processes) -> None:
    program = """
        import os, signal
        try:
            import fcntl
        except ImportError:
            print(hasattr(os, "fork"), hasattr(signal, "SIGKILL"))
    """
    assert processes.python(program, env=bare).succeed() == "False False\n"


def test_every_door_can_be_imported(bare: dict[str, str | None], processes: Processes) -> None:
    program = """
        import importlib, sys
        for name in sys.argv[1:]:
            importlib.import_module(f"rq.{name}")
        import rq.cli.main
    """
    processes.python(program, *package._DOORS, env=bare).succeed()


def test_producers_work(bare: dict[str, str | None], processes: Processes, redis_client: redis.Redis, redis_url: str) -> None:
    program = """
        import sys, redis
        from rq import Queue
        print(Queue(connection=redis.Redis.from_url(sys.argv[1])).enqueue("tasks.greet").id)
    """
    job_id = processes.python(program, redis_url, env=bare).succeed().strip()
    assert Job.fetch(job_id, connection=redis_client).get_status() == "queued"


def test_a_worker_picks_fresh_interpreters_and_says_so_in_one_line(bare: dict[str, str | None], rq: Rq, redis_client: redis.Redis) -> None:
    (rq.folder / "slow.py").write_text("import time\ndef wait():\n    while True: time.sleep(0.01)\n")
    ids = [rq.enqueue("tasks.greet", "bob"), rq.enqueue("tasks.fail"), rq.enqueue("slow.wait", job_timeout=1)]
    worker = rq.start("worker", "--burst", env=bare)
    worker.succeed(timeout=60)
    jobs: list[Any] = Job.fetch_many(ids, connection=redis_client)
    assert [job.get_status().value for job in jobs] == ["finished", "failed", "failed"]
    assert jobs[0].return_value() == "hello bob"
    assert "JobTimeoutException" in jobs[2].latest_result().exc_string
    (line,) = [line for line in worker.output.splitlines() if "cannot fork" in line]
    assert line.endswith("this platform cannot fork (it has no os.fork); jobs run in fresh interpreters, as with --executor spawn")


@pytest.mark.parametrize("executor", ["warm", "threads", "asyncio", "inline"])
def test_the_other_executors_run_jobs_too(executor: str, bare: dict[str, str | None], rq: Rq, redis_client: redis.Redis) -> None:
    job_id = rq.enqueue("tasks.greet", "bob")
    rq.run("worker", "--burst", "-q", "--executor", executor, env=bare)
    assert Job.fetch(job_id, connection=redis_client).return_value() == "hello bob"


def test_fork_is_refused_with_what_it_lacks(bare: dict[str, str | None], rq: Rq) -> None:
    sentence = rq.refuse("worker", "--burst", "--executor", "fork", status=2, env=bare)
    assert sentence == "The executor fork needs os.fork, which this platform has not; use spawn"
