"""The short way to the server: who gets it, and that nothing is different on it."""

from __future__ import annotations

import functools
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from rq.core.keys import Keyspace
from rq.model.record import JobRecord
from rq.store import short_way as module
from rq.store.calls import Call
from rq.store.connection import Caller, private_client
from rq.store.enqueue import NewJob, enqueue_job
from rq.store.scripts import ScriptLibrary
from rq.store.short_way import ShortWay
from tests.support.monitor import watched_commands
from tests.support.wrapping import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("redis_url")


def enqueueing(name: str) -> Call[Any]:
    return enqueue_job(ScriptLibrary(Keyspace()), NewJob(JobRecord(name, origin="q", data=b"payload"), f"call-{name}"))


# --- who gets it ---


@pytest.mark.parametrize("options", [{}, {"decode_responses": True}, {"protocol": 3}, {"health_check_interval": 30}, {"socket_timeout": 5}], ids=str)
def test_a_plain_client_gets_it(redis_url, options):
    with redis.Redis.from_url(redis_url, **options) as client:
        assert ShortWay(client).is_open()
        assert ShortWay(private_client(client)).is_open()
        assert Caller(client).run(enqueueing("a")).code == "ok"
        assert client.llen("rq:queue:q") == 1


class Counting(redis.Redis):
    """A client whose owner wants to see every command."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.seen = [*getattr(self, "seen", []), args[0]]
        return super().execute_command(*args, **options)


class OwnConnection(redis.Connection):
    """A connection whose owner wants to see every command."""

    seen: list[str] = []  # noqa: RUF012 - of one test

    def send_command(self, *args: Any, **options: Any) -> Any:
        self.seen.append(args[0])
        return super().send_command(*args, **options)


class OwnPool(redis.ConnectionPool):
    """A pool whose owner chooses connections."""


def test_a_subclass_that_has_a_hand_in_commands_sees_them(redis_url):
    with Counting.from_url(redis_url) as client:
        Caller(client).run(enqueueing("a"))
        assert "EVALSHA" in client.seen


def test_a_connection_that_has_a_hand_in_commands_sees_them(redis_url):
    OwnConnection.seen.clear()
    with redis.Redis(connection_pool=redis.ConnectionPool.from_url(redis_url, connection_class=OwnConnection)) as client:
        Caller(client).run(enqueueing("a"))
    assert "EVALSHA" in OwnConnection.seen


@pytest.mark.parametrize("owner", [redis.Redis, redis.connection.AbstractConnection], ids=lambda owner: owner.__name__)
@pytest.mark.parametrize("is_late", [False, True], ids=["at first", "later"])
def test_a_method_that_a_tracing_library_has_replaced_is_called(redis_url, owner, is_late):
    name = "execute_command" if owner is redis.Redis else "send_command"
    own = getattr(owner, name)
    seen = []

    @functools.wraps(own)
    def traced(self: Any, *args: Any, **options: Any) -> Any:
        seen.append(args[0])
        return own(self, *args, **options)

    with redis.Redis.from_url(redis_url) as client:
        caller = Caller(client)
        if is_late:
            caller.run(enqueueing("a"))
        with mock.patch.object(owner, name, traced):
            caller.run(enqueueing("b"))
        assert "EVALSHA" in seen
        seen.clear()
        caller.run(enqueueing("c"))
    assert not seen


@pytest.mark.parametrize("is_late", [False, True], ids=["at first", "later"])
def test_what_is_wrapped_by_something_that_looks_alike_is_called(redis_url, is_late):
    seen: list[str] = []
    with redis.Redis.from_url(redis_url) as client:
        caller = Caller(client)
        if is_late:
            caller.run(enqueueing("a"))
        with mock.patch.object(redis.Redis, "execute_command", Wrapper(redis.Redis.execute_command, lambda _, args: seen.append(args[0]))):
            Caller(client).run(enqueueing("b"))
            caller.run(enqueueing("c"))
    assert seen.count("EVALSHA") >= 2


def test_what_is_done_to_the_client_later_counts(redis_url, start_valkey, monkeypatch):
    with redis.Redis.from_url(redis_url) as client, start_valkey().client() as elsewhere:
        caller = Caller(client)
        way = ShortWay(client)
        caller.run(enqueueing("a"))
        callback = mock.Mock(side_effect=lambda reply, **_: reply)
        client.set_response_callback("EVALSHA", callback)
        caller.run(enqueueing("b"))
        assert callback.call_count == 1
        del client.response_callbacks["EVALSHA"]
        assert way.is_open()
        monkeypatch.setattr(client, "execute_command", client.execute_command)
        monkeypatch.setattr(client, "parse_response", lambda *args, **options: redis.Redis.parse_response(client, *args, **options))
        assert not way.is_open()
        monkeypatch.undo()
        client.connection_pool = elsewhere.connection_pool
        caller.run(enqueueing("c"))
        assert elsewhere.lrange("rq:queue:q", 0, -1) == [b"c"]


def others(url: str) -> Iterator[Any]:
    pool = OwnPool.from_url(url)
    yield redis.Redis(connection_pool=pool)
    yield redis.Redis.from_url(url, single_connection_client=True)
    factory: Any = functools.partial(redis.Connection)  # no class, but good enough for redis-py
    yield redis.Redis(connection_pool=redis.ConnectionPool.from_url(url, connection_class=factory))
    client = redis.Redis.from_url(url)
    client.set_response_callback("EVALSHA", list)
    yield client
    for name in ("execute_command", "parse_response"):
        client = redis.Redis.from_url(url)
        setattr(client, name, mock.Mock(side_effect=getattr(client, name)))
        yield client
    yield redis.Redis(connection_pool=redis.ConnectionPool.from_url(url, command_packer=redis.connection.PythonRespSerializer(6000, str.encode)))
    yield redis.sentinel.Sentinel([("127.0.0.1", 1)]).master_for("mymaster")


def test_others_go_their_own_way(redis_url):
    for client in others(redis_url):
        assert not ShortWay(client).is_open()
        client.close()


def test_a_program_that_has_commands_measured_has_them_measured(redis_url, monkeypatch):
    providers = pytest.importorskip("redis.observability.providers")
    with redis.Redis.from_url(redis_url) as client:
        way = ShortWay(client)
        assert way.is_open()
        monkeypatch.setattr(providers.get_observability_instance(), "_provider_manager", object())
        assert not way.is_open()


def test_it_does_without_hiredis(redis_url, monkeypatch):
    monkeypatch.setattr(module, "pack", None)
    with redis.Redis.from_url(redis_url) as client:
        assert Caller(client).run(enqueueing("ä")).code == "ok"
        assert client.lrange("rq:queue:q", 0, -1) == ["ä".encode()]


# --- what happens on it ---


@pytest.fixture
def caller(redis_client: redis.Redis) -> Caller:
    caller = Caller(redis_client)
    caller.run(enqueueing("warm-up"))
    return caller


def test_it_is_one_command(caller, redis_client):
    with watched_commands(redis_client) as watched:
        caller.run(enqueueing("a"))
    assert watched.sent == ["EVALSHA"]


def test_something_else_is_done_meanwhile_once(caller):
    done: list[str] = []
    assert caller.run(enqueueing("a"), functools.partial(done.append, "meanwhile")).code == "ok"
    assert done == ["meanwhile"]


def test_what_is_done_meanwhile_and_fails_spoils_no_connection(caller, redis_client):
    def fail() -> None:
        raise KeyError("meanwhile")

    for name in ("a", "b"):
        with pytest.raises(KeyError, match="meanwhile"):
            caller.run(enqueueing(name), fail)
    assert caller.run(enqueueing("c")).code == "ok"
    assert redis_client.llen("rq:queue:q") >= 2


def test_an_error_of_the_server_that_is_raised_meanwhile_leaves_no_reply_behind(caller, redis_client):
    def fail() -> None:
        raise redis.ResponseError("meanwhile")

    with pytest.raises(redis.ResponseError, match="meanwhile"):
        caller.run(enqueueing("a"), fail)
    assert [redis_client.echo(word) for word in ("one", "two")] == [b"one", b"two"]


def test_an_interruption_between_call_and_answer_spoils_no_connection(caller, redis_client):
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        caller.run(enqueueing("a"), interrupt)
    assert redis_client.ping()
    assert caller.run(enqueueing("b")).code == "ok"


def test_a_connection_that_the_server_closed_is_opened_again(caller, redis_client, redis_url):
    with redis.Redis.from_url(redis_url) as other:
        for known in other.client_list():
            if int(known["id"]) != other.client_id():
                other.client_kill_filter(_id=known["id"])
    assert caller.run(enqueueing("a")).code == "ok"
    assert redis_client.llen("rq:queue:q") == 2


def test_a_server_that_forgets_the_script_is_taught_it_again(caller, redis_client):
    redis_client.script_flush()
    assert caller.run(enqueueing("a")).code == "ok"


class Hanging(threading.Thread):
    """A server that hangs up on every script; `asked` counts them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked = 0

    def run(self) -> None:
        with self._socket:
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    while data := connection.recv(10_000):
                        if data == b"stop":
                            return
                        if b"EVALSHA" in data:
                            self.asked += 1
                            break
                        connection.sendall(b"+OK\r\n" * data.count(b"SETINFO"))

    def stop(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"stop")
        self.join()


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_call_is_sent_again_as_often_as_the_client_says(retries):
    server = Hanging()
    server.start()
    try:
        with redis.Redis(port=server.port, protocol=2, retry=Retry(NoBackoff(), retries)) as client:
            assert ShortWay(client).is_open()
            with pytest.raises(redis.ConnectionError):
                Caller(client).run(enqueueing("a"))
            asked, server.asked = server.asked, 0
            with pytest.raises(redis.ConnectionError):
                client.execute_command("EVALSHA", "0" * 40, 0)
    finally:
        server.stop()
    assert asked == server.asked >= 1


def test_an_error_of_the_data_is_not_sent_again(caller, redis_client):
    redis_client.set("rq:queues", "no set")
    with watched_commands(redis_client) as watched, pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        caller.run(enqueueing("a"))
    assert watched.sent == ["EVALSHA"]


def test_connections_go_back_to_the_pool(redis_url):
    with redis.Redis(connection_pool=redis.ConnectionPool.from_url(redis_url, max_connections=1)) as client:
        caller = Caller(client)
        for name in "abc":
            caller.run(enqueueing(name))
            assert client.ping()


@pytest.mark.parametrize("is_late", [False, True], ids=["before", "later"])
@pytest.mark.parametrize("owner", ["class", "pool"])
def test_a_pool_that_lends_connections_in_another_way_is_asked_for_each(redis_url, owner, is_late):
    lent = []
    with redis.Redis.from_url(redis_url) as client:
        caller = Caller(client)
        if is_late:
            caller.run(enqueueing("a"))
        lends = redis.ConnectionPool.get_connection

        def lend(pool: Any, *names: Any) -> Any:
            lent.append(pool)
            return lends(pool, *names)

        target, way = (redis.ConnectionPool, lend) if owner == "class" else (client.connection_pool, functools.partial(lend, client.connection_pool))
        with mock.patch.object(target, "get_connection", way):
            caller = caller if is_late else Caller(client)
            for name in "bc":
                caller.run(enqueueing(name))
            assert len(lent) >= 2
            del lent[:]
        caller.run(enqueueing("d"))
        assert lent == []


def test_the_connection_that_was_used_last_is_used_again(redis_url):
    with redis.Redis.from_url(redis_url, max_connections=2) as client:
        for number in range(20):
            Caller(client).run(enqueueing(f"job-{number}"))
        pool: Any = client.connection_pool
        assert (len(pool._available_connections), len(pool._in_use_connections)) == (1, 0)


def test_a_forked_process_has_connections_of_its_own(redis_url, redis_client):
    with redis.Redis.from_url(redis_url) as client:
        caller = Caller(client)
        caller.run(enqueueing("before"))
        pid = os.fork()
        if pid == 0:
            status = 1
            with suppress(BaseException):
                for number in range(50):
                    caller.run(enqueueing(f"child-{number}"))
                status = 0
            os._exit(status)
        for number in range(50):
            assert caller.run(enqueueing(f"parent-{number}")).status == "queued"
        assert os.waitpid(pid, 0)[1] == 0
    assert redis_client.llen("rq:queue:q") == 101
