"""Opening an embedded server: this process's claim on it, and starting it where it does not run."""

from __future__ import annotations

import itertools
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from rq.core.errors import EmbeddedError
from rq.embedded.binary import find_server_binary
from rq.embedded.directory import ServerDirectory, prepare_directory, socket_path
from rq.embedded.launching import Orders, launch_watcher
from rq.embedded.locks import if_unlocked, is_locked, open_lock_file, try_lock
from rq.embedded.resp import ServerState, probe, strengthen_fsync
from rq.embedded.url import Target, parse_embedded_url

if TYPE_CHECKING:
    from pathlib import Path

# How long a server may say nothing; one that reads its data from disk says so, and may take any time.
PATIENCE_SECONDS = 30.0

_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """An embedded server that runs as long as this handle is not released and this process lives.

    Attributes:
        directory: where its data lives; absolute, symbolic links resolved.
        socket_path: its unix socket; short enough to connect to, whatever the directory.
        database: the number of the database that the URL named.
    """

    directory: Path
    socket_path: Path
    database: int
    _target: Target = field(repr=False)
    _number: int = field(repr=False)

    @property
    def redis_url(self) -> str:
        """The URL that `redis.Redis.from_url` takes, `unix:///…/valkey.sock?db=0`."""
        return f"unix://{quote(os.fspath(self.socket_path))}?db={self.database}"

    def ensure_running(self) -> None:
        """Make sure that the server runs and that this process has a claim on it; call it when a connection was lost.

        It matters after the server and its watcher were both killed, and in a process forked from the one that
        opened: a forked child has no claim, so the server may stop under it when the parent has gone. Cheap where
        nothing is wrong.

        Raises:
            EmbeddedError: as `open_embedded`.
        """
        _CLAIMS.hold(self._target, self._number)

    def release(self) -> None:
        """Give the claim back; soon after the last one the server stops. Calling it again does nothing."""
        _CLAIMS.drop(self.directory, self._number)


def open_embedded(url: str) -> EmbeddedServer:
    """Open the server behind an `embedded://` URL, starting it if need be; it stays until `release()` or process end.

    Blocks until the server answers: some 0.1 s if it must be started, as long as it takes to read its data from disk,
    and about a millisecond if it runs. May be called again for the same directory, from any thread: all handles of a
    process share one claim. A process forked later inherits none and may open for itself.

    Args:
        url: `embedded://` or `embedded:///path/to/dir`, with the options `?db=N` (0 to 15), `fsync=always` (if any user
            asks for it, it holds for all until the server stops) and `linger=SECONDS` (that of the process that starts
            the server counts).

    Raises:
        EmbeddedUrlError: the URL makes no sense.
        EmbeddedError: the directory is not usable, no server program is installed, or it does not start.
    """
    target = parse_embedded_url(url)
    number = next(_NUMBERS)
    directory = _CLAIMS.hold(target, number)
    return EmbeddedServer(target.directory, socket_path(directory), target.database, target, number)


class _Claim:
    """The lock on `users.lock` that this process holds, and the handles it holds it for."""

    def __init__(self, directory: ServerDirectory) -> None:
        self.fd = open_lock_file(directory.users_lock)
        self.handles: set[int] = set()

    def take(self, directory: ServerDirectory) -> None:
        """Lock, waiting for a watcher that is just stopping the server, and tell the watcher that somebody came.

        Raises:
            EmbeddedError: The watcher does not come to an end.
        """
        if not try_lock(self.fd, shared=True, within_seconds=PATIENCE_SECONDS):
            raise EmbeddedError(f"the server in {directory.path} has been stopping for {PATIENCE_SECONDS} s")
        os.utime(self.fd)

    def is_of(self, directory: ServerDirectory) -> bool:
        """Whether its file is still the one in the directory, which somebody may have deleted meanwhile."""
        try:
            return os.path.samestat(os.fstat(self.fd), directory.users_lock.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Unlock; in a forked child, let go of the parent's lock without touching it."""
        os.close(self.fd)


class _Claims:
    """The claims of this process, one per directory.

    There is one such table per process, because it is processes that the kernel's locks count.
    """

    def __init__(self) -> None:
        self._mutex = threading.RLock()
        self._by_directory: dict[Path, _Claim] = {}

    def hold(self, target: Target, handle: int) -> ServerDirectory:
        """Claim the server for `handle` and see to it that it runs."""
        with self._mutex:
            directory = prepare_directory(target.directory)
            claim = self._claim_of(directory)
            try:
                claim.take(directory)
                _ensure_running(directory, target)
                claim.handles.add(handle)
            finally:
                if not claim.handles:  # it failed, and nobody here had a claim before
                    self._close(directory.path)
            return directory

    def drop(self, path: Path, handle: int) -> None:
        """Take `handle` away, and the claim if it was the last one."""
        with self._mutex:
            claim = self._by_directory.get(path)
            if claim is None:
                return
            claim.handles.discard(handle)
            if not claim.handles:
                self._close(path)

    def forget(self) -> None:
        """In a forked child: let go of the parent's locks, so that the child does not keep the server alive."""
        claims, self._by_directory = self._by_directory, {}
        self._mutex = threading.RLock()  # another thread may have held it when the process was forked
        for claim in claims.values():
            claim.close()

    def _claim_of(self, directory: ServerDirectory) -> _Claim:
        claim = self._by_directory.get(directory.path)
        if claim is not None and claim.is_of(directory):
            return claim
        try:
            fresh = _Claim(directory)
        except OSError as error:
            raise EmbeddedError(f"{directory.path} cannot be used for an embedded server: {error}") from error
        # In the table before it is locked: from the first moment on, a forked child lets go of it.
        self._by_directory[directory.path] = fresh
        if claim is not None:
            fresh.handles |= claim.handles
            claim.close()
        return fresh

    def _close(self, path: Path) -> None:
        self._by_directory.pop(path).close()


def _ensure_running(directory: ServerDirectory, target: Target) -> None:
    """Wait until the server answers and has a watcher, starting what is missing; the caller holds a claim."""
    address = socket_path(directory)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        state = probe(address)
        watched = is_locked(directory.watcher_lock)
        if watched and state is ServerState.READY:
            break
        if state is ServerState.LOADING:
            deadline = time.monotonic() + PATIENCE_SECONDS
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the server in {directory.path} does not answer; {directory.last_words()}")
        if watched or not _start_watcher(directory, target):
            time.sleep(_PAUSE_SECONDS)
    if target.fsync == "always":
        strengthen_fsync(address)


def _start_watcher(directory: ServerDirectory, target: Target) -> bool:
    """Start a watcher and say so, unless another process is just doing that, or has done it."""
    with if_unlocked(directory.start_lock) as is_ours:
        if not is_ours or is_locked(directory.watcher_lock):
            return False
        launch_watcher(Orders(directory, find_server_binary(), target.fsync, target.linger_seconds))
        return True


_NUMBERS = itertools.count()
_CLAIMS = _Claims()
os.register_at_fork(after_in_child=_CLAIMS.forget)
