"""The program as a whole: its commands, help, imports, and what it says when something goes wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import pytest

import rq.cli
from rq.cli.boundary import sentence_of
from rq.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str):
    command = COMMANDS[name].load()
    assert command.name == name
    assert (command.help or "").splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_can_be_imported_with_their_parameters_and_help(name: str):
    command = getattr(rq.cli, name)
    assert isinstance(command, click.Command)
    assert {"url", "config", "path"} <= {parameter.name for parameter in command.params}
    assert command.help


def test_the_program_is_a_click_group_with_all_commands():
    assert isinstance(rq.cli.main, click.Group)
    assert main.list_commands(click.Context(main)) == sorted(COMMANDS)
    assert not hasattr(rq.cli, "nothing")


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_help_fits_on_eighty_columns(rq: Rq, arguments: list[str]):
    output = rq.run(*arguments, "--help")
    assert output == rq.run(*arguments, "-h")
    assert max(map(len, output.splitlines())) <= 80


def test_help_of_the_program_loads_neither_the_client_library_nor_the_worker(processes: Processes):
    code = """
        import sys
        from rq.cli.main import main
        main(["--help"], standalone_mode=False)
        print([name for name in ("redis", "rq.runtime", "rq.client", "rq.store", "asyncio", "logging") if name in sys.modules])
    """
    assert processes.python(code).succeed().endswith("[]\n")


def test_looking_and_enqueueing_do_not_load_the_worker(processes: Processes):
    code = "import sys, rq.cli; rq.cli.info, rq.cli.enqueue, rq.cli.empty, rq.cli.requeue, rq.cli.suspend; print('rq.runtime.worker' in sys.modules)"
    assert processes.python(code).succeed() == "False\n"


def test_the_program_can_be_run_as_a_module(processes: Processes):
    output = processes.start([sys.executable, "-m", "rq.cli", "--version"]).succeed()
    assert output == f"rq, version {rq.VERSION}\n"


def test_an_unknown_command_is_a_wrong_call(rq: Rq):
    assert "nothing" in rq.refuse("nothing", status=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["worker", "-v", "-q"], "--verbose and --quiet"),
        (["worker", "--logging_level", "loud"], "--logging_level loud"),
        (["worker", "--max-jobs", "0"], "'--max-jobs': 0 is too small, it must be at least 1"),
        (["worker", "--max-jobs", "many"], "'many' is no whole number"),
        (["worker", "--lease", "1"], "'--lease': 1 is too small"),
        (["worker", "--lease", "nan"], "'--lease'"),
        (["worker", "--worker-ttl", "9" * 30], "is too much"),
        (["worker", ""], "name of a queue is empty"),
        (["info", "--interval", "-1"], "'--interval'"),
        (["info", "--nothing"], "--nothing"),
    ],
)
def test_wrong_calls_are_explained(rq: Rq, arguments: list[str], words: str):
    assert words in rq.refuse(*arguments, status=2)


@pytest.mark.parametrize("command", ["worker", "worker-pool"])
def test_a_file_that_cannot_be_written_is_named_with_its_option(rq: Rq, command: str):
    sentence = rq.refuse(command, "--burst", "--pid", "no/where.pid", status=2)
    assert sentence.startswith("--pid no/where.pid: the process id cannot be written there (No such file or directory); name a file")


def test_an_unexpected_error_is_one_sentence_and_its_traceback_can_be_had(rq: Rq):
    (rq.folder / "mine.py").write_text("from rq import Worker\nclass MyWorker(Worker):\n    def work(self, *a, **k): raise LookupError('lost\\nfor good')\n")
    process = rq.start("worker", "-w", "mine.MyWorker")
    assert process.wait() == 1
    assert process.stderr == "Error: Unexpected LookupError: lost for good; with RQ_DEBUG=1 in the environment, or --verbose, you see where\n"
    for debug in (rq.start("worker", "-w", "mine.MyWorker", "--verbose"), rq.start("worker", "-w", "mine.MyWorker", env={"RQ_DEBUG": "1"})):
        assert debug.wait() == 1
        assert "mine.py" in debug.stderr
        assert debug.stderr.splitlines()[-1].startswith("Error: Unexpected LookupError")


def test_an_error_without_a_message_is_still_a_sentence():
    assert sentence_of(KeyError(), "here").startswith("Unexpected KeyError; ")
    assert sentence_of(OSError("no file name"), "here").startswith("Unexpected OSError: no file name; ")
