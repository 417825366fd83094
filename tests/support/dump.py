"""Everything a server holds, as a value that two moments can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import redis


class Entry(NamedTuple):
    """One key: its type, its value as plain Python data, and whether it will expire."""

    type: str
    value: Any
    has_ttl: bool


def dump(client: redis.Redis, *, without: tuple[str, ...] = ()) -> dict[str, Entry]:
    """Return every key of the database but those in `without`; names and texts with escapes where they are no UTF-8."""
    entries = {}
    for key in sorted(_raw(client, "KEYS", "*")):
        name = key.decode(errors="backslashreplace")
        if name not in without:
            kind = _raw(client, "TYPE", key).decode()
            entries[name] = Entry(kind, _READERS[kind](client, key), _raw(client, "TTL", key) != -1)
    return entries


def differences(before: dict[str, Entry], after: dict[str, Entry]) -> dict[str, tuple[Entry | None, Entry | None]]:
    """Return what changed between two dumps: key -> (before, after), None where it did not exist."""
    keys = before.keys() | after.keys()
    return {key: (before.get(key), after.get(key)) for key in sorted(keys) if before.get(key) != after.get(key)}


def _raw(client: redis.Redis, *command: Any) -> Any:
    return client.execute_command(*command, NEVER_DECODE=True)


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def _read_stream(client: redis.Redis, key: bytes) -> list[tuple[str, dict[str, str]]]:
    entries: Any = client.xrange(key)
    return [(_text(entry), {_text(name): _text(value) for name, value in fields.items()}) for entry, fields in entries]


_READERS: dict[str, Any] = {
    "string": lambda client, key: _text(client.get(key)),
    "hash": lambda client, key: {_text(name): _text(value) for name, value in client.hgetall(key).items()},
    "list": lambda client, key: [_text(item) for item in client.lrange(key, 0, -1)],
    "set": lambda client, key: sorted(_text(item) for item in client.smembers(key)),
    "zset": lambda client, key: {_text(member): score for member, score in client.zrange(key, 0, -1, withscores=True)},
    "stream": _read_stream,
}
