"""All keys of a keyspace in one round trip, and what a server holds beside what the model expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.properties.world import ANY, ANY_TTL, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

Snapshot = dict[str, Key]

READ_ALL = """
local readers = {
  string = function(key) return redis.call('GET', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  stream = function(key) return redis.call('XRANGE', key, '-', '+') end,
}
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  table.insert(found, {key, kind, redis.call('TTL', key), readers[kind](key)})
end
return found
"""
# Written with a real clock, or by Redis with its own idea of decimals: compared with a tolerance.
TTL_TOLERANCE_SECONDS = 30
NUMBER_TOLERANCE = 1e-5


class SnapshotReader:
    """Reads replies of `READ_ALL`, one after the other: what did not change since the last one is not read again."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Any, Any, str, Key]] = {}

    def read(self, reply: list[list[Any]]) -> Snapshot:
        """Return a reply as keys; texts are read as Latin-1, so that no byte is lost."""
        self._known = {name: self._read_key(name, ttl, (kind, value)) for name, kind, ttl, value in reply}
        return {text: key for _, _, text, key in self._known.values()}

    def _read_key(self, name: bytes, ttl: int, content: tuple[bytes, Any]) -> tuple[Any, Any, str, Key]:
        known = self._known.get(name)
        if known and known[0] == content and known[1] == ttl:
            return known
        type_ = _text(content[0])
        return content, ttl, _text(name), Key(type_, _value(type_, content[1]), None if ttl < 0 else ttl)


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _value(type_: str, value: Any) -> Any:
    if type_ == "string":
        return _text(value)
    if type_ == "stream":
        return [_entry(fields) for _, fields in value]
    texts = [_text(item) for item in value]
    if type_ == "hash":
        return dict(zip(texts[::2], texts[1::2], strict=True))
    if type_ == "zset":
        return dict(zip(texts[::2], map(float, texts[1::2]), strict=True))
    return set(texts) if type_ == "set" else texts


def _entry(flat: list[bytes]) -> tuple[str, str, str]:
    fields = {_text(name): _text(value) for name, value in zip(flat[::2], flat[1::2], strict=True)}
    return fields["type"], fields["worker_name"], fields["execution_id"]


def differences(found: Snapshot, expected: Snapshot) -> Iterator[str]:
    """Yield a line for every key that is not as expected."""
    for name in sorted(found.keys() | expected.keys()):
        has, wants = found.get(name), expected.get(name)
        if has is None or wants is None:
            yield f"{name}: found {has}, expected {wants}"
        elif has.type != wants.type or not _same_value(has.value, wants.value):
            yield f"{name}: found {_only_changed(has.value, wants.value)}, expected {_only_changed(wants.value, has.value)}"
        elif not _same_ttl(has.ttl, wants.ttl):
            yield f"{name}: expires in {has.ttl}, expected {wants.ttl}"


def _only_changed(value: Any, other: Any) -> Any:
    if isinstance(value, dict) and isinstance(other, dict):
        return {name: item for name, item in value.items() if not _same_value(item, other.get(name))}
    return value


def _same_value(has: Any, wants: Any) -> bool:
    if wants in (has, ANY):
        return True
    if isinstance(has, dict) and isinstance(wants, dict):
        return has.keys() == wants.keys() and all(_same_value(has[name], wants[name]) for name in has)
    if isinstance(has, str) and isinstance(wants, float):
        return abs(float(has) - wants) < NUMBER_TOLERANCE
    return False


def _same_ttl(has: float | None, wants: float | None) -> bool:
    if has is None or wants is None:
        return has is wants
    return wants == ANY_TTL or -1 <= wants - has <= TTL_TOLERANCE_SECONDS
