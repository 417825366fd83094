"""Everything a server holds, as a value that two moments can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

# Answers the key, the type, whether it will expire, and the value of each key. One call for all of them: tests dump thousands of times.
_READ_ALL = """
local commands = {
    string = {'GET'}, hash = {'HGETALL'}, list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, stream = {'XRANGE', '-', '+'},
}
local entries = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key)['ok']
    local command = commands[kind]
    local has_ttl = redis.call('TTL', key) ~= -1 and 1 or 0
    entries[#entries + 1] = {key, kind, has_ttl, redis.call(command[1], key, unpack(command, 2))}
end
return entries
"""


class Entry(NamedTuple):
    """One key: its type, its value as plain Python data, and whether it will expire."""

    type: str
    value: Any
    has_ttl: bool


def dump(client: redis.Redis, *, without: tuple[str, ...] = ()) -> dict[str, Entry]:
    """Return every key of the database but those in `without`, as of one moment; names and texts with escapes where they are no UTF-8."""
    named = ((_text(key), kind, has_ttl, value) for key, kind, has_ttl, value in _raw(client, "EVAL", _READ_ALL, 0))
    entries = {name: Entry(kind.decode(), _VALUES[kind](value), bool(has_ttl)) for name, kind, has_ttl, value in named if name not in without}
    return dict(sorted(entries.items()))


def differences(before: dict[str, Entry], after: dict[str, Entry]) -> dict[str, tuple[Entry | None, Entry | None]]:
    """Return what changed between two dumps: key -> (before, after), None where it did not exist."""
    keys = before.keys() | after.keys()
    return {key: (before.get(key), after.get(key)) for key in sorted(keys) if before.get(key) != after.get(key)}


def _raw(client: redis.Redis, *command: Any) -> Any:
    return client.execute_command(*command, NEVER_DECODE=True)


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def _pairs(items: list[Any]) -> dict[str, Any]:
    """Return the dictionary that a reply names in turn, keys and values."""
    return dict(zip(map(_text, items[::2]), items[1::2], strict=True))


def _texts(items: list[Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in _pairs(items).items()}


_VALUES: dict[bytes, Callable[[Any], Any]] = {
    b"string": _text,
    b"hash": _texts,
    b"list": lambda items: [_text(item) for item in items],
    b"set": lambda items: sorted(_text(item) for item in items),
    b"zset": lambda items: {member: float(score) for member, score in _pairs(items).items()},
    b"stream": lambda entries: [(_text(entry), _texts(fields)) for entry, fields in entries],
}
