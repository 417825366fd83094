"""What a call wrote to the server, and how that differs from what another wrote."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import redis

DATES = ("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat")
DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
# Fields and keys of ours that RQ does not look at.
OUR_FIELDS = b"x_"
OUR_KEYS = b"rq:x:"


def written_hash(client: redis.Redis, job_id: str) -> dict[bytes, bytes]:
    """Return the hash of a job, the payload unpacked and dates of RQ's form made one."""
    fields: dict[bytes, bytes] = client.hgetall(f"rq:job:{job_id}")  # type: ignore[assignment] # replies are bytes
    fields[b"data"] = zlib.decompress(fields[b"data"])
    for name in DATES:
        if DATE.fullmatch(fields.get(name.encode(), b"")):
            fields[name.encode()] = b"a date"
    return fields


def written_keys(client: redis.Redis) -> dict[bytes, Any]:
    """Return every other key that RQ knows: what stands in it, but for scores, and whether it expires in about how many minutes."""
    readers = {b"set": client.smembers, b"list": lambda key: client.lrange(key, 0, -1), b"zset": lambda key: client.zrange(key, 0, -1), b"stream": client.xlen}
    found = {}
    for key in client.scan_iter(count=10_000):
        kind = client.type(key)
        if not key.startswith(OUR_KEYS):
            found[key] = (kind, readers[kind](key) if kind in readers else None, round(client.ttl(key) / 60))
    return found


def differences(theirs: Mapping[bytes, Any], ours: Mapping[bytes, Any], known: Collection[bytes] = ()) -> list[str]:
    """List how ours differ from RQ's, but for what begins with `x_` and what is `known`; a line for each."""
    names = sorted({name for name in (*theirs, *ours) if not name.startswith(OUR_FIELDS) and name not in known})
    return [f"{name.decode()}: RQ {theirs.get(name)!r}, here {ours.get(name)!r}" for name in names if theirs.get(name) != ours.get(name)]
