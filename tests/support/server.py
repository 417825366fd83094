"""A private Valkey server per test run, and further ones for tests that need their own.

Each listens on a loopback port and on a unix socket in a directory of its own. It is killed by the kernel if the test
run dies (Linux), and ended by its process id otherwise. Tests reach them through the fixtures in `tests/conftest.py`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rq.embedded.binary import find_server_binary
from tests.support.ready_server import die_with_parent
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from typing import Self

Setting = str | int | bool

_HOST = "127.0.0.1"
_START_ATTEMPTS = 5  # another process may take the free port between our look and the server's bind
_ALL_SLOTS = (0, 16383)


class ServerDidNotStart(Exception):  # noqa: N818 - it says what happened
    """The server ended before it answered; the message has its log."""


class ValkeyServer:
    """A Valkey server process under the control of a test.

    Attributes:
        directory: its working directory (log, socket, append-only file).
        host, port: where it listens; the port stays the same over `restart()`.
        socket_path: its unix socket.
        url, unix_url: the same as redis-py URLs, database 0.
    """

    def __init__(self, **options: Setting) -> None:
        """Take settings such as `appendonly=True` or `maxmemory="2mb"`, underscores for dashes; starts nothing yet."""
        self.directory = Path(tempfile.mkdtemp(prefix="rq-test-"))
        self.host = _HOST
        self.port = 0
        self.socket_path = self.directory / "valkey.sock"
        self._options = {name.replace("_", "-"): _written(value) for name, value in options.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._changed: dict[str, str] = {}
        self._clients: list[redis.Redis] = []
        self._resetting: redis.Redis | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process id; fails if it is not running."""
        assert self._process is not None, "the server is stopped"
        return self._process.pid

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket_path}?db=0"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        path = self.directory / "valkey.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def client(self, **options: Any) -> redis.Redis:
        """A client of its own, closed with the server; `options` as for `redis.Redis`."""
        client = redis.Redis(host=self.host, port=self.port, **options)
        self._clients.append(client)
        return client

    def start(self) -> None:
        """Start it and wait until it answers; does nothing if it runs."""
        if self.is_running:
            return
        if self.port:
            self._launch()
        else:
            self._launch_on_a_free_port()
        if self._options.get("cluster-enabled") == "yes":
            self._own_all_slots()

    def stop(self) -> None:
        """Shut it down cleanly (the append-only file, if any, is flushed) and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL it and wait for its end."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start it on the same port; without `appendonly="yes"` its data is gone."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers, until `resume()`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause()`."""
        os.kill(self.pid, signal.SIGCONT)

    def config_set(self, name: str, value: Setting) -> None:
        """Change a setting while it runs; `reset()` takes it back."""
        with redis.Redis(host=self.host, port=self.port, decode_responses=True) as client:
            before: dict[str, str] = client.config_get(name)
            client.config_set(name, _written(value))
        for key, old in before.items():
            self._changed.setdefault(key, old)

    def reset(self) -> None:
        """Make it as new for the next test: running, settings as at the start, no keys."""
        if self.is_running:
            self.resume()
        else:
            self._changed.clear()
            self.start()
        with self._control().pipeline(transaction=False) as pipe:
            pipe.execute_command("CLIENT", "UNPAUSE")
            while self._changed:
                pipe.config_set(*self._changed.popitem())
            pipe.flushall()
            pipe.execute()

    def close(self) -> None:
        """End it and remove its directory."""
        for client in self._clients:
            client.close()
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _control(self) -> redis.Redis:
        """The client of `reset()`: one for all tests, because a new one costs more than what it does."""
        if self._resetting is None:
            self._resetting = self.client()
        return self._resetting

    def _launch_on_a_free_port(self) -> None:
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = _free_port()
            try:
                return self._launch()
            except ServerDidNotStart:
                self.port = 0
                if attempt == _START_ATTEMPTS:
                    raise
        return None

    def _launch(self) -> None:
        with (self.directory / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                env={**os.environ, "LC_ALL": "C"},  # some builds refuse to start under a locale that is not installed
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no locks
            )
        wait_until(self._answers, message=lambda: f"the server does not answer; its log:\n{self.log}")

    def _command(self) -> list[str]:
        settings = {
            "bind": self.host,
            "port": str(self.port),
            "unixsocket": str(self.socket_path),
            "dir": str(self.directory),
            "save": "",
            **({"cluster-port": str(_free_port())} if self._options.get("cluster-enabled") == "yes" else {}),
            **self._options,
        }
        return [str(find_server_binary()), *(word for name, value in settings.items() for word in (f"--{name}", value))]

    def _answers(self) -> bool:
        if not self.is_running:
            raise ServerDidNotStart(f"the server ended at its start; its log:\n{self.log}")
        try:
            with redis.Redis(unix_socket_path=str(self.socket_path), retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False

    def _own_all_slots(self) -> None:
        with redis.Redis(host=self.host, port=self.port) as client:
            if client.execute_command("CLUSTER INFO")["cluster_slots_assigned"] == "0":
                client.execute_command("CLUSTER ADDSLOTSRANGE", *_ALL_SLOTS)
            wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _written(value: Setting) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
