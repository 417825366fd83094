"""Imports modules, then forks programs on demand: `python -c <this text> ADDRESS MODULE... NAME=MODULE:FUNCTION...`.

Each connection to the socket ADDRESS brings a call: a line of JSON with `argv`, `env` and `cwd`, and the three streams as descriptors; it gets the pid, and at
the end the exit status (negative: the signal that killed it), a line each. `argv[0]` is a NAME, or the path of a Python program. Imports nothing of any library
of ours: it serves RQ's, too.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """In a new process, or as a `preexec_fn`: the kernel kills this process when the thread that started it ends (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for_calls(address: str, *names: str) -> Callable[[], Any]:
    """Serve calls and tell how each process ended. Returns in the forks, with what is to be done there."""
    commands = {}
    for name in names:
        command, _, place = name.rpartition("=")
        module, _, attribute = place.partition(":")
        imported = importlib.import_module(module)
        if command:
            commands[command] = getattr(imported, attribute)
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    woken, wakes = socket.socketpair()
    woken.setblocking(False)
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    children: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([listener, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _report_ends(children)
        if listener not in ready:
            continue
        caller, _ = listener.accept()
        call, streams = _receive(caller)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (listener, woken, wakes, caller, *children.values()):
                end.close()
            _become(streams, **call)
            return commands.get(sys.argv[0]) or _run_program
        for stream in streams:
            os.close(stream)
        children[pid] = caller
        _tell(caller, pid)


def _receive(caller: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, streams, _, _ = socket.recv_fds(caller, 1 << 16, 3)
    while not text.endswith(b"\n"):
        text += caller.recv(1 << 16)
    return json.loads(text), streams


def _report_ends(children: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with children.pop(pid) as caller:
                _tell(caller, os.waitstatus_to_exitcode(status))


def _tell(caller: socket.socket, number: int) -> None:
    with suppress(ConnectionError):  # whoever called is gone
        caller.sendall(f"{number}\n".encode())


def _become(streams: list[int], argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Take on a session, and a call's streams, folder, environment and arguments."""
    os.setsid()
    die_with_parent()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = argv


def _run_program() -> None:
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    sys.exit(wait_for_calls(*sys.argv[1:])())
