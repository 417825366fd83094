"""How arguments, results and meta become bytes (door: `rq.serializers`).

Producers, workers and dashboards of a queue must agree on the serializer: nothing in the store says which one was used.
"""

import json
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Protocol, runtime_checkable

from rq.core.defaults import UNSERIALIZABLE_RETURN_VALUE_PAYLOAD
from rq.core.errors import InvalidSerializerError
from rq.core.references import import_attribute

# Pinned, not "highest": a producer on a newer Python must not write what a worker on an older one cannot read.
_PICKLE_PROTOCOL = 5


@runtime_checkable
class Serializer(Protocol):
    """Anything with `dumps(obj) -> bytes` and `loads(bytes) -> obj`, be it an object, a class or a module."""

    def dumps(self, obj: Any, /) -> bytes:
        """Return `obj` as bytes."""

    def loads(self, data: bytes, /) -> Any:
        """Return the object that `dumps` turned into `data`."""


class DefaultSerializer:
    """Pickle: any importable Python object; whoever may write to the server may run code in the workers."""

    __module__ = "rq.serializers"

    dumps: ClassVar[Callable[..., bytes]] = staticmethod(partial(pickle.dumps, protocol=_PICKLE_PROTOCOL))
    loads: ClassVar[Callable[..., Any]] = staticmethod(pickle.loads)


PickleSerializer = DefaultSerializer


class JSONSerializer:
    """JSON in UTF-8: numbers, texts, lists and dicts only; tuples come back as lists. Readable from any language."""

    __module__ = "rq.serializers"

    @staticmethod
    def dumps(*args: Any, **kwargs: Any) -> bytes:
        """Return the JSON text of the first argument, encoded; other arguments are those of `json.dumps`."""
        return json.dumps(*args, **kwargs).encode()

    @staticmethod
    def loads(data: bytes, *args: Any, **kwargs: Any) -> Any:
        """Return the object in a JSON text; other arguments are those of `json.loads`."""
        return json.loads(data.decode(), *args, **kwargs)


SERIALIZER_ALIASES: dict[str, type[DefaultSerializer | JSONSerializer]] = {
    "json": JSONSerializer,
    "pickle": PickleSerializer,
}


def resolve_serializer(serializer: Serializer | str | None = None) -> Serializer:
    """Return the serializer meant by a name, a dotted path or an object.

    Args:
        serializer: None or an empty text means pickle; `"json"` and `"pickle"` are names; another text is the dotted
            path of a serializer; anything else must be one.

    Raises:
        ReferenceNotFound: The path leads nowhere (a ValueError).
        InvalidSerializerError: It has no callable `dumps` and `loads` (a NotImplementedError, as with RQ).
    """
    if not serializer:
        return DefaultSerializer
    found = _serializer_named(serializer) if isinstance(serializer, str) else serializer
    if not (isinstance(found, Serializer) and callable(found.dumps) and callable(found.loads)):
        raise InvalidSerializerError(f"A serializer has the methods dumps and loads; this has not: {found!r}")
    return found


def serialized_result(result: object, serializer: Serializer) -> bytes:
    """Return a job's result as bytes; of one that cannot be serialized, RQ's marker: the job is done, and doing it again would not help."""
    try:
        return bytes(serializer.dumps(result))
    except BaseException:  # noqa: BLE001 - `__reduce__` is user code; the job is done whatever it raises
        return serializer.dumps(UNSERIALIZABLE_RETURN_VALUE_PAYLOAD)


def _serializer_named(name: str) -> Any:
    """Return the serializer behind an alias, or whatever a dotted path leads to."""
    return SERIALIZER_ALIASES.get(name) or import_attribute(name)
