"""Log handlers, and colours on terminals."""

from rq.core.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT
from rq.observe.colors import ColorizingStreamHandler, blue, colorizer, green, make_colorizer, red, yellow
from rq.runtime.logging_setup import setup_loghandlers

__all__ = [
    "DEFAULT_LOGGING_DATE_FORMAT",
    "DEFAULT_LOGGING_FORMAT",
    "ColorizingStreamHandler",
    "blue",
    "colorizer",
    "green",
    "make_colorizer",
    "red",
    "setup_loghandlers",
    "yellow",
]
