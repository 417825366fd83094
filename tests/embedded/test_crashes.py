"""What killed processes, reboots and forks leave behind, and that it does no harm."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from typing import TYPE_CHECKING

import pytest
import redis

from rq.core.errors import EmbeddedError
from rq.embedded import open_embedded
from rq.embedded.locks import is_locked
from tests.embedded.conftest import is_alive, parent_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from rq.embedded import EmbeddedServer
    from tests.embedded.conftest import Place


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), message=f"process {pid} survived SIGKILL")


def pid_of(server: EmbeddedServer) -> int:
    with redis.Redis.from_url(server.redis_url) as client:
        pid: int = client.info("server")["process_id"]
        return pid


def write(server: EmbeddedServer, key: str) -> None:
    with redis.Redis.from_url(server.redis_url) as client:
        client.set(key, "value")


def has(server: EmbeddedServer, key: str) -> bool:
    with redis.Redis.from_url(server.redis_url) as client:
        return bool(client.exists(key))


def test_the_server_goes_on_when_the_process_that_started_it_is_killed(place: Place):
    starter = place.user()
    other = place.user()
    starter.process.kill()
    assert place.user().server_pid == other.server_pid == starter.server_pid


def test_the_server_ends_when_all_its_users_were_killed(place: Place):
    users = [place.user() for _ in range(2)]
    for user in users:
        user.process.kill()
    place.wait_until_quiet()


def test_a_starter_killed_while_it_starts_the_server_leaves_nothing_behind(place: Place):
    starter = place.start_user()
    wait_until(place.files.log.exists)  # the watcher is about to be started
    starter.process.kill()
    place.wait_until_quiet()
    assert place.user().server_pid


def test_a_server_killed_under_its_users_comes_back_with_its_data(place: Place, server: EmbeddedServer):
    write(server, "key")
    killed = pid_of(server)
    kill_and_wait(killed)
    server.ensure_running()
    assert pid_of(server) != killed
    assert has(server, "key")


def test_a_server_killed_under_its_users_comes_back_without_being_asked(place: Place, server: EmbeddedServer):
    killed = pid_of(server)
    kill_and_wait(killed)
    wait_until(lambda: place.log().count("Ready to accept connections") == 2)
    assert pid_of(server) != killed


def test_a_strict_wish_survives_the_death_of_the_server(place: Place, server: EmbeddedServer):
    stricter = open_embedded(place.url(fsync="always"))
    kill_and_wait(pid_of(server))
    server.ensure_running()
    with place.client() as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
    stricter.release()


def test_a_server_killed_when_nobody_uses_it_is_started_by_the_next_use(place: Place):
    server = open_embedded(place.url(linger=0.5))
    write(server, "key")
    pid = pid_of(server)
    server.release()
    kill_and_wait(pid)
    place.wait_until_quiet()
    again = open_embedded(place.url())
    assert has(again, "key")
    again.release()


def test_a_server_whose_watcher_was_killed_goes_on_and_is_adopted_by_the_next_use(place: Place, server: EmbeddedServer):
    pid = pid_of(server)
    kill_and_wait(parent_of(pid))
    assert pid_of(server) == pid
    assert place.user().server_pid == pid
    assert is_locked(place.files.watcher_lock)
    assert "adopted the server" in place.log()


def test_an_adopted_server_ends_after_its_last_user(place: Place):
    server = open_embedded(place.url())
    kill_and_wait(parent_of(pid_of(server)))
    server.ensure_running()
    write(server, "key")
    server.release()
    place.wait_until_quiet()
    assert "User requested shutdown" in place.log()


def test_an_adopted_server_that_is_killed_comes_back(place: Place, server: EmbeddedServer):
    pid = pid_of(server)
    kill_and_wait(parent_of(pid))
    server.ensure_running()
    kill_and_wait(pid)
    server.ensure_running()
    assert pid_of(server) != pid


def test_server_and_watcher_killed_together_come_back_with_the_data(place: Place, server: EmbeddedServer):
    write(server, "key")
    pid = pid_of(server)
    watcher = parent_of(pid)
    kill_and_wait(watcher)
    kill_and_wait(pid)
    server.ensure_running()
    assert pid_of(server) != pid
    assert has(server, "key")


def test_a_watcher_that_is_told_to_end_ends_the_server_with_it(place: Place, server: EmbeddedServer):
    os.kill(parent_of(pid_of(server)), signal.SIGTERM)
    place.wait_until_quiet()
    server.ensure_running()
    assert pid_of(server)


def test_files_left_by_a_reboot_do_no_harm(place: Place):
    server = open_embedded(place.url())
    write(server, "key")
    pid = pid_of(server)
    server.release()
    kill_and_wait(parent_of(pid))
    kill_and_wait(pid)
    assert place.files.socket.exists()
    again = open_embedded(place.url())
    assert has(again, "key")
    again.release()


def test_a_socket_that_nobody_serves_is_replaced(place: Place):
    place.path.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place.files.socket))
    server = open_embedded(place.url())
    assert pid_of(server)
    server.release()


def test_an_append_only_file_cut_off_in_its_last_entry_is_read(place: Place):
    server = open_embedded(place.url())
    write(server, "first")
    write(server, "last")
    server.release()
    place.wait_until_quiet()
    file = next((place.path / "appendonlydir").glob("*.incr.aof"))
    os.truncate(file, file.stat().st_size - 3)
    again = open_embedded(place.url())
    assert has(again, "first")
    assert not has(again, "last")
    again.release()


def test_a_broken_append_only_file_is_reported_with_the_servers_own_words(place: Place):
    (place.path / "appendonlydir").mkdir(parents=True)
    place.path.chmod(0o700)
    (place.path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EmbeddedError, match=r"did not start.*valkey\.log"):
        open_embedded(place.url())
    assert not place.has_users()


def test_a_program_that_is_no_server_is_reported(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RQ_VALKEY_SERVER", shutil.which("false") or "")
    with pytest.raises(EmbeddedError, match="did not start"):
        open_embedded(place.url())


def test_a_forked_child_does_not_keep_the_server_alive(place: Place):
    parent = place.processes.python(
        """
        import os, signal, sys
        from rq.embedded import open_embedded
        open_embedded(sys.argv[1])
        if os.fork() == 0:
            print("child", os.getpid(), flush=True)
        signal.pause()
        """,
        place.url(),
    )
    child = int(parent.wait_for_output("\n").split()[1])
    parent.kill()
    place.wait_until_quiet()
    assert is_alive(child)


def test_a_forked_child_leaves_the_claim_of_its_parent_alone(place: Place):
    parent = place.processes.python(
        """
        import os, signal, sys
        from rq.embedded import open_embedded
        server = open_embedded(sys.argv[1])
        if os.fork() == 0:
            server.release()
            os._exit(0)
        os.wait()
        print("released", flush=True)
        signal.pause()
        """,
        place.url(),
    )
    parent.wait_for_output("released")
    assert place.has_users()


@pytest.mark.parametrize("claim", ["open_embedded(sys.argv[1])", "server.ensure_running()"])
def test_a_forked_child_may_claim_the_server_for_itself(place: Place, claim: str):
    parent = place.processes.python(
        f"""
        import os, signal, sys
        from rq.embedded import open_embedded
        server = open_embedded(sys.argv[1])
        if os.fork() == 0:
            {claim}
            print("claimed", os.getpid(), flush=True)
        signal.pause()
        """,
        place.url(),
    )
    child = int(parent.wait_for_output("\n").split()[1])
    parent.kill()
    assert place.has_users()
    os.kill(child, signal.SIGKILL)
    place.wait_until_quiet()


def test_the_watcher_is_no_child_of_the_process_that_started_it(place: Place):
    user = place.processes.python(
        """
        import os, sys
        from rq.embedded import open_embedded
        open_embedded(sys.argv[1])
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            print("no children")
        """,
        place.url(),
    )
    assert user.succeed() == "no children\n"


def test_a_directory_deleted_under_its_users_is_begun_anew(place: Place):
    server = open_embedded(place.url())
    write(server, "key")
    old = pid_of(server)
    shutil.rmtree(place.path)
    server.ensure_running()
    assert not has(server, "key")
    assert pid_of(server) != old
    wait_until(lambda: not is_alive(old), message="the server of the deleted directory goes on")
    assert not has(server, "key")
    server.release()
