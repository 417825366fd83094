"""Print the public names of the RQ that runs this, as JSON: {module path: [names]}.

Run with the Python of an environment that has RQ 2.12.0; the output is kept as `rq_2_12_public_names.json`. It looks
at a running RQ from outside and notes names, no more. A name counts when it has no leading underscore and is RQ's own
(defined in any module of it), a constant, a type alias, a command of the command line or a logger that users
configure; what a module imports from elsewhere does not.
"""

import functools
import importlib
import json
import logging
import pkgutil
import re
import types
import typing

import rq

LOGGERS = {
    *("rq.cron", "rq.job", "rq.queue", "rq.registry", "rq.scheduler"),
    *("rq.scripts", "rq.webhook", "rq.worker", "rq.worker_pool"),
}
# Private by their name, but used by users.
USED_ALL_THE_SAME = {"rq": {"__version__"}, "rq.worker": {"_signames"}}
CONSTANTS = (str, bytes, int, float, dict, list, tuple, set, frozenset, re.Pattern, functools.partial)
ALIASES = (types.GenericAlias, types.UnionType, type(typing.Optional[int]))  # noqa: UP045 - its type is what is asked for


def is_public(module_name, name, value):
    """Say whether users may expect `name` in the module."""
    if name in USED_ALL_THE_SAME.get(module_name, ()):
        return True
    if name.startswith("_") or name == "TYPE_CHECKING" or isinstance(value, types.ModuleType):
        return False
    if isinstance(value, logging.Logger):
        return value.name in LOGGERS
    if type(value) is object:
        return True  # a sentinel
    owner = getattr(getattr(value, "callback", value), "__module__", None)  # a command is where its function is
    return (owner or "").split(".")[0] == "rq" or isinstance(value, (*CONSTANTS, *ALIASES))


def public_names(module_name):
    """Return the sorted public names of one module; importing `__main__` would start the program."""
    if module_name.endswith(".__main__"):
        return []
    module = importlib.import_module(module_name)
    return sorted(name for name, value in vars(module).items() if is_public(module_name, name, value))


if __name__ == "__main__":
    modules = ["rq", *(module.name for module in pkgutil.walk_packages(rq.__path__, "rq."))]
    print(json.dumps({name: public_names(name) for name in sorted(modules)}, indent=1))  # noqa: T201
