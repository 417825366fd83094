"""The model test is worth something: it catches every fault of `mutants`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from redis.exceptions import RedisError

from rq.core.errors import RQError
from rq.store.scripts import script_names
from tests.properties.budgets import COMMON
from tests.properties.machine import TransitionMachine, machine_for
from tests.properties.mutants import MUTANTS, MutatedLibrary, edits_of

if TYPE_CHECKING:
    import redis

BOUND = settings(COMMON, max_examples=3000, stateful_step_count=40, database=None, derandomize=True, phases=[Phase.generate], print_blob=False)


def library_of(mutant: str) -> MutatedLibrary:
    shipped = TransitionMachine.scripts
    return MutatedLibrary(shipped.keyspace, shipped.replaced, edits_of(mutant, shipped.keyspace.prefix))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_edit_of_a_mutant_still_finds_its_text(mutant: str):
    texts = [TransitionMachine.scripts.script(name).text for name in script_names()]
    edits = edits_of(mutant, TransitionMachine.scripts.keyspace.prefix)
    assert [old for old, _ in edits if not any(old in text for text in texts)] == []


@pytest.mark.mutants
def test_without_a_fault_nothing_is_caught(server: redis.Redis):
    run_state_machine_as_test(machine_for(server), settings=BOUND)


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_model_test_catches(mutant: str, server: redis.Redis):
    machine = machine_for(server, library_of(mutant))
    with pytest.raises((AssertionError, RedisError, RQError)):
        run_state_machine_as_test(machine, settings=BOUND)
    print(f"caught after {machine.examples} examples")  # noqa: T201 - shown with -rP
