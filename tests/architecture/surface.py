"""What RQ 2.12 exports and what of it this package does not export yet.

`python -m tests.architecture.surface` takes from `not_yet_exported.json` whatever is exported by now. It never adds
a name.
"""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

WHOLE_MODULE = "*"

_HERE = Path(__file__).parent
RQ_NAMES_FILE = _HERE / "rq_2_12_public_names.json"
NOT_YET_FILE = _HERE / "not_yet_exported.json"


def read_names(path: Path) -> dict[str, list[str]]:
    """Return a data file: module path -> names."""
    names: dict[str, list[str]] = json.loads(path.read_text())
    return names


def write_names(path: Path, names: dict[str, list[str]]) -> None:
    """Write a data file, a line per module, sorted, without modules that have no names left."""
    lines = [f" {json.dumps(module)}: {json.dumps(sorted(names[module]))}" for module in sorted(names) if names[module]]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def missing_names(module: str, names: list[str]) -> list[str]:
    """Return which of `names` our `module` does not export; `["*"]` if there is no such module."""
    if not _exists(module):
        return [WHOLE_MODULE]
    if not names:
        return []  # not imported: importing a `__main__` would start it
    ours = import_module(module)
    return [name for name in names if not hasattr(ours, name)]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # nor does the package it would be in


if __name__ == "__main__":
    rq_names = read_names(RQ_NAMES_FILE)
    still_missing = {
        module: sorted(set(listed) & set(missing_names(module, rq_names[module]))) if listed != [WHOLE_MODULE] else missing_names(module, rq_names[module])
        for module, listed in read_names(NOT_YET_FILE).items()
    }
    write_names(NOT_YET_FILE, still_missing)
