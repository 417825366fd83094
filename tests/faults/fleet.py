"""A small fleet of real workers that a test kills and replaces, and what must be true of the server afterwards."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rq.core.keys import Keyspace
from rq.store.connection import Caller
from rq.store.reads import list_results, read_job
from rq.store.scripts import ScriptLibrary
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.support.processes import Processes, StartedProcess

PROGRAM = Path(__file__).with_name("worker_program.py")
KEYS = Keyspace()
SCRIPTS = ScriptLibrary(KEYS)


class Fleet:
    """Workers of one class on one queue; every one that ends is replaced by `replace_ended`."""

    def __init__(
        self, processes: Processes, client: redis.Redis, url: str, size: int, *, class_name: str = "Worker", lease: float = 2.0, name: str = "w"
    ) -> None:
        self._processes = processes
        self._client = client
        self._arguments = (url, class_name, str(lease))
        self._name = name
        self._random = random.Random(name)
        self.ever_started: list[StartedProcess] = []  # each called by the place it has here
        self.workers = [self._start() for _ in range(size)]

    def _start(self) -> StartedProcess:
        worker = self._processes.script(PROGRAM, *self._arguments, self._name_of(len(self.ever_started)), "faults")
        self.ever_started.append(worker)
        return worker

    def replace_ended(self) -> None:
        """Start a new worker for each that is gone."""
        self.workers = [worker if worker.is_running else self._start() for worker in self.workers]

    def wait_until_listening(self) -> None:
        """Wait until every worker is registered; before, a signal finds nobody who heeds it."""
        names = [self._name_of(self.ever_started.index(worker)) for worker in self.workers]
        wait_until(lambda: None not in self._client.zmscore(KEYS.presence, names), 30, "the workers did not register")

    def _name_of(self, number: int) -> str:
        return f"{self._name}{number}"

    def kill(self, worker: StartedProcess, victim: str) -> None:
        """SIGKILL the worker, one process below it (its zygote or a job's process), or both."""
        below = descendants(worker.pid)
        if victim in {"child", "both"} and below:
            kill_process(self._random.choice(below))
        if victim in {"worker", "both"}:
            worker.send_signal(signal.SIGKILL)
            worker.wait()

    @property
    def busy(self) -> list[StartedProcess]:
        """The workers with a job's process beside their zygote; all of them if there is none such."""
        return [worker for worker in self.workers if len(descendants(worker.pid)) > 1] or self.workers

    def stop(self) -> None:
        """Ask all to stop, and insist that they do so well."""
        for worker in self.workers:
            assert worker.is_running, worker.output
        self.wait_until_listening()
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            assert worker.wait() == 0, worker.output


def descendants(pid: int) -> list[int]:
    """Return the pids of all processes below this one."""
    found: list[int] = []
    todo = [pid]
    while todo:
        tasks: list[Path] = []
        with suppress(OSError):  # it ended meanwhile
            tasks += Path(f"/proc/{todo.pop()}/task").glob("*/children")
        for task in tasks:
            with suppress(OSError):
                children = [int(child) for child in task.read_text().split()]
                found += children
                todo += children
    return found


def kill_process(pid: int) -> None:
    """SIGKILL a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def lines_of(audit: Path) -> list[tuple[str, str, str]]:
    """Return what the jobs wrote down: (word, job, pid)."""
    if not audit.exists():
        return []
    return [(word, job, pid) for word, job, pid in (line.split() for line in audit.read_text().splitlines())]


def times_begun(audit: Path) -> Counter[str]:
    """Return how often each job began."""
    return Counter(job for word, job, _ in lines_of(audit) if word == "begin")


def assert_all_finished_once(client: redis.Redis, job_ids: list[str]) -> None:
    """Every job is finished, stands in the finished registry alone, and has exactly one successful result."""
    caller = Caller(client)
    assert client.llen(KEYS.queue("faults")) == 0
    registries = {kind: client.zrange(KEYS.registry(kind, "faults"), 0, -1) for kind in ("finished", "failed", "scheduled", "deferred", "canceled", "wip")}
    assert sorted(registries.pop("finished")) == sorted(job_id.encode() for job_id in job_ids)
    assert {kind: members for kind, members in registries.items() if members} == {}
    for job_id in job_ids:
        record = caller.run(read_job(SCRIPTS, job_id))
        assert record is not None, f"{job_id} is lost"
        assert record.status == "finished", record
        assert record.execution_id is None
        successes = [result for result in caller.run(list_results(SCRIPTS, job_id)) if result.type.name == "SUCCESSFUL"]
        assert len(successes) == 1, f"{job_id} is recorded as finished {len(successes)} times"


def assert_nothing_left_behind(client: redis.Redis) -> None:
    """No lease, no held or caught job, no registration; whatever else a dead worker leaves expires by itself."""
    for pattern in (
        "rq:wip:*",
        "rq:execution:*",
        "rq:executions:*",
        "rq:x:caught:*",
        "rq:x:worker:*",
        "rq:x:workers",
        "rq:workers",
        "rq:workers:*",
        "rq:x:bad:*",
    ):
        assert list(client.scan_iter(pattern, count=10_000)) == [], pattern
    for key in client.scan_iter("rq:worker:*", count=10_000):
        assert 0 < client.ttl(key) <= 60, key
