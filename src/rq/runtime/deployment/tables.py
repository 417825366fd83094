"""A TOML file, read key by key. Whatever cannot be right becomes one sentence that names the file, the table and the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TypeGuard, TypeVar

from rq.core.errors import InvalidOptionError, TimeoutFormatError
from rq.core.formats import parse_duration, truncate
from rq.core.printable import printable

T = TypeVar("T")

# Powers of 1024, as systemd reads them.
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"(\d+) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)
_MOST_BYTES = 1024 * _UNITS["T"]
_VARIABLE = re.compile(r"[^=\0]+")
# Of a value that is wrong.
_MOST_SHOWN = 100
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Table:
    """One table. A key that nobody asked for is a mistake, which `refuse_others` finds.

    Args:
        file: where it stands.
        name: as in its heading, such as `pools.web`; empty for the top of the file.
        values: what it holds.
    """

    def __init__(self, file: Path, name: str, values: Mapping[str, object]) -> None:
        self._file = file
        self._name = name
        self._values = values
        self._known: list[str] = []

    def text(self, key: str) -> str | None:
        """Return a text; None if the key is not there. All of these methods raise InvalidOptionError for a value of another kind."""
        return self._typed(key, "a text in quotes", lambda value: value if _is_text(value) else None)

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        """Return a text that is one of several, in any case; None if the key is not there."""
        return self._typed(key, f"one of {', '.join(choices)}", lambda value: value.lower() if isinstance(value, str) and value.lower() in choices else None)

    def flag(self, key: str) -> bool | None:
        """Return true or false; None if the key is not there."""
        return self._typed(key, "true or false", lambda value: value if isinstance(value, bool) else None)

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts, of which a text alone is one; None if the key is not there."""

        def read(value: object) -> tuple[str, ...] | None:
            items = [value] if isinstance(value, str) else value
            if not isinstance(items, list) or not items or not all(map(_is_text, items)):
                return None
            return tuple(items)

        return self._typed(key, 'a list of texts, such as ["high", "default"]', read)

    def number(self, key: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds; None if the key is not there."""
        return self._typed(key, f"a whole number from {least} to {most}", lambda value: value if _is_whole(value) and least <= value <= most else None)

    def seconds(self, key: str, least: float, most: float) -> float | None:
        """Return a duration in seconds, written as a number or as a text such as "10m"; None if the key is not there."""
        return self._typed(key, f'from {least:g} to {most:.0f} seconds, as a number or a text such as "10m"', lambda value: _seconds(value, least, most))

    def whole_seconds(self, key: str, least: int, most: int) -> int | None:
        """Return a duration in whole seconds, written as `seconds` are; None if the key is not there."""

        def read(value: object) -> int | None:
            found = _seconds(value, least, most)
            return int(found) if found is not None and found == int(found) else None

        return self._typed(key, f'from {least} to {most} seconds, as a whole number or a text such as "10m"', read)

    def size(self, key: str, least: int, most: int = _MOST_BYTES) -> int | None:
        """Return a size in bytes, written as a number or as a text such as "512M"; None if the key is not there."""

        def read(value: object) -> int | None:
            match = _SIZE.fullmatch(str(value)) if isinstance(value, str) or _is_whole(value) else None
            found = int(match[1]) * _UNITS[match[2].upper()] if match else 0
            return found if least <= found <= most else None

        return self._typed(key, f'a size from "{_written_size(least)}" to "{_written_size(most)}"', read)

    def path(self, key: str) -> Path | None:
        """Return a path; None if the key is not there. A relative one begins at the folder of the file, `~` is the home."""
        written = self.text(key)
        return None if written is None else self._located(key, written)

    def paths(self, key: str) -> tuple[Path, ...]:
        """Return paths as `path` does; none if the key is not there."""
        return tuple(self._located(key, written) for written in self.texts(key) or ())

    def variables(self, key: str) -> dict[str, str]:
        """Return a table of texts, where a number stands for its text; empty if the key is not there."""
        table = self.table(key)
        for name in table.keys:
            if not _VARIABLE.fullmatch(name):
                raise table.mistake(f'"{name}"', "a variable has a name, without the sign =")
        return {name: table.variable(name) for name in table.keys}

    def variable(self, key: str) -> str:
        """Return the value of an environment variable: a text, or a number as a text. The key must be there."""

        def read(value: object) -> str | None:
            return str(value) if _is_text(value) or value == "" or (isinstance(value, (int, float)) and not isinstance(value, bool)) else None

        return self._typed(key, "a text in quotes", read) or ""

    def table(self, key: str) -> Table:
        """Return a table within this one; an empty one if the key is not there."""
        name = f"{self._name}.{key}" if self._name else key
        found = self._typed(key, f"a table, such as [{name}]", lambda value: value if isinstance(value, dict) else None)
        return Table(self._file, name, found or {})

    def named_tables(self, key: str) -> dict[str, Table]:
        """Return the tables within one that holds nothing else, by their names; none if the key is not there."""
        outer = self.table(key)
        for name in outer.keys:
            if not _NAME.fullmatch(name):
                raise outer.mistake(f'"{name}"', "a name may have letters, digits, _ and -")
        return {name: outer.table(name) for name in outer.keys}

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self._file.parent

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, in the order of the file."""
        return tuple(self._values)

    def refuse_others(self, advice: Mapping[str, str] = MappingProxyType({})) -> None:
        """Refuse a key that nobody asked for.

        Args:
            advice: for keys that one may expect here, what to do instead.

        Raises:
            InvalidOptionError: there is one.
        """
        for key in self._values:
            if key not in self._known:
                raise self.mistake(key, f"there is no such key; {advice.get(key) or self._guess(key)}")

    def _guess(self, key: str) -> str:
        close = get_close_matches(key.lower().replace("-", "_"), self._known, 1)
        return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(self._known))}"

    def mistake(self, key: str, what: str) -> InvalidOptionError:
        """Return the error about one key."""
        return InvalidOptionError(f"{self._file}: {f'[{self._name}] ' if self._name else ''}{printable(key)}: {what}")

    def _located(self, key: str, written: str) -> Path:
        try:
            return self.folder / Path(written).expanduser()
        except RuntimeError as error:
            raise self.mistake(key, f"it is {written!r}; nobody of that name has a home here") from error

    def _typed(self, key: str, kind: str, read: Callable[[object], T | None]) -> T | None:
        self._known.append(key)
        if key not in self._values:
            return None
        found = read(self._values[key])
        if found is None:
            raise self.mistake(key, f"it is {truncate(repr(self._values[key]), _MOST_SHOWN)}; it must be {kind}")
        return found


def open_file(file: Path) -> Table:
    """Return the top of a TOML file.

    Raises:
        InvalidOptionError: it is no TOML, or no text.
        OSError: it cannot be read.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors mark a text in UTF-8 as such
    except (ValueError, RecursionError) as error:
        raise InvalidOptionError(f"{file}: this is no TOML: {error}") from error
    return Table(file, "", values)


def _is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is a text that is not empty, and that can be told to a process: C ends texts with a NUL."""
    return isinstance(value, str) and value != "" and "\0" not in value


def _seconds(value: object, least: float, most: float) -> float | None:
    """Return a duration within bounds; None for anything else."""
    try:
        found = parse_duration(value) if isinstance(value, str) else value
    except TimeoutFormatError:
        return None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) and least <= found <= most else None


def _written_size(size: int) -> str:
    unit = next(unit for unit, factor in reversed(_UNITS.items()) if size % factor == 0)
    return f"{size // _UNITS[unit]}{unit}"


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
