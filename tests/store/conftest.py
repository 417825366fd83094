"""The store on every kind of server and caller: the same tests pass on all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import redis

from rq.core.keys import Keyspace
from rq.store.connection import Caller
from tests.conftest import TEST_URL_VARIABLE
from tests.store.harness import BlockingAsyncCaller, Store
from tests.support.server import ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[redis.Redis]:
    """A client of a server in cluster mode: every script must keep to one slot."""
    with ValkeyServer(cluster_enabled=True) as server:
        yield server.client()


# Thousands of tests are as short as it takes to make a client and to connect it, so those of this folder share one.


@pytest.fixture(scope="session")
def session_client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """A client of the server of this run; ask for `redis_client`, whose database is empty."""
    url = os.environ.get(TEST_URL_VARIABLE) or request.getfixturevalue("session_valkey").url
    with redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture
def redis_client(redis_url: str, session_client: redis.Redis) -> redis.Redis:
    """A client of an empty database; replies are bytes."""
    return session_client


@pytest.fixture(params=["plain", "asyncio", "cluster"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store: RQ's prefix on a plain server, the same through asyncio, and a tagged prefix on a cluster."""
    if request.param == "cluster":
        if os.environ.get(TEST_URL_VARIABLE):
            pytest.skip(f"{TEST_URL_VARIABLE} names the one server to test")
        client: redis.Redis = request.getfixturevalue("session_cluster")
        client.flushall()
        yield Store(client, Caller(client), Keyspace("{rq}:"))
        return
    client = request.getfixturevalue("redis_client")
    if request.param == "plain":
        yield Store(client, Caller(client))
        return
    caller = BlockingAsyncCaller(request.getfixturevalue("redis_url"))
    yield Store(client, caller)
    caller.close()


@pytest.fixture
def plain_store(redis_client: redis.Redis) -> Store:
    """An empty store on a plain server alone, for what does not depend on keyspace or caller."""
    return Store(redis_client, Caller(redis_client))
