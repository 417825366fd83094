"""Calls as values.

A store function builds a `Call`: a script or a command, its keys and arguments, and how to read the reply. It does no I/O. Callers (`store.connection`,
`store.aio`) run calls one by one or many in one round trip; a user's pipeline merely collects them. So nothing is written twice for asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from rq.store.scripts import Script

T = TypeVar("T")
U = TypeVar("U")

Argument = bytes | str | int | float


@dataclass(slots=True)
class Call(Generic[T]):
    """One request to the server.

    Args:
        read: turns the raw reply into what the caller gets.
        arguments: for a script its ARGV; for a command the whole command.
        script: the script to run, None for a plain command.
        keys: the script's KEYS.
        blocks: whether the server may wait before it answers. Such a call is not sent together with others, which would wait too.
    """

    read: Callable[[Any], T]
    arguments: Sequence[Argument]
    script: Script | None = None
    keys: Sequence[str] = ()
    blocks: bool = False

    def then(self, use: Callable[[T], U]) -> Call[U]:
        """Return the same request, whose answer `use` makes something of: what the caller gets, or an error that the caller sees."""
        return Call(lambda reply: use(self.read(reply)), self.arguments, self.script, self.keys, self.blocks)

    def command(self) -> tuple[Argument, ...]:
        """Return the command as it goes over the wire; a script by its hash."""
        if self.script is None:
            return tuple(wire(part) if isinstance(part, str) else part for part in self.arguments)
        return ("EVALSHA", self.script.sha, len(self.keys), *_wired(self.keys), *self.arguments)

    def command_with_text(self) -> tuple[Argument, ...]:
        """Return the command with the whole script in it, for a pipeline that cannot repair an unknown hash."""
        if self.script is None:
            return self.command()
        return ("EVAL", self.script.text, len(self.keys), *_wired(self.keys), *self.arguments)


# What takes several round trips: each step is the calls of one, and is sent their answers.
Steps = Generator[Sequence[Call[Any]], list[Any], T]


def text(value: bytes | str | None) -> str:
    """Return a name or id from the wire; bytes that are no UTF-8 survive the way there and back."""
    if value is None:
        return ""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


# What `text` does of bytes, in one step.
text_of_bytes: Callable[[bytes], str] = methodcaller("decode", "utf-8", "surrogateescape")


def wire(value: str) -> bytes | str:
    """Return a name or id for the wire; the other way of `text`."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape")


def _wired(keys: Sequence[str]) -> Iterable[bytes | str]:
    """Return keys for the wire; nearly always all are ASCII, and one look at all of them tells."""
    return keys if "".join(keys).isascii() else map(wire, keys)


def pairs(flat: Sequence[Any] | dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Return a flat reply (name, value, name, value, ...) as pairs; a client that already made a dictionary of it is understood too."""
    if isinstance(flat, dict):
        return list(flat.items())
    return list(zip(flat[::2], flat[1::2], strict=True))
