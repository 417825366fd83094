"""The texts and bytes of RQ's wire format: dates, durations, call strings, compressed payloads."""

import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rq.core.clock import as_utc
from rq.core.errors import CorruptDataError, InvalidOptionError, OptionTypeError, TimeoutFormatError
from rq.core.references import dotted_name

CALL_STRING_ARGUMENT_LENGTH = 75

# Of 2026-11-20T18:19:41.219608+00:00.
_DATE_LENGTH = 32

_UNIT_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"([+-]?\d{1,18})\s*([dhms])", re.IGNORECASE)

# Below this, deflate's tables cost more time than the bytes are worth.
_STORED_BELOW_BYTES = 256
# By size: zlib header (32 KiB window, fastest), then that of one final stored block: its size, and the complement.
_STORED_HEADERS = tuple(b"\x78\x01\x01" + (size | (~size & 0xFFFF) << 16).to_bytes(4, "little") for size in range(_STORED_BELOW_BYTES))
# A text or bytes argument longer than this is cut before it is printed, not after.
_LONG_ARGUMENT = 4096


# --- dates ------------------------------------------------------------------------------------------------------------


def format_date(moment: datetime) -> str:
    """Return `moment` as RQ stores it: UTC, always six fractional digits, such as `2026-11-20T18:19:41.219608Z`.

    A naive datetime is local time.
    """
    date = (moment if moment.tzinfo is UTC else as_utc(moment)).isoformat()
    return f"{date[:26]}Z" if len(date) == _DATE_LENGTH else f"{date[:19]}.000000Z"  # the digits of whole seconds are left out


def parse_date(value: bytes | str) -> datetime:
    """Return a stored date as an aware datetime in UTC; dates without a fraction (written by old RQ) are read as well.

    Raises:
        CorruptDataError: It is empty or no such date (a ValueError, as with RQ).
    """
    text = as_text(value)
    if text.endswith("Z"):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # said below, for both ways of being wrong
    raise CorruptDataError(f"A stored date looks like 2026-11-20T18:19:41.219608Z, this one does not: {text!r}")


# --- durations --------------------------------------------------------------------------------------------------------


def parse_duration(value: float | str | bytes | None) -> int | None:
    """Return a timeout or time to live in whole seconds; None stays None, fractions of numbers are cut off.

    Texts are a whole number of seconds (`"180"`, `"-1"`) or one with a unit (`"10s"`, `"23m"`, `"1h"`, `"1d"`, in
    either case, a space before the unit allowed).

    Raises:
        TimeoutFormatError: Another text, or a number that is not finite (a ValueError).
        OptionTypeError: Neither number nor text, such as a timedelta or a list (a TypeError, as with RQ).
    """
    if value is None:
        return None
    try:
        return int(value)
    except TypeError as error:
        raise OptionTypeError(f"Not a duration: {value!r}. Give seconds, such as 180 (of a timedelta, its total_seconds()), or a text such as '3m'") from error
    except (ValueError, OverflowError):
        text = as_text(value) if isinstance(value, (bytes, str)) else str(value)
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise TimeoutFormatError(
            f"Not a duration: {text!r}. Give whole seconds, such as 180 or '180', or digits with one of the units d, h, m, s, such as '1h' or '23m'"
        )
    return int(match[1]) * _UNIT_SECONDS[match[2].lower()]


# --- texts ------------------------------------------------------------------------------------------------------------


def as_text(value: bytes | str) -> str:
    """Return bytes decoded from UTF-8, and a str as it is.

    Raises:
        InvalidOptionError: It is neither (a ValueError, as with RQ, also for None).
        UnicodeDecodeError: The bytes are not UTF-8.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode()
    raise InvalidOptionError(f"Only bytes and str are text, not {type(value).__name__}: {value!r}")


def truncate(text: str, max_length: int | None) -> str:
    """Return `text`, or its first `max_length` characters and `...` when it is longer; None means no limit."""
    if max_length is None or len(text) <= max_length:
        return text
    return text[:max_length] + "..."


def call_string(
    func_name: str | None,
    args: Iterable[object],
    kwargs: Mapping[Any, object],
    max_length: int | None = CALL_STRING_ARGUMENT_LENGTH,
) -> str | None:
    """Return a call as one would write it, such as `tasks.greet('bob', times=2)`: the default description of a job.

    Args:
        func_name: The dotted name; None gives None.
        args: Positional arguments, each printed by its repr.
        kwargs: Keyword arguments, printed after them and sorted by their text.
        max_length: Characters that the repr of one argument may have before it is cut and marked with `...`;
            None means no limit.

    An argument whose repr fails is printed as `<module.Class>`: a description must not cost the job.
    """
    if func_name is None:
        return None
    printed = [_argument_string(value, max_length) for value in args]
    if kwargs:
        printed += sorted(f"{name}={_argument_string(value, max_length)}" for name, value in kwargs.items())
    return f"{func_name}({', '.join(printed)})"


def _argument_string(value: object, max_length: int | None) -> str:
    """Return the repr of one argument, cut; a long text is cut first, so that its size costs nothing."""
    if max_length is not None and type(value) in {str, bytes} and len(value) > _LONG_ARGUMENT:  # type: ignore[arg-type]
        value = value[: max_length + 1]  # type: ignore[index]
    try:
        return truncate(repr(value), max_length)
    except Exception:  # noqa: BLE001 - repr is the user's code
        return f"<{dotted_name(type(value))}>"


# --- compression ------------------------------------------------------------------------------------------------------


def compress(data: bytes) -> bytes:
    """Return `data` as a zlib stream that any zlib reader reads.

    Short data goes into one stored block, uncompressed: deflate would cost a hundred times as much and save next to
    nothing.
    """
    if len(data) >= _STORED_BELOW_BYTES:
        return zlib.compress(data)
    return _STORED_HEADERS[len(data)] + data + zlib.adler32(data).to_bytes(4, "big")


def decompress(data: bytes) -> bytes:
    """Return what `compress`, or any other zlib writer, was given; data that is not a zlib stream is returned as it is: old RQ stored it uncompressed."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data


def beginning_of(data: bytes, most_bytes: int) -> bytes:
    """Return the first bytes of what `decompress` returns. No more than that is decompressed: a small stored value may stand for a very long one."""
    try:
        return zlib.decompressobj().decompress(data, most_bytes)
    except zlib.error:
        return data[:most_bytes]
