"""Every interleaving of clients, faults and clocks: the scripts do what the model says, and what the contract promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis.stateful import run_state_machine_as_test

from rq.core.keys import inline_keys
from rq.store.scripts import ScriptLibrary, script_names, script_source
from tests.properties.budgets import PARTS
from tests.properties.machine import TransitionMachine, machine_for
from tests.properties.wire import TURNED_BY_HAND

if TYPE_CHECKING:
    import redis
    from hypothesis import settings


@pytest.mark.parametrize("part", range(PARTS))
def test_no_interleaving_breaks_the_contract(server: redis.Redis, budget: settings, part: int):
    run_state_machine_as_test(machine_for(server), settings=budget)


def test_no_part_of_the_machine_hides_a_rule_of_another():
    parts = [vars(part) for part in TransitionMachine.__mro__ if part.__module__.startswith("tests.")]
    names = [name for part in parts for name, value in part.items() if hasattr(value, "hypothesis_stateful_rule")]
    assert names
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", script_names())
def test_the_scripts_under_test_differ_from_the_shipped_ones_in_the_clock_alone(name: str):
    turned = TransitionMachine.scripts
    shipped = ScriptLibrary(turned.keyspace).script(name).text
    clock = "\n".join(line for line in script_source("lib/server_time").splitlines() if not line.startswith("--"))
    assert turned.script(name).text == shipped.replace(clock, inline_keys(TURNED_BY_HAND[1], turned.keyspace.prefix))
