"""The settings module (`--config`), and the environment as a second one.

Of a module the names in upper case count: REDIS_URL, QUEUES, NAME and the rest of the list in `docs/command-line.md`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rq.cli.boundary import WrongCall, one_line
from rq.core.errors import InvalidOptionError

_TRUE = {"y", "yes", "t", "true", "on", "1"}
_FALSE = {"n", "no", "f", "false", "off", "0", ""}


@dataclass(frozen=True, slots=True)
class Settings:
    """Values by name.

    Args:
        values: what was set.
        origin: where, as people write it; for error messages.
    """

    values: Mapping[str, object]
    origin: str

    def has_any(self, names: Sequence[str]) -> bool:
        """Say whether at least one of these is set."""
        return any(self.values.get(name) is not None for name in names)

    def text(self, name: str) -> str | None:
        """Return a setting as text; None if it is not set."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        """Return a setting as a whole number.

        Raises:
            InvalidOptionError: if it is something else.
        """
        value = self.values.get(name)
        try:
            return default if value is None else int(str(value))
        except ValueError as error:
            raise InvalidOptionError(f"{name} of {self.origin} is {value!r}: it must be a whole number") from error

    def flag(self, name: str) -> bool:
        """Return a setting as yes or no; no if it is not set.

        Raises:
            InvalidOptionError: if it is neither.
        """
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            raise InvalidOptionError(f"{name} of {self.origin} is {value!r}: write yes or no, true or false")
        return word in _TRUE

    def names(self, name: str) -> list[str]:
        """Return a setting as a list of names; a text alone is a list of one. Empty if it is not set.

        Raises:
            InvalidOptionError: if it is neither.
        """
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            return [value]
        if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(item, str) for item in value):
            return list(value)
        raise InvalidOptionError(f"{name} of {self.origin} is {value!r}: it must be a list of names")

    def table(self, name: str) -> dict[str, object]:
        """Return a setting that is a dictionary; empty if it is not set.

        Raises:
            InvalidOptionError: if it is something else.
        """
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise InvalidOptionError(f"{name} of {self.origin} is {value!r}: it must be a dictionary")
        return dict(value)


def environment() -> Settings:
    """Return the environment, which may hold the same names."""
    return Settings(os.environ, "the environment")


def load_settings(config: str | None) -> Settings:
    """Return the settings of a module, or none.

    Args:
        config: a dotted module name, or the path of a file that ends in `.py`.

    Raises:
        WrongCall: there is no such module or file, or it raises something.
    """
    if not config:
        return Settings({}, "no settings module")
    module = _run_file(Path(config).expanduser()) if config.endswith(".py") else _import_module(config)
    return Settings({name: value for name, value in vars(module).items() if name.isupper()}, f"the settings in {config}")


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            message = f"--config {name}: there is no such module here; name a module that can be imported from {Path.cwd()}, or a file such as ./settings.py"
            raise WrongCall(message) from error
        raise _broken(name, error) from error
    except Exception as error:  # a settings module is the user's code
        raise _broken(name, error) from error


def _run_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise WrongCall(f"--config {path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a settings file is the user's code
        raise _broken(str(path), error) from error
    return module


def _broken(config: str, error: Exception) -> WrongCall:
    return WrongCall(f"--config {config}: importing it failed with {type(error).__name__}: {one_line(error)}; mend that file")
