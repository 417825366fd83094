"""Commands below a command that is no group, as `rq cron list` is below `rq cron CONFIG_PATH`; and those of groups, alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from rq.cli.boundary import Command


class CommandWithWords(Command):
    """A command whose place another one takes if the first argument is its name.

    Attributes:
        words: these others, by name.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.words: dict[str, click.Command] = {}

    def add(self, other: click.Command) -> click.Command:
        """Let a command take this one's place at its name; to be used as a decorator. Returns the command."""
        self.words[other.name or ""] = other
        return other

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:
        """Return the context of the command that is meant."""
        other = self.words.get(args[0]) if args else None
        if other is not None:
            return other.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is meant."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def commands_below(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands below a command, with their names.

    Args:
        command: a group, a command with words, or one that has none below it.
        context: its own.
    """
    if isinstance(command, CommandWithWords):
        yield from command.words.items()
    elif isinstance(command, click.Group):
        found = ((name, command.get_command(context, name)) for name in command.list_commands(context))
        yield from ((name, other) for name, other in found if other is not None)
