"""Functions that the tests of callbacks run as jobs and as their callbacks. What happened, and where, goes into the list `seen`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from rq import get_current_job
from rq.job import Job, Retry
from tests.runtime.executor_jobs import ignore_everything_and_sleep

if TYPE_CHECKING:
    import redis

SEEN = "seen"


def note(connection: redis.Redis, *words: object) -> None:
    connection.rpush(SEEN, " ".join(str(word) for word in words))


def seen_in(connection: redis.Redis) -> list[str]:
    return [str(word, "ascii") for word in connection.lrange(SEEN, 0, -1) if isinstance(word, bytes)]


# --- jobs ---


def give(value: Any) -> Any:
    return value


def fail() -> NoReturn:
    raise ZeroDivisionError("the job broke")


def say_where() -> int:
    job = get_current_job()
    assert job is not None
    note(job.connection, "job", os.getpid())
    return os.getpid()


def ask_again() -> Retry:
    return Retry(max=3, interval=[5, 7], enqueue_at_front=True)


def ask_again_unspeakably() -> Retry:
    retry = Retry(max=1)
    retry.secret = lambda: None  # type: ignore[attr-defined]
    return retry


def fork_and_return_twice() -> int:
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return pid


def kind_of_current_job() -> str:
    return type(get_current_job()).__name__


# --- callbacks ---


def succeeded(job: Job, connection: redis.Redis, result: Any) -> None:
    note(connection, "succeeded", job.id, job.get_status(refresh=False).value, repr(result), get_current_job() is job)


def failed(job: Job, connection: redis.Redis, kind: Any, value: Any, trace: Any) -> None:
    assert isinstance(value, kind)
    note(connection, "failed", job.id, job.get_status(refresh=False).value, kind.__name__, get_current_job() is job, trace.tb_frame.f_code.co_name)


def stopped(job: Job, connection: redis.Redis) -> None:
    note(connection, "stopped", job.id, job.get_status(refresh=False).value, get_current_job() is job)


def say_where_afterwards(job: Job, connection: redis.Redis, *about: Any) -> None:
    note(connection, "callback", os.getpid())


async def succeeded_slowly(job: Job, connection: redis.Redis, result: Any) -> None:
    note(connection, "awaited", result)


def break_down(job: Job, connection: redis.Redis, *about: Any) -> NoReturn:
    raise LookupError("the callback broke")


def exit_afterwards(job: Job, connection: redis.Redis, *about: Any) -> NoReturn:
    raise SystemExit(3)


def sleep_a_while(job: Job, connection: redis.Redis, *about: Any) -> None:
    note(connection, "sleeping")
    time.sleep(2.5)
    note(connection, "slept")


def sleep_for_long(job: Job, connection: redis.Redis, *about: Any) -> None:
    time.sleep(60)


def ignore_the_time(job: Job, connection: redis.Redis, *about: Any) -> None:
    note(connection, "ignoring")
    ignore_everything_and_sleep(60)


def die(job: Job, connection: redis.Redis, *about: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# --- classes of jobs ---


class OwnJob(Job):
    """Says what is called, and when."""

    def perform(self) -> Any:
        note(self.connection, "perform")
        return super().perform()

    def _execute(self) -> Any:
        note(self.connection, "_execute")
        return super()._execute()

    def execute_success_callback(self, death_penalty_class: Any, result: Any) -> None:
        note(self.connection, "execute_success_callback", result)
        super().execute_success_callback(death_penalty_class, result)

    def execute_failure_callback(self, death_penalty_class: Any, *exc_info: Any) -> None:
        note(self.connection, "execute_failure_callback", exc_info[0].__name__)
        super().execute_failure_callback(death_penalty_class, *exc_info)

    def execute_stopped_callback(self, death_penalty_class: Any) -> None:
        note(self.connection, "execute_stopped_callback")
        super().execute_stopped_callback(death_penalty_class)


class PlainJob(Job):
    """Another class, with nothing of its own."""


# --- exception handlers: each writes into the file that its job was given ---


def fail_with_a_log(path: str) -> None:
    raise ValueError(path)


def first_handler(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _note(job, f"first:{kind.__name__}")


def broken_handler(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> bool:
    raise RuntimeError("the handler itself broke")


def last_handler(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> bool:
    _note(job, f"last:{kind.__name__}")
    return False


def handler_of_tracebacks(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
    lines = 1
    while trace.tb_next is not None:
        trace, lines = trace.tb_next, lines + 1
    _note(job, str(lines))


def _note(job: Job, line: str) -> None:
    with Path(job.args[0]).open("a") as file:
        file.write(f"{line}\n")


class LoudJob(Job):
    """A class of jobs with a way of its own."""

    def perform(self) -> Any:
        return f"{super().perform()}!"
