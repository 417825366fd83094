"""The few words of the Redis protocol that starting and stopping a server takes, without a client library."""

from __future__ import annotations

import socket
from enum import Enum
from typing import TYPE_CHECKING

from rq.core.errors import EmbeddedError

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER_SECONDS = 1.0
# A CONFIG REWRITE or a SHUTDOWN waits for the disk.
_DISK_SECONDS = 30.0
_LONGEST_LINE = 1024


class ServerState(Enum):
    """What a server said to a PING."""

    ABSENT = "absent"  # nobody listens, or nobody answered within a second
    LOADING = "loading"  # it reads its data from disk
    READY = "ready"


def probe(socket_path: Path) -> ServerState:
    """Ask the server at `socket_path` how it is; takes a second at most."""
    try:
        answer = _first_line(socket_path, "PING", timeout=_ANSWER_SECONDS)
    except OSError:
        return ServerState.ABSENT
    if answer.startswith(b"-LOADING"):
        return ServerState.LOADING
    # Any other error also comes from a server at work: one that runs a long script (-BUSY), or that was given a
    # password.
    return ServerState.READY if answer else ServerState.ABSENT


def strengthen_fsync(socket_path: Path) -> None:
    """Make a running server write to disk before it answers, now and when it is started again.

    Raises:
        EmbeddedError: the server refused or went away.
    """
    for command in (("CONFIG", "SET", "appendfsync", "always"), ("CONFIG", "REWRITE")):
        try:
            answer = _first_line(socket_path, *command, timeout=_DISK_SECONDS)
        except OSError as error:
            answer = str(error).encode()
        if answer != b"+OK":
            reason = answer.decode(errors="replace")
            raise EmbeddedError(f"the server at {socket_path} does not take fsync=always: {reason or 'no answer'}")


def shut_down(socket_path: Path) -> None:
    """Ask the server to write what it has and to end; returns when it has closed the connection, or after 30 seconds.

    NOSAVE is about a snapshot, which would be a second copy: the append-only file is flushed and synced in any case.
    """
    try:
        _first_line(socket_path, "SHUTDOWN", "NOSAVE", timeout=_DISK_SECONDS)
    except OSError:
        return  # it went away meanwhile; whoever asked looks at its lock


def _first_line(socket_path: Path, *words: str, timeout: float) -> bytes:
    command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(socket_path))
        connection.sendall(command)
        line = b""
        while not line.endswith(b"\r\n") and len(line) < _LONGEST_LINE:
            received = connection.recv(_LONGEST_LINE)
            if not received:
                break
            line += received
        return line.split(b"\r\n", 1)[0]
