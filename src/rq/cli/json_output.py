"""What commands print for programs (`--json`): one JSON document, with the names of the fields of the values in it."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import click

from rq.core.formats import format_date

takes_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def print_json(value: object, *, one_line: bool = False) -> None:
    """Print a value: of a dataclass its fields, of a datetime its text as RQ stores it. What is no UTF-8 appears as escapes.

    Args:
        value: the value.
        one_line: whether it is one of several, each on a line of its own.
    """
    click.echo(json.dumps(_plain(value), indent=None if one_line else 2))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return format_date(value)
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
