"""What a server was asked to do: every command, and whether a script or a connection asked."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Watched:
    """The names of commands, in order: sent by connections, and run inside scripts."""

    sent: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)


@contextmanager
def watched_commands(client: redis.Redis) -> Iterator[Watched]:
    """Fill a `Watched` with the commands that the server gets from anybody while the block runs."""
    watched = Watched()
    end = uuid.uuid4().hex
    settings = {name: client.connection_pool.connection_kwargs[name] for name in ("host", "port")}
    with redis.Redis(**settings) as own, own.monitor() as monitor:
        own.ping()
        while "PING" not in monitor.next_command()["command"]:
            continue  # our own greetings
        yield watched
        own.echo(end)
        while True:
            seen = monitor.next_command()
            if end in seen["command"]:
                return
            names = watched.inside if seen["client_type"] == "lua" else watched.sent
            names.append(seen["command"].split(" ", 1)[0].upper())
