"""The watcher: a small detached process that starts an embedded server, keeps it up, and stops it after its last user.

It never polls. One thread sleeps until the server's lock is free (the server ended), another until the users' lock is
free (nobody is left); the main thread sleeps until one of them, or a SIGTERM, has something to say.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from enum import Enum
from queue import Empty, SimpleQueue

from rq.core.errors import EmbeddedError
from rq.embedded.directory import remove_short_path, socket_path
from rq.embedded.launching import HELD, READY, Orders
from rq.embedded.locks import open_lock_file, try_lock, unlock, wait_for_lock
from rq.embedded.resp import ServerState, probe, shut_down

_STDIN, _STDOUT = 0, 1
_PAUSE_SECONDS = 0.005
# How long a server may take to answer, or to end, without saying that it is busy with its data.
_PATIENCE_SECONDS = 25.0
# Openers look whether the watcher's lock is free by taking it for an instant; that must not turn a new watcher away.
_GLANCE_SECONDS = 0.5
# A revived server that dies again so soon is started again only after a pause.
_QUICK_DEATH_SECONDS = 5.0
_PAUSE_AFTER_QUICK_DEATH_SECONDS = 1.0

_SETTINGS = """\
# Written when the server starts: changes made here are lost.
port 0
unixsocket valkey.sock
unixsocketperm 700
databases 16
maxmemory-policy noeviction
save ""
appendonly yes
appendfsync {fsync}
"""


class Event(Enum):
    """What wakes the watcher."""

    SERVER_ENDED = "server ended"
    NOBODY_LEFT = "nobody left"
    TOLD_TO_END = "told to end"


def main(arguments: list[str]) -> None:
    """Detach from the process that started this one, and watch until nobody is left; answers on stdout, once."""
    if os.fork():
        os._exit(0)  # whoever started us waits for this process, so that it need not reap the watcher
    os.umask(0o077)
    orders = Orders.from_arguments(arguments)
    watcher = Watcher(orders)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGTERM, lambda *_: watcher.events.put(Event.TOLD_TO_END))
    for number in (signal.SIGINT, signal.SIGHUP):  # of a terminal that is not the watcher's
        signal.signal(number, signal.SIG_IGN)
    fd = open_lock_file(orders.directory.watcher_lock)
    if not try_lock(fd, within_seconds=_GLANCE_SECONDS):
        return _answer(HELD)
    try:
        watcher.bring_up()
    except (EmbeddedError, OSError) as error:
        return _answer(str(error))
    _answer(READY)
    watcher.watch()
    remove_short_path(orders.directory)
    # The other locks go with the process. In this order, whoever gets the users' lock finds no watcher.
    return os.close(fd)


class Watcher:
    """Looks after one server.

    Attributes:
        events: what happened and was not dealt with yet; a SimpleQueue, because a signal handler puts into it.
    """

    def __init__(self, orders: Orders) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._orders = orders
        self._directory = orders.directory
        self._address = socket_path(orders.directory)
        self._server_lock = open_lock_file(self._directory.server_lock)
        self._users_lock = open_lock_file(self._directory.users_lock)
        self._server: subprocess.Popen[bytes] | None = None  # None: another watcher started it, and we adopted it
        self._revived_at = -math.inf

    def bring_up(self) -> None:
        """Start the server, or adopt one whose watcher was killed; returns when it answers.

        Raises:
            EmbeddedError: it does not start, or one is there and does not answer.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not try_lock(self._server_lock):
            state = probe(self._address)
            if state is ServerState.READY:
                return _say("adopted the server")
            if state is ServerState.LOADING:
                deadline = time.monotonic() + _PATIENCE_SECONDS
            if time.monotonic() > deadline:
                raise EmbeddedError(f"a server is running but does not answer; {self._directory.last_words()}")
            time.sleep(_PAUSE_SECONDS)
        self._directory.config.write_text(_SETTINGS.format(fsync=self._orders.fsync))
        return self._start()

    def watch(self) -> None:
        """Start the server again whenever it dies under its users; returns when it ended because none is left."""
        self._call_when(self._server_lock, Event.SERVER_ENDED)
        self._call_when(self._users_lock, Event.NOBODY_LEFT)
        while True:
            event = self.events.get()
            if event is Event.SERVER_ENDED:
                if not self._revive():
                    return None
            elif event is Event.TOLD_TO_END or self._stays_unused():
                _say(f"stopping the server: {event.value}")
                return self._stop()
            else:
                self._call_when(self._users_lock, Event.NOBODY_LEFT)

    def _start(self) -> None:
        """Start the server. It inherits its lock, so from then on the lock is free when the server has ended."""
        inherited = self._server_lock
        self._server = subprocess.Popen(  # noqa: S603 - the program that the opener found
            [self._orders.binary, self._directory.config.name],
            cwd=self._directory.path,
            env={**os.environ, "LC_ALL": "C"},  # some builds refuse to start under a locale that is not installed
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
            pass_fds=(inherited,),
        )
        os.close(inherited)
        self._server_lock = open_lock_file(self._directory.server_lock)
        self._wait_until_ready(self._server)

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (state := probe(self._address)) is not ServerState.READY:
            if server.poll() is not None:
                raise EmbeddedError(f"the server ended at its start; {self._directory.last_words()}")
            if state is ServerState.LOADING:
                deadline = time.monotonic() + _PATIENCE_SECONDS
            if time.monotonic() > deadline:
                server.kill()
                raise EmbeddedError(f"the server does not answer; {self._directory.last_words()}")
            time.sleep(_PAUSE_SECONDS)

    def _revive(self) -> bool:
        """After the server's death, start it again if somebody uses it; says whether it runs."""
        if self._server is not None:
            self._server.wait()
        if try_lock(self._users_lock):
            _say("the server ended, and nobody uses it")
            return False
        _say("the server died while in use; starting it again")
        if time.monotonic() - self._revived_at < _QUICK_DEATH_SECONDS:
            time.sleep(_PAUSE_AFTER_QUICK_DEATH_SECONDS)
        self._revived_at = time.monotonic()
        try:
            self._start()
        except (EmbeddedError, OSError) as error:
            _say(f"giving up: {error}")  # the next process that opens it tries again, and is told why it fails
            return False
        self._call_when(self._server_lock, Event.SERVER_ENDED)
        return True

    def _stays_unused(self) -> bool:
        """Whether nobody comes for the length of the linger; if so, the users' lock is ours: nobody can come now."""
        while True:
            last_arrival = os.fstat(self._users_lock).st_mtime_ns
            unlock(self._users_lock)
            with suppress(Empty):
                self.events.put(self.events.get(timeout=self._orders.linger_seconds))
                return False  # something else happened, and comes first
            if not try_lock(self._users_lock):
                return False
            if os.fstat(self._users_lock).st_mtime_ns == last_arrival:
                return True

    def _stop(self) -> None:
        """Make the server write what it has and end, and wait for that."""
        if self._server is None:
            shut_down(self._address)
        else:
            self._server.terminate()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (seconds := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                if self.events.get(timeout=seconds) is Event.SERVER_ENDED:
                    return
        if self._server is not None:
            self._server.kill()  # the append-only file bears it: at most its last entry is cut off, and then dropped

    def _call_when(self, lock: int, event: Event) -> None:
        """Put `event` into the queue as soon as `lock` could be taken."""

        def wait() -> None:
            wait_for_lock(lock)
            self.events.put(event)

        # A daemon: when the watcher ends, it may still sleep in the kernel, where nothing can wake it.
        threading.Thread(target=wait, daemon=True).start()


def _answer(text: str) -> None:
    """Tell the process that started this one, if it still lives, and let go of its pipe."""
    with suppress(BrokenPipeError):
        os.write(_STDOUT, text.encode(errors="replace"))
    os.dup2(_STDIN, _STDOUT)


def _say(text: str) -> None:
    """Write a line to the log, which the server writes to as well."""
    print(f"{os.getpid()}:W {time.strftime('%d %b %Y %H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201
