from __future__ import annotations

import os
import signal

import pytest
import redis

from rq import Queue, SimpleWorker, aio, connect
from rq.embedded import open_embedded
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until


def test_a_url_of_a_server_gives_an_ordinary_client(redis_url):
    assert connect(redis_url, decode_responses=True).ping() is True


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize("database", ["abc", "-1", "1/2", "0x1", "%20"])
@pytest.mark.parametrize("connect_somehow", [connect, aio.connect])
def test_a_database_that_is_no_number_is_refused(scheme, database, connect_somehow):
    with pytest.raises(ValueError, match="is no number"):
        connect_somehow(f"{scheme}://host:6379/{database}")


@pytest.mark.parametrize(("rest", "number"), [("", 0), ("/", 0), ("/2", 2), ("/2/", 2), ("?db=3", 3), ("/abc?db=3", 3)])
def test_the_database_is_the_number_behind_the_host(rest, number):
    assert (connect(f"redis://host{rest}").connection_pool.connection_kwargs.get("db") or 0) == number


def test_an_embedded_url_starts_a_server_that_queues_and_workers_use(tmp_path):
    url = f"embedded://{tmp_path}/server?linger=0&db=3"
    client = connect(url)
    job = Queue(connection=client).enqueue(worker_jobs.add, 1, 2)
    SimpleWorker(["default"], connection=client).work(burst=True, logging_level="ERROR")
    assert job.return_value() == 3
    assert client.client_info()["db"] == 3
    client.close()
    open_embedded(url).release()


def test_an_embedded_server_that_was_killed_is_started_again_with_its_data(tmp_path):
    url = f"embedded://{tmp_path}/server?linger=0&fsync=always"
    client = connect(url)
    client.set("key", "value")
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    assert wait_until(lambda: read_if_there(client, "key")) == b"value"
    client.close()
    open_embedded(url).release()


def read_if_there(client: redis.Redis, key: str) -> bytes | str | None:
    """A connection that is cut by the death of the server may say so; the next one finds a new server."""
    try:
        return client.get(key)
    except redis.ConnectionError:
        return None
