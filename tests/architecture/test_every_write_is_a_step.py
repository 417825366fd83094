"""Everything that the store writes is a step of the state machine of `tests/properties`, or stands below with the reason why it is none.

A step meets lost requests, lost replies, killed clients and every other step. What is no step, nothing but its own tests has seen.
"""

from __future__ import annotations

import pytest

from tests.architecture.store_calls import store_functions, used_by_the_state_machine, writing_scripts

_HALF = "half a step of a job's life in RQ's API, whose other half its caller does: the machine's workers and producers of RQ write the same keys (`upstream`)"
_LIST = "RQ's API of lists: from the list to its taker an id is nowhere, which the contract forbids; the machine's worker of RQ does it (`upstream`)"
_CRON = "RQ's lists of cron processes and names, which scripts keep too (`cron_beat`, `cron_tick`); no tick depends on them"
_ALONE = "a key of RQ's API that no step of a job's life reads"

SCRIPTS_THAT_ARE_NO_STEP = {
    "end_executions": _HALF,
    "register_dependencies": _HALF,
    "write_execution": _HALF,
}
COMMANDS_THAT_ARE_NO_STEP = {
    **dict.fromkeys(["queue_list.push_id", "queue_list.remove_id", "queue_list.take_id", "queue_list.wait_for_id"], _LIST),
    **dict.fromkeys(["queue_list.move_id", "queue_list.wait_and_move_id", "intermediate.remove_intermediate"], _LIST),
    "intermediate.write_first_seen": "the sweep, which is a step, writes it in the same way",
    "registries.delist": _HALF,
    "dependents.note_release": "written where no script ended the parent (`sync`); the scripts that leave and carry out such notes are steps",
    **dict.fromkeys(["cron_lists.add_name", "cron_lists.forget_names", "cron_lists.enlist_process"], _CRON),
    **dict.fromkeys(["cron_lists.unlist_process", "cron_lists.forget_processes", "cron_lists.write_process"], _CRON),
    **dict.fromkeys(["schedulers.write_scheduler", "schedulers.delete_scheduler"], _ALONE),
    "fields.count_for_worker": "adds to a counter that nobody decides by, and says that it counts again when it is sent again",
    "fields.forget_current_job": "takes away what a worker shows, which nobody decides by",
    "fields.expire_worker": "prolongs a worker's hash, as its heartbeat does in a step",
    "channels.publish_command": "changes no key",
}
# One transaction each, for servers that know no scripts: there every step but these is refused.
WITHOUT_SCRIPTS = "sync."


def test_every_script_that_writes_is_a_step_of_the_state_machine():
    functions = store_functions()
    steps = {script for name in used_by_the_state_machine() for script in functions[name].scripts}
    assert sorted(writing_scripts() - steps) == sorted(SCRIPTS_THAT_ARE_NO_STEP)


def test_every_script_is_called_by_a_function_of_the_store():
    assert writing_scripts() <= {script for function in store_functions().values() for script in function.scripts}


def test_every_plain_command_that_writes_is_a_step_of_the_state_machine():
    used = used_by_the_state_machine()
    missing = {name for name, function in store_functions().items() if function.writes_plainly and name not in used}
    assert sorted(name for name in missing if not name.startswith(WITHOUT_SCRIPTS)) == sorted(COMMANDS_THAT_ARE_NO_STEP)


@pytest.mark.parametrize("script", ["enqueue", "claim", "finish", "fail", "release", "promote", "compact", "birth", "cron_tick"])
def test_a_script_that_writes_is_found_to_write(script: str):
    assert script in writing_scripts()


@pytest.mark.parametrize("script", ["paused", "expired_workers"])
def test_a_script_that_looks_is_found_to_look(script: str):
    assert script not in writing_scripts()
