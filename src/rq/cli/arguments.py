"""How the arguments of a job are written on the command line (`rq enqueue FUNCTION [ARGUMENTS]...`).

A text stands for itself; `:` announces JSON, `%` a Python literal, `@` a file whose content is meant; `name=` before it makes it a keyword argument.
A leading `:` or `%` decides first; otherwise the first `=`, unless the text begins with it, ends the name. The mark of a keyword's value stands before its `=`
(`count:=3`), and only the first such mark of the text counts, so that `host:port:=1` is a text for the name `host:port:`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import Any

from rq.cli.boundary import WrongCall, one_line
from rq.core.errors import TimeoutFormatError, UnimportableFunctionError
from rq.core.formats import parse_duration, truncate
from rq.core.references import check_importable

_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {":": ("JSON", json.loads), "%": ("a Python literal", ast.literal_eval)}


def parse_arguments(arguments: Iterable[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and the keyword arguments that these texts mean.

    Raises:
        WrongCall: a text or a file cannot be read, or a keyword stands there twice.
    """
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for text in arguments:
        name, mark, value = split_argument(text)
        if name is None:
            positional.append(_read(mark, value, f"argument {len(positional) + 1}", ""))
        elif name in keywords:
            raise WrongCall(f"The keyword argument {name} is given twice; leave one of them out")
        else:
            keywords[name] = _read(mark, value, f"the keyword argument {name}", name)
    return positional, keywords


def split_argument(text: str) -> tuple[str | None, str, str]:
    """Return the keyword (None if positional), the mark (`:`, `%` or ''), and the value as it was written."""
    if text[:1] in _READERS:
        return None, text[0], text[1:]
    end = text.find("=")
    if end < 1:
        return None, "", text
    for mark in _READERS:
        if text.find(mark) == end - 1:
            return text[: end - 1], mark, text[end + 1 :]
    return text[:end], "", text[end + 1 :]


def _read(mark: str, value: str, which: str, name: str) -> Any:
    content = _content_of_file(mark, value, which, name) if value.startswith("@") else value
    if not mark:
        return content
    kind, reader = _READERS[mark]
    try:
        return reader(content)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        # What `literal_eval` says names its own innards; JSON errors say where.
        where = f" ({one_line(error)})" if mark == ":" else ""
        raise WrongCall(f"Cannot read {which} as {kind}: {truncate(content, 75)!r}{where}") from error


def _content_of_file(mark: str, value: str, which: str, name: str) -> str:
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        # Only where a text could have been meant: JSON and literals never begin with @.
        otherwise = "" if mark else f", or pass a text that begins with @ as JSON: {quote(_written_as_json(name, value))}"
        raise WrongCall(f"Cannot read {value[1:]!r}, the file that {which} names ({reason}); name a text file{otherwise}") from error


def _written_as_json(name: str, value: str) -> str:
    """Return how a text is written on the command line so that nothing in it has a meaning."""
    return f"{name}:{'=' if name else ''}{json.dumps(value)}"


def read_json(text: str, which: str) -> Any:
    """Return what a text in JSON means, or `@` and the name of a file with such a text; `which` is what an error calls it.

    Raises:
        WrongCall: it, or the file, cannot be read.
    """
    return _read(":", text, which, "")


def parse_schedule(schedule_in: str | None, schedule_at: str | None) -> timedelta | datetime | None:
    """Return when a job is to be enqueued: after a time, at a time, or at once (None).

    Args:
        schedule_in: a duration such as `90`, `10s`, `5m`, `2h`, `1d`.
        schedule_at: a date and time in ISO 8601; without a zone it is local time.

    Raises:
        WrongCall: both are given, or one cannot be read.
    """
    if schedule_in is not None and schedule_at is not None:
        raise WrongCall("Use --schedule-in or --schedule-at, not both")
    if schedule_in is not None:
        try:
            return timedelta(seconds=parse_duration(schedule_in) or 0)
        except (TimeoutFormatError, OverflowError) as error:
            raise WrongCall(f"--schedule-in {schedule_in}: write a duration such as 90, 10s, 5m, 2h or 1d") from error
    if schedule_at is not None:
        try:
            return datetime.fromisoformat(schedule_at)
        except ValueError as error:
            raise WrongCall(f"--schedule-at {schedule_at}: write a date and time such as 2030-05-27T21:45:00") from error
    return None


def check_function_name(name: str) -> None:
    """Refuse a text that cannot be the dotted path of a function on any machine. Whether the function exists is for the worker to say.

    Stricter than `enqueue()` about the last name alone: a shell is where `tasks.add(1)`, or an argument in the place of the function, is written by mistake.

    Raises:
        WrongCall: it is none.
    """
    try:
        check_importable(name)
    except UnimportableFunctionError as error:
        raise WrongCall(one_line(error)) from error
    function = name.rpartition(".")[2]
    if not function.isidentifier():
        raise WrongCall(f"{name!r} is no dotted path of a function: no function has the name {function!r}; write it as in tasks.send_mail")
