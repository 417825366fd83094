"""A queue, and a worker small enough to be told what to do: it takes a job and says how its attempt ended."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq.core.keys import Keyspace
from rq.model.fate import Fate
from rq.model.settlement import Finish
from rq.queue import Queue
from rq.store.connection import Caller
from rq.store.scripts import ScriptLibrary
from tests.store.harness import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rq.store.settle import AttemptKey

SENTINEL = "the end of what was watched"


class HandWorker:
    """Claims and settles through the store, with the server's own clock."""

    def __init__(self, client: redis.Redis) -> None:
        self._store = Store(client, Caller(client))
        client.delete(self._store.keys.test_clock)
        self._store.scripts = ScriptLibrary(Keyspace())

    def take(self, queue: str = "default", worker: str = "hand") -> AttemptKey:
        if not self._store.client.exists(self._store.keys.worker(worker)):
            self._store.birth(worker, (queue,))
        return self._store.take(worker, queue)

    def finish(self, value: Any = None, ttl: int = 500) -> None:
        self._store.finish(self.take(), None if value is None else pickle.dumps(value), ttl)

    def finish_with(self, fate: Fate) -> None:
        self._store.settle(self.take(), Finish(None, 500), fate=fate)

    def fail(self, ttl: int = 1000) -> None:
        self._store.fail(self.take(), ttl)

    def stop(self) -> None:
        self._store.stop(self.take())


@pytest.fixture
def queue(redis_client: redis.Redis) -> Queue:
    return Queue(connection=redis_client)


@pytest.fixture
def worker(redis_client: redis.Redis) -> HandWorker:
    return HandWorker(redis_client)


class Watch:
    """What clients sent to the server; the commands inside scripts are not counted."""

    def __init__(self) -> None:
        self.commands: list[str] = []


@pytest.fixture
def watched(redis_url: str) -> Any:
    """A context manager that collects the commands that reach the server meanwhile."""

    @contextmanager
    def watch() -> Iterator[Watch]:
        seen = Watch()
        with redis.Redis.from_url(redis_url) as other, redis.Redis.from_url(redis_url) as sender, other.monitor() as monitor:
            sender.ping()
            yield seen
            sender.echo(SENTINEL)
            for entry in monitor.listen():
                if SENTINEL in entry["command"]:
                    break
                if entry["client_type"] != "lua":
                    seen.commands.append(entry["command"])
        connecting = ("CLIENT", "HELLO", "SELECT", "PING")
        seen.commands = [command for command in seen.commands if not command.upper().startswith(connecting)]

    return watch
