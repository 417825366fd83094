"""The reference of the command line, written from the commands themselves: `python -m rq.cli.reference` prints it, `make reference` keeps it among the docs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from rq.cli.main import main
from rq.cli.words import commands_below

_OPENING = """\
# Reference of the command line

Every command with all its options, as the commands themselves describe them (`make reference` writes this page). [The command line](command-line.md) tells how
to use them.
"""

# Of the options that no help shows, those that mean something to every command.
_EFFECTIVE = {"connection_class"}


def reference() -> str:
    """Return the page, in Markdown."""
    context = click.Context(main, info_name="rq", **main.context_settings)
    return "\n".join([_OPENING, *_sections(main, "rq", context)])


def _sections(above: click.Command, path: str, context: click.Context) -> Iterator[str]:
    for name, command in commands_below(above, context):
        if not command.hidden:
            yield from _section(command, f"{path} {name}", context)


def _section(command: click.Command, path: str, parent: click.Context) -> Iterator[str]:
    """Return the paragraphs about one command, and about those below it."""
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    synopsis = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"## {path}\n\n```text\n{synopsis}\n```\n"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    yield from _table([option for option in options if not option.hidden])
    accepted = [option for option in options if option.hidden and option.name not in _EFFECTIVE]
    yield from (
        f"Accepted as well, as by every command: {_names(option)}. {option.help}\n" for option in options if option.hidden and option.name in _EFFECTIVE
    )
    if accepted:
        names = ", ".join(f"`{name}`" for option in accepted for name in option.opts)
        yield f"Accepted as by every command, and of no effect here: {names}.\n"
    yield from _sections(command, path, context)


def _paragraphs(text: str) -> Iterator[str]:
    """Return the paragraphs of a help text. One behind a line with \\b is meant to stay as it is."""  # noqa: D301 - two characters are meant
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip()}\n```\n"
        else:
            yield f"{_escaped(' '.join(paragraph.split()))}\n"


def _table(options: list[click.Option]) -> Iterator[str]:
    if options:
        yield "\n".join(["| option | environment | meaning |", "| --- | --- | --- |", *map(_row, options)]) + "\n"


def _row(option: click.Option) -> str:
    variable = f"`{option.envvar}`" if option.envvar else ""
    choices = f" One of {', '.join(map(str, option.type.choices))}." if isinstance(option.type, click.Choice) else ""
    required = " Required." if option.required else ""
    return f"| {_names(option)} | {variable} | {_escaped(option.help or '')}{choices}{required} |"


def _names(option: click.Option) -> str:
    argument = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    return ", ".join(f"`{name}{argument}`" for name in sorted(option.opts, key=len))


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in a table too. What stands in backquotes stays."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") for part in parts[::2]]
    return "`".join(parts).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
