"""What a job calls, read off its payload without running anybody's code: for those who tell of a job in a process that must not run it.

Plain data comes as it is. What is of another class stands there as its name, `<shop.models.Order>`; the class is neither imported nor made.
"""

import collections
import datetime as dt
import decimal
import io
import json
import pickle
import uuid
from typing import Any, NamedTuple, Self

from rq.core.formats import beginning_of

# Of a call that takes more than this nothing is read: whoever tells of a job has other things to do.
MOST_BYTES = 1024 * 1024

_PLAIN: dict[tuple[str, str], Any] = {
    (kind.__module__, kind.__name__): kind
    for kind in (
        *(set, frozenset, complex, range),
        *(dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone),
        *(collections.OrderedDict, decimal.Decimal, uuid.UUID),
    )
}


class PlainCall(NamedTuple):
    """What a job calls; each is None where that cannot be told.

    Attributes:
        func_name: The function, or the method.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """

    func_name: str | None = None
    args: tuple[Any, ...] | None = None
    kwargs: dict[Any, Any] | None = None


UNKNOWN_CALL = PlainCall()


def plain_call(data: bytes) -> PlainCall:
    """Return what a payload as it is stored calls: a pickle, or JSON."""
    payload = beginning_of(data, MOST_BYTES + 1)
    if len(payload) > MOST_BYTES:
        return UNKNOWN_CALL
    try:
        func_name, _, args, kwargs = json.loads(payload) if payload[:1] == b"[" else _PlainUnpickler(io.BytesIO(payload)).load()
        return PlainCall(str(func_name), tuple(args), dict(kwargs))
    except Exception:  # noqa: BLE001 - a payload may be anything, and a line in a log is no reason to end
        return UNKNOWN_CALL


class _StandIn:
    """Takes the place of an object of a class that is not imported; whatever the pickle does to it leaves no trace."""

    path = ""

    def __new__(cls, *_: object, **__: object) -> Self:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        """Forget what it is made with."""

    def __setstate__(self, _: object) -> None:
        """Forget its state, and so what it holds if it is a list, a dictionary or a set."""

    append = extend = add = __setstate__

    def __setitem__(self, _: object, __: object) -> None: ...

    def __call__(self, *_: object, **__: object) -> "_StandIn":
        return self

    def __repr__(self) -> str:
        return f"<{self.path}>"


class _PlainUnpickler(pickle.Unpickler):
    """Reads pickles, and calls nothing but what makes plain data."""

    def find_class(self, module: str, name: str) -> Any:
        plain = _PLAIN.get((module, name))
        return plain or type("StandIn", (_StandIn,), {"path": f"{module}.{name}"})
