"""The outbox: what is to be sent to others about an outcome, written in the same step as the outcome, sent by any worker, at least once.

A body is opaque here. Whoever takes some has a while to say what became of them; if nothing is heard, somebody else takes them.
"""

from __future__ import annotations

from typing import Any

from rq.store.calls import Call, pairs, text, wire
from rq.store.scripts import ScriptLibrary


def take_deliveries(scripts: ScriptLibrary, most: int, seconds: float) -> Call[list[tuple[str, bytes]]]:
    """Take up to `most` deliveries that are due, for so many seconds. Returns their names and bodies."""

    def read(reply: Any) -> list[tuple[str, bytes]]:
        return [(text(name), body if isinstance(body, bytes) else body.encode()) for name, body in pairs(reply[1])]

    keys = scripts.keyspace
    return Call(read, (most, seconds), scripts.script("take_deliveries"), (keys.outbox, keys.deliveries))


def end_delivery(scripts: ScriptLibrary, name: str, rest: bytes = b"", delay_seconds: float = 0.0) -> Call[bool]:
    """Say what became of a delivery: it is done with, or `rest` of it is to be tried again after a delay."""
    keys = scripts.keyspace
    return Call(bool, (wire(name), rest, delay_seconds), scripts.script("end_delivery"), (keys.outbox, keys.deliveries))
