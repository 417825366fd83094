"""Where errors become sentences: nobody who runs a command should have to read a traceback.

Every command is a `Command`. Whatever it raises leaves as one sentence on stderr that says what happened and what to do, and as an exit status: 2 for a wrong
call, 1 for everything else. `RQ_DEBUG=1` in the environment, or a command's `--verbose`, shows the traceback as well.
"""

from __future__ import annotations

import errno
import os
import traceback
from typing import Any

import click
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from rq.cli.hints import complete_hints
from rq.core.errors import InvalidOptionError, RQError
from rq.store.connection import Meaning, meaning_of

DEBUG_VARIABLE = "RQ_DEBUG"

# Under this key of the Click context stands which server a command talks to, as people write it.
_SERVER = "rq.cli.server"


class CommandFailed(click.ClickException):
    """A command cannot do what it was asked to; its message is one sentence. The commands that it names are completed, see `rq.cli.hints`."""

    def __init__(self, message: str) -> None:
        super().__init__(complete_hints(message))


class WrongCall(CommandFailed):
    """A command was called with something that cannot be right, such as the path of a class that does not exist."""

    exit_code = 2


class Command(click.Command):
    """A command that fails with a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            CommandFailed: whatever went wrong, as a sentence.
        """
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            if error.__cause__ is not None:
                _show_traceback(ctx)
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of our output left, as `head` does; Click ends the program quietly
            _show_traceback(ctx)
            # An impossible value was said somewhere: on the command line, in the settings, or in the environment.
            kind = WrongCall if isinstance(error, InvalidOptionError) else CommandFailed
            raise kind(sentence_of(error, ctx.meta.get(_SERVER, "the server"))) from error


def _show_traceback(ctx: click.Context) -> None:
    """Show the traceback of the error that is being handled, if people want to see it."""
    if ctx.params.get("verbose") or os.environ.get(DEBUG_VARIABLE):
        click.echo(traceback.format_exc(), err=True)


def note_server(description: str) -> None:
    """Remember which server the running command talks to, for its error messages."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_SERVER] = description


def sentence_of(error: Exception, server: str) -> str:
    """Return what to tell people about an error: what happened, and what to do.

    Args:
        error: any exception.
        server: which server was talked to.
    """
    if isinstance(error, RedisError):
        return _sentence_of_server_error(error, server)
    if isinstance(error, RQError):
        return one_line(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"Cannot use {os.fsdecode(error.filename)}: {error.strerror}"
    said = one_line(error)
    return f"Unexpected {type(error).__name__}{': ' if said else ''}{said}; with {DEBUG_VARIABLE}=1 in the environment, or --verbose, you see where"


def _sentence_of_server_error(error: RedisError, server: str) -> str:
    meaning = meaning_of(error)
    reason = one_line(error)
    if meaning is Meaning.NO_PERMISSION:
        whom = "The server does not know this user or password" if isinstance(error, AuthenticationError) else "The server refuses this user"
        return f"{whom} ({reason}); check user name, password and permissions for {server}"
    if isinstance(error, RedisTimeoutError):
        return f"The server at {server} did not answer in time ({reason}); look whether it is busy or frozen"
    if isinstance(error, RedisConnectionError) and meaning is Meaning.UNKNOWN:
        return f"Cannot reach the server at {server} ({reason}); start it, or name another one with --url"
    if meaning is Meaning.NOT_EXECUTED:
        return f"The server at {server} cannot do this now ({reason}); try again when it can"
    return f"The server at {server} refused a command ({reason}); look whether something else uses RQ's keys there, or whether it is too old"


def one_line(error: object) -> str:
    """Return a message on one line, without the full stop that would stand in the middle of a sentence."""
    return " ".join(str(error).split()).rstrip(".")
