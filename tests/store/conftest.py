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
def session_cluster() -> Iterator[ValkeyServer]:
    """A server in cluster mode: every script must keep to one slot."""
    with ValkeyServer(cluster_enabled=True) as server:
        yield server


@pytest.fixture(params=["plain", "asyncio", "cluster"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store: RQ's prefix on a plain server, the same through asyncio, and a tagged prefix on a cluster."""
    if request.param == "cluster":
        if os.environ.get(TEST_URL_VARIABLE):
            pytest.skip(f"{TEST_URL_VARIABLE} names the one server to test")
        server: ValkeyServer = request.getfixturevalue("session_cluster")
        with redis.Redis(host=server.host, port=server.port) as client:
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
