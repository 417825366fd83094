"""Loads the Lua scripts: checks their headers, pastes what they include, and gives each its text and its hash.

Every transition is one file `lua/<verb>.lua`. Its header names From, To, KEYS, ARGV, Reply and, under Atomic, what no reader can ever see. `-- include:` lists
the files of `lua/lib` that it uses, in order (over several lines, if need be), and stands where they are pasted, so that what can be answered without them
comes first; of the key functions and the `CONSTANTS` only those are pasted that the text names. Scripts are bound to one `Keyspace`, whose
prefix stands in their text: a keyspace's scripts are its own, and old and new versions of this package can share a server.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.errors import DependencyFailedError, StoreError
from rq.core.keys import Keyspace, lua_functions
from rq.core.references import dotted_name
from rq.store.codec import BLANK_FIELDS, encode_exception

_INCLUDES = re.compile(r"(?:^|(?<=\n))-- include:(.*)\n")
_DEPENDENCY_FAILED = f"{dotted_name(DependencyFailedError)}: a job that this one depends on ended without success"
# What scripts know of the rest of the package: Lua name -> Lua value.
CONSTANTS = {
    "DEFAULT_FAILURE_TTL": str(DEFAULT_FAILURE_TTL),
    "DEPENDENCY_FAILED": f"'{encode_exception(_DEPENDENCY_FAILED)}'",
}
_BLANKS = ", ".join(f"'{name}', ''" for name in BLANK_FIELDS)
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
    folder = resources.files("rq.store") / "lua"
    return sorted(entry.name.removesuffix(".lua") for entry in folder.iterdir() if entry.name.endswith(".lua"))


def script_source(name: str) -> str:
    """Return the file `lua/<name>.lua` as it stands; `lib/<file>` names an included one."""
    return (resources.files("rq.store") / "lua" / f"{name}.lua").read_text(encoding="utf-8")


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
    replacements = dict(replaced)
    before, *names, after = _INCLUDES.split(source) if _INCLUDES.search(source) else ("", source)
    libraries = [replacements.get(name) or script_source(f"lib/{name}") for name in " ".join(names).split()]
    body = "\n".join(_without_comments(part) for part in (*libraries, after))
    given = [*(f"local {name} = {value}" for name, value in CONSTANTS.items()), WRITE_HASH, *lua_functions(prefix).splitlines()]
    named = [line for line in given if re.search(rf"\b{_name_of(line)}\b", body)]
    whole = "\n".join([_without_comments(before), *named, body]).lstrip("\n")
    return Script(name, whole, hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest())


def _name_of(line: str) -> str:
    return re.split(r"[( ]", line.removeprefix("local ").removeprefix("function "), maxsplit=1)[0]


def _without_comments(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("--"))
