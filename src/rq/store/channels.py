"""Commands to workers, over the channel that each of them listens to. Whoever does not listen at that moment never hears of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rq.store.calls import Call, wire
from rq.store.scripts import ScriptLibrary


def publish_command(scripts: ScriptLibrary, worker: str, command: Mapping[str, Any]) -> Call[int]:
    """Say a command, as RQ's workers read it, to a worker. Returns how many heard it."""
    return Call(int, ("PUBLISH", wire(scripts.keyspace.commands(worker)), json.dumps(command)))
