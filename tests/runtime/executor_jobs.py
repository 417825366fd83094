"""Functions that the executor tests run as jobs.

Every job process of the tests imports this: what only few jobs need is imported by those.
"""

from __future__ import annotations

import ctypes
import dis
import faulthandler
import gc
import io
import json
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rq.core import context
from rq.model.outcome import Outcome, Released
from rq.runtime.executors import job_run

if TYPE_CHECKING:
    from rq.client.job import Job

STATE: list[str] = []


class Greeter:
    """Something with a method, that travels with its job."""

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def __len__(self) -> int:
        return 0  # false, and still there

    def greet(self, name: str) -> str:
        return f"{self.greeting}, {name}"


# --- results ----------------------------------------------------------------------------------------------------------


def nothing() -> None:
    pass


def describe(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs


async def add_slowly(a: int, b: int) -> int:
    import asyncio

    await asyncio.sleep(0)
    return a + b


async def leave_a_task_behind() -> str:
    import asyncio

    asyncio.get_running_loop().create_task(asyncio.sleep(3600))
    return "done"


def size_of(data: bytes) -> int:
    return len(data)


def many_bytes(count: int) -> bytes:
    return b"\xa5" * count


def unpicklable() -> Any:
    return lambda: None


class _LoopsWhenPickled:
    def __reduce__(self) -> NoReturn:
        while True:
            pass


def endless_to_pickle() -> Any:
    return _LoopsWhenPickled()


def current_attempt() -> tuple[str, str, int, bytes | None]:
    current: Any = context._stack.get()[0]  # the job itself may stand above its attempt
    attempt = current.attempt
    return attempt.job_id, attempt.queue, attempt.number, current.connection_settings


def environment(*names: str) -> list[str | None]:
    return [os.environ.get(name) for name in names]


def adapted_functions(*names: str) -> list[str]:
    """Those of some functions of `job_run` whose code CPython has adapted to what it met, by many calls."""
    codes = {name: getattr(job_run, name).__code__ for name in names}
    told = {name: [[one.opname for one in dis.get_instructions(code, adaptive=adaptive)] for adaptive in (False, True)] for name, code in codes.items()}
    return [name for name, (written, adapted) in told.items() if written != adapted]


def random_number() -> float:
    return random.random()


def process_facts() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "group": os.getpgrp(),
        "parent": os.getppid(),
        "sigterm": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "sigint": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "sigchld": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "fds": {fd: _target(fd) for fd in range(2048) if _target(fd)},
    }


def _target(fd: int) -> str:
    try:
        status = os.fstat(fd)
    except OSError:
        return ""
    return f"{status.st_mode:o}"


def monotonic() -> float:
    return time.monotonic()


# --- exceptions -------------------------------------------------------------------------------------------------------


def divide_by_zero() -> float:
    return 1 / 0


def leave(status: Any) -> NoReturn:
    sys.exit(status)


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def raise_unprintable() -> NoReturn:
    raise UnprintableError


def raise_huge() -> NoReturn:
    raise ValueError("\udcff" + "x" * 10_000_000)


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1) + 1


# --- time -------------------------------------------------------------------------------------------------------------


def sleep(seconds: float) -> None:
    time.sleep(seconds)


async def sleep_async(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def ignore_everything_and_sleep(seconds: float) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    time.sleep(seconds)


def wait_patiently(path: str) -> str:
    """Wait for a file, in steps in which an exception can be raised, and say who waited."""
    wait_patiently_for(path)
    return _who_runs()


async def wait_as_a_task(path: str) -> str:
    import asyncio

    while not os.path.exists(path):  # noqa: ASYNC110, ASYNC240, PTH110 - whoever makes the file is no task
        await asyncio.sleep(0.002)
    return _who_runs()


def wait_stubbornly(path: str) -> str:
    """As `wait_patiently`, whatever is raised meanwhile."""
    while True:
        with suppress(BaseException):
            return wait_patiently(path)


async def wait_stubbornly_as_a_task(path: str) -> str:
    import asyncio

    while not os.path.exists(path):  # noqa: ASYNC240, PTH110 - it takes no time worth mentioning
        with suppress(BaseException):
            await asyncio.sleep(0.002)
    return _who_runs()


async def leave_a_stubborn_task_behind(path: str) -> None:
    import asyncio

    asyncio.get_running_loop().create_task(wait_stubbornly_as_a_task(path))


async def exit_when_canceled() -> NoReturn:
    import asyncio

    asyncio.get_running_loop().create_task(_exit_at_last())
    await _exit_at_last()


async def _exit_at_last() -> NoReturn:
    import asyncio

    try:
        await asyncio.sleep(600)
    finally:
        raise SystemExit


def _who_runs() -> str:
    from rq.client.current import get_current_job

    job = get_current_job()
    assert job is not None
    return job.id


def note_stop(job: Job, connection: Any) -> None:
    STATE.append(f"stopped {job.id}")


def note_success(job: Job, connection: Any, result: Any) -> None:
    STATE.append(f"success {result} {threading.current_thread().name}")


def note_failure(job: Job, connection: Any, kind: type[BaseException], value: BaseException, trace: Any) -> None:
    STATE.append(f"failure {value!r}")


def note_error(job: Job, kind: type[BaseException], value: BaseException, trace: Any) -> None:
    STATE.append(f"error {kind.__name__}")


async def name_of_thread() -> str:
    return threading.current_thread().name


async def raise_as_a_task() -> None:
    import asyncio

    await asyncio.sleep(0)
    raise LookupError("no luck")


# --- ends -------------------------------------------------------------------------------------------------------------


def exit_at_once(status: int) -> NoReturn:
    os._exit(status)


def send_itself(number: int) -> None:
    faulthandler.disable()  # pytest's: its report would look like a failure
    os.kill(os.getpid(), number)
    time.sleep(60)


def crash() -> None:
    faulthandler.disable()
    ctypes.string_at(0)


def kill_zygote() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def signal_own_group() -> None:
    os.kill(0, signal.SIGTERM)
    time.sleep(60)


# --- mischief ---------------------------------------------------------------------------------------------------------


def close_everything(below: int) -> str:
    os.closerange(0, below)
    return "still here"


def return_twice() -> int:
    """The copy comes first."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return pid


def announce_and_sleep(path: str) -> None:
    """Write the pids of this process and of a child into a file, and sleep with it."""
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    _write(path, {"job": os.getpid(), "zygote": os.getppid(), "child": child.pid})
    time.sleep(600)


def leave_a_process_behind(path: str) -> int:
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    _write(path, {"child": child.pid})
    return child.pid


def leave_a_daemon_behind(path: str) -> NoReturn:
    """Die while a process of another group holds copies of all descriptors."""
    if os.fork() == 0:
        os.setsid()
        _write(path, {"daemon": os.getpid()})
        time.sleep(600)
    while not Path(path).exists():
        time.sleep(0.001)
    os._exit(0)


def leave_a_thread_behind() -> str:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return "done"


def print_text(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stderr.write(f"{text}\n")


def spoil_the_standard_library() -> str:
    for module in (os, socket, json, time):
        for name in ("write", "getpid", "_exit", "fstat", "socket", "dumps", "sleep"):
            if hasattr(module, name):
                setattr(module, name, None)
    sys.modules.clear()
    return "spoiled"


def append_state(value: str) -> list[str]:
    STATE.append(value)
    return list(STATE)


def _write(path: str, facts: dict[str, int]) -> None:
    temporary = Path(f"{path}.tmp")
    temporary.write_text(json.dumps(facts))
    temporary.rename(path)


# --- other ways of running an attempt ---------------------------------------------------------------------------------


def run_released(attempt: Any) -> Outcome:
    return Released(f"{attempt.job_id} in {os.getpid()}")


def run_nothing(attempt: Any) -> Any:
    return attempt.job_id


class MarkedJSON:
    """A serializer of the user, with a state."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def dumps(self, value: Any) -> bytes:
        return f"{self.mark}{json.dumps(value)}".encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data.decode().removeprefix(self.mark))


# --- processes that are kept ------------------------------------------------------------------------------------------


def process_id() -> int:
    return os.getpid()


def leave_traces(directory: str) -> None:
    """Change everything that is put back after a job."""
    os.chdir(directory)
    os.environ["LEFT_BY_A_JOB"] = "yes"
    os.environ.pop("HOME", None)
    os.umask(0o777)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 3600)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    sys.path.insert(0, directory)
    sys.argv.append("left")
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    sys.setrecursionlimit(200)
    sys.stdout = io.StringIO()
    gc.disable()


def traces() -> dict[str, Any]:
    mask = os.umask(0o077)
    os.umask(mask)
    return {
        "directory": str(Path.cwd()),
        "environment": {name: value for name, value in os.environ.items() if not name.startswith("RQ_")},
        "umask": mask,
        "sigterm": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "sigalrm": signal.getsignal(signal.SIGALRM) == signal.SIG_DFL,
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "path": sys.path,
        "argv": sys.argv,
        "limits": [resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_DATA)],
        "recursion": sys.getrecursionlimit(),
        "stdout": sys.stdout is sys.__stdout__,
        "garbage": gc.isenabled(),
    }


def lower_hard_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500))


def use_up_descriptors() -> None:
    with suppress(OSError):
        while True:
            os.dup(0)


def close_stdout() -> None:
    sys.stdout.close()


def leave_little_memory_later(path: str, done: str) -> None:
    """Have a thread take this process's memory away when the file is there, and say so by another one."""

    def take_away() -> None:
        wait_patiently_for(path)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 16 * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        Path(done).touch()

    threading.Thread(target=take_away, daemon=True).start()


def wait_patiently_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.002)


def use_memory(megabytes: int) -> int:
    return len(b"\xa5" * (megabytes * 1_000_000))


def name_of_job_class() -> str:
    from rq.client.current import get_current_job

    return type(get_current_job()).__name__


def raise_with_path(path: str) -> NoReturn:
    raise LookupError(path)


def write_error(job: Job, kind: type[BaseException], value: BaseException, trace: Any) -> None:
    _write(str(value.args[0]), {kind.__name__: 1})
