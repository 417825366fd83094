"""Which calls of the store write, and which of them are steps of the state machine of `tests/properties`: read off the source."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import tests.properties as state_machine
from rq.store.scripts import script_names, script_source

# Commands that change a key; a call of any other one only looks.
WRITES = frozenset(
    {
        *("SET", "DEL", "EXPIRE", "PUBLISH", "HSET", "HDEL", "HINCRBY", "HINCRBYFLOAT", "SADD", "SREM", "ZADD", "ZREM", "ZREMRANGEBYSCORE", "PERSIST", "XADD"),
        *("LPUSH", "RPUSH", "LREM", "LPOP", "BLPOP", "LMOVE", "BLMOVE"),
    }
)
_COMMAND_OF_A_SCRIPT = re.compile(r"(?:redis\.call|try)\(\s*(?:[^()']*\?\s*)?'([A-Z]+)'")
_INCLUDED = re.compile(r"(?m)^ *-- include:(.*)$")


@dataclass
class Function:
    """A function of a module of the store: the names that it uses, the scripts that it calls, and whether it sends a plain command that writes."""

    names: set[str] = field(default_factory=set)
    scripts: set[str] = field(default_factory=set)
    writes_plainly: bool = False


def store_functions() -> dict[str, Function]:
    """Return the public and private functions of all modules of the store, as `module.function`."""
    folder = Path(str(resources.files("rq.store")))
    return {
        f"{path.stem}.{node.name}": _read(node)
        for path in sorted(folder.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def _read(node: ast.FunctionDef) -> Function:
    function = Function()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            function.names.add(inner.id)
        elif isinstance(inner, ast.Constant) and inner.value in WRITES:
            function.writes_plainly = True
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "script":
            function.scripts |= {str(argument.value) for argument in inner.args if isinstance(argument, ast.Constant)}
    return function


def used_by_the_state_machine() -> set[str]:
    """Return the functions of the store that the state machine's modules import, and those that these use in turn."""
    folder = Path(state_machine.__path__[0])
    functions = store_functions()
    todo = [
        f"{(node.module or '').removeprefix('rq.store.')}.{alias.name}"
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rq.store.")
        for alias in node.names
    ]
    used: set[str] = set()
    while todo:
        name = todo.pop()
        if name in functions and name not in used:
            used.add(name)
            module = name.partition(".")[0]
            todo += [f"{module}.{other}" for other in functions[name].names]
    return used


def writing_scripts() -> set[str]:
    """Return the scripts that write, by themselves or by a step that they include."""
    return {name for name in script_names() if _writes(name)}


def _writes(name: str) -> bool:
    source = script_source(name)
    return any(command in WRITES for command in _COMMAND_OF_A_SCRIPT.findall(source)) or any(
        _writes(f"lib/{included}") for line in _INCLUDED.findall(source) for included in line.split()
    )
