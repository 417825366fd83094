"""Texts of others, on their way to a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable


def printable(text: str) -> str:
    """Return a text that a terminal shows and does not obey: control characters and broken bytes as escapes."""
    return text if text.isprintable() else "".join(_escaped(text))


def printable_lines(text: str) -> list[str]:
    """Return the lines of a text as a terminal shows them; tabs stay."""
    return ["\t".join(map(printable, line.split("\t"))) for line in text.rstrip("\n").split("\n")]


def _escaped(text: str) -> Iterable[str]:
    return (character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in text)
