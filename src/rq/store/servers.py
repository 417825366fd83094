"""From a URL to a client; `embedded://` URLs too.

A client of an embedded server holds the process's claim on it, and starts the server again if it is found gone when a connection is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
import redis.asyncio

from rq.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from rq.embedded import EmbeddedServer

EMBEDDED_SCHEME = "embedded:"

# Where a URL of these names its database behind the host.
_NETWORK_SCHEMES = ("redis://", "rediss://")


class EmbeddedConnection(redis.UnixDomainSocketConnection):
    """A connection to the private server of a directory.

    Args:
        embedded_url: the `embedded://` URL that names it.
        settings: as for any connection over a unix socket; `path` follows from the URL.
    """

    def __init__(self, *, embedded_url: str, **settings: Any) -> None:
        self.embedded_url = embedded_url
        settings["path"] = str(_open(embedded_url).socket_path)
        initialize: Callable[..., None] = super().__init__
        initialize(**settings)

    def _connect(self) -> Any:
        make: Callable[[], Any] = super()._connect
        try:
            return make()
        except OSError:
            _open(self.embedded_url).ensure_running()
            return make()


class EmbeddedAsyncioConnection(redis.asyncio.UnixDomainSocketConnection):
    """An asyncio connection to the private server of a directory; as `EmbeddedConnection`."""

    def __init__(self, *, embedded_url: str, **settings: Any) -> None:
        self.embedded_url = embedded_url
        settings["path"] = str(_open(embedded_url).socket_path)
        initialize: Callable[..., None] = super().__init__
        initialize(**settings)

    async def _connect(self) -> None:
        make: Callable[[], Awaitable[None]] = super()._connect
        try:
            await make()
        except OSError:
            _open(self.embedded_url).ensure_running()
            await make()


def connect(url: str, client_class: type[redis.Redis] = redis.Redis, **settings: Any) -> redis.Redis:
    """Return a client for a URL. Nothing is sent; an embedded server is started if it does not run.

    Args:
        url: `redis://`, `rediss://` or `unix://` as redis-py takes them, or `embedded://` (the user's own private server) or `embedded:///path/to/dir`.
        client_class: the class of the client.
        settings: of its connections, as for `redis.Redis.from_url`.

    Raises:
        EmbeddedError: the embedded server cannot be started.
        ValueError: the URL makes no sense.
    """
    if not url.startswith(EMBEDDED_SCHEME):
        _check_database(url)
        client: redis.Redis = client_class.from_url(url, **settings)
        return client
    server = _open(url)
    pool = redis.ConnectionPool(connection_class=EmbeddedConnection, embedded_url=url, db=server.database, **settings)
    return client_class(connection_pool=pool)


def connect_asyncio(url: str, client_class: type[redis.asyncio.Redis] = redis.asyncio.Redis, **settings: Any) -> redis.asyncio.Redis:
    """Return an asyncio client for a URL; as `connect`. Starting an embedded server keeps the event loop waiting for some milliseconds."""
    if not url.startswith(EMBEDDED_SCHEME):
        _check_database(url)
        from_url: Callable[..., redis.asyncio.Redis] = client_class.from_url
        return from_url(url, **settings)
    server = _open(url)
    pool: Any = redis.asyncio.ConnectionPool(connection_class=EmbeddedAsyncioConnection, embedded_url=url, db=server.database, **settings)
    client = client_class(connection_pool=pool)
    client.auto_close_connection_pool = True  # nobody else has the pool
    return client


def _check_database(url: str) -> None:
    """Refuse a URL with something else than a number in the place of its database, which redis-py would take for database 0.

    The message does not repeat it: it may be part of a password that holds a slash.

    Raises:
        InvalidOptionError: there is something else (a ValueError).
    """
    if not url.startswith(_NETWORK_SCHEMES):
        return
    parts = urlsplit(url)
    database = unquote(parts.path).strip("/")
    if "db" in parse_qs(parts.query) or not database or (database.isascii() and database.isdigit()):
        return
    raise InvalidOptionError("The database of the URL, behind its host, is no number; write it as the 0 in redis://HOST:PORT/0")


def _open(url: str) -> EmbeddedServer:
    from rq.embedded import open_embedded  # noqa: PLC0415 - needs fcntl, which not every platform has that can reach a server over the network

    return open_embedded(url)
