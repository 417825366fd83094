"""Programs that use an embedded server, and a view of that server from outside."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from rq.embedded import open_embedded
from rq.embedded.directory import ServerDirectory, socket_path
from rq.embedded.locks import if_unlocked, is_locked
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rq.embedded import EmbeddedServer
    from tests.support.processes import Processes, StartedProcess

LINGER_SECONDS = 0.2

# Opens argv[1], says which server process it found, and stays until it is told to end by a signal.
_USER = """
import signal, sys
from rq.embedded import open_embedded
import redis
server = open_embedded(sys.argv[1])
with redis.Redis.from_url(server.redis_url) as client:
    print(f"pid {client.info('server')['process_id']}.", flush=True)
signal.pause()
"""


@dataclass
class User:
    """A process that has opened a server and holds it."""

    process: StartedProcess

    @property
    def server_pid(self) -> int:
        """The process id of the server it found."""
        return int(self.process.wait_for_output(".").split("pid ")[1].split(".")[0])


class Place:
    """The directory of one server, and what can be seen of the server in it."""

    def __init__(self, path: Path, processes: Processes) -> None:
        self.path = path
        self.processes = processes

    @property
    def files(self) -> ServerDirectory:
        return ServerDirectory(self.path)

    def url(self, **options: object) -> str:
        query = "&".join(f"{name}={value}" for name, value in {"linger": LINGER_SECONDS, **options}.items())
        return f"embedded://{self.path}?{query}"

    def start_user(self, **options: object) -> User:
        """Start a process that opens the server; does not wait for it."""
        return User(self.processes.python(_USER, self.url(**options)))

    def user(self, **options: object) -> User:
        """Start a process that opens the server, and wait until it has."""
        user = self.start_user(**options)
        assert user.server_pid
        return user

    def client(self) -> redis.Redis:
        """A client that does not count as a user."""
        return redis.Redis(unix_socket_path=str(socket_path(self.files)))

    def is_quiet(self) -> bool:
        """Whether neither server nor watcher runs."""
        return not (is_locked(self.files.server_lock) or is_locked(self.files.watcher_lock))

    def has_users(self) -> bool:
        """Whether any process claims the server (or, for an instant, whether its watcher has just seen that none does)."""
        with if_unlocked(self.files.users_lock) as is_free:
            return not is_free

    def wait_until_quiet(self) -> None:
        wait_until(self.is_quiet, message=lambda: f"the server goes on; its log:\n{self.files.log.read_text()}")

    def log(self) -> str:
        return self.files.log.read_text()


@pytest.fixture
def place(tmp_path: Path, processes: Processes) -> Iterator[Place]:
    """A directory for an embedded server; the server has ended when the test has."""
    place = Place(tmp_path / "data", processes)
    yield place
    processes.end_started()
    if place.path.exists():
        place.wait_until_quiet()


@pytest.fixture
def server(place: Place) -> Iterator[EmbeddedServer]:
    """The server of `place`, opened by the test itself."""
    server = open_embedded(place.url())
    yield server
    server.release()


def parent_of(pid: int) -> int:
    """The watcher of a server that it started itself."""
    return int(subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pid)]))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not reaped yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip()[:1] not in {"", "Z"}


def times_woken(pid: int) -> list[str]:
    """How often the kernel has switched to each thread of a process (Linux)."""
    statuses = sorted(Path(f"/proc/{pid}/task").glob("*/status"))
    return [line for path in statuses for line in path.read_text().splitlines() if "ctxt_switches" in line]
