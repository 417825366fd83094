"""Imports modules, then forks programs on demand: `python -c <this text> ADDRESS MODULE... NAME=MODULE:FUNCTION...`.

Each connection to the socket ADDRESS brings a call: a line of JSON with `argv`, `env` and `cwd`, and the three streams as descriptors. `argv[0]` is a NAME, or
the path of a Python program. What is forked says `pid N` when it has become what the call asks for, and `status N` is said when it has ended (negative: the
signal that killed it). It is reaped when the caller hangs up, which kills it if it still runs. `refused` says that the variables of the call are for another
interpreter. Imports nothing of any library of ours: it serves RQ's, too.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Names the test that a process belongs to; always as long as this.
MARK_VARIABLE = "RQ_TEST_PROCESSES"
NO_MARK = "0" * 32

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """In a new process, or as a `preexec_fn`: the kernel kills this process when the thread that started it ends (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def said_to_the_interpreter(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an interpreter heeds when it starts."""
    return {name: value for name, value in env.items() if name.startswith("PYTHON")}


class ReadyServer:
    """Forks what it is called for.

    Args:
        address: where it listens.
        commands: the functions of command lines.
    """

    def __init__(self, address: str, commands: Mapping[str, Callable[[], Any]]) -> None:
        self._commands = commands
        self._interpreter = said_to_the_interpreter(os.environ)
        self._running: dict[socket.socket, int] = {}  # caller -> pid
        self._ended: dict[socket.socket, int] = {}  # the same, until the caller hangs up
        self._left: set[int] = set()  # whose callers hung up before
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._woken, self._wakes = socket.socketpair()
        for end in (self._woken, self._wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno())

    def serve(self) -> Callable[[], Any]:
        """Serve calls. Returns in the forks only, with what is to be done there."""
        while True:
            ready, _, _ = select.select([self._listener, self._woken, *self._running, *self._ended], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._tell_of_ends()
            for caller in {*ready} - {self._listener, self._woken}:
                self._let_go(caller)
            if self._listener in ready:
                run = self._answer(self._listener.accept()[0])
                if run is not None:
                    return run

    def _answer(self, caller: socket.socket) -> Callable[[], Any] | None:
        """Fork what a call asks for. Returns in the fork what is to be done there."""
        call, streams = _receive(caller)
        if call is None or said_to_the_interpreter(call["env"]) != self._interpreter:
            _tell(caller, "refused")
            caller.close()
        else:
            pid = os.fork()
            if pid == 0:
                self._close()
                _become(streams, **call)
                _tell(caller, f"pid {os.getpid()}")
                caller.close()
                return self._commands.get(sys.argv[0]) or _run_program
            self._running[caller] = pid
        for stream in streams:
            os.close(stream)
        return None

    def _close(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._listener, self._woken, self._wakes, *self._running, *self._ended):
            end.close()

    def _tell_of_ends(self) -> None:
        """Say how each ended. None is reaped: until the caller has heard of it, its number is nobody else's."""
        for caller, pid in list(self._running.items()):
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None:
                self._ended[caller] = self._running.pop(caller)
                _tell(caller, f"status {ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status}")
        self._left = {pid for pid in self._left if os.waitpid(pid, os.WNOHANG)[0] == 0}

    def _let_go(self, caller: socket.socket) -> None:
        """The caller hung up."""
        if caller in self._ended:
            os.waitpid(self._ended.pop(caller), 0)
        else:
            pid = self._running.pop(caller)
            os.kill(pid, signal.SIGKILL)
            self._left.add(pid)
            self._tell_of_ends()
        caller.close()


def _receive(caller: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Return a call and its streams; no call if the caller leaves before it has made one."""
    with suppress(ConnectionError):
        text, streams, _, _ = socket.recv_fds(caller, 1 << 16, 3)
        more = text
        while more and not text.endswith(b"\n"):
            more = caller.recv(1 << 16)
            text += more
        return json.loads(text) if more else None, streams
    return None, []


def _tell(caller: socket.socket, words: str) -> None:
    with suppress(ConnectionError):  # it is gone
        caller.sendall(f"{words}\n".encode())


def _become(streams: list[int], argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Take on a session, and a call's streams, folder, environment and arguments."""
    os.setsid()
    die_with_parent()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.chdir(cwd)
    _show_mark(env.get(MARK_VARIABLE, NO_MARK))
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = argv


def _show_mark(mark: str) -> None:
    """Put a mark where others see it. What this process and those that it forks show is the environment of the server, as it was when that started."""
    if _LIBC is None:
        return
    _LIBC.getenv.restype = ctypes.c_void_p
    place = _LIBC.getenv(MARK_VARIABLE.encode())
    if place and len(mark) == len(NO_MARK):
        ctypes.memmove(place, mark.encode(), len(mark))


def _run_program() -> None:
    """Run the Python program `sys.argv[0]` in place of this one."""
    path = sys.argv[0]
    sys.path[0] = os.path.dirname(path)  # noqa: PTH120 - as the interpreter does
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = path
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not imported for that
        code = compile(file.read(), path, "exec")
    exec(code, main.__dict__)


def main() -> Callable[[], Any]:
    """Import, listen, and serve."""
    address, *names = sys.argv[1:]
    commands = {}
    for name in names:
        command, _, place = name.rpartition("=")
        module, _, attribute = place.partition(":")
        imported = importlib.import_module(module)
        if command:
            commands[command] = getattr(imported, attribute)
    gc.collect()
    gc.freeze()
    server = ReadyServer(address, commands)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return server.serve()


if __name__ == "__main__":
    sys.exit(main()())
