"""Small helpers that users import from `rq.utils`, with RQ's signatures. They are kept for those users; nothing new belongs here.

Those that do the same as something of ours are one line over it.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from rq.core import formats
from rq.core.errors import InvalidOptionError
from rq.core.ids import split_composite
from rq.core.references import import_attribute, reference_of

NOT_JSON_SERIALIZABLE = "<not JSON serializable>"

_T = TypeVar("_T")


# --- texts and times --------------------------------------------------------------------------------------------------


def as_text(v: bytes | str) -> str:
    """Return `rq.core.formats.as_text` of `v`."""
    return formats.as_text(v)


def utcformat(dt: datetime) -> str:
    """Return a moment as it is stored; see `rq.core.formats.format_date`."""
    return formats.format_date(dt)


def utcparse(string: str) -> datetime:
    """Return a stored moment; see `rq.core.formats.parse_date`."""
    return formats.parse_date(string)


def str_to_date(date_str: bytes | str) -> datetime:
    """Return a stored moment; see `rq.core.formats.parse_date`."""
    return formats.parse_date(date_str)


def parse_timeout(timeout: float | str | bytes | None) -> int | None:
    """Return a duration in whole seconds; see `rq.core.formats.parse_duration`."""
    return formats.parse_duration(timeout)


def truncate_long_string(data: str, max_length: int | None = None) -> str:
    """Return a text, cut and marked when it is too long; see `rq.core.formats.truncate`."""
    return formats.truncate(data, max_length)


def get_call_string(func_name: str | None, args: Iterable[object], kwargs: Mapping[Any, object], max_length: int | None = None) -> str | None:
    """Return a call as one would write it, by default at full length; see `rq.core.formats.call_string`."""
    return formats.call_string(func_name, args, kwargs, max_length)


def safe_json_dumps(value: Any) -> str:
    """Return `value` as JSON, or `NOT_JSON_SERIALIZABLE` when it has no such form."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return NOT_JSON_SERIALIZABLE


def decode_redis_hash(h: Mapping[bytes | str, Any], *, decode_values: bool = False) -> dict[str, Any]:
    """Return a hash as the server sent it with its field names, and on request its values, as text."""
    return {formats.as_text(name): formats.as_text(value) if decode_values else value for name, value in h.items()}


def parse_composite_key(composite_key: str) -> tuple[str, str]:
    """Return the job id and the execution id of `<job id>:<execution id>`.

    Without a colon it warns of a deprecated key and returns an empty execution id. More than one colon is an error.

    Raises:
        InvalidOptionError: There is more than one colon (a ValueError, as with RQ).
    """
    if composite_key.count(":") > 1:
        raise InvalidOptionError(f"A composite key is <job id>:<execution id>, with one colon, not {composite_key!r}")
    if ":" not in composite_key:
        warnings.warn(f"Composite key must contain job_id:execution_id, got {composite_key}", DeprecationWarning, stacklevel=2)
    return split_composite(composite_key)


def normalize_config_path(config_path: str) -> str:
    """Return the dotted module path of a file path such as `app/cron.py`; a dotted path stays as it is."""
    parts = config_path.removesuffix(".py").replace("\\", "/").split("/")
    return ".".join(part for part in parts if part not in {"", "."})


def validate_absolute_path(file_path: str) -> str:
    """Return the path of a file that exists, as it was given.

    Raises:
        FileNotFoundError: There is no such file.
        IsADirectoryError: It is a folder.
    """
    if not os.path.exists(file_path):  # noqa: PTH110 - the processes of jobs do without pathlib
        raise FileNotFoundError(f"There is no configuration file {file_path!r}; relative paths begin in the folder of this process")
    if os.path.isdir(file_path):  # noqa: PTH112 - likewise
        raise IsADirectoryError(f"{file_path!r} is a folder; name the configuration file in it")
    return file_path


# --- lists ------------------------------------------------------------------------------------------------------------


def compact(lst: Iterable[_T | None]) -> list[_T]:
    """Return the members that are not None."""
    return [member for member in lst if member is not None]


def is_nonstring_iterable(obj: Any) -> bool:
    """Say whether `obj` can be iterated and is no str."""
    return isinstance(obj, Iterable) and not isinstance(obj, str)


def ensure_job_list(obj: Any) -> list[Any]:
    """Return the members of an iterable (a str does not count as one), or a list of `obj` alone."""
    return list(obj) if is_nonstring_iterable(obj) else [obj]


def first(iterable: Iterable[_T], default: Any = None, key: Callable[[_T], Any] | None = None) -> Any:
    """Return the first member that is true, or of which `key` is; `default` if there is none. RQ had it until 1.x."""
    return next(filter(key, iterable), default)


def split_list(a_list: Sequence[_T], segment_size: int) -> Generator[Sequence[_T], None, None]:
    """Yield slices of at most `segment_size` members, in order; raises ValueError for a size of 0."""
    for start in range(0, len(a_list), segment_size):
        yield a_list[start : start + segment_size]


def ceildiv(a: int, b: int) -> int:
    """Return `a / b`, rounded up."""
    return -(-a // b)


# --- functions and classes --------------------------------------------------------------------------------------------


def resolve_function_reference(func: Any) -> tuple[Any, str]:
    """Return `(instance, func_name)` of a callable; see `rq.core.references.reference_of`."""
    return tuple(reference_of(func))


def backend_class(holder: Any, default_name: str, override: type | str | None = None) -> Any:
    """Return the class to use.

    Args:
        holder: The class or object that has the default.
        default_name: The attribute of `holder` with the default.
        override: A class, or the dotted path of one, to use instead; None means the default.
    """
    if override is None:
        return getattr(holder, default_name)
    return import_attribute(override) if isinstance(override, str) else override


# --- platforms --------------------------------------------------------------------------------------------------------


class Platform(Enum):
    """The operating systems that RQ tells apart."""

    __module__ = "rq.utils"

    WINDOWS = "windows"
    MAC = "mac"
    LINUX = "linux"
    OTHERS = "others"


def get_platform() -> Platform:
    """Return the operating system of this process."""
    names = {"win32": Platform.WINDOWS, "darwin": Platform.MAC, "linux": Platform.LINUX}
    return names.get(sys.platform, Platform.OTHERS)
