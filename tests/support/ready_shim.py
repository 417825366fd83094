"""Stands in a shell for a command that is forked from a `ReadyProgram`: `python -S ready_shim.py ADDRESS rq ARGUMENTS...`. Imports next to nothing."""

import _socket  # the module around it imports four times as much as this program does
import array
import json
import os
import signal
import sys

_PASSED_ON = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}


def main() -> int:
    """Have the command forked with these streams, folder and environment, pass on signals, and end as it does; it ends with this process."""
    address, *argv = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)  # until there is somebody to pass them on to
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(address)
    call = json.dumps({"argv": argv, "env": dict(os.environ), "cwd": os.getcwd()})  # noqa: PTH109 - what pathlib imports is much
    server.sendmsg([f"{call}\n".encode()], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    word, number = _read(server)
    if word == "pid":
        for passed_on in _PASSED_ON:
            signal.signal(passed_on, lambda received, _: os.kill(number, received))  # it is not reaped before this process ends
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        word, number = _read(server)
    return 128 - number if number < 0 else number  # as a shell tells it


def _read(server: _socket.socket) -> tuple[str, int]:
    line = b""
    while not line.endswith(b"\n"):
        byte = server.recv(1)
        if not byte:
            sys.exit("ready_shim.py: the process that forks commands has ended")
        line += byte
    word, _, number = line.decode().partition(" ")
    if word == "refused\n":
        sys.exit("ready_shim.py: this environment is that of another interpreter (PYTHON...)")
    return word, int(number)


if __name__ == "__main__":
    sys.exit(main())
