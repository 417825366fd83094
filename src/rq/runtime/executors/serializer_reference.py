"""How the name of a serializer reaches a fresh interpreter."""

import importlib
import pickle
from types import ModuleType
from typing import NamedTuple, cast

from rq.core.errors import InvalidOptionError
from rq.core.serializers import SERIALIZER_ALIASES, Serializer


class SerializerReference(NamedTuple):
    """A serializer to be loaded elsewhere: `kind` is "alias", "module" or "pickle", and `value` says which one."""

    kind: str
    value: str | bytes

    @classmethod
    def of(cls, serializer: Serializer) -> "SerializerReference":
        """Return the reference to a serializer: by name if it is one of ours or a module, pickled otherwise.

        Raises:
            InvalidOptionError: It cannot be pickled (a ValueError).
        """
        for alias, stock in SERIALIZER_ALIASES.items():
            if serializer is stock:
                return cls("alias", alias)
        if isinstance(serializer, ModuleType):
            return cls("module", serializer.__name__)
        try:
            return cls("pickle", pickle.dumps(serializer))
        except Exception as error:
            raise InvalidOptionError(
                f"Job processes cannot be told about the serializer {serializer!r}, as it cannot be pickled. Define its class at the top level of a module"
            ) from error

    def load(self) -> Serializer:
        """Return the serializer, imported.

        Raises:
            InvalidOptionError: It is no reference. ImportError: Its module cannot be imported here.
        """
        match self.kind, self.value:
            case "alias", str(name):
                return SERIALIZER_ALIASES[name]
            case "module", str(name):
                return cast("Serializer", importlib.import_module(name))
            case _, bytes(pickled):
                return cast("Serializer", pickle.loads(pickled))  # noqa: S301 - from our own supervisor
        raise InvalidOptionError(f"Not a reference to a serializer: {self!r}")
