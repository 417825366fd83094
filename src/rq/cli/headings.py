"""Help under headings, for commands with many options."""

from __future__ import annotations

from typing import Any

import click

from rq.cli.boundary import Command


class HeadedOption(click.Option):
    """An option that stands under a heading.

    Args:
        *args: as for `click.Option`.
        heading: the heading.
        **kwargs: as for `click.Option`.
    """

    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


class HeadedCommand(Command):
    """A command whose help shows headed options under their headings, in the order of their definition, and all others under "Options" at the end."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        headed: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                rows = headed.setdefault(parameter.heading, []) if isinstance(parameter, HeadedOption) else others
                rows.append(record)
        for heading, rows in {**headed, "Options": others}.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
