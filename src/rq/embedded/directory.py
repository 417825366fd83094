"""The directory of an embedded server: the names of its files, its permissions, and a short way to its socket."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rq.core.errors import EmbeddedError

# The address of a unix socket holds 108 bytes on Linux and 104 on macOS, with a closing zero.
_LONGEST_SOCKET_PATH = 100
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SHORT_PLACE = Path("/tmp")  # noqa: S108 - the folder made in it is checked to be ours alone
_LARGEST_LOG_BYTES = 1 << 20
_TOLD_LOG_LINES = 3
_NAME_ANOTHER = "name another directory: embedded:///path/to/dir"


@dataclass(frozen=True, slots=True)
class ServerDirectory:
    """The files of one embedded server. `path` is absolute and real."""

    path: Path

    @property
    def users_lock(self) -> Path:
        """Shared by all users; its modification time is the last time somebody came."""
        return self.path / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held while a process starts a watcher."""
        return self.path / "start.lock"

    @property
    def watcher_lock(self) -> Path:
        """Held by the watcher."""
        return self.path / "watcher.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server."""
        return self.path / "server.lock"

    @property
    def config(self) -> Path:
        """The server's settings, written by the watcher."""
        return self.path / "valkey.conf"

    @property
    def log(self) -> Path:
        """What the server and the watcher say."""
        return self.path / "valkey.log"

    @property
    def socket(self) -> Path:
        """Where the server listens; this path may be too long to connect to, see `socket_path`."""
        return self.path / "valkey.sock"

    def last_words(self) -> str:
        """The end of the log, for an error message."""
        with suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()
            return f"the end of {self.log}: " + " | ".join(lines[-_TOLD_LOG_LINES:])
        return f"there is no log in {self.log}"

    def trim_log(self) -> None:
        """Set a large log aside as `valkey.log.1`, over an older one."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LARGEST_LOG_BYTES:
                self.log.rename(self.log.with_suffix(".log.1"))


def prepare_directory(path: Path) -> ServerDirectory:
    """Make `path` a directory that only this user can enter, creating it and its parents as needed.

    Raises:
        EmbeddedError: it cannot be created or written, belongs to another user, or is in use for other things by
        others.
    """
    try:
        path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        _keep_others_out(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise EmbeddedError(f"{path} cannot be the directory of an embedded server: a file stands in the way; {_NAME_ANOTHER}") from error
    except OSError as error:
        raise EmbeddedError(f"{path} cannot be the directory of an embedded server ({error.strerror}); {_NAME_ANOTHER}") from error
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise EmbeddedError(f"{path} is not writable; {_NAME_ANOTHER}")
    return ServerDirectory(path)


def socket_path(directory: ServerDirectory) -> Path:
    """A path to the server's socket that is short enough to connect to.

    The socket always lives in the directory, and the server binds it from there under its bare name. Where the full
    path is too long, it is reached through a symbolic link in a private folder under `/tmp`, made here by every
    process that needs it, so processes that see different `/tmp` still share one server.

    Raises:
        EmbeddedError: The link cannot be made.
    """
    direct = directory.socket
    if len(os.fsencode(direct)) <= _LONGEST_SOCKET_PATH:
        return direct
    try:
        return _short_link(directory.path) / direct.name
    except OSError as error:
        raise EmbeddedError(f"{direct} is too long for a socket, and has no short link: {error}") from error


def remove_short_path(directory: ServerDirectory) -> None:
    """Take away the short link that `socket_path` may have made; the next one who needs it makes it again."""
    with suppress(OSError):
        _link_to(directory.path).unlink()


def _keep_others_out(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise EmbeddedError(f"{path} belongs to user {status.st_uid}, not to you; name a directory of yours")
    if not status.st_mode & _OTHERS:
        return
    if any(path.iterdir()) and not ServerDirectory(path).users_lock.exists():
        raise EmbeddedError(f"{path} holds other files and is open to other users; name a directory of its own")
    path.chmod(stat.S_IRWXU)


def _short_link(target: Path) -> Path:
    link = _link_to(target)
    folder = link.parent
    folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
        raise EmbeddedError(f"{folder} is not yours alone; remove it, or name a shorter directory than {target}")
    if not (link.is_symlink() and link.readlink() == target):
        fresh = folder / f"{link.name}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
    return link


def _link_to(target: Path) -> Path:
    return _SHORT_PLACE / f"rq-embedded-{os.geteuid()}" / hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
