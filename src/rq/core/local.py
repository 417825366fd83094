"""Values that every context has for itself (door: `rq.local`).

The classes are known from Werkzeug. A context is a thread, a greenlet or an asyncio task: each sees only what it set itself, and a task also what the code that
started it had set before. What is kept is never changed in place, so that a task cannot change what its starter sees.
"""

import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Protocol

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Releasable(Protocol):
    """A `Local` or a `LocalStack`."""

    def __release_local__(self) -> None: ...


def release_local(local: Releasable) -> None:
    """Make a `Local` or a `LocalStack` empty in this context."""
    local.__release_local__()


class Local:
    """An object whose attributes are this context's own. Calling it with a name gives a proxy of that attribute; iterating gives names and values."""

    __module__ = "rq.local"
    __slots__ = ("_Local__values",)

    __values: ContextVar[Mapping[str, Any]]

    def __init__(self) -> None:
        object.__setattr__(self, "_Local__values", ContextVar("rq_local", default=_NOTHING))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__values.get()[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__values.set({**self.__values.get(), name: value})

    def __delattr__(self, name: str) -> None:
        values = dict(self.__values.get())
        if name not in values:
            raise AttributeError(name)
        del values[name]
        self.__values.set(values)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(tuple(self.__values.get().items()))

    def __call__(self, proxy: str) -> "LocalProxy":
        """Return a proxy of the attribute of this name."""
        return LocalProxy(self, proxy)

    def __release_local__(self) -> None:
        self.__values.set(_NOTHING)


class LocalStack:
    """A stack that is this context's own. Calling it gives a proxy of whatever is on top."""

    __module__ = "rq.local"

    def __init__(self) -> None:
        self._members: ContextVar[tuple[Any, ...]] = ContextVar("rq_local_stack", default=())

    def push(self, obj: Any) -> list[Any]:
        """Put `obj` on top, and return the whole stack, the top last."""
        members = (*self._members.get(), obj)
        self._members.set(members)
        return list(members)

    def pop(self) -> Any:
        """Take off the top and return it; None if the stack is empty."""
        members = self._members.get()
        if not members:
            return None
        self._members.set(members[:-1])
        return members[-1]

    @property
    def top(self) -> Any:
        """What is on top; None if the stack is empty."""
        members = self._members.get()
        return members[-1] if members else None

    def __len__(self) -> int:
        return len(self._members.get())

    def __call__(self) -> "LocalProxy":
        """Return a proxy of whatever is on top."""
        return LocalProxy(self._bound_top)

    def _bound_top(self) -> Any:
        if not len(self):
            raise RuntimeError("object unbound")
        return self.top

    def __release_local__(self) -> None:
        self._members.set(())


class LocalManager:
    """Empties several locals at once.

    Args:
        locals: one `Local` or `LocalStack`, or several.
        ident_func: what `get_ident` answers with; by default the number of the thread. It has no influence on which context sees what.
    """

    __module__ = "rq.local"

    def __init__(self, locals: Releasable | Iterable[Releasable] | None = None, ident_func: Callable[[], Any] | None = None) -> None:
        self.locals: list[Any] = [] if locals is None else [locals] if isinstance(locals, (Local, LocalStack)) else list(locals)  # type: ignore[arg-type]
        self.ident_func = ident_func or threading.get_ident

    def get_ident(self) -> Any:
        """Return a name for this context."""
        return self.ident_func()

    def cleanup(self) -> None:
        """Empty them all in this context."""
        for local in self.locals:
            release_local(local)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} storages: {len(self.locals)}>"


def _forwarded(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that does `operation` with the object behind a proxy."""

    def forward(proxy: "LocalProxy", *args: Any, **kwargs: Any) -> Any:
        return operation(proxy._get_current_object(), *args, **kwargs)  # noqa: SLF001 - RQ's name for it, and the proxy's other names are its object's

    return forward


class LocalProxy:
    """Stands for an object that is looked up each time it is used: operators, attributes, items and calls reach that object.

    Args:
        local: a `Local` whose attribute is meant, or a function that returns the object.
        name: the name of the attribute.
    """

    __module__ = "rq.local"
    __slots__ = ("_LocalProxy__local", "_LocalProxy__name")

    __local: Local | Callable[[], Any]
    __name: str | None

    def __init__(self, local: Local | Callable[[], Any], name: str | None = None) -> None:
        object.__setattr__(self, "_LocalProxy__local", local)
        object.__setattr__(self, "_LocalProxy__name", name)

    def _get_current_object(self) -> Any:
        """Return the object itself.

        Raises:
            RuntimeError: if there is none in this context.
        """
        if not isinstance(self.__local, Local):
            return self.__local()
        try:
            return getattr(self.__local, self.__name or "")
        except AttributeError:
            raise RuntimeError(f"no object bound to {self.__name}") from None

    def __repr__(self) -> str:
        return repr(self._get_current_object()) if self._is_bound() else f"<{type(self).__name__} unbound>"

    def __bool__(self) -> bool:
        return self._is_bound() and bool(self._get_current_object())

    def __dir__(self) -> list[str]:
        return dir(self._get_current_object()) if self._is_bound() else []

    def _is_bound(self) -> bool:
        try:
            self._get_current_object()
        except RuntimeError:
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._get_current_object(), name)

    __setattr__ = _forwarded(setattr)
    __delattr__ = _forwarded(delattr)
    __str__ = _forwarded(str)
    __hash__ = _forwarded(hash)
    __call__ = _forwarded(lambda found, *args, **kwargs: found(*args, **kwargs))
    __len__ = _forwarded(len)
    __iter__ = _forwarded(iter)
    __contains__ = _forwarded(operator.contains)
    __getitem__ = _forwarded(operator.getitem)
    __setitem__ = _forwarded(operator.setitem)
    __delitem__ = _forwarded(operator.delitem)
    __enter__ = _forwarded(lambda found: found.__enter__())
    __exit__ = _forwarded(lambda found, *error: found.__exit__(*error))
    __eq__ = _forwarded(operator.eq)
    __ne__ = _forwarded(operator.ne)
    __lt__ = _forwarded(operator.lt)
    __le__ = _forwarded(operator.le)
    __gt__ = _forwarded(operator.gt)
    __ge__ = _forwarded(operator.ge)
    __add__ = _forwarded(operator.add)
    __sub__ = _forwarded(operator.sub)
    __mul__ = _forwarded(operator.mul)
    __truediv__ = _forwarded(operator.truediv)
    __floordiv__ = _forwarded(operator.floordiv)
    __mod__ = _forwarded(operator.mod)
    __divmod__ = _forwarded(divmod)
    __pow__ = _forwarded(pow)
    __lshift__ = _forwarded(operator.lshift)
    __rshift__ = _forwarded(operator.rshift)
    __and__ = _forwarded(operator.and_)
    __or__ = _forwarded(operator.or_)
    __xor__ = _forwarded(operator.xor)
    __neg__ = _forwarded(operator.neg)
    __pos__ = _forwarded(operator.pos)
    __abs__ = _forwarded(abs)
    __invert__ = _forwarded(operator.invert)
    __int__ = _forwarded(int)
    __float__ = _forwarded(float)
    __complex__ = _forwarded(complex)
    __index__ = _forwarded(operator.index)
