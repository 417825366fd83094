"""Log handlers for programs that have none (spec: logging helpers)."""

from __future__ import annotations

import logging
import sys

from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.core.errors import InvalidOptionError

LEVEL_NAMES = ("debug", "info", "warning", "error", "critical")


class _BelowError(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.ERROR


def setup_loghandlers(
    level: str | int | None = None,
    date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
    log_format: str = DEFAULT_LOGGING_FORMAT,
    name: str = "rq.worker",
) -> None:
    """Give a logger its level, and handlers if neither it nor any logger above it has one: errors to stderr, everything else to stdout.

    Args:
        level: a number, or a name in any case; None leaves the level alone.
        date_format: for `time.strftime`.
        log_format: for `logging.Formatter`.
        name: of the logger.
    """
    logger = logging.getLogger(name)
    if level is not None:
        logger.setLevel(level if isinstance(level, int) else level.upper())
    if logger.hasHandlers():
        return
    formatter = logging.Formatter(log_format, date_format)
    below_error = logging.StreamHandler(sys.stdout)
    below_error.addFilter(_BelowError())
    errors = logging.StreamHandler(sys.stderr)
    errors.setLevel(logging.ERROR)
    for handler in (below_error, errors):
        handler.setFormatter(formatter)
        logger.addHandler(handler)


def check_log_format(log_format: str = DEFAULT_LOGGING_FORMAT, date_format: str = DEFAULT_LOGGING_DATE_FORMAT) -> None:
    """Refuse formats, as those of `setup_loghandlers`, that would fail at every line.

    Raises:
        InvalidOptionError: one names what no line has, or is no format (a ValueError).
    """
    try:
        logging.Formatter(log_format, date_format).format(logging.makeLogRecord({}))
    except (ValueError, TypeError) as error:
        raise InvalidOptionError(f"{error}; write it as for Python's logging.Formatter") from error
