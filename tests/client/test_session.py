"""Sessions: what the handles of one connection share."""

from __future__ import annotations

import gc

import pytest
import redis
import redis.asyncio
from redis.cluster import RedisCluster

from rq.client.connections import reply_timeout_of
from rq.client.session import session_of
from rq.connections import get_connection_kwargs, parse_connection
from rq.queue import Queue
from rq.registry import CanceledJobRegistry


def test_the_handles_of_a_connection_share_a_session(redis_client):
    assert session_of(redis_client) is session_of(redis_client) is Queue(connection=redis_client)._session


def test_another_connection_and_another_prefix_are_another_session(redis_client, redis_url, monkeypatch):
    session = session_of(redis_client)
    assert session_of(redis.Redis.from_url(redis_url)) is not session
    monkeypatch.setenv("RQ_KEY_PREFIX", "other:")
    assert session_of(redis_client) is not session
    assert session_of(redis_client).keyspace.prefix == "other:"


def test_a_session_keeps_no_connection_alive():
    connection = redis.Redis(port=1)
    session_of(connection)
    gc.collect()
    assert not [found for found in gc.get_referrers(connection) if type(found).__name__ == "Session"]


def test_without_a_connection_there_is_no_session():
    with pytest.raises(TypeError, match=r"connection=rq\.connect"):
        session_of(None)


def test_a_url_is_not_taken_for_a_connection_nor_repeated():
    with pytest.raises(TypeError, match=r'pass connection=rq\.connect\("redis://\.\.\."\)') as caught:
        session_of("redis://:secret@host")  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_the_time_limit_that_rq_1_took_second_is_not_taken_for_a_connection(redis_client):
    with pytest.raises(TypeError, match="not a value of type int"):
        Queue("low", 30, redis_client)  # type: ignore[arg-type]


@pytest.mark.parametrize("client", [redis.asyncio.Redis(port=1), redis.asyncio.RedisCluster(host="nowhere")])
def test_an_asyncio_client_is_refused(client):
    with pytest.raises(TypeError, match=r"is an asyncio client: pass a synchronous one"):
        session_of(client)


def test_the_settings_of_a_connection_make_the_same_one_again(redis_client):
    client_class, connection_class, settings = parse_connection(redis_client)
    assert settings == get_connection_kwargs(redis_client)
    again = client_class(connection_pool=redis.ConnectionPool(connection_class=connection_class, **settings))
    assert again.ping()
    assert get_connection_kwargs(again) == settings


def test_a_cluster_is_a_connection_like_others(start_valkey, monkeypatch):
    monkeypatch.setenv("RQ_KEY_PREFIX", "{rq}:")
    server = start_valkey(cluster_enabled=True)
    with RedisCluster(host=server.host, port=server.port) as connection:
        queue = Queue(connection=connection)
        job = queue.enqueue("tests.client.tasks.add", 1)
        with connection.pipeline() as pipeline:
            other = queue.enqueue("tests.client.tasks.add", pipeline=pipeline)
            pipeline.execute()
        assert queue.jobs == [job, other]
        assert job.latest_result(timeout=0.01) is None
        job.cancel()
        assert queue.canceled_job_registry == CanceledJobRegistry("default", connection)
        queue.canceled_job_registry.requeue(job)
        assert queue.job_ids == [other.id, job.id]
        assert queue.empty() == 2
        many = queue.enqueue_many([Queue.prepare_data("tests.client.tasks.add", (1,))] * 600)
        assert queue.job_ids == [job.id for job in many]


@pytest.mark.parametrize("client_class", [redis.Redis, redis.asyncio.Redis])
@pytest.mark.parametrize("url", ["redis://nowhere", "unix:///nowhere", "redis://nowhere?socket_timeout=3"])
def test_the_patience_of_a_client_is_that_of_its_connections(client_class, url):
    client = client_class.from_url(url)
    made = client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    assert reply_timeout_of(client) == made.socket_timeout
