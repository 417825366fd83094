"""What tracing libraries put in the place of a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Wrapper:
    """Looks like what it wraps in every way, as a proxy of wrapt does; tells of every call.

    Args:
        wrapped: a function, or a class method as it stands in its class.
        note: called with the name and the positional arguments of each call.
    """

    def __init__(self, wrapped: Any, note: Callable[[str, tuple[Any, ...]], object]) -> None:
        self._wrapped, self._note = wrapped, note

    def __get__(self, owner: Any, kind: Any = None) -> Wrapper:
        return Wrapper(self._wrapped.__get__(owner, kind), self._note)

    def __call__(self, *args: Any, **options: Any) -> Any:
        self._note(self._wrapped.__name__, args)
        return self._wrapped(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == other)

    def __hash__(self) -> int:
        return hash(self._wrapped)
