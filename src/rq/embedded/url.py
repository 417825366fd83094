"""What an `embedded://` URL says."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from rq.core.errors import EmbeddedError, EmbeddedUrlError

Fsync = Literal["everysec", "always"]

DIRECTORY_VARIABLE = "RQ_EMBEDDED_DIR"

# As many as a Redis or Valkey server has by default, so that a URL that works here also works there.
DATABASES = 16
DEFAULT_LINGER_SECONDS = 2.0

_PREFIX = "embedded://"
_PREFIX_LENGTH = len(_PREFIX)
_OPTIONS = {"db", "fsync", "linger"}


@dataclass(frozen=True, slots=True)
class Target:
    """The server an `embedded://` URL asks for.

    Attributes:
        directory: where its data and its socket live; absolute, symbolic links resolved.
        database: the number of the database, 0 to 15.
        fsync: `everysec` (a crash of the machine costs at most about a second of writes) or `always` (costs none).
        linger_seconds: how long the server stays after its last user, for the next one to find it running.
    """

    directory: Path
    database: int = 0
    fsync: Fsync = "everysec"
    linger_seconds: float = DEFAULT_LINGER_SECONDS


def is_embedded_url(url: str) -> bool:
    """Whether `url` names an embedded server: whether it begins with `embedded://`."""
    return url[:_PREFIX_LENGTH].lower() == _PREFIX


def parse_embedded_url(url: str) -> Target:
    """Read `embedded://` or `embedded:///path/to/dir`, with `?db=N&fsync=always&linger=SECONDS`.

    The default directory is `$RQ_EMBEDDED_DIR`, otherwise `rq/embedded` in `$XDG_DATA_HOME`, otherwise
    `~/.local/share/rq/embedded`.

    Raises:
        EmbeddedUrlError: the URL names a host, an unknown option, or a value that the option does not take.
    """
    rest = url[_PREFIX_LENGTH:]
    if not is_embedded_url(url) or (rest and rest[0] not in "/?") or "\0" in unquote(rest):
        raise EmbeddedUrlError(f"{url!r} is malformed; write embedded:// or embedded:///path/to/dir (three slashes)")
    if "#" in rest:
        raise EmbeddedUrlError(f"{url!r} has a #, which must be percent-encoded in a path: %23")
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise EmbeddedUrlError(f"{url!r} has the unknown option {unknown[0]!r}; known are {', '.join(sorted(_OPTIONS))}")
    path = unquote(parts.path)
    return Target(
        directory=(Path(path) if path else default_directory()).resolve(),
        database=_database(url, options.get("db", "0")),
        fsync=_fsync(url, options.get("fsync", "everysec")),
        linger_seconds=_seconds(url, options.get("linger", str(DEFAULT_LINGER_SECONDS))),
    )


def default_directory() -> Path:
    """The directory of `embedded://` without a path; it need not exist.

    Raises:
        EmbeddedError: This user has no home, and no directory was chosen.
    """
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    data_home = os.environ.get("XDG_DATA_HOME")
    try:
        return (Path(data_home) if data_home else Path.home() / ".local" / "share") / "rq" / "embedded"
    except RuntimeError as error:  # a user without a home
        raise EmbeddedError(f"there is no home directory for embedded://; set {DIRECTORY_VARIABLE}") from error


def _database(url: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) < DATABASES):
        raise EmbeddedUrlError(f"{url!r} asks for database {value!r}; there are the databases 0 to {DATABASES - 1}")
    return int(value)


def _fsync(url: str, value: str) -> Fsync:
    if value not in get_args(Fsync):
        raise EmbeddedUrlError(f"{url!r} asks for fsync {value!r}; choose everysec or always")
    return cast("Fsync", value)


def _seconds(url: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise EmbeddedUrlError(f"{url!r} asks for a linger of {value!r}; write a number of seconds, 0 or more")
    return seconds
