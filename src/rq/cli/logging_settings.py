"""How a program logs, as its settings say."""

from __future__ import annotations

from rq.cli.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Set up logging as `DICT_CONFIG` of the settings module says, if it says anything."""
    table = settings.table("DICT_CONFIG")
    if table:
        from logging.config import dictConfig  # noqa: PLC0415 - loads a socket server and more, for those few who use it

        dictConfig(table)
