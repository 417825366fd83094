"""Where something listens: HOST:PORT."""

from __future__ import annotations

import re

from rq.core.errors import InvalidOptionError

# Who says nothing about a host wants to be asked by programs of this machine alone.
_LOOPBACK = "127.0.0.1"
_ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*):)?(?P<port>\d{1,5})")
_MOST_PORTS = 65535


def parse_address(text: str) -> tuple[str, int]:
    """Return the host and the port of `HOST:PORT`, `:PORT` or `PORT`; an IPv6 address stands in brackets. Port 0 is any that is free.

    Raises:
        InvalidOptionError: it is something else.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _MOST_PORTS or not _is_host(match["host"] or ""):
        raise InvalidOptionError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:8080, or a port alone")
    return (match["host"] or _LOOPBACK).strip("[]"), int(match["port"])


def _is_host(name: str) -> bool:
    """Say whether a name can be one of the DNS: its parts are neither empty nor long."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True
