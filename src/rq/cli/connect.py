"""From options, settings and environment to a connected command.

The first place that names a server wins: `--url` or RQ_REDIS_URL, the settings of `--config`, the `rq.toml` of this folder, the environment; otherwise it is
localhost:6379. A place names one with REDIS_URL, SENTINEL or any of REDIS_HOST, REDIS_PORT, REDIS_DB, REDIS_PASSWORD, in this order, or with REDIS_SSL: whoever
asks for TLS must not be connected without.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from rq.cli.boundary import WrongCall, note_server, one_line
from rq.cli.deployment_file import SUFFIX, adopt_prefix, server_of, server_of_folder
from rq.cli.options import SharedOptions, finding
from rq.cli.settings import Settings, environment, load_settings
from rq.core.defaults import DEFAULT_CONNECTION_CLASS
from rq.core.errors import EmbeddedError, EmbeddedUrlError, InvalidOptionError
from rq.core.keys import current_keyspace
from rq.core.references import import_attribute
from rq.store.connection import Caller
from rq.store.scripts import ScriptLibrary
from rq.store.servers import connect

URL_VARIABLE = "RQ_REDIS_URL"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0

_SCHEMES = ("redis://", "rediss://", "unix://", "embedded:")
_PARTS = ("REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD")
_TLS_FILES = {
    "REDIS_SSL_CA_CERTS": "ssl_ca_certs",
    "REDIS_SSL_CA_DATA": "ssl_ca_data",
    "REDIS_SSL_CERT_REQS": "ssl_cert_reqs",
    "REDIS_SSL_KEYFILE": "ssl_keyfile",
    "REDIS_SSL_CERTFILE": "ssl_certfile",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server as a command sees it. Nothing was sent yet.

    Args:
        client: for objects that take a connection.
        caller: for calls of `rq.store`.
        scripts: of the keyspace that RQ_KEY_PREFIX names.
        settings: of `--config`; empty without it.
    """

    client: redis.Redis
    caller: Caller
    scripts: ScriptLibrary
    settings: Settings


def open_server(shared: SharedOptions, *, patient: bool = False, file: Settings | None = None) -> Server:
    """Return the server that a command was told to use.

    Args:
        shared: the options.
        file: what an `rq.toml` says of the server, for commands that have read theirs; None to look for one in this folder.
        patient: for a worker, whose jobs share the settings of its client: the client library's own patience. Otherwise a server that does not answer is an
            error after seconds, and one that refuses the connection at once.

    Raises:
        WrongCall: the URL, the settings or the connection class are unusable.
        EmbeddedError: the embedded server does not start.
    """
    settings = load_config(shared.config)
    if file is None:
        file = server_of_folder()
        adopt_prefix(settings, file)
    options: dict[str, Any] = {} if patient else {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS, "retry": Retry(NoBackoff(), 0)}
    client = open_client(connection_class_at(shared.connection_class), shared.url, (settings, file, environment()), options)
    note_server(describe_server(client))
    return Server(client, Caller(client), ScriptLibrary(current_keyspace()), settings)


def load_config(config: str | None) -> Settings:
    """Return the settings that `--config` names: those of a module, of a Python file, or, of the server alone, of an `rq.toml`.

    Raises:
        WrongCall: there are none, or they cannot be read.
    """
    if config and config.endswith(SUFFIX):
        return server_of(Path(config).expanduser(), "--config")
    return load_settings(config)


def describe_server(client: redis.Redis) -> str:
    """Return where a client connects to, as people write it; without the password."""
    pool: Any = client.connection_pool
    if getattr(pool, "service_name", None):
        return f"Sentinel's master {pool.service_name}"
    settings = pool.connection_kwargs
    if "embedded_url" in settings:
        return str(settings["embedded_url"])
    if "path" in settings:
        return str(settings["path"])
    return f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}, database {settings.get('db') or 0}"


def open_client(client_class: Any, url: str | None, places: Sequence[Settings], options: dict[str, Any]) -> redis.Redis:
    """Return a client of the server that a URL names, or the first of some places that names one, or of the one at localhost:6379.

    Args:
        client_class: the class of clients.
        url: the URL; None to look into the places.
        places: settings.
        options: for the client.

    Raises:
        WrongCall: the URL is none. InvalidOptionError: a setting makes no sense. EmbeddedError: the embedded server does not start.
    """
    if url is None and os.environ.get(URL_VARIABLE) == "":
        url = ""  # Click takes an empty variable for none
    if url is not None and not url.strip():
        raise WrongCall("--url (or RQ_REDIS_URL) is empty; name a server, such as redis://HOST:PORT/DATABASE, or leave it out")
    if url:
        return _from_url(client_class, url, "--url (or RQ_REDIS_URL)", options)
    for place in filter(names_server, places):
        named = place.text("REDIS_URL")
        if named:
            return _from_url(client_class, named, f"{'url' if place.origin.endswith(SUFFIX) else 'REDIS_URL'} of {place.origin}", options)
        if _has_sentinel(place):
            return _from_sentinel(place, options)
        return _from_parts(client_class, place, options)
    return _from_parts(client_class, Settings({}, "the defaults"), options)


def names_server(place: Settings) -> bool:
    """Say whether a place says which server is meant.

    Raises:
        InvalidOptionError: its REDIS_SSL is neither yes nor no.
    """
    return bool(place.text("REDIS_URL")) or _has_sentinel(place) or place.has_any(_PARTS) or place.flag("REDIS_SSL")


def _has_sentinel(place: Settings) -> bool:
    return bool(place.values.get("SENTINEL")) and not isinstance(place.values["SENTINEL"], str)


def _from_url(client_class: Any, url: str, origin: str, options: dict[str, Any]) -> redis.Redis:
    try:
        client = connect(url, client_class, **options)
    except (EmbeddedUrlError, InvalidOptionError) as error:
        raise WrongCall(f"{origin}: {one_line(error)}") from error
    except EmbeddedError:
        raise
    except (ValueError, TypeError) as error:
        # About the scheme, the client library would list those that it knows: embedded:// is not among them.
        reason = f": {one_line(error)}" if url.startswith(_SCHEMES) else ""
        message = f"{origin} is no URL of a server{reason}; write redis://HOST:PORT/DATABASE, rediss://..., unix:///PATH or embedded://"
        raise WrongCall(message) from error
    return client


def _from_parts(client_class: Any, place: Settings, options: dict[str, Any]) -> redis.Redis:
    parts: dict[str, Any] = {
        "host": place.text("REDIS_HOST") or "localhost",
        "port": place.number("REDIS_PORT", 6379),
        "db": place.number("REDIS_DB", 0),
        "password": place.text("REDIS_PASSWORD"),
    }
    if place.flag("REDIS_SSL"):
        parts["ssl"] = True
        parts |= {option: place.text(name) for name, option in _TLS_FILES.items() if place.text(name) is not None}
    client: redis.Redis = client_class(**parts, **options)
    return client


def _from_sentinel(place: Settings, options: dict[str, Any]) -> redis.Redis:
    """Return a client of whoever is master now (settings as in RQ: INSTANCES, MASTER_NAME, DB, USERNAME, PASSWORD, SSL, ...)."""
    table = place.table("SENTINEL")
    if table.get("SOCKET_TIMEOUT") is not None:
        options = {**options, "socket_timeout": table["SOCKET_TIMEOUT"]}
    connection: dict[str, Any] = {
        "db": table.get("DB", 0),
        "username": table.get("USERNAME"),
        "password": table.get("PASSWORD"),
        "ssl": bool(table.get("SSL", False)),
        **options,
        **_keywords(place, table, "CONNECTION_KWARGS"),
    }
    instances: Any = table.get("INSTANCES", [("localhost", 26379)])
    sentinel: Any = Sentinel(instances, sentinel_kwargs={**options, **_keywords(place, table, "SENTINEL_KWARGS")}, **connection)  # type: ignore[no-untyped-call]
    client: redis.Redis = sentinel.master_for(str(table.get("MASTER_NAME", "mymaster")))
    return client


def _keywords(place: Settings, table: dict[str, object], name: str) -> dict[str, Any]:
    value = table.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidOptionError(f"SENTINEL[{name!r}] of {place.origin} is {value!r}: it must be a dictionary")
    return value


def connection_class_at(path: str) -> Any:
    """Return the class of clients at a dotted path.

    Raises:
        WrongCall: there is none.
    """
    if path == DEFAULT_CONNECTION_CLASS:
        return redis.Redis
    with finding("--connection-class", path, "give the dotted path of a client class such as redis.Redis"):
        found = import_attribute(path)
    if not hasattr(found, "from_url"):
        raise WrongCall(f"--connection-class {path} has no from_url(); give the dotted path of a client class such as redis.Redis")
    return found
