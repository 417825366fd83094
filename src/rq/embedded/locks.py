"""Advisory locks on files (`flock`): the kernel takes them away when their last holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE_SECONDS = 0.005


def open_lock_file(path: Path) -> int:
    """Open (and create, for its owner only) a file to lock; the descriptor is closed in programs started from here."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(fd: int, *, shared: bool = False, within_seconds: float = 0.0) -> bool:
    """Take the lock if nobody holds it (or, shared, if nobody holds it exclusively), and say whether it was taken.

    `flock` has no time limit of its own, so with `within_seconds` this tries again every few milliseconds.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


def wait_for_lock(fd: int) -> None:
    """Sleep in the kernel until the lock is free, and take it exclusively."""
    fcntl.flock(fd, fcntl.LOCK_EX)


def unlock(fd: int) -> None:
    """Give the lock back and keep the file open."""
    fcntl.flock(fd, fcntl.LOCK_UN)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of `path` exclusively."""
    with _opened(path) as fd:
        return not try_lock(fd, shared=True)


@contextmanager
def if_unlocked(path: Path) -> Iterator[bool]:
    """Hold the lock of `path` exclusively in the `with` block, which is told whether it was free."""
    with _opened(path) as fd:
        yield try_lock(fd)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = open_lock_file(path)
    try:
        yield fd
    finally:
        os.close(fd)  # closing unlocks: nobody else has this open file
