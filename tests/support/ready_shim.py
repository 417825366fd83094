"""Stands in a shell for a command that is forked from a `ReadyProgram`: `python -S ready_shim.py ADDRESS rq ARGUMENTS...`. Imports next to nothing."""

import _socket  # the module around it imports four times as much as this program does
import array
import json
import os
import signal
import sys


def main() -> int:
    """Have the command forked with these streams, folder and environment, pass on the signals that come for it, and end as it does."""
    address, *argv = sys.argv[1:]
    reports = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    reports.connect(address)
    call = json.dumps({"argv": argv, "env": dict(os.environ), "cwd": os.getcwd()})  # noqa: PTH109 - what pathlib imports is much
    reports.sendmsg([f"{call}\n".encode()], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    pid = int(_read_line(reports))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    status = int(_read_line(reports))
    return 128 - status if status < 0 else status  # as a shell tells it


def _read_line(reports: _socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += reports.recv(1)
    return line


if __name__ == "__main__":
    sys.exit(main())
