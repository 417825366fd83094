"""Which module a job's function comes from, read off the payload without loading it.

By the wire format the function's name is the first text in a payload. A payload that hides it (another serializer) only
costs the preload.
"""

import pickletools
import re
import sys
from collections.abc import Collection
from itertools import islice

from rq.core.formats import beginning_of

# Far enough to see the name of a method and the module of the class it belongs to.
_OPCODES_READ = 16
_BYTES_READ = 4096
_JSON_FUNCTION = re.compile(rb'\s*\[\s*"([^"\\]+)"')


def called_module(data: bytes, known: Collection[str]) -> str | None:
    """Return the module of a job's function if this process imported it after `known` were imported; else None.

    Args:
        data: The job's payload, as stored.
        known: Names of modules.
    """
    if len(sys.modules) == len(known):
        return None  # nearly always; comparing names would write to every page that holds one
    new = sys.modules.keys() - known
    texts = _first_texts(data)
    if not texts:
        return None
    # A method's name has no dot; the module of its class follows.
    path = texts[0] if "." in texts[0] or len(texts) == 1 else texts[1]
    while path:
        if path in new:
            return path
        path = path.rpartition(".")[0]
    return None


def function_name(data: bytes) -> str | None:
    """Return the name of a job's function, as it stands in its payload as stored; None if that cannot be seen without loading it."""
    texts = _first_texts(data)
    return texts[0] if texts else None


def _first_texts(data: bytes) -> list[str]:
    """Return the texts that stand at the beginning of a pickled or JSON payload."""
    payload = beginning_of(data, _BYTES_READ)
    match = _JSON_FUNCTION.match(payload)
    if match:
        return [match[1].decode(errors="replace")]
    texts: list[str] = []
    try:
        for _, argument, _ in islice(pickletools.genops(payload), _OPCODES_READ):
            if isinstance(argument, str):
                texts.append(argument)
    except ValueError:
        pass  # not a pickle, or one that goes on
    return texts
