"""A pool of an `rq.toml` can say whatever `rq worker` can, or there is a reason why not; and its keys are those of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest
from click.core import ParameterSource

from rq.cli.commands.worker import worker
from rq.runtime.deployment.plans import list_plans
from rq.runtime.deployment.reading import read_deployment
from rq.runtime.deployment.worker_keys import NOT_OF_POOLS, WORKER_KEYS, WorkerKey
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "guide" / "deploying.md"
# Where modules are is a matter of the project, which a cron process has as well.
OF_THE_PROJECT = {"path"}
OPTIONS = {option.name: {*option.opts} for option in worker.params if isinstance(option, click.Option)}


def option_of(key: WorkerKey) -> str:
    """The name of the option that a key becomes."""
    [name] = [name for name, written in OPTIONS.items() if key.flag in written and name is not None]
    return name


def test_a_pool_can_say_every_option_of_a_worker_or_there_is_a_reason_why_not() -> None:
    said = {option_of(key) for key in WORKER_KEYS}
    assert said | {*NOT_OF_POOLS} | OF_THE_PROJECT == {*OPTIONS}, "give the option a row in WORKER_KEYS, or a reason in NOT_OF_POOLS"
    assert not {*NOT_OF_POOLS} & {key.name for key in WORKER_KEYS}


@pytest.mark.parametrize("key", WORKER_KEYS, ids=lambda key: key.name)
def test_a_worker_understands_what_its_pool_tells_it(key: WorkerKey, tmp_path: Path) -> None:
    executor = "" if "fork" in key.executors else f'executor = "{key.executors[0]}"\n'
    (tmp_path / "rq.toml").write_text(f"[pools.web]\n{executor}{key.name} = {key.example}\n")
    [plan] = list_plans(read_deployment(tmp_path / "rq.toml"))
    context = worker.make_context("worker", [*plan.arguments[1:]])
    assert context.get_parameter_source(option_of(key)) is ParameterSource.COMMANDLINE
    assert context.params["queues"] == ("default",)


@pytest.mark.parametrize("key", WORKER_KEYS, ids=lambda key: key.name)
def test_the_documentation_has_a_key_as_it_is(key: WorkerKey) -> None:
    line = f"| `{key.name}` | `{key.example}` | {key.meaning} |\n"
    assert line in PAGE.read_text(), f"{PAGE} should have:\n{line}"


@pytest.mark.parametrize("name", NOT_OF_POOLS)
def test_the_documentation_says_what_a_pool_cannot_say_and_what_to_do_instead(name: str) -> None:
    line = f"| `{name}` | {NOT_OF_POOLS[name]} |\n"
    assert line in PAGE.read_text(), f"{PAGE} should have:\n{line}"
