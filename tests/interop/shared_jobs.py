"""Jobs that both libraries run; imported as a module of its own, so it needs neither."""

from __future__ import annotations

import os
import sys
from typing import Any


def add(a: int = 0, b: int = 0) -> int:
    """Return the sum."""
    return a + b


def fail() -> None:
    """Raise."""
    raise ValueError("it broke")


def succeeded(job: Any, connection: Any, result: Any) -> None:
    """Say so on the server."""
    connection.rpush("callbacks", f"{job.id} {job.get_status(refresh=False).value} {result}")


def failed(job: Any, connection: Any, kind: type[BaseException], value: BaseException, trace: Any) -> None:
    """Say so on the server."""
    connection.rpush("callbacks", f"{job.id} {job.get_status(refresh=False).value} {kind.__name__} {value}")


def whose() -> str:
    """Return which library's interpreter runs this: its prefix."""
    return sys.prefix


def note(path: str, word: str) -> str:
    """Append a line in one write."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{word}\n".encode())
    os.close(descriptor)
    return sys.prefix
