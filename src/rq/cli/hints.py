"""The commands that messages name, such as `rq explain ID`: as they must be typed to mean the server that the running command means.

What was said about the server in the environment, or in an `rq.toml` of this folder, the next command finds by itself; what was said on the command line is
said again.
"""

from __future__ import annotations

import re
from shlex import quote

import click
from click.core import ParameterSource

# Which server is meant depends on these; in the order in which they are written.
_OPTIONS = {"url": "--url", "config": "--config", "file": "--config", "connection_class": "--connection-class"}
_HINT = re.compile(r"`(rq [a-z][^`\n]*)`")
# Where a password stands in a URL; whatever is wrong with it, it ends before the last @.
_SECRETS = (re.compile(r"(://[^:/?#@]*:).*(@)"), re.compile(r"([?&]password=)[^&]*()"))
_PASSWORD = "PASSWORD"  # noqa: S105 - what stands in the place of one


def complete_hints(text: str) -> str:
    """Return a message with the commands in it, in backquotes, completed by what the running command was told about its server.

    A password is not repeated: PASSWORD stands in its place.
    """
    words = _server_words()
    return _HINT.sub(lambda match: f"`{match[1]} {words}`", text) if words else text


def _server_words() -> str:
    """Return the options of the running command that say which server is meant, as they are typed."""
    context = click.get_current_context(silent=True)
    if context is None:
        return ""
    given = [(name, str(context.params.get(name))) for name in _OPTIONS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    words = [word for name, value in given for word in (_OPTIONS[name], quote(_without_password(value)))]
    # A settings module, or a class, is looked for where the running command looked.
    paths = context.params.get("path") or () if any(name != "url" for name, _ in given) else ()
    return " ".join([*words, *(word for path in paths for word in ("--path", quote(path)))])


def _without_password(value: str) -> str:
    for secret in _SECRETS:
        value = secret.sub(rf"\1{_PASSWORD}\2", value)
    return value
