"""One server for all processes that name a directory, from the first to the last."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

import pytest
import redis

from rq.embedded import open_embedded
from tests.embedded.conftest import parent_of, times_woken
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from rq.embedded import EmbeddedServer
    from tests.embedded.conftest import Place


def test_the_first_process_starts_the_server_and_it_ends_after_the_last(place: Place):
    first = place.user()
    second = place.user()
    assert first.server_pid == second.server_pid
    first.process.terminate()
    first.process.wait()
    third = place.user()
    assert third.server_pid == first.server_pid
    second.process.terminate()
    third.process.terminate()
    place.wait_until_quiet()


def test_processes_that_start_at_the_same_instant_get_one_server(place: Place, tmp_path: Path):
    gate = tmp_path / "gate"
    with gate.open("w") as closed:
        fcntl.flock(closed, fcntl.LOCK_EX)
        users = [
            place.processes.python(
                """
                import fcntl, os, sys
                import redis
                from rq.embedded import open_embedded
                with open(sys.argv[2]) as gate:
                    print("waiting", flush=True)
                    fcntl.flock(gate, fcntl.LOCK_SH)
                server = open_embedded(sys.argv[1])
                with redis.Redis.from_url(server.redis_url) as client:
                    client.incr("users")
                    print("pid", client.info("server")["process_id"])
                    client.blpop("end", timeout=30)
                """,
                place.url(),
                gate,
            )
            for _ in range(10)
        ]
        for user in users:
            user.wait_for_output("waiting")
    for user in users:
        user.wait_for_output("pid")
    with place.client() as client:
        assert client.get("users") == b"10"
        client.rpush("end", *range(10))
    assert len({user.succeed() for user in users}) == 1
    assert place.log().count("Server initialized") == 1


def test_two_names_of_one_directory_are_one_server(place: Place, tmp_path: Path, server: EmbeddedServer):
    (tmp_path / "link").symlink_to(place.path)
    other = open_embedded(f"embedded://{tmp_path}/link?db=3")
    assert other.socket_path == server.socket_path
    assert other.redis_url == f"unix://{place.path}/valkey.sock?db=3"
    other.release()


def test_two_directories_are_two_servers(place: Place, tmp_path: Path, server: EmbeddedServer):
    other = open_embedded(f"embedded://{tmp_path}/other?linger=0")
    with redis.Redis.from_url(server.redis_url) as one, redis.Redis.from_url(other.redis_url) as another:
        one.set("key", "value")
        assert another.get("key") is None
    other.release()


def test_the_databases_of_a_directory_are_apart(place: Place, server: EmbeddedServer):
    other = open_embedded(place.url(db=1))
    with redis.Redis.from_url(server.redis_url) as one, redis.Redis.from_url(other.redis_url) as another:
        one.set("key", "value")
        assert another.get("key") is None
    other.release()


def test_the_server_stays_until_every_handle_of_a_process_is_released(place: Place):
    one, another = open_embedded(place.url()), open_embedded(place.url())
    one.release()
    one.release()
    assert place.has_users()
    another.release()
    wait_until(lambda: not place.has_users(), message="the claim is still held")


def test_a_server_that_lingers_is_found_running_by_the_next_process(place: Place):
    first = open_embedded(place.url(linger=30))
    with redis.Redis.from_url(first.redis_url) as client:
        pid = client.info("server")["process_id"]
        first.release()
        second = place.user()
        assert second.server_pid == pid
        os.kill(parent_of(pid), signal.SIGTERM)  # nobody waits half a minute for this test


def test_a_program_that_uses_its_server_again_and_again_keeps_it(place: Place):
    pids = set()
    for _ in range(5):
        server = open_embedded(place.url())
        with redis.Redis.from_url(server.redis_url) as client:
            pids.add(client.info("server")["process_id"])
        server.release()
    assert len(pids) == 1


def test_what_was_written_is_there_when_the_server_starts_again(place: Place):
    first = open_embedded(place.url())
    with redis.Redis.from_url(first.redis_url) as client:
        client.set("key", "value")
    first.release()
    place.wait_until_quiet()
    second = open_embedded(place.url())
    with redis.Redis.from_url(second.redis_url) as client:
        assert client.get("key") == b"value"
    second.release()


def test_the_server_listens_on_its_socket_alone_and_refuses_rather_than_forgets(server: EmbeddedServer):
    with redis.Redis.from_url(server.redis_url, decode_responses=True) as client:
        settings = client.config_get("port", "maxmemory-policy", "appendonly", "appendfsync", "save", "databases")
    assert settings == {
        "port": "0",
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "databases": "16",
    }


def test_nothing_in_the_directory_is_open_to_other_users(place: Place, server: EmbeddedServer):
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.files.socket.stat().st_mode) == 0o700
    for file in (place.path / "appendonlydir").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_the_strictest_wish_for_the_disk_holds(place: Place, server: EmbeddedServer):
    stricter = open_embedded(place.url(fsync="always"))
    again = open_embedded(place.url(fsync="everysec"))
    with place.client() as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
    stricter.release()
    again.release()


def test_a_server_can_be_started_with_a_strict_wish(place: Place):
    server = open_embedded(place.url(fsync="always"))
    assert "appendfsync always" in place.files.config.read_text()
    server.release()


@pytest.mark.parametrize("name", ["long" * 30, "with space", "quo'te\"s\\", "ünï", "100%25", "a%3Fb%23c"])
def test_a_directory_may_have_any_name(place: Place, tmp_path: Path, name: str):
    place.path = tmp_path / name
    server = open_embedded(place.url())
    with redis.Redis.from_url(server.redis_url) as client:
        assert client.ping()
        client.bgrewriteaof()
        client.config_rewrite()
    place.path = server.directory
    server.release()
    wait_until(lambda: not server.socket_path.exists())


def test_a_locale_that_is_not_installed_does_no_harm(place: Place):
    user = place.processes.python(
        "import sys; from rq.embedded import open_embedded; open_embedded(sys.argv[1])",
        place.url(),
        env={"LC_ALL": "xx_XX.UTF-8"},
    )
    user.succeed()


def test_opening_needs_no_client_library(place: Place):
    user = place.processes.python(
        "import sys; from rq.embedded import open_embedded; open_embedded(sys.argv[1]); print('redis' in sys.modules)",
        place.url(),
    )
    assert user.succeed() == "False\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_watcher_sleeps_while_nothing_happens(place: Place, server: EmbeddedServer):
    with place.client() as client:
        watcher = parent_of(client.info("server")["process_id"])

        def is_never_woken_for_a_second() -> bool:
            before = times_woken(watcher)
            client.blpop("nothing", timeout=1.2)
            return times_woken(watcher) == before

        wait_until(is_never_woken_for_a_second, message="the watcher polls")
