"""Commands to workers, over the channel that each of them listens to. Whoever does not listen at that moment hears only of those that are kept for him."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rq.store.calls import Call, wire
from rq.store.scripts import ScriptLibrary


def publish_command(scripts: ScriptLibrary, worker: str, command: Mapping[str, Any]) -> Call[int]:
    """Say a command, as RQ's workers read it, to a worker. Returns how many heard it."""
    return Call(int, ("PUBLISH", wire(scripts.keyspace.commands(worker)), json.dumps(command)))


# Command -> what it is kept as.
KEPT = {"shutdown": "shutdown", "kill-horse": "kill"}


def tell_worker(scripts: ScriptLibrary, worker: str, command: Mapping[str, Any], command_id: str) -> Call[bool]:
    """Say one of the commands that are `KEPT` to a worker; ours hears of it by its heartbeat at the latest.

    Args:
        scripts: the keyspace's scripts.
        worker: its name.
        command: as RQ's workers read it.
        command_id: names it, so that a worker which hears of it twice obeys once.

    Returns:
        Whether it is kept: not for a worker of RQ, or for one that is not there.
    """
    said = json.dumps({**command, "x_id": command_id})
    return Call(
        lambda reply: bool(reply[1]),
        (wire(worker), KEPT[command["command"]], command_id, said),
        scripts.script("tell_worker"),
        (scripts.keyspace.held(worker),),
    )
