"""From a callable to the text that names it, and back.

A job travels as `(func_name, instance, args, kwargs)`: a function is named by its dotted path and imported by the
worker; a bound method or a callable object travels itself, as `instance`, with the name of the method to call.
"""

import builtins
import functools
import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, TypeVar

from rq.core.errors import InvalidOptionError, OptionTypeError, ReferenceNotFound, UnimportableFunctionError

_T = TypeVar("_T")


class Reference(NamedTuple):
    """How a worker finds what to call: the method `func_name` of `instance`, or without one the path `func_name`."""

    instance: Any
    func_name: str


# --- callable -> reference --------------------------------------------------------------------------------------------


def reference_of(func: Callable[..., Any] | str) -> Reference:
    """Return how a worker will find `func`.

    | given | instance | func_name |
    | --- | --- | --- |
    | str | None | the str |
    | function, static method, builtin | None | `module.qualname` |
    | bound method, also of builtin objects | what it is bound to | the name of the method |
    | another object that can be called | the object | `__call__` |

    Raises:
        OptionTypeError: It is a class, or cannot be called (a TypeError, as with RQ).
    """
    if isinstance(func, FunctionType):
        return Reference(None, f"{func.__module__}.{func.__qualname__}")
    if isinstance(func, str):
        return Reference(None, func)
    if isinstance(func, MethodType):
        return Reference(func.__self__, func.__name__)
    if isinstance(func, BuiltinFunctionType):
        owner = func.__self__
        if owner is None or isinstance(owner, ModuleType):
            # Static methods of builtin classes name no module.
            return Reference(None, f"{func.__module__ or 'builtins'}.{func.__qualname__}")
        return Reference(owner, func.__name__)
    if isinstance(func, type) or not callable(func):
        raise OptionTypeError(
            f"A job needs a function, a method, another callable object or a dotted path, not {_described(func)}; its arguments stand behind it: "
            "enqueue(function, 1, 2), not enqueue(function(1, 2))"
        )
    return Reference(func, "__call__")


def check_importable(func: Callable[..., Any] | str) -> None:
    """Refuse what no worker could import, when it is enqueued rather than when it is run.

    What a path leads to is not looked at: the code may exist at the worker only. Of a `functools.partial` the inner
    function is checked.

    Raises:
        UnimportableFunctionError: A lambda, a function defined in another function, anything of `__main__`, or a text
            that is no dotted path on any machine (a ValueError, as with RQ).
    """
    if isinstance(func, str):
        _check_path(func)
        return
    while isinstance(func, functools.partial):
        func = func.func
    is_lambda = getattr(func, "__name__", None) == "<lambda>"
    if getattr(func, "__module__", None) == "__main__" and not is_lambda:
        raise UnimportableFunctionError(
            f"{_described(func)} is defined in __main__, the script that was started, which workers cannot import; "
            "move it into a module of its own and import it from there"
        )
    if not isinstance(func, FunctionType) or "<" not in func.__qualname__:
        return
    if is_lambda:
        raise UnimportableFunctionError(f"{_described(func)} is a lambda, which has no name that a worker could import; write it as a function of a module")
    raise UnimportableFunctionError(
        f"{_described(func)} is defined inside another function, where a worker cannot import it; move it to the top level of its module"
    )


@functools.lru_cache(maxsize=1024)  # most programs enqueue the same few paths again and again
def _check_path(path: str) -> None:
    parts = path.split(".")
    flaw = _flaw_of(parts)
    if flaw is not None:
        raise UnimportableFunctionError(f"{path!r} is no dotted path of a function: {flaw}; write it as in tasks.send_mail")


def _flaw_of(parts: list[str]) -> str | None:
    """Return what keeps these names from being a path; None if nothing does. Modules are named by files, whose names may hold nearly anything."""
    names = [part.strip() for part in parts]
    if names == [""]:
        return "it is empty"
    if "" in names:
        return "a name is missing before or behind a dot"
    if names != parts:
        return "there is white space around a name"
    if len(parts[-1].split()) > 1:
        return f"there is white space in {parts[-1]!r}"
    return None


def _described(value: object) -> str:
    """Return a callable by its name, and anything else by its repr."""
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', None)}.{name}" if name else repr(value)


# --- text -> object ---------------------------------------------------------------------------------------------------


def import_attribute(name: str) -> Any:
    """Return the object that a dotted path leads to: the longest importable module, then attributes, at any depth.

    A path that starts with no module is looked up among the builtins (`len`, `str.upper`). A module alone is not an
    attribute.

    Raises:
        ReferenceNotFound: The path leads nowhere; or a module on it exists and itself failed to import something,
            which is then chained as the cause (a ValueError, as with RQ).
        Exception: What else a module raises while it is imported.
    """
    module_name, _, attribute = name.rpartition(".")
    module = sys.modules.get(module_name)
    if attribute and module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", True):  # as nearly always
        try:
            return getattr(module, attribute)
        except AttributeError:
            pass  # said below
    parts = name.split(".")
    if "" in parts:
        raise ReferenceNotFound(f"Not a dotted path: {name!r}")
    for length in range(len(parts) - 1, 0, -1):
        module = _import_module(".".join(parts[:length]), wanted_for=name)
        if module is not None:
            return _walk(module, parts[length:], name)
    if hasattr(builtins, parts[0]):
        return _walk(builtins, parts, name)
    if len(parts) == 1:
        raise ReferenceNotFound(f"Cannot find {name}: it is no builtin, and it names no attribute of a module")
    raise ReferenceNotFound(
        f"Cannot find {name}: the module {parts[0]!r} cannot be imported by this process, which runs in {_working_directory()}; "
        "start the worker in the folder of that module, or name with --path every folder that it is to import from"
    )


def import_class(path: str, base: type[_T]) -> type[_T]:
    """Return the class at a dotted path, which must be `base` or derive from it.

    Raises:
        ReferenceNotFound: As with `import_attribute` (a ValueError).
        InvalidOptionError: It is something else (a ValueError, as with RQ).
    """
    found = import_attribute(path)
    if not isinstance(found, type) or not issubclass(found, base):
        raise InvalidOptionError(f"{path} is not a subclass of {dotted_name(base)}: {found!r}")
    return found


def dotted_name(kind: type) -> str:
    """Return the name of a class as messages, tracebacks and filters spell it; whether it can be imported by it is another question."""
    return f"{kind.__module__}.{kind.__qualname__}"


def path_of_class(kind: type) -> str:
    """Return the dotted path under which another process finds a class.

    Raises:
        InvalidOptionError: It is defined in `__main__` or inside a function (a ValueError).
    """
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        raise InvalidOptionError(f"Other processes cannot import {_described(kind)}; define it at the top level of a module")
    return dotted_name(kind)


def _import_module(module_name: str, wanted_for: str) -> ModuleType | None:
    """Return the module, imported; None if there is none of this name. An import that fails inside it is an error."""
    try:
        __import__(module_name)  # what importlib.import_module() does, without running Python code for a module that is there already
        return sys.modules[module_name]
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{module_name}.".startswith(f"{missing}."):
            return None  # what is missing is this module, or a package it would be in
        raise ReferenceNotFound(f"Cannot find {wanted_for}: importing {module_name} failed with {type(error).__name__}: {error}") from error


def _working_directory() -> str:
    """Return the directory this process runs in, as people are told; it may have been deleted."""
    try:
        return os.getcwd()  # noqa: PTH109 - for a str; the processes of jobs do without pathlib
    except OSError:
        return "a directory that does not exist any more"


def _walk(module: ModuleType, attributes: list[str], name: str) -> Any:
    """Return the object that a chain of attributes leads to, from a module on."""
    found: Any = module
    for attribute in attributes:
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            owner = module.__name__ if found is module else _described(found)
            raise ReferenceNotFound(f"Cannot find {name}: {owner} has no {attribute!r}") from error
    return found
