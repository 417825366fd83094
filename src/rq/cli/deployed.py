"""Commands that read an `rq.toml`: where they find it, and which server it means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from redis.exceptions import RedisError

from rq.cli.boundary import CommandFailed, WrongCall, one_line, sentence_of
from rq.cli.connect import Server, describe_server, load_config, names_server, open_server
from rq.cli.deployment_file import default_file
from rq.cli.options import SharedOptions
from rq.cli.settings import Settings
from rq.core.errors import InvalidOptionError, RQError
from rq.core.keys import Keyspace
from rq.model.health import Health, Wanted, judge_health
from rq.runtime.deployment.reading import read_deployment
from rq.runtime.deployment.values import FILE_VARIABLE, PREFIX_VARIABLE, Deployment
from rq.runtime.health import HealthServer
from rq.store.health import read_sightings
from rq.store.scripts import ScriptLibrary


def find_deployment(file: str | None, shared: SharedOptions) -> Deployment | None:
    """Return what a file describes for this call; as `read_file`.

    `--url` or RQ_REDIS_URL, the server and the prefix that `--config` names, and RQ_KEY_PREFIX win over what the file says, so that one file serves on several
    machines.
    """
    deployment = read_file(file)
    if deployment is None:
        return None
    config = load_config(shared.config)
    url = None if names_server(config) else deployment.url
    prefix = os.environ.get(PREFIX_VARIABLE) or config.text(PREFIX_VARIABLE) or deployment.prefix
    return replace(deployment, url=shared.url or url, prefix=prefix)


def read_file(file: str | None) -> Deployment | None:
    """Return what a file describes, `rq.toml` of this folder if none is named; None if there is none.

    Raises:
        WrongCall: the file that was named does not exist, or it has a mistake.
    """
    path = default_file() if file is None else Path(file).expanduser()
    if path is None:
        return None
    try:
        return read_deployment(path)
    except FileNotFoundError as error:
        raise WrongCall(f"{FILE_VARIABLE if file is None else '--file'} {path}: there is no such file") from error
    except InvalidOptionError as error:
        raise WrongCall(one_line(error)) from error


def open_deployed_server(deployment: Deployment | None, shared: SharedOptions) -> Server:
    """Return the server of a deployment; without one, that of any command."""
    if deployment is None:
        return open_server(shared)
    file = {"REDIS_URL": deployment.url} if deployment.url else {}
    server = open_server(shared, file=Settings(file, str(deployment.file)))
    return replace(server, scripts=ScriptLibrary(Keyspace(deployment.prefix))) if deployment.prefix else server


def check_health(server: Server, wanted: Wanted, troubles: Sequence[str] = ()) -> Health:
    """Look how things are. A server that does not answer is an answer, too.

    Args:
        server: where workers are registered.
        wanted: what must be there.
        troubles: what else is not well, a sentence each.
    """
    try:
        sightings, is_suspended = read_sightings(server.caller, server.scripts)
    except (RedisError, OSError, RQError) as error:
        return Health(is_healthy=False, sentence=sentence_of(error, describe_server(server.client)))
    found = judge_health(sightings, wanted, is_suspended=is_suspended)
    if not troubles:
        return found
    return replace(found, is_healthy=False, sentence="; ".join([*troubles, *([] if found.is_healthy else [found.sentence])]))


@contextmanager
def serve_health(address: tuple[str, int], check: Callable[[], Health], is_alive: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """Answer over HTTP how things are, in a thread, until the block ends. Gives the URL.

    Raises:
        CommandFailed: it is not possible to listen there.
    """
    try:
        listening = HealthServer(address, check, is_alive)
    except OSError as error:
        raise CommandFailed(f"Cannot listen at {address[0]}:{address[1]}: {error.strerror}; name another address, or a port that is free") from error
    with listening.running():
        yield listening.url
