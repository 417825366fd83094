"""The test tools themselves: what every other test relies on."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.processes import Processes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartValkey
    from tests.support.server import ValkeyServer


@pytest.mark.parametrize("key", ["first", "second"])
def test_every_test_begins_with_an_empty_database(redis_client: redis.Redis, key: str):
    assert redis_client.keys() == []
    redis_client.set(key, "left behind")


def test_the_server_answers_on_its_port_and_on_its_socket(valkey: ValkeyServer):
    for url in (valkey.url, valkey.unix_url):
        with redis.Redis.from_url(url) as client:
            assert client.info("server")["process_id"] == valkey.pid


def test_a_restarted_server_keeps_its_port_and_is_another_process(valkey: ValkeyServer):
    port, pid = valkey.port, valkey.pid
    valkey.restart()
    assert valkey.port == port
    assert valkey.pid != pid


def test_a_stopped_server_runs_again_after_reset(valkey: ValkeyServer):
    valkey.stop()
    assert not valkey.is_running
    valkey.reset()
    assert valkey.client().ping()


def test_a_changed_setting_is_taken_back_by_reset(valkey: ValkeyServer):
    client = valkey.client(decode_responses=True)
    before = client.config_get("maxmemory")
    valkey.config_set("maxmemory", "100mb")
    assert client.config_get("maxmemory") != before
    valkey.reset()
    assert client.config_get("maxmemory") == before


def test_a_server_with_an_append_only_file_keeps_its_keys_when_it_is_killed(start_valkey: StartValkey):
    server = start_valkey(appendonly=True, appendfsync="always")
    server.client().set("key", "value")
    server.kill()
    server.start()
    assert server.client().get("key") == b"value"


def test_a_cluster_of_one_node_owns_all_slots(start_valkey: StartValkey):
    server = start_valkey(cluster_enabled=True)
    with redis.RedisCluster(host=server.host, port=server.port) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_a_paused_server_answers_after_it_is_resumed(valkey: ValkeyServer):
    with redis.Redis(port=valkey.port, socket_timeout=0.1, retry=Retry(NoBackoff(), 0)) as client:
        valkey.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        valkey.resume()
        assert client.ping()


def test_a_process_sees_the_checkout_and_its_output_is_captured(processes: Processes):
    process = processes.python("import rq, sys, tests.support.waiting; print(rq.VERSION, sys.argv[1])", "argument")
    assert process.succeed().endswith("argument\n")


def test_output_can_be_waited_for_while_the_process_runs(processes: Processes):
    process = processes.python("import signal; print('ready'); signal.pause()")
    process.wait_for_output("ready")
    assert process.is_running
    process.terminate()
    assert process.wait() == -signal.SIGTERM


def test_waiting_for_output_of_a_process_that_ends_without_it_fails_at_once(processes: Processes):
    process = processes.python("print('something else')")
    with pytest.raises(AssertionError, match="something else"):
        process.wait_for_output("ready", timeout=60)


def test_descendants_end_with_the_test_even_if_they_left_the_process_group(tmp_path: Path):
    processes = Processes(tmp_path)
    process = processes.python(
        """
        import os, signal
        told, tell = os.pipe()
        if os.fork() == 0:
            os.setsid()
            print(os.getpid(), flush=True)
            os.write(tell, b"!")
            signal.pause()
        os.read(told, 1)
        """
    )
    descendant = int(process.succeed())
    processes.end_all()

    state = subprocess.run(["ps", "-o", "stat=", "-p", str(descendant)], capture_output=True, text=True, check=False).stdout
    assert state.strip()[:1] in {"", "Z"}
