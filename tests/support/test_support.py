"""The test tools themselves: what every other test relies on."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support import ready_shim
from tests.support.processes import Processes
from tests.support.ready_program import ReadyProgram
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


# --- programs that are forked from one that waits ---


@pytest.fixture
def forks(tmp_path: Path, ready_program: ReadyProgram) -> Iterator[Processes]:
    """Forks what it starts, however this run usually starts programs."""
    started = Processes(tmp_path / "output", ready=ready_program, forks_usually=True)
    yield started
    started.end_all()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a program."""

    def write_program(code: str) -> Path:
        path = tmp_path / f"program{len(list(tmp_path.glob('*.py')))}.py"
        path.write_text(textwrap.dedent(code))
        return path

    return write_program


@pytest.fixture(params=["forked", "with an interpreter of its own"])
def is_forked(request: pytest.FixtureRequest) -> bool:
    return str(request.param) == "forked"


def test_a_process_can_be_ended_right_after_its_start(forks: Processes, write: Callable[[str], Path], is_forked: bool):
    process = forks.script(write("import signal; signal.pause()"), is_forked=is_forked)
    process.end()
    assert process.wait() == -signal.SIGKILL


def test_descendants_end_with_the_test_even_if_they_left_the_process_group(forks: Processes, write: Callable[[str], Path], is_forked: bool):
    program = write(
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
    descendant = int(forks.script(program, is_forked=is_forked).succeed())
    forks.end_all()
    assert not is_alive(descendant)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise ValueError", 1),
        ("import sys; sys.exit('trouble')", 1),
        ("import os; os._exit(5)", 5),
        ("import os; os.abort()", -signal.SIGABRT),
        ("raise KeyboardInterrupt", -signal.SIGINT),
    ],
)
def test_an_exit_status_is_that_of_an_interpreter(forks: Processes, write: Callable[[str], Path], is_forked: bool, code: str, status: int):
    assert forks.script(write(code), is_forked=is_forked).wait() == status


def test_what_is_called_at_the_exit_finds_the_program_as_main(forks: Processes, write: Callable[[str], Path], is_forked: bool):
    program = write(
        """
        import atexit, pickle
        class Own: pass
        atexit.register(lambda: print(type(pickle.loads(pickle.dumps(Own()))) is Own))
        """
    )
    assert forks.script(program, is_forked=is_forked).succeed() == "True\n"


def test_a_forked_process_holds_no_descriptor_but_its_streams(forks: Processes, write: Callable[[str], Path]):
    others = [forks.script(write("import signal; signal.pause()")) for _ in range(3)]
    program = write("import os; print(sorted(int(name) for name in os.listdir('/dev/fd'))[:-1])")  # the last is that of the list
    assert forks.script(program).succeed() == "[0, 1, 2]\n"
    assert all(other.is_running for other in others)


def test_a_forked_program_has_what_its_own_interpreter_would_give_it(forks: Processes, write: Callable[[str], Path], tmp_path: Path):
    program = write(
        """
        import os, sys
        print(__name__, sys.argv, sys.path[0], os.getcwd(), os.environ["OWN"], os.getsid(0) == os.getpid(), sys.stdin.read() == "")
        print("trouble", file=sys.stderr)
        sys.exit(7)
        """
    )
    told = {}
    for is_forked in (True, False):
        process = forks.script(program, "argument", env={"OWN": "value"}, cwd=tmp_path, is_forked=is_forked)
        assert (process.wait(), process.stderr) == (7, "trouble\n")
        told[is_forked] = process.stdout
    assert told[True] == told[False] == f"__main__ {[str(program), 'argument']} {tmp_path} {tmp_path} value True True\n"


def test_a_forked_command_line_says_what_an_installed_one_says(forks: Processes):
    told = [forks.cli("worker", "--help", env={"COLUMNS": "80"}, is_forked=is_forked).succeed() for is_forked in (True, False)]
    assert told[0] == told[1]
    assert told[0].startswith("Usage: rq worker")


def test_forked_programs_run_side_by_side_and_their_ends_are_told_apart(forks: Processes, write: Callable[[str], Path]):
    program = write(
        """
        import signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])  # a handler could run just before a pause without end
        print("ready", flush=True)
        signal.sigwait([signal.SIGUSR1])
        sys.exit(int(sys.argv[1]))
        """
    )
    processes = [forks.script(program, number) for number in range(5)]
    for process in processes:
        process.wait_for_output("ready")
    assert all(process.is_running for process in processes)
    processes[0].terminate()
    processes[1].kill()
    for process in processes[2:]:
        process.send_signal(signal.SIGUSR1)
    assert [process.wait() for process in processes] == [-signal.SIGTERM, -signal.SIGKILL, 2, 3, 4]
    processes[0].send_signal(signal.SIGTERM)  # to nobody


def test_what_is_said_to_the_interpreter_itself_gets_one_of_its_own(forks: Processes, write: Callable[[str], Path]):
    program = write("import sys; print(sys.flags.optimize, 'tests.support.ready_server' in sys.modules)")
    assert forks.script(program, env={"PYTHONOPTIMIZE": "1"}).succeed() == "1 False\n"


def test_a_command_of_a_shell_can_be_forked_too(ready_program: ReadyProgram, forks: Processes, tmp_path: Path):
    command, env = [sys.executable, "-S", ready_shim.__file__, ready_program.address, "rq"], forks.environment({})
    done = subprocess.run([*command, "worker", "--help"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: rq worker")
    assert subprocess.run([*command, "no-such-command"], cwd=tmp_path, env=env, capture_output=True, check=False).returncode == 2


def test_a_signal_for_a_command_of_a_shell_reaches_what_was_forked_for_it(ready_program: ReadyProgram, forks: Processes, write: Callable[[str], Path]):
    program = write("import signal as s; s.pthread_sigmask(s.SIG_BLOCK, [s.SIGTERM]); print('ready', flush=True); s.sigwait([s.SIGTERM]); exit(9)")
    argv = [sys.executable, "-S", ready_shim.__file__, ready_program.address, str(program)]
    with subprocess.Popen(argv, env=forks.environment({}), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(20) == 9


def test_a_command_of_a_shell_ends_with_what_stands_for_it(ready_program: ReadyProgram, forks: Processes, write: Callable[[str], Path]):
    program = write("import os, signal; print(os.getpid(), flush=True); signal.pause()")
    argv = [sys.executable, "-S", ready_shim.__file__, ready_program.address, str(program)]
    with subprocess.Popen(argv, env=forks.environment({}), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    wait_until(lambda: not is_alive(pid), message="it lives on")


def test_a_caller_that_leaves_at_once_disturbs_nobody(ready_program: ReadyProgram, forks: Processes):
    for said in (b"", b'{"argv": '):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(ready_program.address)
            caller.sendall(said)
    assert forks.cli("--version").succeed()


def test_a_program_of_another_interpreter_is_refused(ready_program: ReadyProgram, forks: Processes, tmp_path: Path):
    command = [sys.executable, "-S", ready_shim.__file__, ready_program.address, "rq", "--version"]
    done = subprocess.run(command, cwd=tmp_path, env=forks.environment({"PYTHONOPTIMIZE": "1"}), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another interpreter" in done.stderr


def test_a_program_that_cannot_begin_says_so(forks: Processes, write: Callable[[str], Path], tmp_path: Path):
    with pytest.raises(AssertionError, match="before it began"):
        forks.script(write("pass"), cwd=tmp_path / "missing")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of the run ends them")
def test_forked_programs_and_what_stands_for_them_end_with_the_process_that_they_come_from(forks: Processes, write: Callable[[str], Path], tmp_path: Path):
    program = write("import signal; print('ready', flush=True); signal.pause()")
    with ReadyProgram(forks.environment({}), imports=(), commands={}) as ready:
        others = Processes(tmp_path / "others", ready=ready, forks_usually=True)
        process = others.script(program)
        process.wait_for_output("ready")
        argv = [sys.executable, "-S", ready_shim.__file__, ready.address, str(program)]
        shim = subprocess.Popen(argv, env=forks.environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert shim.stdout
        assert shim.stdout.readline() == "ready\n"
    assert process.wait() == -signal.SIGKILL
    assert "has ended" in shim.communicate(timeout=20)[1]
    wait_until(lambda: not is_alive(process.pid), message="it lives on")
    with pytest.raises(AssertionError, match="are forked from has ended"):
        others.script(program)


def is_alive(pid: int) -> bool:
    """Say whether a process runs: one that nobody has reaped does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip()[:1] not in {"", "Z"}
