"""Jobs that print, and jobs that need memory."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.runtime.executor_jobs import ignore_everything_and_sleep

if TYPE_CHECKING:
    import redis

    from rq.job import Job


def say(*words: str) -> int:
    """Print each word on a line of its own."""
    for word in words:
        print(word)  # noqa: T201 - that is what is tried
    return len(words)


def say_in_every_way() -> None:
    say("printed")
    sys.stderr.write("to stderr\n")
    logging.StreamHandler(sys.stdout).emit(logging.makeLogRecord({"msg": "logged"}))


def count_to(number: int) -> None:
    say(*map(str, range(number)))


def say_and_fail(word: str) -> NoReturn:
    say(word)
    raise ValueError(word)


def say_and_be_killed(word: str) -> None:
    say(word)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def say_and_leave(word: str) -> NoReturn:
    say(word)
    os._exit(3)


def say_and_sleep(word: str, seconds: float) -> None:
    say(word)
    time.sleep(seconds)


def say_and_ignore_everything(word: str, seconds: float) -> None:
    say(word)
    ignore_everything_and_sleep(seconds)


def say_and_wait_for(word: str, started: str, path: str) -> None:
    say(word)
    Path(started).touch()
    while not Path(path).exists():
        time.sleep(0.005)


def say_with_a_copy() -> None:
    """Print, and have a copy of this process print."""
    say("first")
    pid = os.fork()
    if pid == 0:
        say("of the copy")
        os._exit(0)
    os.waitpid(pid, 0)
    say("last")


def close_everything_and_say(word: str) -> None:
    for fd in set(range(3, 1024)) - {sys.stdout.fileno()}:
        with suppress(OSError):
            os.close(fd)
    say(word)


def take_at_once(mebibytes: int) -> int:
    return len(bytearray(mebibytes * 1024 * 1024))


def take_bit_by_bit() -> NoReturn:
    taken: list[object] = []
    while True:
        taken.append([object() for _ in range(1000)])


def say_when_stopped(job: Job, connection: redis.Redis) -> None:
    say("stopped")
