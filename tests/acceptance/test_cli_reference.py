"""The commands as a whole: the reference is up to date, help reads well, and every option is tried by some test through the command line."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from rq.cli import commands as commands_package
from rq.cli.commands.worker import worker
from rq.cli.main import main
from rq.cli.words import commands_below
from tests.support.processes import ROOT, Processes

PAGE = ROOT / "docs" / "command-line-reference.md"
# All commands share their code: it is enough that they are tried with one.
SHARED = {"url", "config", "path", "serializer", "worker_class", "job_class", "queue_class", "connection_class"}
_NARROW = 80


def context_of(command: click.Command, **options: Any) -> click.Context:
    """A context as `rq` makes it: what help a command gets to have in its first one, it keeps."""
    return click.Context(command, **main.context_settings, **options)


def commands(above: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands, those below others too, with their paths."""
    for name, command in commands_below(above, context_of(above)):
        if not isinstance(command, click.Group):
            yield (*path, name), command
        yield from commands(command, (*path, name))


ALL = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]


def test_the_reference_is_that_of_the_commands(processes: Processes):
    # In a process of its own: what help a command has been asked for before, it goes on having.
    printed = processes.start([sys.executable, "-m", "rq.cli.reference"]).succeed()
    assert PAGE.read_text() == printed, "run `make reference`"


def test_no_command_that_is_defined_anywhere_is_missing_in_the_reference():
    modules = [importlib.import_module(f"{commands_package.__name__}.{module.name}") for module in pkgutil.iter_modules(commands_package.__path__)]
    defined = {command for module in modules for command in vars(module).values() if isinstance(command, click.Command)}
    described = {path: command for path, command in commands() if f"\n## rq {' '.join(path)}\n" in PAGE.read_text()}
    assert defined - set(described.values()) == set()
    assert ("cron", "list") in described


@pytest.mark.parametrize(("path", "command"), ALL)
def test_help_of_a_command_reads_well_at_eighty_columns(path: tuple[str, ...], command: click.Command):
    context = context_of(command, info_name=" ".join(["rq", *path]), terminal_width=_NARROW, max_content_width=_NARROW)
    lines = command.get_help(context).splitlines()
    assert max(map(len, lines)) <= _NARROW
    assert (command.help or "").strip()


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_option_says_what_it_does(path: tuple[str, ...], command: click.Command):
    silent = [option.opts for option in command.params if isinstance(option, click.Option) and not option.help]
    assert silent == [], path


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_option_is_tried_through_the_command_line(path: tuple[str, ...], command: click.Command, calls: list[set[str]]):
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    by_name = {path[-1]: [call for call in calls if path[-1] in call], "worker": [call for call in calls if "worker" in call]}
    untried = []
    for option in options:
        # Those that `rq worker-pool` passes on are the very options of `rq worker`.
        tried_with = calls if option.name in SHARED else by_name["worker" if option in worker.params else path[-1]]
        if not any(call.intersection(option.opts) for call in tried_with):
            untried.append(option.opts)
    assert untried == []


@pytest.fixture(scope="module")
def calls() -> list[set[str]]:
    """The words of each function of the tests of the command line, with those of the tables of its module, and of each call of `rq` in the docs."""
    files = [file for file in Path(__file__).parent.glob("test_cli_*.py") if file != Path(__file__)]
    words = [words_of(scope) for file in files for scope in scopes_of(ast.parse(file.read_text()))]
    pages = (page.read_text() for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
    return [*words, *({*call.split()} for page in pages for call in re.findall(r"^\$ (rq .*)", page, re.MULTILINE))]


def scopes_of(module: ast.Module) -> Iterator[list[ast.stmt]]:
    """Each function of a module, with whatever is not in a function or a class."""
    tables = [statement for statement in module.body if not isinstance(statement, (ast.FunctionDef, ast.ClassDef))]
    yield from ([statement, *tables] for statement in module.body if isinstance(statement, ast.FunctionDef))


def words_of(scope: list[ast.stmt]) -> set[str]:
    """The words in the texts of some statements, and the names in them: a test may call a function that calls the command."""
    nodes = [node for statement in scope for node in ast.walk(statement)]
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {word for text in texts for word in text.split()} | {node.id for node in nodes if isinstance(node, ast.Name)}
