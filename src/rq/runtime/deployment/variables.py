"""Files of environment variables, as Docker, systemd and many frameworks read them: NAME=value, a line each."""

from __future__ import annotations

import re
from pathlib import Path

from rq.core.errors import InvalidOptionError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_QUOTES = ("'", '"')


def read_variables(file: Path) -> dict[str, str]:
    """Return the variables of a file.

    Empty lines and those that begin with # mean nothing. A value may stand in quotes, which are taken off; nothing within it is replaced.

    Raises:
        InvalidOptionError: a line is something else, or the file is no text.
        OSError: it cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidOptionError(f"{file} is no text in UTF-8") from error
    return dict(_read_line(file, number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#"))


def _read_line(file: Path, number: int, line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None or "\0" in line:
        raise InvalidOptionError(f"line {number} of {file} is no NAME=value")
    name, value = match[1], match[2]
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES
    return name, value[1:-1] if is_quoted else value
