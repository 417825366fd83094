"""Fixtures for every test: servers, clients and processes that end with the test or with the run.

By default the run starts a private Valkey. `RQ_TEST_URL` (`redis://host:6379/9`, the database named explicitly
because its keys are deleted before every test) runs the same tests against another server; tests that control the
server are skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from tests.support.budget import is_thorough
from tests.support.processes import Processes
from tests.support.ready_program import ReadyProgram
from tests.support.server import Setting, ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_URL_VARIABLE = "RQ_TEST_URL"


class StartValkey(Protocol):
    """Starts one more server, with settings of its own; see `ValkeyServer`."""

    def __call__(self, **options: Setting) -> ValkeyServer: ...


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a foreign server that the tests could not use without deleting what nobody allowed them to delete."""
    url = os.environ.get(TEST_URL_VARIABLE)
    if not url:
        return
    if not _names_its_database(url):
        raise pytest.UsageError(f"{TEST_URL_VARIABLE} must name its database (…/9): every key in it is deleted before each test")
    if hasattr(config, "workerinput") and config.workerinput["workercount"] > 1:
        raise pytest.UsageError(f"{TEST_URL_VARIABLE} is one database, so run the tests in one process (no -n)")


@pytest.fixture(scope="session")
def session_valkey() -> Iterator[ValkeyServer]:
    """The private server of this run; ask for `valkey`, which comes clean."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def valkey(session_valkey: ValkeyServer) -> ValkeyServer:
    """The private server, without keys and with its original settings; see `ValkeyServer`."""
    if os.environ.get(TEST_URL_VARIABLE):
        pytest.skip(f"controls the server, which {TEST_URL_VARIABLE} does not allow")
    session_valkey.reset()
    return session_valkey


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    url = os.environ.get(TEST_URL_VARIABLE)
    if not url:
        server: ValkeyServer = request.getfixturevalue("valkey")
        return server.url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty database; replies are bytes."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def start_valkey() -> Iterator[StartValkey]:
    """A function that starts one more server (`appendonly=True`, `cluster_enabled=True`, …), for this test only."""
    servers: list[ValkeyServer] = []

    def start(**options: Setting) -> ValkeyServer:
        server = ValkeyServer(**options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def ready_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadyProgram]:
    """The command lines and what workers import, imported once for the whole run."""
    with ReadyProgram(Processes(tmp_path_factory.mktemp("ready")).environment({})) as program:
        yield program


@pytest.fixture
def processes(tmp_path_factory: pytest.TempPathFactory, ready_program: ReadyProgram) -> Iterator[Processes]:
    """Starts Python programs and the command line; all end with the test. Runs that take their time give each an interpreter of its own."""
    started = Processes(tmp_path_factory.mktemp("processes"), ready=ready_program, forks_usually=not is_thorough())
    yield started
    started.end_all()


def _names_its_database(url: str) -> bool:
    parts = urlsplit(url)
    return "db" in parse_qs(parts.query) or (parts.scheme != "unix" and parts.path.strip("/").isdigit())
