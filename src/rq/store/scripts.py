"""Loads the Lua scripts: checks their headers, pastes what they include, and gives each its text and its hash.

Every transition is one file `lua/<verb>.lua`. Its header names From, To, KEYS, ARGV, Reply and, under Atomic, what no reader can ever see. Scripts are bound to
one `Keyspace`, whose prefix stands in their text: a keyspace's scripts are its own, and old and new versions of this package can share a server.

`-- include:` lists files of `lua/lib` and stands where they are pasted. A server runs the whole text each time, and making all its functions is a good part
of what a small script costs; so what can be answered without them stands before the includes, and what is seldom needed is included by the branch that needs
it: an indented include pastes what is not at hand there already. For the same reason a call of a key function becomes the key's own expression.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.errors import DependencyFailedError, StoreError
from rq.core.keys import Keyspace, inline_keys, lua_functions
from rq.core.references import dotted_name
from rq.store.codec import BLANK_FIELDS, encode_exception

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_WORD = re.compile(r"\w+")
_INCLUDE = re.compile(r"( *)-- include:(.*)")
_DEPENDENCY_FAILED = f"{dotted_name(DependencyFailedError)}: a job that this one depends on ended without success"
# What scripts know of the rest of the package: Lua name -> Lua value.
CONSTANTS = {
    "DEFAULT_FAILURE_TTL": str(DEFAULT_FAILURE_TTL),
    "DEPENDENCY_FAILED": f"'{encode_exception(_DEPENDENCY_FAILED)}'",
}
_BLANKS = ", ".join(f"'{name}', ''" for name in BLANK_FIELDS)
# Where in a script's text the functions go that are made here.
_GIVEN = "-- given"
# Writes the hash of a new job: the fields that every hash has at least a blank of, then those that are given. One command, and no table of them in between.
WRITE_HASH = f"local function write_hash(key, ...) return redis.call('HSET', key, {_BLANKS}, ...) end"

HEADER_FIELDS = ("From:", "To:", "KEYS:", "ARGV:", "Reply:", "Atomic:")


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its name, its whole text, and the hash by which the server knows it."""

    name: str
    text: str
    sha: str


@dataclass(frozen=True, slots=True)
class ScriptLibrary:
    """The scripts of one keyspace.

    Args:
        keyspace: whose prefix the scripts bear.
        replaced: texts to take instead of files of `lua/lib`, by name; the tests turn the clock with it.
    """

    keyspace: Keyspace
    replaced: tuple[tuple[str, str], ...] = ()

    def script(self, name: str) -> Script:
        """Return the script `lua/<name>.lua`, read and checked once."""
        return _load(self.keyspace.prefix, self.replaced, name)


def script_names() -> list[str]:
    """Return the names of all transitions that have a script."""
    return sorted(entry.name.removesuffix(".lua") for entry in _folder().iterdir() if entry.name.endswith(".lua"))


@lru_cache(maxsize=1024)
def script_source(name: str) -> str:
    """Return the file `lua/<name>.lua` as it stands; `lib/<file>` names an included one."""
    return _folder().joinpath(f"{name}.lua").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _folder() -> Traversable:
    return resources.files("rq.store") / "lua"


def check_header(name: str, source: str) -> None:
    """Refuse a script whose header lacks a field.

    Raises:
        StoreError: naming the script and the field.
    """
    header = [line for line in source.splitlines() if line.startswith("-- ")]
    for field in HEADER_FIELDS:
        if not any(line.startswith(f"-- {field}") for line in header):
            message = f"The script {name}.lua has no '{field}' line in its header; every transition says all of {', '.join(HEADER_FIELDS)}"
            raise StoreError(message)


@lru_cache(maxsize=1024)
def _load(prefix: str, replaced: tuple[tuple[str, str], ...], name: str) -> Script:
    source = script_source(name)
    check_header(name, source)
    lines = list(_pasted(source, dict(replaced), set()))
    constants = [*(f"local {name} = {value}" for name, value in CONSTANTS.items()), WRITE_HASH]
    body = inline_keys("\n".join(lines), prefix)
    used = set(_WORD.findall(body))
    given = [line for line in (*constants, *lua_functions(prefix).splitlines()) if _name_of(line) in used]
    whole = "\n".join(line for line in body.replace(_GIVEN, "\n".join(given), 1).splitlines() if line)
    return Script(name, whole, hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest())


def _pasted(source: str, replacements: Mapping[str, str], at_hand: set[str]) -> Iterator[str]:
    """Yield the lines of a file and of what it includes, without comments.

    Args:
        source: the file.
        replacements: texts to take instead of files of `lua/lib`.
        at_hand: the files that were pasted where this one can see them; this one adds its own.
    """
    for line in source.splitlines():
        include = _INCLUDE.fullmatch(line)
        if include is None:
            if line.strip() and not line.lstrip().startswith("--"):
                yield line
            continue
        indent, names = include.groups()
        if not at_hand and not indent:
            yield _GIVEN
        seen = set(at_hand) if indent else at_hand
        for name in names.split():
            if name not in seen:
                seen.add(name)
                yield from _pasted(replacements.get(name) or script_source(f"lib/{name}"), replacements, seen)


def _name_of(line: str) -> str:
    return re.split(r"[( ]", line.removeprefix("local ").removeprefix("function "), maxsplit=1)[0]
