"""What a job calls, read off its payload without running anybody's code: for those who tell of a job in a process that must not run it.

Plain data comes as it is. What is of another class stands there as its name, `<shop.models.Order>`; the class is neither imported nor made.
"""

import collections
import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from rq.core.formats import beginning_of

# Of a call that takes more than this nothing is read: whoever tells of a job has other things to do.
MOST_BYTES = 16 * 1024

_PLAIN: dict[tuple[str, str], Any] = {
    (kind.__module__, kind.__name__): kind
    for kind in (
        *(set, frozenset, complex, range),
        *(dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone),
        *(collections.OrderedDict, uuid.UUID),
    )
}
_DECIMAL = ("decimal", "Decimal")


def _plain_class(module: str, name: str) -> Any:
    """Return a class of plain data by its name; None for any other name."""
    if (module, name) == _DECIMAL:
        from decimal import Decimal  # noqa: PLC0415 - half a megabyte, of which every forked job would pay a share

        return Decimal
    return _PLAIN.get((module, name))


def _checked(kind: Any) -> Any:
    """Return a class of plain data that a payload says is to be made.

    Raises:
        ValueError: it is none.
    """
    found = _plain_class(kind.__module__, kind.__name__)
    if found is None:
        raise ValueError("It makes what is no plain data")
    return found


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
        func_name, _, args, kwargs = json.loads(payload) if payload[:1] == b"[" else _PickleReader().read(payload)
        is_call = isinstance(args, (tuple, list)) and isinstance(kwargs, dict)
        return PlainCall(str(func_name), tuple(args), dict(kwargs)) if is_call else UNKNOWN_CALL
    except Exception:  # noqa: BLE001 - a payload may be anything, and a line in a log is no reason to end
        return UNKNOWN_CALL


class _StandIn:
    """Takes the place of an object, a class or a function that is not plain data.

    Args:
        path: its name.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<{self.path}>"


class _PickleReader:
    """Reads what a pickle says, opcode by opcode, and calls nothing but what makes plain data.

    No `pickle.Unpickler`: a few bytes make one fill all memory, and the process that tells of a job watches over others. Here memory and time follow from the
    length of the pickle alone. The opcodes are those of `pickletools`.
    """

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._before_marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._items_left = MOST_BYTES

    def read(self, payload: bytes) -> Any:
        """Return the object. Any error if the payload is no pickle, or uses what no call of plain data needs."""
        import pickletools  # noqa: PLC0415 - few processes ever tell of a job that failed

        for opcode, argument, _ in pickletools.genops(payload):
            name = opcode.name
            if name in _SAID_BY_ARGUMENT:
                self._stack.append(argument)
            elif name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name]())
            elif name in _OF_MARKED:
                items = self._since_mark()
                self._stack.append(_OF_MARKED[name](items))
            elif name in _TUPLES:
                items = self._pop(_TUPLES[name])
                self._stack.append(tuple(items))
            else:
                _STEPS[name](self, argument)
        return self._stack.pop()

    def _pop(self, count: int) -> list[Any]:
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _since_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._before_marks.pop()
        return items

    def _mark(self, _: object) -> None:
        self._before_marks.append(self._stack)
        self._stack = []

    def _drop_marked(self, _: object) -> None:
        self._since_mark()

    def _drop(self, _: object) -> None:
        self._stack.pop()

    def _keep(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def _repeat(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def _fill(self, _: object) -> None:
        items = self._since_mark()
        _put_into(self._stack[-1], items)

    def _append(self, _: object) -> None:
        item = self._stack.pop()
        _put_into(self._stack[-1], [item])

    def _set(self, _: object) -> None:
        items = self._pop(2)
        _put_into(self._stack[-1], items)

    def _find(self, argument: str | None) -> None:
        module, name = self._pop(2) if argument is None else argument.split(" ", 1)
        self._stack.append(_plain_class(module, name) or _StandIn(f"{module}.{name}"))

    def _make(self, _: object) -> None:
        kind, args = self._pop(2)
        if isinstance(kind, _StandIn):
            self._stack.append(_StandIn(kind.path))
            return
        # A range is few bytes, and a list said once can be named again and again: what is made of them is not to be more than was said.
        self._items_left -= sum(len(argument) for argument in args if hasattr(argument, "__len__"))
        if self._items_left < 0:
            raise ValueError("It makes more than it says")
        self._stack.append(_checked(kind)(*args))

    def _make_blank(self, _: object) -> None:
        kind, _args = self._pop(2)
        self._stack.append(_StandIn(kind.path) if isinstance(kind, _StandIn) else kind.__new__(_checked(kind)))

    def _make_with_keywords(self, _: object) -> None:
        kind, _args, _kwargs = self._pop(3)
        self._stack.append(_StandIn(kind.path))

    def _set_state(self, _: object) -> None:
        state = self._stack.pop()
        made = self._stack[-1]
        if isinstance(made, uuid.UUID):  # which lets nobody set anything
            object.__setattr__(made, "int", int(state["int"]))
            object.__setattr__(made, "is_safe", uuid.SafeUUID.unknown)


def _put_into(target: object, items: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(items)
    elif isinstance(target, set):
        target.update(items)
    elif isinstance(target, dict):
        target.update(zip(items[::2], items[1::2], strict=True))
    elif not isinstance(target, _StandIn):
        raise TypeError(f"Nothing can be put into {type(target)}")


_SAID_BY_ARGUMENT = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
        *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}
_OF_MARKED: dict[str, Callable[[list[Any]], Any]] = {
    "TUPLE": tuple,
    "LIST": list,
    "FROZENSET": frozenset,
    "DICT": lambda items: dict(zip(items[::2], items[1::2], strict=True)),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
# The opcodes that are not here are an error: no call needs them, but one that shares objects with others or was written by Python 2.
_STEPS: dict[str, Callable[[_PickleReader, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda _reader, _argument: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _PickleReader._keep),  # noqa: SLF001 - its own table
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _PickleReader._repeat),  # noqa: SLF001 - as above
    **dict.fromkeys(("APPENDS", "SETITEMS", "ADDITEMS"), _PickleReader._fill),  # noqa: SLF001 - as above
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), _PickleReader._find),  # noqa: SLF001 - as above
    "MARK": _PickleReader._mark,  # noqa: SLF001 - as above
    "POP": _PickleReader._drop,  # noqa: SLF001 - as above
    "POP_MARK": _PickleReader._drop_marked,  # noqa: SLF001 - as above
    "APPEND": _PickleReader._append,  # noqa: SLF001 - as above
    "SETITEM": _PickleReader._set,  # noqa: SLF001 - as above
    "REDUCE": _PickleReader._make,
    "NEWOBJ": _PickleReader._make_blank,  # noqa: SLF001 - as above
    "NEWOBJ_EX": _PickleReader._make_with_keywords,  # noqa: SLF001 - as above
    "BUILD": _PickleReader._set_state,  # noqa: SLF001 - as above
}
