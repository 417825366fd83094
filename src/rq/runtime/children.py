"""Child processes of a supervisor: command lines, or forks of this program, each tied to it by a socket.

The socket says what signals cannot: the child writes a byte when it is ready for work, and its end tells the child that the supervisor is gone, even by SIGKILL
(`rq.runtime.membership` is the child's side). Each child leads a process group of its own: Ctrl+C in a terminal reaches the supervisor alone, which passes it
on once.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

# Where a child finds its end of the socket: the descriptor, and the inode for which it is to be believed, `7:4711`.
SUPERVISOR_VARIABLE = "RQ_SUPERVISOR"
READY = b"!"

# What is ready for work without saying so has lived that long.
READY_AFTER_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.05


class Process(Protocol):
    """A process that was started here."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Return its exit status if it has ended (negative: the signal that killed it), else None; reaps it."""


Launch = Callable[[socket.socket], Process]
"""Starts a process that gets this end of the socket; raises OSError if the system refuses."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command line to run as a child.

    Args:
        argv: the program and its arguments.
        env: its environment; None for the supervisor's.
        cwd: the directory it runs in; None for the supervisor's.
        tells_ready: whether it says by itself when it is ready, as `rq worker` does. What does not is taken to be ready when it has lived for a second.
    """

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: str | None = None
    tells_ready: bool = True

    def launch(self, end: socket.socket, output: int | None = None) -> Process:
        """Start it.

        Args:
            end: its end of the socket.
            output: the descriptor that gets all it writes; None: where this program writes.

        Raises:
            OSError: there is no such program, or the system refuses.
        """
        environment = dict(os.environ if self.env is None else self.env)
        environment.pop(SUPERVISOR_VARIABLE, None)
        descriptors = []
        if self.tells_ready:
            environment[SUPERVISOR_VARIABLE] = f"{end.fileno()}:{os.fstat(end.fileno()).st_ino}"
            descriptors.append(end.fileno())
        return subprocess.Popen(  # noqa: S603 - the command line is the user's
            list(self.argv), env=environment, cwd=self.cwd, pass_fds=descriptors, process_group=0, stdout=output, stderr=output
        )


def child_of(name: str, program: Program) -> Child:
    """Return a child that runs a command line; not started yet."""
    return Child(name, program.launch, tells_ready=program.tells_ready)


class Child:
    """One child process.

    Args:
        name: tells it from every other child, of this run and of others.
        launch: starts it.
        tells_ready: see `Program`.
        message: what it finds at its end of the socket when it begins.
        last_words: returns what it said last of why it ended, '' for nothing; asked a moment after its end.
    """

    def __init__(self, name: str, launch: Launch, *, tells_ready: bool = True, message: bytes = b"", last_words: Callable[[], str] = lambda: "") -> None:
        self.name = name
        self.last_words = last_words
        self.generation = 0  # in which of its owner's rolls it was started
        self.exitcode: int | None = None
        self.is_ready = False
        self.started_at = 0.0
        self._launch = launch
        self._tells_ready = tells_ready
        self._message = message
        self._process: Process | None = None
        self._channel: socket.socket | None = None
        self._is_silent = False  # it has closed its end, and will never say anything

    def start(self) -> None:
        """Start the process.

        Raises:
            OSError: the system refuses.
        """
        self._channel, theirs = socket.socketpair()
        try:
            self._process = self._launch(theirs)
        except BaseException:  # whatever it was, an interruption too: nobody else would close our end
            self.close_channel()
            raise
        finally:
            theirs.close()
        with suppress(BrokenPipeError, ConnectionResetError):  # it has ended already, which is noticed as always
            self._channel.sendall(self._message)
        self._channel.setblocking(False)
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Its process id; None before its start."""
        return self._process.pid if self._process else None

    @property
    def lived_seconds(self) -> float:
        """For how long it has lived so far."""
        return time.monotonic() - self.started_at

    def is_alive(self) -> bool:
        """Say whether it runs; reaps it if it has ended."""
        if self._process is None or self.exitcode is not None:
            return False
        self.look()
        self.exitcode = self._process.poll()
        if self.exitcode is not None:
            self.close_channel()
        return self.exitcode is None

    def look(self) -> None:
        """Note whether it has become ready."""
        if not self._tells_ready:
            self.is_ready = self.is_ready or self.lived_seconds >= READY_AFTER_SECONDS
        elif self._channel is not None:
            with suppress(BlockingIOError, ConnectionResetError):
                said = self._channel.recv(64)
                self.is_ready, self._is_silent = self.is_ready or bool(said), not said

    def will_be_ready_at(self) -> float | None:
        """Return when to look whether it is ready, a `time.monotonic()`; None if it says so by itself, or is ready."""
        return None if self._tells_ready or self.is_ready else self.started_at + READY_AFTER_SECONDS

    def fileno(self) -> int | None:
        """Return what becomes readable when it is ready; None once it is, or if it will never say so."""
        is_awaited = self._tells_ready and not self.is_ready and not self._is_silent
        return self._channel.fileno() if self._channel is not None and is_awaited else None

    def close_channel(self) -> None:
        """Close our end of the socket: the child is gone; or this is another child, forked with it, which must not keep it open."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or that many seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE_SECONDS
        while self.is_alive() and (deadline is None or time.monotonic() < deadline):
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def send_signal(self, number: int) -> None:
        """Signal the process, unless it has ended."""
        if self.is_alive() and self._process is not None:
            os.kill(self._process.pid, number)  # not reaped yet, so the pid is still its own

    def end_description(self) -> str:
        """Return how it ended, for people."""
        return describe_end(self.exitcode)


def describe_end(exitcode: int | None) -> str:
    """Return what an exit status means, for people."""
    if exitcode is None:
        return "still running"
    if exitcode >= 0:
        return f"ended with status {exitcode}"
    try:
        return f"killed by {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"killed by signal {-exitcode}"
